"""The files of a set, whatever becomes of one of them."""

import errno
import json
from pathlib import Path

import pytest

from ocrwatchd.core.config.profile import Output, Work
from ocrwatchd.core.errors import FormatUnusable
from ocrwatchd.core.model import Correction, Doubt, DoubtfulWord, Edit, FinishedPage, Job, Line, PageText, Word
from ocrwatchd.core.reason import Reason
from ocrwatchd.engine.process import assembly
from ocrwatchd.engine.process.assembly import Part, Tally, figures_of, write_sets
from ocrwatchd.formats.output import Writer, writer
from ocrwatchd.formats.output.evidence import MOST_ASKED
from tests.fakes.worded import worded
from tests.receipts import sums


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Writes a set of txt, md and json, md by a writer of the test's; gives the document and the receipt."""

    def write(failing, suffix=".md"):
        work = Work(output=Output(formats=("txt", "md")))
        (tmp_path / "j").mkdir()
        job = Job("j", tmp_path / "j", tmp_path / "scan.png", work)
        tally, page = Tally(), worded("some text")
        tally.add(page)
        found = {"md": Writer("md", suffix, failing)}
        monkeypatch.setattr(assembly, "writer", lambda name: found.get(name) or writer(name))
        part = Part(tally.document(job, "ab", {}, ()), tally, lambda: iter([page]))
        (document,) = write_sets(job, [part], lambda: None)
        assert sorted(path.name for path in job.out.iterdir()) == ["document.json", "document.txt"]
        receipt = json.loads((job.out / "document.json").read_bytes())
        assert receipt["files"] == sums(job.out, "document")
        return document, receipt

    return write


def test_confidence_is_the_mean_over_all_pages_words():
    """A line without words counts with its own for each, one that has none does not; without any there is no mean."""
    lines = (
        Line("a b", 0, None, 0.1, (Word("a", 0, None, 0.6), Word("b", 2, None, 0.8))),
        Line("c c", 4, None, 1.0),
        Line("d", 8),
    )
    tally = Tally()
    tally.add(FinishedPage(PageText(1, "a b\nc c\nd", 9, 9, 0.0, lines=lines[2:]), Correction("d")))
    assert tally.totals.confidence is None
    tally.add(FinishedPage(PageText(2, "a b\nc c\nd", 9, 9, 0.0, lines=lines), Correction("d")))
    assert tally.totals.confidence == pytest.approx((0.6 + 0.8 + 1.0 + 1.0) / 4)
    document = tally.document(Job("j", Path("j"), Path("scan.png"), Work()), "ab", {}, ())
    assert figures_of([Part(document, tally, lambda: iter([]))], [document]).scored_words == 4


def test_a_document_asks_for_the_most_doubtful_words_of_all_its_pages():
    """As they are delivered, so many of them, and tells how many errors are expected."""
    tally = Tally()
    for number in (1, 2):
        doubts = (Doubt(0, 3, 0.3 * number), Doubt(4, 1, 0.05))
        page = PageText(number, "teh x", 9, 9, 0.0)
        tally.add(FinishedPage(page, Correction("the x", (Edit(0, "teh", "the", Reason.SIMILAR_WORD),), doubts=doubts)))
    document = tally.document(Job("j", Path("j"), Path("scan.png"), Work()), "ab", {}, ())
    assert document.totals.expected_errors == pytest.approx(0.3 + 0.6 + 2 * 0.05)
    assert document.asked == (DoubtfulWord(2, 0, "the", 0.6), DoubtfulWord(1, 0, "the", 0.3))
    text = "x " * 30
    many = tuple(Doubt(2 * index, 1, 0.9) for index in range(30))
    tally.add(FinishedPage(PageText(3, text, 9, 9, 0.0), Correction(text, doubts=many)))
    assert {word.page for word in tally.asked} == {3}
    assert len(tally.asked) == MOST_ASKED


def raises(error):
    """A writer that fails half-way."""

    def write(document, pages, file):
        file.write(b"half")
        raise error

    return write


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("some text"), 'left out: the format "md" failed on this document (ValueError)'),
        (OSError("cannot identify image"), 'left out: the format "md" failed on this document (OSError)'),
        (FormatUnusable("this one is locked"), "left out: this one is locked"),
    ],
)
def test_a_format_that_fails_leaves_the_others_alone(written, error, said):
    """No half file; the receipt tells why, without the document's text, and names the formats that there are."""
    document, receipt = written(raises(error))
    assert list(document.warnings) == receipt["warnings"] == [said]
    assert list(document.formats) == receipt["formats"] == ["txt", "json"]


def test_two_formats_do_not_write_one_file(written):
    """The first keeps it."""
    _, receipt = written(raises(AssertionError), suffix=".txt")
    assert receipt["warnings"] == ['left out: the format "md" names its file as another one does (.txt)']


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), MemoryError()])
def test_what_is_the_machines_fault_is_not_the_formats(written, error):
    """The job waits, and gets its whole set later."""
    with pytest.raises(type(error)):
        written(raises(error))
