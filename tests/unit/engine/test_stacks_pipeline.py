"""From a stack of paper to the sets of its documents, with real codes and the fake engine."""

import json
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
import zxingcpp

from ocrwatchd.core.attempt import PartFigures
from ocrwatchd.core.config.paper import Paper, Split
from ocrwatchd.core.config.profile import Ocr, Output, Task, Work
from ocrwatchd.core.errors import UnreadableScan
from ocrwatchd.core.faults import Stopping
from ocrwatchd.core.i18n import Message, say
from ocrwatchd.core.model import Job, Sheets
from ocrwatchd.core.sheet_code import SheetSettings
from ocrwatchd.engine import page_failures
from ocrwatchd.engine.process import sign_of_life
from ocrwatchd.engine.process.documents import FOREIGN_SHEET, GATHERED_OTHERWISE, LONE_SCAN
from ocrwatchd.engine.protocol import Step
from ocrwatchd.ocr import barcodes
from tests.fakes.engine import write_scan
from tests.fakes.line import Line
from tests.fakes.stacks import code_page, write_stack

KEY = b"k" * 32
NOTES = SheetSettings(profile="notes")
WORK = Work(output=Output(formats=("txt", "pdf")), split=Split(on=("sheet",)))
OTHER = Work(output=Output(formats=("txt", "raw")), ocr=Ocr(languages=("deu",)))


@pytest.fixture
def line(tmp_path):
    """A line with a model that plays its part."""
    return Line(tmp_path)


def stack(line, *pages, work=WORK):
    """A claimed stack."""
    job = Job("j", line.folder / "j", Path("in/stack.tif"), work, sheets=Sheets({"": WORK, "notes": OTHER}, KEY))
    job.source.parent.mkdir(parents=True, exist_ok=True)
    write_stack(job.source, KEY, *pages)
    return job


def replace_on(work, *on):
    """The settings with other places to cut."""
    return work.model_copy(update={"split": Split(on=on)})


def receipts(job):
    """What the receipts say, in the order of the parts."""
    paths = sorted(job.out.glob("document*.json"), key=lambda path: (len(path.name), path.name))
    return [json.loads(path.read_text(encoding="utf-8")) for path in paths]


def test_each_part_is_a_set_with_its_profiles_formats(line):
    """The sheet is in none of them, and each receipt tells which pages of which scan it is of."""
    job = stack(line, "fine", "fine", NOTES, "fine")
    figures = line.work_off(job)
    assert sorted(path.name for path in job.out.iterdir()) == [
        "document-2.json", "document-2.raw.txt", "document-2.txt", "document.json", "document.pdf", "document.txt"
    ]  # fmt: skip
    first, second = receipts(job)
    assert [(each["part"], each["parts"], each["parent"]) for each in (first, second)] == [
        (1, 2, "stack.tif"), (2, 2, "stack.tif")
    ]  # fmt: skip
    assert (first["pages_from"], second["pages_from"]) == ([1, 2], [4])
    assert second["left_out"] == [{"page": 3, "why": "sheet"}]
    assert [page["number"] for page in second["pages"]] == [1]
    assert second["page_count"] == 1
    assert figures.parts == (PartFigures(pages=2), PartFigures("notes", pages=1))
    assert (figures.pages, figures.words) == (3, first["totals"]["words"] + second["totals"]["words"])
    assert first["sha256"] == second["sha256"] == figures.sha256


@pytest.mark.parametrize("stop", range(1, 6))
def test_a_stack_goes_on_where_it_was(line, stop):
    """Whatever page it stopped behind: no page is read twice, and the sets are the same."""
    pages = ("fine", NOTES, NOTES, "fine", SheetSettings(), "fine")
    job = stack(line, *pages)
    line.work_off(job)
    whole = timeless(receipts(job))
    other = replace(job, id="k", folder=line.folder / "k")
    other.source.parent.mkdir(parents=True)
    other.source.write_bytes(job.source.read_bytes())
    line.steps.clear()
    with pytest.raises(Stopping):
        line.work_off(other, lambda: ("page-done", stop) in line.steps)
    for fresh in (False, True):
        if fresh:
            line.bench.leavings.take("k", ())
        line.work_off(other)
    assert [page for name, page in line.steps if name == "page"] == list(range(1, 7))
    assert timeless(receipts(other)) == whole


def timeless(told):
    """What receipts say of their pages, without times."""
    for each in told:
        for page in each["pages"]:
            page.pop("seconds")
    return [(each["pages_from"], each["left_out"], each["totals"], each["pages"]) for each in told]


def test_codes_of_others_separate(line):
    """Where the whole text matches; a code on a letter does not."""
    asn = zxingcpp.BarcodeFormat.Code128
    work = WORK.model_copy(update={"split": Split(on=("barcode:PATCH[0-9]",))})
    pages = ("fine", code_page("PATCH2", asn), "fine", code_page("NO PATCH2", asn))
    job = stack(line, *pages, work=work)
    line.work_off(job)
    assert [each["pages_from"] for each in receipts(job)] == [[1], [3, 4]]
    assert receipts(job)[1]["left_out"] == [{"page": 2, "why": "barcode"}]


def test_a_sheet_that_is_not_signed_here_cuts_and_stays(line):
    """Its page is read like any other."""
    job = stack(line, "fine", NOTES, "fine")
    job = replace(job, sheets=Sheets(job.sheets.works, b"another"))
    figures = line.work_off(job)
    assert [each["pages_from"] for each in receipts(job)] == [[1], [2, 3]]
    assert FOREIGN_SHEET in receipts(job)[1]["warnings"]
    assert figures.parts == (PartFigures(pages=1), PartFigures(pages=2))


def test_a_page_that_ends_the_engine_is_not_looked_at_for_codes_again(line):
    """A hostile code may be why, before the page is read: it is given up, and the others are delivered."""
    job = stack(line, "fine", code_page("X-1"), "fine", work=replace_on(WORK, "barcode:X.*"))
    for _ in range(2):
        page_failures.record_crash(job, Step(job=job.id, name="page", page=2), Message("it hung"), max_attempts=2)
    line.work_off(job)
    (told,) = receipts(job)
    assert [page["error"] for page in told["pages"]] == ["", "page 2: it hung, at each of 2 attempts", ""]


def test_a_page_on_which_the_search_for_codes_fails_is_read(line, monkeypatch):
    """It is the fault of one page, not of the document."""

    def fail(_picture):
        raise ValueError("no codes here")

    monkeypatch.setattr(barcodes, "texts", fail)
    job = stack(line, "fine", NOTES, "fine")
    line.work_off(job)
    (told,) = receipts(job)
    assert (told["page_count"], told["left_out"]) == (3, [])


def test_sheets_alone_are_refused(line):
    """With what to do."""
    with pytest.raises(UnreadableScan, match="separator sheets and nothing else"):
        line.work_off(stack(line, NOTES, NOTES))


def test_without_the_setting_a_sheet_is_a_page(line):
    """Nobody is cut unasked."""
    job = stack(line, "fine", NOTES, work=Work())
    line.work_off(job)
    (receipt,) = receipts(job)
    assert (receipt["page_count"], receipt["parts"], receipt["pages_from"]) == (2, 1, [])


def test_each_part_has_its_own_tasks(line):
    """Their numbers run on, so that the host knows which one an engine died over."""
    task = Task(name="sum", prompt="Sum up", max_tokens=16)
    job = stack(line, "fine", "fine", work=Work(tasks=(task,), split=Split(on=("pages:1",))))
    line.work_off(job)
    assert [number for name, number in line.steps if name == "task"] == []  # no model: they are left out
    assert [each["tasks"][0]["name"] for each in receipts(job)] == ["sum", "sum"]


def test_a_page_that_cannot_be_read_has_its_number_in_its_part(line):
    """What stands for it is found in that part."""
    job = stack(line, "fine", NOTES, "fine", "unreadable")
    figures = line.work_off(job)
    assert (job.out / "document-2.txt").read_text(encoding="utf-8").endswith("[page 2 could not be read]\n")
    assert (figures.pages, figures.unreadable) == (3, 1)
    assert [each["complete"] for each in receipts(job)] == [True, False]


def passes(line, fronts, backs):
    """A job of two scans."""
    names = ("1.tif", "2.tif")
    job = Job("j", line.folder / "j", Path("in/1-2"), Work(pages=Paper(duplex="stacks")), members=names)
    job.source.mkdir(parents=True)
    for name, scenes in zip(names, (fronts, backs), strict=True):
        if scenes:
            write_scan(job.source / name, *scenes)
    return job


def test_two_passes_become_one_document(line):
    """The backs come from the last sheet to the first."""
    job = passes(line, ["fine", "blank"], ["blank", "fine"])
    line.work_off(job)
    (receipt,) = receipts(job)
    assert [page["width"] for page in receipt["pages"]] == [100, 100, 122, 122]
    assert receipt["sources"] == [{"name": "1.tif"}, {"name": "2.tif"}]


def test_of_several_files_the_one_that_ocrwatchd_has_written_is_named(line):
    """Else nobody knows which one to take out of the folder."""
    job = passes(line, ["fine"], ["fine"])
    job = replace(job, work=Work(output=Output(formats=("pdf",))))
    line.work_off(job)
    (job.out / "document.pdf").replace(job.files[1])
    with pytest.raises(UnreadableScan, match=r"^2\.tif: ocrwatchd has written this PDF itself"):
        line.work_off(replace(job, id="k"))


def test_a_pair_whose_settings_have_gone_is_told(line):
    """Nobody knows any more that the second file holds backs."""
    job = replace(passes(line, ["fine"], ["blank"]), work=Work())
    line.work_off(job)
    assert receipts(job)[0]["warnings"] == [GATHERED_OTHERWISE]


def test_a_lone_pass_is_told(line):
    """It is delivered as it is."""
    job = stack(line, "fine", work=Work(pages=Paper(duplex="stacks")))
    line.work_off(job)
    assert receipts(job)[0]["warnings"] == [LONE_SCAN]


@pytest.mark.parametrize(
    ("fronts", "backs", "left_out"), [(2, 2, [2, 4]), (3, 2, []), (4, 0, [])], ids=["paired", "not paired", "alone"]
)
def test_only_pages_in_the_order_of_their_sheets_have_backs(line, fronts, backs, left_out):
    """Where fronts and backs stand one after the other, an even page may be a front, and stays."""
    job = passes(line, ["fine"] * fronts, ["fine"] * backs)
    work = Work(pages=Paper(duplex="stacks", blank="backs"))
    job = replace(job, work=work) if backs else replace(job, work=work, members=("1.tif",))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ocrwatchd.engine.process.pipeline.is_blank_page", lambda _pages, page, _reader: page.number != 1)
        line.work_off(job)
    assert [each["page"] for each in receipts(job)[0]["left_out"]] == left_out


def test_a_page_that_kills_the_engine_is_not_searched_for_codes(line):
    """What has killed it may have been the search: the page is given up, and the others are read."""
    job = stack(line, "fine", "fine")
    step = Step(job=job.id, name="page", page=2, pages=2)
    page_failures.record_crash(job, step, say("the engine ended"), max_attempts=1)
    searched = []

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ocrwatchd.ocr.barcodes.texts", lambda picture: searched.append(picture) or ())
        line.work_off(job)
    assert len(searched) == 1
    assert receipts(job)[0]["unreadable_pages"] == 1


def test_a_picture_that_the_search_for_codes_fails_on_is_read(line):
    """Whatever its library raises, here an IndexError, the page is one without a code."""
    job = stack(line, "fine", NOTES, "fine")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ocrwatchd.ocr.barcodes.texts", lambda picture: [1, 2, 3][picture.width])
        figures = line.work_off(job)
    assert (figures.pages, len(receipts(job))) == (3, 1)


def test_a_stack_that_goes_on_has_the_settings_of_now(line):
    """The configuration may have changed since it was put back: what was kept in memory holds for the pages alone."""
    job = stack(line, "fine", "fine")
    with pytest.raises(Stopping):
        line.work_off(job, lambda: ("page-done", 1) in line.steps)
    formats = Output(formats=("md",))
    line.work_off(replace(job, work=job.work.model_copy(update={"output": formats})))
    assert sorted(path.name for path in job.out.iterdir()) == ["document.json", "document.md"]
    assert [step for step in line.steps if step[0] == "page-done"] == [("page-done", 1), ("page-done", 2)]


def test_many_short_documents_are_written_with_signs_of_life(line, monkeypatch):
    """No document takes long, but all of them together may take longer than one page."""
    monkeypatch.setattr(sign_of_life, "SIGN_OF_LIFE_S", 1.5)
    clock = count()
    monkeypatch.setattr("time.monotonic", lambda: next(clock) / 10)
    line.work_off(stack(line, "fine", NOTES, "fine", NOTES, "fine", NOTES, "fine"))
    assert line.steps.count(("write", 0)) > 1


@pytest.mark.parametrize("search", ["sequence_warnings", "date_of"])
def test_a_text_that_breaks_a_search_is_delivered(line, search):
    """What is looked for in a whole document is an extra."""
    named = WORK.model_copy(update={"output": Output(name="{date} {name}")})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(f"ocrwatchd.engine.process.text_findings.{search}", lambda *_: int("no number"))
        figures = line.work_off(stack(line, "fine", "fine", work=named))
    assert (figures.pages, figures.parts) == (2, (PartFigures(pages=2),))
