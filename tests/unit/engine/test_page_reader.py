"""Which pages are read a second time, and what a second reader that fails does to them."""

import errno
import os
from dataclasses import replace
from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs

from ocrwatchd.core.config.profile import Correct, Ocr, Work
from ocrwatchd.core.errors import EngineUnavailable
from ocrwatchd.engine.process.page_reader import PageReader
from ocrwatchd.engine.process.resources import Bench
from ocrwatchd.formats.input import open_pages
from tests.fakes.engine import MAKERS, FakeEngine, write_scan


class Aspose(FakeEngine):
    """Tells what Aspose tells.

    Args:
        changes: of the page's text.
    """

    name = "aspose"

    def __init__(self, **changes):
        self.changes = changes

    def recognise(self, page, ocr):
        """Two lines."""
        return replace(super().recognise(page, ocr), **self.changes)


class Reads:
    """A page that is read with a second reader at hand.

    Args:
        folder: for the scan.
        second: reads a page a second time.
    """

    def __init__(self, folder, second=None):
        self.loaded = 0
        self.second = second or (lambda read, picture: replace(read, text="twice"))
        self.scan = write_scan(folder / "scan.tif", "fine", "fine")
        self.bench = Bench(replace(MAKERS, second_reader=self.load), folder, lambda: None)

    def load(self, ocr):
        """Count."""
        self.loaded += 1
        return SimpleNamespace(with_lattices=self.second)

    def texts(self, engine=None, **settings):
        """The text of each of two pages."""
        work = Work(**{"ocr": Ocr(engine="aspose")} | settings)
        reader = PageReader(engine or Aspose(), self.bench, SimpleNamespace(id="j", work=work))
        with open_pages(self.scan, work.ocr) as pages:
            return [reader.read(pages, number).text for number in (1, 2)]


@pytest.fixture
def reads(tmp_path):
    """One whose second reading says "twice"."""
    return Reads(tmp_path)


def test_lines_of_aspose_are_read_a_second_time(reads):
    """Page by page; the recogniser is loaded once."""
    assert reads.texts() == ["twice", "twice"]
    assert reads.loaded == 1


@pytest.mark.parametrize(
    ("engine", "settings"),
    [
        (Aspose(evaluation=True), {}),
        (Aspose(lines=()), {}),
        (Aspose(engine="rapidocr"), {}),
        (Aspose(), {"ocr": Ocr(engine="aspose", second_reader="off")}),
        (Aspose(), {"ocr": Ocr(engine="aspose", mode="handwritten")}),
        (Aspose(), {"ocr": Ocr(engine="aspose", languages=("eng", "rus"))}),
        (Aspose(), {"correct": Correct(words=False)}),
    ],
    ids=["evaluation", "no boxes", "rapidocr", "off", "handwritten", "Cyrillic", "no correction"],
)
def test_other_pages_are_read_once(reads, engine, settings):
    """Above all those that were cut without a licence; then nothing is loaded either."""
    assert all(text.startswith("a line of page") for text in reads.texts(engine, **settings))
    assert reads.loaded == 0


@pytest.mark.parametrize("error", [RuntimeError("secret"), EngineUnavailable("the model is missing"), OSError("bad")])
def test_a_second_reader_that_fails_costs_nothing(tmp_path, error):
    """The page is delivered as it was read once, and the log says where the second reader failed."""

    def fail(read, picture):
        raise error

    with capture_logs() as logged:
        assert all(text.startswith("a line of page") for text in Reads(tmp_path, fail).texts())
    warned = [(each["event"], each["page"]) for each in logged if each["log_level"] == "warning"]
    assert warned == [("second_reader.failed", 1), ("second_reader.failed", 2)]
    assert "secret" not in str(logged)


def test_what_is_the_machines_fault_is_not_hidden(tmp_path):
    """A full disk and too little memory end the attempt, as everywhere."""

    def fail(read, picture):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(OSError, match="No space left"):
        Reads(tmp_path, fail).texts()
