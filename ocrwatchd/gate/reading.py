"""What language says about a reading of a word, or about a candidate for the word: quantities in nats, and counts.

No quantity depends on the picture. ``marks.json`` tells how often which marks stand around words; it was counted by
``ocrwatchd/training/marks.py`` on 20 books of Standard Ebooks (CC0).
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, NamedTuple

from ocrwatchd.gate.words import parts, plain_marks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ocrwatchd.core.lexicon import Lexicon

OTHER = "…"
"""In the table: any other marks."""
LONE_MARKS, LONE_MARK = -6.0, -1.0
"""ln P of marks that stand alone, and of each of them."""
HYPHEN = "-"
CENTS = -2
"""Exponent of an amount of money: it has two decimals."""
HEXADECIMAL = re.compile(r"0x[0-9a-f]+", re.IGNORECASE)
_NUMBER = re.compile(r"(?P<whole>\d{1,3}(?:,\d{3})*|\d{1,3}(?:\.\d{3})+|\d{1,9})(?:[.,](?P<cents>\d{1,2}))?")
_LETTERS = re.compile(r"[^\W_]+")
_INNER = re.compile(r"[^\w\s]|_")
_ORDINARY = frozenset("-/'.,")


class Place(NamedTuple):
    """Where a word stands.

    Args:
        after: the next word of the page, "" at its end.
        head: the beginning of a word that is broken at the end of the line before: "condi" of "condi-"; else "".
        tail: the next line's first letters, where this word is the last one of its line and ends with a hyphen.
        left: the numbers of the line before the word.
        right: the numbers of the line behind the word.
    """

    after: str = ""
    head: str = ""
    tail: str = ""
    left: tuple[Decimal, ...] = ()
    right: tuple[Decimal, ...] = ()


class Reading(NamedTuple):
    """What language says about one text for a word.

    Args:
        words: ln P of its words.
        listed: each of them is in a list of words.
        mixed: how many have small letters and capitals in an order that no word has ("tHe").
        inner: marks inside words; one that is no hyphen, slash, apostrophe, point or comma counts twice.
        marks: ln P of the marks around the words.
        product: the word and two other numbers of its line are a quantity, a price, and the amount: 8 x 13.00 = 104.00.
    """

    words: float
    listed: bool
    mixed: int
    inner: int
    marks: float
    product: bool


def reading(text: str, place: Place, lexicon: Lexicon) -> Reading:
    """Measure a text for a word; it may be several words."""
    told = plain_marks(text).split()
    total = Reading(0.0, True, 0, 0, 0.0, _is_in_product(text, place))
    for number, token in enumerate(told):
        first, last = not number, number + 1 == len(told)
        front, core, back = parts(token)
        if not core:
            total = total._replace(listed=False, marks=total.marks + LONE_MARKS + LONE_MARK * len(token))
            continue
        after = place.after if last else told[number + 1]
        tail = place.tail if last and back == HYPHEN else ""
        words, listed = _word(core, place.head if first else "", tail, lexicon)
        total = Reading(
            total.words + words,
            total.listed and listed,
            total.mixed + sum(map(_is_mixed, _LETTERS.findall(core))),
            total.inner + sum(1 if mark in _ORDINARY else 2 for mark in _INNER.findall(core)),
            total.marks + _marks("before", front) + _marks(follower(core, after), "" if tail else back),
            total.product,
        )
    return total


def value(text: str) -> Decimal | None:
    """The value of a number with the marks around it; None for any other text."""
    found = _NUMBER.fullmatch(parts(text)[1])
    if not found:
        return None
    return Decimal(re.sub(r"\D", "", found["whole"]) + "." + (found["cents"] or ""))


def _is_in_product(text: str, place: Place) -> bool:
    own = value(text) if place.left or place.right else None
    if not own:
        return False
    near = [*place.left[-2:], own, *place.right[:2]]
    return any(
        amount == quantity * price and amount.as_tuple().exponent == CENTS
        for quantity, price, amount in zip(near, near[1:], near[2:], strict=False)
    )


def follower(word: str, after: str) -> str:
    """Which of the table's rows tells of the marks between a word and the next."""
    bare = plain_marks(after).lstrip("\"'([")[:1]
    kinds = (("lower", bare.islower()), ("upper", bare.isupper()), ("digit", bare.isdigit()))
    kind = next((name for name, fits in kinds if fits), "other")
    return f"{'digit' if word[-1:].isdigit() else 'letter'} {kind}"


def _word(word: str, head: str, tail: str, lexicon: Lexicon) -> tuple[float, bool]:
    """Tell ln P of a word, and whether it is listed; of a broken one what the whole says."""
    told, listed = lexicon.log_probability(word), lexicon.knows(word)
    for whole, rest in ((head + word, head), (word + tail, tail)):
        if rest:
            told = max(told, lexicon.log_probability(whole) - lexicon.log_probability(rest))
            listed = listed or lexicon.knows(whole)
    return told, listed


def _is_mixed(word: str) -> bool:
    if HEXADECIMAL.fullmatch(word):
        return False
    letters = "".join(filter(str.isalpha, word))
    return not (letters.islower() or letters.isupper() or letters[1:].islower() or not letters[1:])


def _marks(row: str, marks: str) -> float:
    known = _table()[row]
    return known.get(marks, known[OTHER])


@cache
def _table() -> Mapping[str, Mapping[str, float]]:
    table: dict[str, dict[str, float]] = json.loads(resources.files(__package__).joinpath("marks.json").read_bytes())
    return table
