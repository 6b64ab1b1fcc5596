"""Which pages of a scan make up which document."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrwatchd.core.config.paper import Paper, Split
from ocrwatchd.core.config.profile import Ocr, Work
from ocrwatchd.core.i18n import Message
from ocrwatchd.core.model import Correction, FinishedPage, Job, LeftOut, PageText, Sheets
from ocrwatchd.core.sheet_code import SheetSettings, encode
from ocrwatchd.engine.process.documents import FOREIGN_SHEET, Documents, renumbered

KEY = b"k" * 32
OTHERS = {"notes": Work(ocr=Ocr(languages=("deu",)), priority=3)}
AT_SHEETS = Split(on=("sheet",))
NOTED = OTHERS["notes"].model_copy(update={"split": AT_SHEETS})
"""What a sheet of that profile gives: where the scan is cut stays the scan's."""


def stack(pages, work=None, works=None):
    """The documents of a scan whose pages are given as their asides, or as the settings of a sheet."""
    work = work or Work(split=AT_SHEETS)
    sheets = Sheets({"": work, **(OTHERS if works is None else works)}, KEY)
    documents = Documents(Job("j", Path("j"), Path("in/scan.pdf"), work, sheets=sheets))
    made = [page(number, aside) for number, aside in enumerate(pages, 1)]
    for each in made:
        documents.add(each)
    return documents.drafts(lambda number: made[number - 1])


def page(number, aside=""):
    """A finished page."""
    code = ""
    if isinstance(aside, SheetSettings):
        aside, code = "sheet", encode(aside, KEY)
    elif aside == "foreign":
        aside, code = "sheet", encode(SheetSettings("notes"), b"x" * 32)
    text = f"text {number}"
    return FinishedPage(PageText(number, text, 9, 9, 0.0), Correction(text), aside, code)


def numbers(drafts):
    """The pages of each document."""
    return [draft.numbers for draft in drafts]


NOTES = SheetSettings(profile="notes")


def test_a_sheet_begins_a_document_with_its_settings_and_is_left_out():
    """The part before it has the scan's own settings, the part behind it those of the profile."""
    first, second = stack(["", "", NOTES, "", ""])
    assert numbers([first, second]) == [[1, 2], [4, 5]]
    assert (first.profile, second.profile) == (None, "notes")
    assert second.work == NOTED
    assert second.left_out == [LeftOut(3, "sheet")]


def test_a_sheet_may_ask_for_languages_priority_and_both_sides():
    """Only what it says changes."""
    asked = SheetSettings(languages=("fra",), priority=7, duplex=True)
    (draft,) = stack([asked, ""])
    assert draft.work.ocr == Ocr(languages=("fra",))
    assert (draft.work.priority, draft.work.pages.blank, draft.profile) == (7, "backs", None)


def test_a_sheet_changes_nothing_about_how_the_scan_was_cut_and_scanned():
    """Pages are kept under these settings: with other ones of the scan they are other pages."""
    work = Work(split=Split(on=("sheet", "blank")), pages=Paper(duplex="stacks"))
    (draft,) = stack([NOTES, ""], work)
    assert (draft.work.split, draft.work.pages.duplex) == (work.split, "stacks")


def test_a_sheet_without_settings_goes_back_to_those_of_the_scan():
    """What an earlier sheet asked for counts up to the next one."""
    _first, second = stack([NOTES, "", SheetSettings(), ""])
    assert (second.work, second.profile) == (Work(split=AT_SHEETS), None)


def test_a_foreign_sheet_only_cuts():
    """Its page is kept, the settings go on, and the receipt says what to do."""
    first, second = stack([NOTES, "", "foreign", ""])
    assert numbers([first, second]) == [[2], [3, 4]]
    assert second.work == first.work == NOTED
    assert second.warnings == (FOREIGN_SHEET,)


def test_a_profile_that_is_gone_is_told():
    """The pages are read with the settings of the scan's own folder."""
    (draft,) = stack([NOTES, ""], works={})
    assert draft.profile is None
    assert "no longer has" in draft.warnings[0]


def test_both_sides_of_a_sheet_are_one_cut():
    """A scanner of two sides sees both; the last sheet of several counts."""
    drafts = stack(["", NOTES, NOTES, "", SheetSettings(), NOTES, ""])
    assert numbers(drafts) == [[1], [4], [7]]
    assert drafts[2].left_out == [LeftOut(5, "sheet"), LeftOut(6, "sheet")]
    assert drafts[2].profile == "notes"


def test_sheets_alone_are_no_document():
    """There is nothing to deliver."""
    assert stack([NOTES, NOTES]) == []


@pytest.mark.parametrize(("blank", "kept"), [("keep", [1, 2, 3, 4, 5]), ("backs", [1, 3, 5]), ("all", [1, 5])])
def test_blank_pages_are_left_out_as_asked(blank, kept):
    """Fronts stay unless all are to go."""
    (draft,) = stack(["", "blank", "blank", "blank", ""], Work(pages=Paper(blank=blank)))
    assert draft.numbers == kept
    assert [each.page for each in draft.left_out] == [number for number in range(1, 6) if number not in kept]


def test_a_scan_of_blank_pages_is_delivered():
    """Nobody asked for an empty document, and nothing may vanish."""
    (draft,) = stack(["blank", "blank"], Work(pages=Paper(blank="all")))
    assert (draft.numbers, draft.left_out) == ([1, 2], [])


def test_blank_pages_separate():
    """Some in a row are one cut; the blank back of a page is none where blank backs are left out."""
    work = Work(split=Split(on=("blank",)))
    assert numbers(stack(["", "blank", "blank", "", "blank"], work)) == [[1], [4]]
    work = Work(split=Split(on=("blank",)), pages=Paper(blank="backs"))
    assert numbers(stack(["", "blank", "", "blank", "blank", "blank", ""], work)) == [[1, 3], [7]]


def test_so_many_pages_are_a_document():
    """Sheets between them are not counted."""
    work = Work(split=Split(on=("pages:2", "sheet")))
    assert numbers(stack(["", "", "", NOTES, "", ""], work)) == [[1, 2], [3], [5, 6]]


@pytest.mark.parametrize("blank", ["backs", "all"])
def test_a_blank_page_that_is_left_out_counts(blank):
    """A form has two sides, also where the back is blank: the next form begins with its own front."""
    work = Work(split=Split(on=("pages:2",)), pages=Paper(blank=blank))
    first, second, third = stack(["", "blank", "", "", "", "blank"], work)
    assert numbers([first, second, third]) == [[1], [3, 4], [5]]
    assert first.left_out == [LeftOut(2, "blank")]
    assert third.left_out == [LeftOut(6, "blank")]


def test_the_pages_of_a_part_are_numbered_from_one():
    """Also in what stands for a page that could not be read."""
    page_7 = PageText(7, "[page 7 could not be read]", 0, 0, 0.0, error=Message("torn"))
    finished = renumbered(FinishedPage(page_7, Correction(page_7.text)), 2)
    assert finished.page.number == 2
    assert finished.page.text == finished.correction.text == "[page 2 could not be read]"


ASIDES = st.sampled_from(["", "", "blank", "barcode", "foreign", NOTES, SheetSettings(duplex=True)])


@given(
    st.lists(ASIDES, min_size=1, max_size=30),
    st.sampled_from(["keep", "backs", "all"]),
    st.lists(st.sampled_from(["sheet", "blank", "pages:3"]), max_size=3),
)
def test_each_page_is_in_one_document_or_listed_once(asides, blank, on):
    """No page is lost or doubled, and none with content is left out, whatever the stack."""
    drafts = stack(asides, Work(split=Split(on=tuple(on)), pages=Paper(blank=blank)))
    kept = [number for draft in drafts for number in draft.numbers]
    left = [each.page for draft in drafts for each in draft.left_out]
    if drafts:
        assert sorted(kept + left) == list(range(1, len(asides) + 1))
        assert left == sorted(left)
    assert kept == sorted(kept)
    content = [number for number, aside in enumerate(asides, 1) if aside in {"", "foreign"}]
    assert set(content) <= set(kept)
    assert all(draft.numbers for draft in drafts)
    assert all(draft.tally.pages == len(draft.numbers) for draft in drafts)
