"""Scans of blank pages, and of pages that only look blank, made by seed.

Each kind has one trait at least; two pages in five have more. Pages of ``tests/data``, or others, are on their fronts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image

from tests.sheets import (
    FRONTS,
    PENCIL,
    Sheet,
    front,
    picture,
    placed,
    printed,
    scanned,
    signature,
    stamp,
    tick,
    written,
)


class Case(NamedTuple):
    """A page to judge, the other side of its sheet, and whether it is blank."""

    name: str
    picture: Image.Image
    other: Image.Image
    dpi: int
    blank: bool


def _tint(sheet: Sheet) -> None:
    sheet.mode = "RGB"
    sheet.tint = tuple(float(shade) for shade in sheet.rng.uniform(170, 245, 3))


def _through(low: float, high: float) -> Callable[[Sheet], None]:
    def seen(sheet: Sheet) -> None:
        sheet.through = sheet.between(low, high)

    return seen


def _turned_over(sheet: Sheet) -> None:
    sheet.through, sheet.flipped = sheet.between(0.1, 0.3), True


def _dust(sheet: Sheet) -> None:
    sheet.dust = int(sheet.rng.integers(20, 120))


def _holes(sheet: Sheet) -> None:
    sheet.holes, sheet.staple = int(sheet.rng.choice([2, 4])), bool(sheet.rng.integers(2))


def _number(sheet: Sheet) -> None:
    number = int(sheet.rng.integers(2, 200))
    text = str(sheet.rng.choice([f"{number}", f"- {number} -", f"Page {number}", f"{number} / 214", f"Seite {number}"]))
    sheet.ink(printed(sheet, text, (sheet.between(95, 105), sheet.between(276, 282)), sheet.between(9, 12)), 0.95)


def _edges(sheet: Sheet) -> None:
    sheet.border, sheet.skew = float(sheet.rng.choice([5, 90, 200, 255])), sheet.between(-1.2, 1.2)
    sheet.shade = sheet.between(0, 0.12)


def _jpeg(sheet: Sheet) -> None:
    sheet.quality, sheet.grain = int(sheet.rng.integers(25, 70)), sheet.between(1.5, 4)


def _bilevel(sheet: Sheet) -> None:
    sheet.mode, sheet.dust = "1", int(sheet.rng.integers(5, 60))
    sheet.through = sheet.between(0.15, 0.45)


def _fold(sheet: Sheet) -> None:
    sheet.folds = int(sheet.rng.integers(1, 3))


BLANK: dict[str, Callable[[Sheet], None]] = {
    "plain": lambda _: None,
    "tint": _tint,
    "weak show-through": _through(0.04, 0.12),
    "strong show-through": _through(0.15, 0.35),
    "turned over its short side": _turned_over,
    "dust": _dust,
    "holes": _holes,
    "page number": _number,
    "edges": _edges,
    "JPEG": _jpeg,
    "bilevel": _bilevel,
    "fold": _fold,
}


def _anywhere(sheet: Sheet) -> tuple[float, float]:
    return sheet.between(22, 150), sheet.between(25, 260)


def _pencil(sheet: Sheet) -> None:
    text = str(sheet.rng.choice(["call back Monday", "paid, see file 7", "ok", "not ours"]))
    note = written(sheet, text, _anywhere(sheet), sheet.between(4, 7), PENCIL)
    sheet.ink(note, sheet.between(0.12, 0.3), (70, 70, 75))


def _signature(sheet: Sheet) -> None:
    sheet.ink(signature(sheet, _anywhere(sheet), sheet.between(25, 45)), 0.8, (40, 50, 130))


def _stamp(sheet: Sheet) -> None:
    sheet.mode = "RGB"
    text = str(sheet.rng.choice(["RECEIVED", "COPY", "PAID"]))
    sheet.ink(stamp(sheet, _anywhere(sheet), text), sheet.between(0.35, 0.8), (190, 40, 50))


def _word(sheet: Sheet) -> None:
    text = str(sheet.rng.choice(["yes", "Anna", "void", "no"]))
    sheet.ink(printed(sheet, text, _anywhere(sheet), sheet.between(8, 12)), 0.9)


def _corner(sheet: Sheet) -> None:
    at = (sheet.between(5, 12), sheet.between(8, 14)) if sheet.rng.integers(2) else (150.0, sheet.between(285, 291))
    sheet.ink(written(sheet, "to Mr Hall, 3 copies", at, 3.5), 0.75, (35, 45, 140))


def _amount(sheet: Sheet) -> None:
    text = str(sheet.rng.choice(["1,212.40", "12.03.2024", "47", "EUR 80", "7"]))
    hand = sheet.rng.integers(2)
    at = _anywhere(sheet)
    sheet.ink(written(sheet, text, at, 4.5) if hand else printed(sheet, text, at, 10), 0.8)


def _pale(sheet: Sheet) -> None:
    text = "The invoice of 4 May has not been\npaid. Please send the amount\nwithin ten days."
    sheet.ink(printed(sheet, text, (25, sheet.between(40, 200)), 11), sheet.between(0.08, 0.2))


def _beside(sheet: Sheet) -> None:
    sheet.through = sheet.between(0.15, 0.35)
    sheet.ink(written(sheet, "please file", _anywhere(sheet), sheet.between(4, 7)), sheet.between(0.45, 0.85))


def _near_edge(sheet: Sheet) -> None:
    at = [(3.0, sheet.between(30, 260)), (190.0, sheet.between(30, 260)), (sheet.between(20, 150), 4.0)]
    x, y = at[int(sheet.rng.integers(3))]
    sheet.ink(printed(sheet, "No. 8", (x, y), 9), 0.85)


def _tick(sheet: Sheet) -> None:
    sheet.ink(tick(sheet, _anywhere(sheet), sheet.between(4, 9)), sheet.between(0.3, 0.8))


def _picture(sheet: Sheet) -> None:
    sheet.ink(picture(sheet, (sheet.between(20, 120), sheet.between(30, 200)), sheet.between(15, 45)), 0.5)


def _fax(sheet: Sheet) -> None:
    sheet.mode, sheet.grain = "1", 10.0
    sheet.ink(printed(sheet, "received 2 May", _anywhere(sheet), 10), sheet.between(0.4, 0.6))


def _cell(sheet: Sheet) -> None:
    sheet.ink(printed(sheet, "-3.1", _anywhere(sheet), 7), 0.8)


KEPT: dict[str, Callable[[Sheet], None]] = {
    "pencil": _pencil,
    "signature": _signature,
    "stamp": _stamp,
    "one word": _word,
    "corner note": _corner,
    "amount": _amount,
    "pale copy": _pale,
    "beside show-through": _beside,
    "near the edge": _near_edge,
    "tick": _tick,
    "picture": _picture,
    "light fax": _fax,
    "small cell": _cell,
}
BESIDES = (_tint, _through(0.05, 0.3), _dust, _holes, _jpeg, _fold, _edges)
"""What two pages in five have besides, two of these each."""
EACH = 5


def blank_pages(seed: int, fronts: Sequence[Image.Image] = (), each: int = EACH) -> Iterator[Case]:
    """60 blank pages, with other prints on their fronts where some are given."""
    return _cases(BLANK, seed, fronts, each, blank=True)


def kept_pages(seed: int, fronts: Sequence[Image.Image] = (), each: int = EACH) -> Iterator[Case]:
    """65 pages with little on them."""
    return _cases(KEPT, seed, fronts, each, blank=False)


def _cases(
    kinds: dict[str, Callable[[Sheet], None]], seed: int, fronts: Sequence[Image.Image], each: int, *, blank: bool
) -> Iterator[Case]:
    for row, (kind, trait) in enumerate(kinds.items()):
        for number in range(each):
            rng = np.random.default_rng((seed, row, number, blank))
            sheet = Sheet(rng, dpi=int(rng.choice([150, 200, 200, 300])))
            if number >= 3:
                for besides in rng.choice(len(BESIDES), 2, replace=False):
                    BESIDES[besides](sheet)
            trait(sheet)
            if fronts:
                behind = placed(fronts[int(rng.integers(len(fronts)))], sheet.dpi)
            else:
                behind = front(FRONTS[int(rng.integers(len(FRONTS)))], sheet.dpi)
            back, other = scanned(sheet, behind)
            yield Case(f"{kind} {number}", back, other, sheet.dpi, blank)
