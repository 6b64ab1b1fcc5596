"""Text recognition: ``python -m tests.bench.ocr [--quick]``.

Aspose.OCR through our adapter beside the way of the usual tutorial (default settings, a new engine for each file,
``free_resources`` after it), and RapidOCR through our adapter beside bare RapidOCR. The same pages, each way in a
process of its own, taking turns; the first page of each is not counted.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench import figures
from tests.bench.figures import Row, compared
from tests.bench.workers import working
from tests.paths import DATA

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ocrwatchd.ocr import OcrEngine
    from ocrwatchd.ocr.second_reader import SecondReader
    from tests.bench.workers import Worker

SCANS = ("phototest.tif", "eurotext.tif", "8087_054.3B.tif")
REPETITIONS = 7
QUICK_REPETITIONS = 1
ASPOSE_MOST = 0.5
RAPID_MOST = 0.95


@contextlib.contextmanager
def aspose() -> Iterator[Callable[[Path], str]]:
    """Aspose through our adapter, as the daemon runs it."""
    from ocrwatchd.core.config.profile import Ocr  # in the worker's process only
    from ocrwatchd.ocr.aspose import AsposeEngine

    with tempfile.TemporaryDirectory() as scratch:
        yield _through(AsposeEngine(Ocr(engine="aspose", allow_downloads=False), Path(scratch)))


@contextlib.contextmanager
def seen_aspose() -> Iterator[Callable[[Path], str]]:
    """The same, then RapidOCR's recogniser on its lines, as the daemon does it."""
    from ocrwatchd.core.config.profile import Ocr  # in the worker's process only
    from ocrwatchd.ocr.aspose import AsposeEngine
    from ocrwatchd.ocr.second_reader import SecondReader

    ocr = Ocr(engine="aspose", allow_downloads=False)
    with tempfile.TemporaryDirectory() as scratch:
        yield _through(AsposeEngine(ocr, Path(scratch)), SecondReader(ocr))


@contextlib.contextmanager
def tutorial() -> Iterator[Callable[[Path], str]]:
    """Aspose as the tutorial calls it; only what it needs to run here at all is ours."""
    from ocrwatchd.ocr import clr  # in the worker's process only
    from ocrwatchd.ocr.aspose import tidy

    module = clr.start()

    def read(path: Path) -> str:
        engine = module.AsposeOcr()
        given = module.OcrInput(module.InputType.SINGLE_IMAGE)
        given.add(str(path))
        text = engine.recognize(given, module.RecognitionSettings())[0].recognition_text
        engine.free_resources()
        return tidy(text, evaluation=True)

    yield read


@contextlib.contextmanager
def rapidocr() -> Iterator[Callable[[Path], str]]:
    """RapidOCR through our adapter, with arranged lines and words."""
    from ocrwatchd.core.config.profile import Ocr  # in the worker's process only
    from ocrwatchd.ocr.rapidocr import RapidEngine

    yield _through(RapidEngine(Ocr(engine="rapidocr")))


@contextlib.contextmanager
def bare_rapidocr() -> Iterator[Callable[[Path], str]]:
    """RapidOCR called directly, with the same models and settings."""
    from rapidocr import RapidOCR  # in the worker's process only

    from ocrwatchd.ocr.rapidocr import MODELS, SETTINGS

    models = resources.files("rapidocr") / "models"
    threads = {"EngineConfig.onnxruntime.intra_op_num_threads": len(os.sched_getaffinity(0))}
    named = {key: str(models / name) for key, name in MODELS.items()}
    engine = RapidOCR(params={"Global.log_level": "critical", **named, **threads, **SETTINGS})
    yield lambda path: "\n".join(engine(str(path)).txts)


@contextlib.contextmanager
def default_rapidocr() -> Iterator[Callable[[Path], str]]:
    """RapidOCR as it comes."""
    from rapidocr import RapidOCR  # in the worker's process only

    engine = RapidOCR(params={"Global.log_level": "critical"})
    yield lambda path: "\n".join(engine(str(path)).txts)


def _through(engine: OcrEngine, second: SecondReader | None = None) -> Callable[[Path], str]:
    from ocrwatchd.core.config.profile import Ocr  # in the worker's process only
    from ocrwatchd.formats.input import open_pages

    ocr = Ocr(engine=engine.name, allow_downloads=False)

    def read(path: Path) -> str:
        with open_pages(path, ocr) as pages:
            page = pages.page(1)
            read_page = engine.recognise(page, ocr)
            text = (second.with_lattices(read_page, page.image) if second else read_page).text
        engine.free_page()
        engine.free_document()
        return text

    return read


def taken(repetitions: int, *workers: Worker) -> tuple[list[list[float]], list[dict[str, str]]]:
    """Let each read all pages so often, in turns; each one's seconds for a page, and its texts."""
    texts: list[dict[str, str]] = [{} for _ in workers]
    times: list[list[float]] = [[] for _ in workers]
    for worker in workers:
        worker.do(DATA / SCANS[0])
    for round_ in range(repetitions):
        order = list(enumerate(workers))[:: -1 if round_ % 2 else 1]
        spent = [0.0 for _ in workers]
        for scan in SCANS:
            for side, worker in order:
                seconds, texts[side][scan] = worker.do(DATA / scan)
                spent[side] += seconds
        for side, each in enumerate(spent):
            times[side].append(each / len(SCANS))
    return times, texts


def words(text: str) -> list[str]:
    """A text's words in the order of the alphabet: engines and adapters arrange lines differently."""
    return sorted(text.split())


def measure(quick: bool) -> list[Row]:
    """Text recognition through our adapters beside the engines alone."""
    repetitions = QUICK_REPETITIONS if quick else REPETITIONS
    with working(aspose, tutorial) as workers:
        (ours, theirs), (our_texts, their_texts) = taken(repetitions, *workers)
    same = sum(our_texts[scan].split() == their_texts[scan].split() for scan in SCANS)
    with working(rapidocr, bare_rapidocr, default_rapidocr) as workers:
        (through, bare, default), (our_words, bare_words, _) = taken(repetitions, *workers)
    alike = sum(words(our_words[scan]) == words(bare_words[scan]) for scan in SCANS)
    return [
        compared(
            "Aspose.OCR, a page",
            min(ours),
            "s",
            min(theirs),
            "the tutorial's way",
            at_most=ASPOSE_MOST,
            note=f"{figures.spread(ours)}; theirs {figures.spread(theirs)}; same text on {same} of {len(SCANS)} pages",
        ),
        compared(
            "RapidOCR, a page",
            min(through),
            "s",
            min(bare),
            "bare, same models and settings",
            at_most=RAPID_MOST,
            note=f"{figures.spread(through)}; theirs {figures.spread(bare)}; same words on {alike} of {len(SCANS)}",
        ),
        compared("RapidOCR, a page", min(through), "s", min(default), "bare, its defaults"),
    ]


if __name__ == "__main__":
    figures.main(measure)
