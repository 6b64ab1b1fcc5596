"""The date of a letter, by what stands on its first page.

A letter has its date in a line of its own, with or without a place ("Berlin, den 12. März 2024"), or behind a word
("Date:"). Dates in sentences, days on which something is due, births and periods are other dates. In doubt there is
none: a wrong date in a name is worse than no date.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from rapidfuzz.distance import Levenshtein

from ocrwatchd.correct.date_words import DATE_WORDS, OTHER_WORDS, PARTICLES, month_may_be_first, month_names

FIRST: Final = dt.date(1800, 1, 1)
"""No letter is older: of older papers the calendar is not known, and misread years look like theirs."""

AHEAD_DAYS: Final = 366
"""A later date than so many days from today is no letter's."""

HEAD_LINES: Final = 25
"""So many lines that are not blank are the head of a letter."""

PLACE_WORDS: Final = 4
"""At most so many words stand beside a date in its own line: a place, "den", a name."""

SMALL_WORDS: Final = 3
"""Words without a capital in a line of running text."""

LONGEST_LINE: Final = 300
"""Characters; what is behind them in a line is not looked at."""

FUZZY_LETTERS: Final = 5
"""The name of a month with at least so many letters may have one that is misread."""

_NAME = r"(?P<name>[^\W\d_]{3,14})\.?"
_YEAR = r"(?P<year>[12]\d{3}|'?\d{2})(?!\d|[/:.,]\d)"
_DAY = r"(?<![\d.,/:-])(?P<day>\d{1,2})"
_SHAPES: Final = tuple(
    re.compile("".join(shape), re.IGNORECASE)
    for shape in (
        (
            rf"{_DAY}\s?(?:st|nd|rd|th|er|[.ºª°])?\s*[-/]?\s*(?:day\s)?(?:of\s|de\s|d'|den\s)?\s*{_NAME}",
            rf"\s*[-,./]?\s*(?:del?\s|of\s)?\s*{_YEAR}",
        ),
        (rf"(?<![^\W\d_]){_NAME}\s*(?P<day>\d{{1,2}})\s?(?:st|nd|rd|th)?\s*[.,]?\s*(?P<year>[12]\d{{3}})(?!\d)",),
        (rf"(?<!\d)(?P<year>[12]\d{{3}})\.?\s*(?:m\.\s*|de\s+)?{_NAME}\s*(?P<day>\d{{1,2}})(?!\d)",),
        (rf"{_DAY}\s?[./-]\s?(?P<roman>[IVX]{{1,4}})\s?[./-]\s?{_YEAR}",),
        (r"(?<!\d)(?P<year>[12]\d{3})\s*[年년]\s*(?P<month>\d{1,2})\s*[月월]\s*(?P<day>\d{1,2})\s*[日일]",),
        (
            r"(?<![\d.,/:-])(?P<year>[12]\d{3})\s?(?P<mark>[-./])\s?(?P<month>\d{1,2})\s?(?P=mark)\s?",
            r"(?P<day>\d{1,2})(?![\d:])",
        ),
        (r"ngày\s+(?P<day>\d{1,2})\s+tháng\s+(?P<month>\d{1,2})\s+năm\s+(?P<year>[12]\d{3})",),
        (
            r"(?<![\d.,/:-])(?P<one>\d{1,2})\s?(?P<mark>[-./])\s?(?P<two>\d{1,2})\s?(?P=mark)\s?",
            r"(?P<year>[12]\d{3}|\d{2})(?![\d/:-]|[.,]\d)",
        ),
    )
)
_ROMAN: Final = ("", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii")
_CELL: Final = re.compile(r"\t+| {3,}|[|;]")
_WORD: Final = re.compile(r"[^\W\d_]+")
_SPACE: Final = re.compile(r"[^\S\t ]")
_DOTTED: Final = re.compile(r"\d{1,2}\s?\.\s?\d{1,2}\s?\.\s?\d{2}")
_NUMBER: Final = re.compile(r"\d+")
_TIME: Final = re.compile(r"\d{1,2}:\d{2}")
_UNFINISHED: Final = re.compile(r"[^.:;!?]$")
_PLAIN: Final = str.maketrans("\N{RIGHT SINGLE QUOTATION MARK}\N{EN DASH}\N{EM DASH}\N{HYPHEN}", "'---")


class Certainty(IntEnum):
    """How likely a date is the letter's."""

    NO = 0
    """It stands in a sentence, or behind a word for another date."""
    APART = 1
    """In a line of its own, or behind a word for the date, below the head; or with a time of day."""
    LINE = 2
    """In a line of its own in the head, alone or with a place."""
    LABEL = 3
    """Behind a word for the date, in the head."""


@dataclass(frozen=True, slots=True)
class _Found:
    """A date as it may be read.

    Args:
        date: with the day first where that is open; None where it cannot be.
        other: with the month first where that is open; None where it cannot be.
        certainty: that it is the letter's.
    """

    date: dt.date | None
    other: dt.date | None
    certainty: Certainty


def date_of(text: str, languages: Sequence[str], today: dt.date) -> dt.date | None:
    """The date of a letter.

    Args:
        text: of its first page, corrected.
        languages: of the document, ISO 639-3.
        today: no letter is much younger.

    Returns:
        None where the page bears no date that is certain.
    """
    last = today + dt.timedelta(days=AHEAD_DAYS)
    month_first = month_may_be_first(languages)
    found = list(_dates(text, month_names(tuple(languages)), today.year, dotted=not month_first))
    found = [each for each in found if all(FIRST <= day <= last for day in (each.date, each.other) if day)]
    best = max((each.certainty for each in found), default=Certainty.NO)
    if best is Certainty.NO:
        return None
    order = _order(found, month_first=month_first)
    dates = {_decided(each, month_first=order) for each in found if each.certainty is best}
    return dates.pop() if len(dates) == 1 else None


def _order(found: Sequence[_Found], *, month_first: bool) -> bool | None:
    """Whether 3/4/2024 is in March: by the language, or by other dates of the page; None where neither tells."""
    shown = {each.date is None for each in found if (each.date is None) != (each.other is None)}
    if len(shown) == 1:
        return shown.pop()
    return None if shown or month_first else False


def _decided(found: _Found, *, month_first: bool | None) -> dt.date | None:
    if found.date is None or found.other is None or found.date == found.other:
        return found.date or found.other
    return None if month_first is None else found.other if month_first else found.date


def _dates(text: str, names: Mapping[str, int], year: int, *, dotted: bool) -> Iterator[_Found]:
    above, depth = "", 0
    for raw in text.split("\n"):
        plain = unicodedata.normalize("NFKC", raw[:LONGEST_LINE]).translate(_PLAIN)
        line = _SPACE.sub(" ", plain).rstrip()
        if line.strip():
            depth += 1
        left = ""
        for cell in _CELL.split(line):
            matches = list(_matches(cell, names, year))
            for start, end, day, other in matches:
                certainty = Certainty.NO
                if len(matches) == 1 and not _is_section(cell[start:end], cell[end:], dotted=dotted):
                    certainty = _certainty(
                        cell[:start], cell[end:], left=left, above=above, in_head=depth <= HEAD_LINES
                    )
                yield _Found(day, other, certainty)
            left = cell.strip() or left
        above = line.strip()


def _certainty(before: str, after: str, *, left: str, above: str, in_head: bool) -> Certainty:
    """How likely a date is the letter's by what stands in its cell before and after it, left of it and above."""
    words, behind = _WORD.findall(before), _WORD.findall(after)
    beside = before if words else left if _is_label(left) else above if _is_label(above) else ""
    label = _WORD.findall(beside)
    labelled = any(word.casefold() in DATE_WORDS for word in label)
    if OTHER_WORDS.search(f"{beside} {after}") or max(len(words), len(behind)) > PLACE_WORDS:
        return Certainty.NO
    if not (labelled and label[0].casefold() in DATE_WORDS):
        named = all(word[0].isupper() or word.casefold() in PARTICLES | DATE_WORDS for word in words)
        if not named or len(_NUMBER.findall(before)) > 1:
            return Certainty.NO
    if not labelled and (len(behind) > 1 or _breaks_off(above)):
        return Certainty.NO
    if not in_head or _TIME.search(before + after):
        return Certainty.APART
    return Certainty.LABEL if labelled else Certainty.LINE


def _breaks_off(line: str) -> bool:
    """Whether a line ends within a sentence, so that the line below is no line of its own."""
    small = sum(word[0].islower() for word in _WORD.findall(line))
    return small >= SMALL_WORDS and bool(_UNFINISHED.search(line))


def _is_section(date: str, after: str, *, dotted: bool) -> bool:
    """Whether "7.5.48" may be the number of a section: before a heading, or where nobody writes dates with dots."""
    return bool(_DOTTED.fullmatch(date)) and (not dotted or bool(_WORD.search(after)))


def _is_label(line: str) -> bool:
    words = _WORD.findall(line)
    return 0 < len(words) <= 2 and words[-1].casefold() in DATE_WORDS


def _matches(
    cell: str, names: Mapping[str, int], year: int
) -> Iterator[tuple[int, int, dt.date | None, dt.date | None]]:
    """The dates in a cell: where they begin and end, with the day first, with the month first."""
    taken = 0
    places = sorted(
        ((found, number) for number, shape in enumerate(_SHAPES) for found in shape.finditer(cell)),
        key=lambda each: (each[0].start(), each[1]),
    )
    for found, _ in places:
        if found.start() < taken:
            continue
        day, other = _read(found, names, year)
        if day or other:
            taken = found.end()
            yield found.start(), found.end(), day, other


def _read(found: re.Match[str], names: Mapping[str, int], today: int) -> tuple[dt.date | None, dt.date | None]:
    parts = found.groupdict()
    year = int(parts["year"].strip("'"))
    if year < 100:
        year += 2000 if 2000 + year <= today + 1 else 1900
    if "one" in parts:
        one, two = int(parts["one"]), int(parts["two"])
        return _day(year, two, one), None if parts["mark"] == "." else _day(year, one, two)
    if "name" in parts:
        month = _month(parts["name"], names)
    elif "roman" in parts:
        roman = parts["roman"].casefold()
        month = _ROMAN.index(roman) if roman in _ROMAN else 0
    else:
        month = int(parts["month"])
    day = _day(year, month, int(parts["day"]))
    return day, day


def _day(year: int, month: int, day: int) -> dt.date | None:
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None


def _month(name: str, names: Mapping[str, int]) -> int:
    """The number of a month, one letter of a long name misread at most; 0 for another word."""
    plain = name.casefold()
    if plain in names or len(plain) < FUZZY_LETTERS:
        return names.get(plain, 0)
    near = {
        number
        for known, number in names.items()
        if len(known) >= FUZZY_LETTERS and Levenshtein.distance(plain, known, score_cutoff=1) <= 1
    }
    return near.pop() if len(near) == 1 else 0
