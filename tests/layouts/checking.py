"""Whether a page's text is in order: each block whole, and each before those that follow it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein

if TYPE_CHECKING:
    from tests.layouts.model import Leaf, Truth

ALIKE, ALIKE_SHORT = 90, 80
"""Per cent of a block's letters that must be right, and of a short block's."""
SHORT = 20
"""Letters of a block that is short."""
FEW = 5
"""Letters of a block whose loss is an error of recognition."""
RUN = 8
"""So many wrong letters in a row are no errors of recognition: something is missing there or stands between."""
MARGIN = re.compile(r"^[ \t]*\d{1,2}(?=\s|$)", re.MULTILINE)
TAKEN = "\0"


def in_order(text: str, truth: Truth, *, recognised: bool = False) -> bool:
    """Whether the text is in an exact order; see :func:`faults`."""
    return not faults(text, truth, recognised=recognised)


def faults(text: str, truth: Truth, *, recognised: bool = False) -> list[str]:
    """What is out of order, one line each; empty if the order is exact.

    Only letters and digits are compared. Blocks are
    looked for from the longest to the shortest; a short one counts only where no longer one stands.

    Args:
        text: of the page.
        truth: what the page says.
        recognised: whether letters may be wrong, and blocks of few letters missing.
    """
    left = folded(MARGIN.sub("", text) if truth.numbered else text)
    found: dict[int, tuple[int, int]] = {}
    told = []
    for index in sorted(range(len(truth.blocks)), key=lambda i: -len(folded(truth.blocks[i].text))):
        since = max((found[a][1] for a, b in truth.before if b == index and a in found), default=0)
        place = _place(left, truth.blocks[index], since, recognised=recognised)
        if place is None and recognised and len(folded(truth.blocks[index].text)) <= FEW:
            continue
        if place is None:
            told.append(f"not whole: {truth.blocks[index].text[:60]!r}")
            continue
        start, end = found[index] = place
        left = left[:start] + TAKEN * (end - start) + left[end:]
    told += [
        f"too late: {truth.blocks[first].text[:40]!r}, before {truth.blocks[second].text[:40]!r}"
        for first, second in sorted(truth.before)
        if first in found and second in found and found[first][0] >= found[second][0]
    ]
    for run in truth.together:
        within = [found[index] for index in run if index in found]
        if within:
            start, end = min(within)[0], max(within)[0]
            told += [
                f"in between: {truth.blocks[index].text[:60]!r}"
                for index, place in found.items()
                if index not in run and start < place[0] < end
            ]
    return told


def folded(text: str) -> str:
    """Only letters and digits, in small letters."""
    return "".join(filter(str.isalnum, text.casefold()))


def _place(text: str, block: Leaf, since: int, *, recognised: bool) -> tuple[int, int] | None:
    wanted = [folded(each) for each in (block.text, *block.or_else)]
    for each in wanted:
        start = text.find(each, since)
        start = text.find(each) if start < 0 else start
        if start >= 0:
            return start, start + len(each)
    if not recognised:
        return None
    return next(filter(None, (_nearly(text, each) for each in wanted)), None)


def _nearly(text: str, wanted: str) -> tuple[int, int] | None:
    if len(wanted) > len(text):
        text += TAKEN * (len(wanted) - len(text))
    best = fuzz.partial_ratio_alignment(wanted, text, score_cutoff=ALIKE if len(wanted) > SHORT else ALIKE_SHORT)
    if best is None:
        return None
    start, end = best.dest_start, best.dest_end
    runs = Levenshtein.opcodes(text[start:end], wanted)
    if any(max(a2 - a1, b2 - b1) >= RUN for tag, a1, a2, b1, b2 in runs if tag != "equal"):
        return None
    return start, end
