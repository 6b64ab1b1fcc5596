"""The whole line: ``python -m tests.bench.line [--quick]``.

The same pages through the running daemon, and through a bare loop of OCR and correction in one process that keeps
nothing, logs nothing and writes nothing. RapidOCR and the built-in model; both loaded beforehand.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import statistics
import time
from typing import TYPE_CHECKING, Any

from tests.bench import daemons, figures, scans
from tests.bench.figures import Row, compared
from tests.bench.workers import working
from tests.e2e.running import await_that

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.e2e.running import Running

PAGES = 24
QUICK_PAGES = 3
REPETITIONS = 5
QUICK_REPETITIONS = 1
LEAST = 0.95
OCR = {"engine": "rapidocr"}
LLM = {"model": "builtin"}


@contextlib.contextmanager
def bare() -> Iterator[Callable[[list[Path]], dict[str, Any]]]:
    """OCR and correction, page after page; with the line's cleaning of pages, which its text depends on."""
    from ocrwatchd.core.config.profile import Llm, Ocr, Work  # in the worker's process only
    from ocrwatchd.correct.corrector import Corrector
    from ocrwatchd.formats.input import open_pages
    from ocrwatchd.llm.models import resolve
    from ocrwatchd.ocr.preprocess import Cleaner
    from ocrwatchd.ocr.rapidocr import RapidEngine

    work = Work(ocr=Ocr(**OCR), llm=Llm(**LLM))
    engine = RapidEngine(work.ocr)
    corrector = Corrector(resolve(work.llm), work.llm)
    cleaner = Cleaner(len(os.sched_getaffinity(0)))

    def run(paths: list[Path]) -> dict[str, Any]:
        spent = {"open": 0.0, "clean": 0.0, "ocr": 0.0, "correct": 0.0}
        texts = {}
        for path in paths:
            times = [time.perf_counter()]
            with open_pages(path, work.ocr) as opened:
                page = opened.page(1)
                times.append(time.perf_counter())
                page = cleaner.clean(page).page
                times.append(time.perf_counter())
                read = engine.recognise(page, work.ocr)
                times.append(time.perf_counter())
                texts[path.stem] = corrector.correct(read, work).text
                times.append(time.perf_counter())
            for name, began, ended in zip(spent, times, times[1:], strict=False):
                spent[name] += ended - began
        return {"spent": spent, "texts": texts}

    yield run


def through(running: Running, paths: list[Path], round_: int) -> float:
    """Move copies of the pages into the inbox; seconds until the last one's original is in the archive."""
    copies = []
    for path in paths:
        copies.append(running.base / f"{round_}-{path.name}")
        copies[-1].write_bytes(path.read_bytes())
    began = time.perf_counter()
    wanted = daemons.delivered(running) + len(copies)
    for path in copies:
        path.rename(running.inbox / path.name)
    await_that(lambda: daemons.delivered(running) >= wanted, 60 + 30 * len(copies), "the last delivery")
    return time.perf_counter() - began


def measure(quick: bool) -> list[Row]:
    """The whole line beside a bare loop."""
    count, repetitions = (QUICK_PAGES, QUICK_REPETITIONS) if quick else (PAGES, REPETITIONS)
    with daemons.folder() as base, working(bare) as [worker]:
        folder = base / "scans"
        folder.mkdir()
        paths = scans.plain(folder, count)
        with daemons.daemon(base, "ocrwatchd", ocr=OCR, llm=LLM) as running:
            daemons.await_engine(running)
            loops: list[dict[str, Any]] = []
            rounds = itertools.count()
            worker.do(paths[:1])
            through(running, paths[:1], next(rounds))
            lines, bares = figures.interleaved(
                repetitions,
                lambda: through(running, paths, next(rounds)),
                lambda: loops.append(worker.do(paths)[1]),
            )
            texts = loops[-1]["texts"]
            same = sum(
                (running.root / "outbox" / f"1-{name}.txt").read_text(encoding="utf-8").strip() == text.strip()
                for name, text in texts.items()
            )
    ours, theirs = min(lines), min(bares)
    spent = [sum(loop["spent"].values()) - loop["spent"]["clean"] for loop in loops]
    parts = {name: statistics.median(loop["spent"][name] for loop in loops) / count for name in loops[0]["spent"]}
    return [
        compared(
            "pages a minute",
            60 * count / ours,
            "1/min",
            60 * count / theirs,
            "a bare loop, the same work",
            at_least=LEAST,
            note=f"{count} pages, same text on {same}; {figures.spread(lines)}; bare {figures.spread(bares)}",
        ),
        compared("pages a minute", 60 * count / ours, "1/min", 60 * count / min(spent), "the loop without cleaning"),
        *(Row(name=f"in the bare loop, a page: {name}", value=each * 1000, unit="ms") for name, each in parts.items()),
    ]


if __name__ == "__main__":
    figures.main(measure)
