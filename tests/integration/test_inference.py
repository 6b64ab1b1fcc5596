"""What runs RapidOCR's networks: OpenVINO where it is faster, else ONNX Runtime, and never at the cost of a page."""

import importlib.util
import os
import subprocess
import sys
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from structlog.testing import capture_logs

from ocrwatchd.core.config.profile import Ocr
from ocrwatchd.core.errors import EngineUnavailable
from ocrwatchd.core.model import Page
from ocrwatchd.core.process import give_back_memory
from ocrwatchd.ocr import inference
from ocrwatchd.ocr.line_reader import LEAST_WIDTH, MOST_WIDTH
from ocrwatchd.ocr.rapidocr import RapidEngine
from tests.paths import DATA
from tests.programs import lacks

pytestmark = pytest.mark.slow


@pytest.fixture
def openvino():
    """OpenVINO, where it is installed."""
    if importlib.util.find_spec("openvino") is None:
        lacks("openvino is not installed")
    if inference.core() is None:
        pytest.skip("this processor has no bfloat16")


def networks(engine):
    """What finds lines, and what reads them."""
    return engine._ocr.text_det.session, engine._ocr.text_rec.session


def text(engine):
    """A plain page as it is read."""
    with Image.open(DATA / "phototest.tif") as image:
        return engine.recognise(Page(1, image.convert("L"), 300.0), Ocr()).text


@pytest.fixture(scope="module")
def plain_text():
    """The page as ONNX Runtime reads it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inference, "core", lambda: None)
        engine = RapidEngine(Ocr())
        assert [each.fast for each in networks(engine)] == [None, None]
        return text(engine)


def test_openvino_reads_the_same(openvino, plain_text):
    """Where it is installed it runs both networks, and a plain page has the same text."""
    engine = RapidEngine(Ocr())
    assert all(each.fast is not None for each in networks(engine))
    assert text(engine) == plain_text


def test_what_is_in_doubt_is_calculated_again():
    """With 32 bits, and only that."""
    network = inference.Network(lambda values: values + 10, lambda values: values + 1, lambda found: found > 5)
    assert (network(3), network(5)) == (4, 15)


def test_a_failure_costs_no_page(openvino, plain_text, monkeypatch):
    """A run that OpenVINO refuses is done again by ONNX Runtime, which runs this network from then on."""
    engine = RapidEngine(Ocr())
    find, read = networks(engine)
    find.fast = None
    calls = []

    def fails(self, values):
        calls.append(values.shape)
        raise RuntimeError("could not create a primitive")

    monkeypatch.setattr(inference.OpenVinoNetwork, "__call__", fails)
    with capture_logs() as logs:
        assert text(engine) == text(engine) == plain_text
    assert [(each["event"], each["error"]) for each in logs] == [("ocr.openvino_failed", "RuntimeError")]
    assert len(calls) == 1
    assert read.fast is None


@pytest.mark.parametrize(
    "broken",
    [lambda values: values.missing, lambda values: np.zeros((1, 2, 3), np.float32), lambda _: np.float32("nan")],
)
def test_openvino_must_find_what_onnx_runtime_finds(openvino, monkeypatch, broken):
    """Where it fails on a small picture, or finds something else or no number, it is not used, and that is logged."""
    monkeypatch.setattr(inference.OpenVinoNetwork, "__call__", lambda _, values: broken(values))
    with capture_logs() as logs:
        engine = RapidEngine(Ocr())
    assert [each.fast for each in networks(engine)] == [None, None]
    assert [each["event"] for each in logs] == ["ocr.openvino_unusable"] * 2


@pytest.mark.parametrize("error", [ModuleNotFoundError, ImportError, RuntimeError])
def test_without_openvino_onnx_runtime_is_used(monkeypatch, error):
    """Whether it is missing, lacks a library or finds no processor that it knows, that is logged once."""

    class Broken:
        def find_spec(self, name, *_):
            if name == "openvino":
                raise error(name, name=name) if issubclass(error, ImportError) else error(name)

    monkeypatch.setattr(sys, "meta_path", [Broken(), *sys.meta_path])
    for name in [name for name in sys.modules if name.partition(".")[0] == "openvino"]:
        monkeypatch.delitem(sys.modules, name)
    inference.core.cache_clear()
    try:
        with capture_logs() as logs:
            assert inference.core() is inference.core() is None
    finally:
        inference.core.cache_clear()
    assert [each["event"] for each in logs] == [
        "ocr.openvino_missing" if error is ModuleNotFoundError else "ocr.openvino_unusable"
    ]


def test_the_memory_of_a_large_page_is_given_back(openvino):
    """OpenVINO keeps less than a fifth of what finding the lines of a page takes, and a result lasts."""
    engine = RapidEngine(Ocr())
    find, _ = networks(engine)
    page = np.zeros((1, 3, 1984, 1408), np.float32)

    def resident():
        give_back_memory()
        return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")

    find(page)
    before = resident()
    find.fast._own.request.infer([page], share_inputs=True)
    taken = resident() - before
    first = find(page)
    kept = first.copy()
    assert resident() - before < taken / 5
    find(np.ones_like(page))
    assert np.array_equal(first, kept)


def test_openvino_sends_no_report(openvino):
    """Its converter reports each import to its maker: neither that nor the package which sends is loaded."""
    code = (
        "import sys; from ocrwatchd.ocr import inference; assert inference.core() is not None; "
        "print([name for name, module in sys.modules.items() if module and "
        "(name.startswith('openvino_telemetry') or name.startswith('openvino.tools'))])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert run.stdout.strip().endswith("[]")
    assert "openvino.tools.ovc" not in run.stdout


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1), (2, 40_000)])
def test_lines_of_any_shape_are_read(shape):
    """A rule across a page may be cut out as a line: what it costs is bounded."""
    engine = RapidEngine(Ocr())
    network = engine._ocr.text_rec.session
    widths = []
    engine._ocr.text_rec.session = lambda values: widths.append(values.shape[-1]) or network(values)
    found = engine._ocr.recognize_txt([np.zeros((*shape, 3), np.uint8)])
    assert len(found.txts) == 1
    assert LEAST_WIDTH <= widths[0] <= MOST_WIDTH


def test_a_page_of_one_row_of_pixels_takes_no_more_than_others():
    """RapidOCR would make a picture of 120,000 x 30 pixels of it."""
    engine = RapidEngine(Ocr())
    find, _ = networks(engine)
    sizes = []
    engine._ocr.text_det.session = lambda values: sizes.append(values.size) or find(values)
    assert engine.recognise(Page(1, Image.new("L", (4000, 1), 0), 300.0), Ocr()).text == ""
    assert sizes[0] <= 3 * 2000 * 2000


@pytest.mark.parametrize(
    ("threads", "processors", "to_find", "to_read"), [(1, 8, 1, 1), (2, 8, 2, 1), (8, 8, 8, 4), (64, 2, 2, 1)]
)
def test_threads_are_shared_among_lines_and_rest(monkeypatch, threads, processors, to_find, to_read):
    """Two lines are read at a time, where there are two threads; none spins, and all that was set before still is."""
    monkeypatch.setattr(inference, "core", lambda: None)
    monkeypatch.setattr(os, "cpu_count", lambda: processors)
    for network, count in zip(networks(RapidEngine(Ocr(threads=threads))), (to_find, to_read), strict=True):
        options = network.plain.session.get_session_options()
        assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"
        assert options.intra_op_num_threads == count
        assert not options.enable_cpu_mem_arena


def crops(*words):
    """Pictures of lines."""
    pictures = []
    for word in words:
        picture = np.full((48, 40 * len(word), 3), 255, np.uint8)
        cv2.putText(picture, word, (10, 36), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (0, 0, 0), 3)
        pictures.append(picture)
    return pictures


def test_lines_are_read_at_the_same_time_and_come_in_their_order():
    """The widest is read first, two of them at once, and a thread's result does not change another's."""
    engine = RapidEngine(Ocr(threads=2))._ocr
    network, both, words = engine.text_rec.session, threading.Barrier(2, timeout=30), ["one", "seventeen", "three"] * 4

    def waiting(values):
        found = network(values)
        both.wait()
        return found

    engine.text_rec.session = waiting
    assert list(engine.recognize_txt(crops(*words)).txts) == words
    assert not both.broken


def test_all_threads_start_with_the_engine(monkeypatch):
    """Where the system starts no more of them, the engine cannot be loaded: no page is to blame."""
    start, left = threading.Thread.start, ["the first"]

    def limited(self):
        if self.name.startswith("line-reader"):
            if not left:
                raise RuntimeError("can't start new thread")
            left.clear()
        start(self)

    monkeypatch.setattr(threading.Thread, "start", limited)
    with pytest.raises(EngineUnavailable, match="can't start new thread"):
        RapidEngine(Ocr(threads=2))


@pytest.mark.parametrize("error", [MemoryError, RuntimeError])
def test_a_line_that_cannot_be_read_fails_its_page(error):
    """The error comes out of its thread, and the next page is read."""
    engine = RapidEngine(Ocr())._ocr
    network = engine.text_rec.session

    def fails(values):
        raise error

    engine.text_rec.session = fails
    with pytest.raises(error):
        engine.recognize_txt(crops("one", "two", "three"))
    engine.text_rec.session = network
    assert list(engine.recognize_txt(crops("three")).txts) == ["three"]
