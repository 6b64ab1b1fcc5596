"""The date of a letter on its first page."""

import datetime as dt
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrwatchd.correct.date_words import month_names
from ocrwatchd.correct.letter_date import AHEAD_DAYS, FIRST, HEAD_LINES, date_of
from ocrwatchd.training import months

TODAY = dt.date(2026, 11, 29)
DAY = dt.date(2024, 3, 12)
PROSE = "we thank you for the letter that we had from you and shall be glad to see you here"


def read(text, *languages):
    """The date that is found."""
    return date_of(text, languages or ("eng",), TODAY)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("12 March 2024", "eng"),
        ("March 12, 2024", "eng"),
        ("Tuesday, March 12th, 2024", "eng"),
        ("MARCH 12 2024.", "eng"),
        ("12-Mar-24", "eng"),
        ("12th March, 2024/.5698.", "eng"),
        ("2024-03-12", "eng"),
        ("Berlin, den 12. März 2024", "deu"),
        ("Köln, 12.03.2024", "deu"),
        ("12.3.24", "deu"),
        ("12. 3. 2024", "deu"),
        ("Wien, am 12. Mär. 2024", "deu"),
        ("Paris, le 12 mars 2024", "fra"),
        ("12/03/2024", "fra"),
        ("Madrid, 12 de marzo de 2024", "spa"),
        ("Lisboa, 12 de março de 2024", "por"),
        ("Roma, 12 marzo 2024", "ita"),
        ("Praha, dne 12. března 2024", "ces"),
        ("12. III. 2024", "ces"),
        ("Warszawa, dnia 12 marca 2024", "pol"),
        ("Helsinki 12. maaliskuuta 2024", "fin"),
        ("Budapest, 2024. március 12.", "hun"),
        ("2024. 03. 12.", "hun"),
        ("12 марта 2024", "rus"),
        ("2024年3月12日", "zho"),
        ("2024년 3월 12일", "kor"),
        ("Hà Nội, ngày 12 tháng 3 năm 2024", "vie"),
    ],
)
def test_a_date_line_is_read(text, language):
    """Alone or behind a place, in the language's own way."""
    assert read(f"Baker & Sons\n12 Oak Road\n\n{text}\n\nDear Sir,\n{PROSE}", language) == DAY


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Date: 12 March 2024", "eng"),
        ("Date\n12 March 2024", "eng"),
        ("Invoice no. 4711\tDate\t12 March 2024", "eng"),
        ("Invoice date: 12 March 2024\nDue date: 30 March 2024", "eng"),
        ("Rechnungsdatum: 12.03.2024\nFällig am: 30.03.2024\nLieferdatum: 01.03.2024", "deu"),
        ("Ihr Zeichen\tUnser Zeichen\tDatum\nAB/12\tcd\t12.03.2024", "deu"),
        ("Date de facture : 12/03/2024", "fra"),
        ("1 January 2024\n\nDate: 12 March 2024", "eng"),
        ("1 January 2024\n\nDate\n12 March 2024", "eng"),
        ("1 January 2024\n\nInvoice no. 4711\tDate\t12 March 2024", "eng"),
        ("12/03/2024\n\nLieferung am 20/03/2024", "eng"),
    ],
)
def test_a_word_for_the_date_is_the_surest_sign(text, language):
    """Whatever other dates there are; and these say which number is the day."""
    assert read(text, language) == DAY


@pytest.mark.parametrize(
    "text",
    [
        "Due date: 12 March 2024",
        "Date of birth: 12 March 1960",
        "born 12 March 1960",
        "12 March 1960 - 30 April 1960",
        "from 12 March 2024",
        "Your letter of 12 March 2024",
        "Delivery 12 March 2024",
        "Organized March 26, 1896",
        f"{PROSE}\n12 March 2024, as we said",
        f"{PROSE} on\n12 March 2024.",
        f"on 12 March 2024 {PROSE}",
        "signed and dated on September 27, 1986",
        "96 STAT. 2222 PUBLIC LAW 97-425 JAN. 7, 1983",
        "7.5.48",
        "Vol. 12, No. 4, August 1976",
        "12 Marbles 2024",
        "31 February 2024",
        "12 March 1702",
        "12 March 2029",
        "March 2024",
        "(702) 739-3286",
        "10.20.30.40",
        "",
    ],
)
def test_another_date_is_not_taken(text):
    """What is due, births, periods, letters that are answered, sentences, sections, telephone numbers."""
    assert read(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "Ihr Schreiben vom 12.03.2024",
        "Fällig am 12.03.2024",
        "geb. 12.03.1960",
        "3.2.10 Zusammenfassung",
        "gültig bis 12.03.2024",
    ],
)
def test_another_date_is_not_taken_in_german(text):
    """The same words there."""
    assert read(text, "deu") is None


def test_two_dates_that_are_as_likely_are_none():
    """In doubt there is no date."""
    assert read("12 March 2024\n\n13 March 2024") is None
    assert read("12 March 2024\n\nMarch 12, 2024") == DAY


def test_day_and_month_are_told_apart_by_the_language_or_not_at_all():
    """In English 3/4 is in March or in April; another date of the page may tell."""
    assert read("3/4/2024") is None
    assert read("3/4/2024", "fra") == dt.date(2024, 4, 3)
    assert read("3/4/2024", "fra", "eng") is None
    assert read("3/3/2024") == dt.date(2024, 3, 3)
    assert read("25/3/2024") == read("3/25/2024") == dt.date(2024, 3, 25)
    assert read("3/4/2024\n\nDue: 25/4/2024") == dt.date(2024, 4, 3)
    assert read("3/4/2024\n\nDue: 4/25/2024") == dt.date(2024, 3, 4)
    assert read("3/4/2024\n\nDue: 4/25/2024 or 25/4/2024") is None


def test_a_date_below_the_head_counts_less():
    """It is that of the signature, where there is no other."""
    below = "\n".join(["", *[PROSE] * HEAD_LINES, "", "London, 13 March 2024"])
    assert read(below) == dt.date(2024, 3, 13)
    assert read(f"12 March 2024\n\n{below}") == DAY
    assert read(f"13 March 2024 10:33\n\n{below.replace('13', '12')}") is None


def test_the_century_of_a_short_year_is_the_last_possible_one():
    """Next year is possible, in January."""
    assert read("12-Mar-27") == dt.date(2027, 3, 12)
    assert read("12-Mar-28") == dt.date(1928, 3, 12)


def test_the_bounds():
    """From 1800 to a year from today."""
    last = TODAY + dt.timedelta(days=AHEAD_DAYS)
    assert read(FIRST.isoformat()) == FIRST
    assert read((FIRST - dt.timedelta(days=1)).isoformat()) is None
    assert read(last.isoformat()) == last
    assert read((last + dt.timedelta(days=1)).isoformat()) is None


def test_one_letter_of_a_long_month_may_be_misread():
    """March is seen in "Mareh"; "Juny" may be two months."""
    assert read("12 Mareh 2024") == DAY
    assert read("12 Juny 2024") is None


def test_a_name_of_two_months_is_left_out():
    """In Croatian "listopad" is October, in Czech it is November."""
    assert read("12. listopad 2024", "hrv") == dt.date(2024, 10, 12)
    assert read("12. listopad 2024", "ces") == dt.date(2024, 11, 12)
    assert read("12. listopad 2024", "hrv", "ces") is None
    assert month_names(("hrv", "ces"))["listopadu"] == 11


def test_the_names_are_those_of_the_cldr():
    """The file is what babel has now; full names never change."""
    kept = json.loads(months.FILE.read_text(encoding="utf-8"))
    now = months.table()
    assert kept["months"].keys() == now["months"].keys()
    assert kept["month_first"] == now["month_first"]
    for code in ("eng", "deu", "fra", "spa", "ita", "por", "nld", "pol", "ces", "swe", "fin", "hun", "rus"):
        assert [names.split()[0] for names in kept["months"][code]] == [
            names.split()[0] for names in now["months"][code]
        ]


@given(st.text(st.sampled_from("0123456789./-, :'\n\tMarch年月日 XVIdate\u0663\u00b2\U0001d7d8"), max_size=400))
def test_whatever_stands_on_a_page_there_is_a_plausible_date_or_none(text):
    """Pages are hostile."""
    found = read(text, "eng", "deu", "zho")
    assert found is None or FIRST <= found <= TODAY + dt.timedelta(days=AHEAD_DAYS)


@pytest.mark.parametrize(
    "line", ["1" + "\x85" * 200 + "may", "1" + " " * 298, "1.1.24 " * 43, "1 may " * 50, "12" * 150]
)
def test_a_hostile_page_takes_no_time(line):
    """No line makes the search go back and forth."""
    began = time.process_time()
    read("\n".join([line] * 1000), "eng", "deu")
    assert time.process_time() - began < 10
