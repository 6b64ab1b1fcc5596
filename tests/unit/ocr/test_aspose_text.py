"""Aspose's answers turned into ours: the text, the lines, the errors, the languages."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from ocrwatchd.core.errors import EngineUnavailable, UnreadablePage
from ocrwatchd.core.model import Box, Line
from ocrwatchd.ocr import aspose
from ocrwatchd.ocr.aspose_languages import EVERYTHING, LATIN, SCRIPTS, WITH_ENGLISH, setting_for

OFFERED = {*["ENG", "DEU", "FRA", "CES", "ALN", "NLD", "NOR"], LATIN, EVERYTHING, "EUROPEAN", *SCRIPTS} | {
    name for languages in SCRIPTS.values() for name in languages.split()
}


def seen(text, confidence=0.9):
    """A line as Aspose reports it."""
    return SimpleNamespace(
        text_in_line=text, line=SimpleNamespace(left=1, top=2, right=30, bottom=12), confidence=confidence
    )


def test_the_evaluation_notice_is_stripped():
    """What stood before it stays, to the letter."""
    assert aspose.tidy(f"One\nTwo jum\n {aspose.NOTICE} \n", evaluation=True) == "One\nTwo jum"


def test_a_notice_that_was_cut_itself_is_stripped_too():
    """An empty page: Aspose cuts its own notice at 60 % and then adds a whole one."""
    assert aspose.tidy(f"\n ************* Trial Licen\n {aspose.NOTICE} \n", evaluation=True) == ""


@pytest.mark.parametrize("length", range(len(aspose.NOTICE) + 1))
def test_every_piece_of_the_notice_is_stripped_before_the_whole_one(length):
    """On pages of about 90 characters Aspose cuts its notice down to a single asterisk."""
    said = f"Two jum\n {aspose.NOTICE[:length]}\n {aspose.NOTICE} \n"
    assert aspose.tidy(said, evaluation=True) == "Two jum"


def test_asterisks_of_the_page_stay_where_no_notice_follows():
    """A footnote's mark at the end of a text is the page's own."""
    assert aspose.tidy("Price **\n**", evaluation=True) == "Price **\n**"


def test_with_a_licence_nothing_is_taken_for_the_notice():
    """A form may end with a row of asterisks."""
    assert aspose.tidy("Sign here\r\n*********\n", evaluation=False) == "Sign here\n*********"


def test_blank_lines_between_paragraphs_stay():
    """Only the end of the text and the ends of lines are trimmed."""
    assert aspose.tidy("One  \n\nTwo\n\n", evaluation=False) == "One\n\nTwo"


def test_lines_point_into_the_text():
    """Equal lines are told apart by their order; each offset leads to the line's own words."""
    text = "same\nother\nsame"
    lines = aspose.lines_of(text, [seen("same "), seen("other"), seen("same")])
    assert [(line.offset, text[line.offset : line.offset + len(line.text)]) for line in lines] == [
        (0, "same"),
        (5, "other"),
        (11, "same"),
    ]
    assert lines[0] == Line("same", 0, Box(1, 2, 30, 12), 0.9)


def test_a_line_is_not_found_inside_another():
    """Words that also begin a longer line, or stand in the midst of one, lead to the line that they are."""
    text = "and the sea\nan island\n an \nend"
    lines = aspose.lines_of(text, [seen("an"), seen("end")])
    assert [(line.text, line.offset) for line in lines] == [("an", 23), ("end", 27)]


def test_a_line_that_is_not_in_the_text_is_left_out():
    """Better no line than one whose offset lies."""
    assert [line.text for line in aspose.lines_of("a\nc", [seen("a"), seen("b"), seen(""), seen("c")])] == ["a", "c"]


def test_a_confidence_of_zero_means_none():
    """Aspose gives 0.0 where it calculates none."""
    assert aspose.lines_of("a", [seen("a", 0.0)])[0].confidence is None


def test_a_missing_model_file_is_named_with_the_remedy():
    """The error says which file to put where."""
    said = "Proxy error(x): Automatic download of 'aspose-ocr-advanced-recognition-v1.ocr' failed: Error downloading"
    told = aspose._told(RuntimeError(said), Path("/models"))
    assert isinstance(told, EngineUnavailable)
    assert "aspose-ocr-advanced-recognition-v1.ocr" in str(told)
    assert "into /models" in str(told)
    assert "ocr.allow_downloads" in str(told)


def test_any_other_error_is_the_page_s():
    """The next page goes on."""
    told = aspose._told(RuntimeError("Proxy error(ArgumentException): Value is odd."), Path("/models"))
    assert isinstance(told, UnreadablePage)
    assert str(told) == "Aspose.OCR could not read the picture: Value is odd"


@pytest.mark.parametrize(
    ("codes", "setting"),
    [
        (("eng",), "ENG"),
        (("ger",), "DEU"),
        (("deu", "ger"), "DEU"),
        (("eng", "deu", "fra"), LATIN),
        (("rus", "ukr"), "CYRILLIC"),
        (("rus", "eng"), "EUROPEAN"),
        (("eng", "chi"), "CHINESE"),
        (("ara", "fas", "eng"), "PERSO_ARABIC"),
        (("rus", "deu"), EVERYTHING),
        (("jpn", "eng"), EVERYTHING),
        (("rus", "ara", "eng"), EVERYTHING),
    ],
)
def test_one_setting_covers_all_languages(codes, setting):
    """A single language by itself, several by their script, mixed scripts by the widest setting."""
    assert setting_for(codes, OFFERED) == setting


def test_every_setting_that_may_come_out_exists():
    """The table names Aspose's own settings only."""
    assert set(WITH_ENGLISH.values()) | set(SCRIPTS) | {LATIN, EVERYTHING} <= OFFERED


def test_an_unknown_language_is_refused_with_close_ones():
    """A mistyped code is a mistake to be shown, not to be guessed at."""
    with pytest.raises(EngineUnavailable, match=r'"enk".*eng'):
        setting_for(("enk",), OFFERED)
