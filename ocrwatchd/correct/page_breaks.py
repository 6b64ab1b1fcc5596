"""Whether the text of a page was broken off: a sentence that is not over, and no word that goes on on the next page.

A blank back that nobody scanned never follows such a page.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from rapidfuzz import fuzz

from ocrwatchd.core.lexicon import lexicon
from ocrwatchd.correct.page_labels import Form, Label, outer_lines

FULL_LINE: Final = 0.7
"""A last line of at least this share of the usual length, 0-1, may run on; a shorter one is a heading or a name."""

LEAST_WORDS: Final = 4
"""In a line of running text, if it has spaces."""

SAME_HEAD: Final = 85
"""Two heads that are so alike, 0-100, without their digits, are one running head."""

_ENDS: Final = re.compile(r"[.!?:;。！？；：؟۔।»\"”’)\]…*]\s*$")  # noqa: RUF001 - the marks of other scripts
_CUT: Final = re.compile(r"([^\W\d_]{2,})[-\N{NOT SIGN}\N{SOFT HYPHEN}\N{HYPHEN}]$")
_FIRST: Final = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Body:
    """The running text of a page: its first and last line, without heads and numbers; "" where there is none."""

    first: str
    last: str
    usual: float
    """Characters of a line."""


def bodies(texts: Sequence[str], labels: Sequence[Sequence[Label]]) -> list[Body]:
    """The running text of each page."""
    outer = [_outer(text) for text in texts]
    found = []
    for number, (text, its) in enumerate(zip(texts, labels, strict=True)):
        near = [outer[other] for other in (number - 2, number - 1, number + 1, number + 2) if 0 <= other < len(outer)]
        # A sentence may end in a number too; a running head is known by the pages beside.
        dropped = {label.line for label in its if label.form > Form.EDGE}
        dropped |= {
            line
            for place, (line, head) in outer[number].items()
            if head and any(fuzz.ratio(head, other[place][1]) > SAME_HEAD for other in near if place in other)
        }
        lines = [line.strip() for at, line in enumerate(text.split("\n")) if at not in dropped and line.strip()]
        found.append(Body(lines[0], lines[-1], median(map(len, lines))) if lines else Body("", "", 0.0))
    return found


def broken_off(before: Body, after: Body, languages: Sequence[str]) -> bool:
    """Whether a page ends within a sentence, with a full line, and the next one does not go on with its last word.

    Args:
        before: of a page.
        after: of the page behind it.
        languages: ISO 639-3, of the document.
    """
    cut, first = _CUT.search(before.last), _FIRST.match(after.first)
    if cut and first and first[0].islower() and lexicon(tuple(languages)).knows(cut[1] + first[0]):
        return False
    words = before.last.split()
    running = len(words) == 1 or len(words) >= LEAST_WORDS  # some scripts have no spaces
    return running and len(before.last) >= FULL_LINE * before.usual and not _ENDS.search(before.last)


def _outer(text: str) -> dict[tuple[bool, int], tuple[int, str]]:
    """The outermost lines by their place: the number of the line, and what stands there without digits."""
    lines = text.split("\n")
    return {
        (top, depth): (number, re.sub(r"[\d\s]+", " ", lines[number]).strip().casefold())
        for number, top, depth in outer_lines(lines)
    }
