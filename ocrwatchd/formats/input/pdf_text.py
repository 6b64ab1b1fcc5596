"""The text that a page of a PDF already has. Text from a program is exact, so it is not recognised again.

Only visible text counts (``pdf_visible``). The text of a scanner's own OCR is invisible, behind or over a picture, and
seldom as good as the recognition here. Ink that the visible text does not explain is recognised.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pypdfium2 as pdfium  # type: ignore[import-untyped]
from numpy.typing import NDArray

from ocrwatchd.core.config.profile import Ocr
from ocrwatchd.core.model import Box, PageText, Word
from ocrwatchd.formats.input.common import OWN_TEXT, OwnText
from ocrwatchd.formats.input.pdf_annotations import Shown
from ocrwatchd.formats.input.pdf_letters import ENDS, Letter, letters_of
from ocrwatchd.formats.input.pdf_visible import Placing, TextLook
from ocrwatchd.formats.input.real_words import hardly_words
from ocrwatchd.ocr.direction import runs_leftward, upright
from ocrwatchd.ocr.layout import RawLine, arrange
from ocrwatchd.ocr.marks import beside_labels
from ocrwatchd.ocr.rows import around

MOST_UNKNOWN = 0.02
"""Largest share of unknown characters in a font whose text is trusted."""
APART = 1.0
"""Pieces of a line with a wider gap, in line heights, may be cells of a table."""
FRAME_POINTS = 2.0
"""The frame of a check box may lie this far outside the box."""
SAME = 0.3
"""Two lines with the same words are one line if their boxes differ by less, in line heights."""
TALL = 1.5
"""Least ratio of height to width of a word that is written upwards or downwards."""
FORM = "form"
"""The source of lines that a form field shows and the text of the page does not contain."""

_UNKNOWN = re.compile("[\ufffd\ue000-\uf8ff\x00-\x08\x0e-\x1f]")
_LABEL = re.compile(r"\W+|\(?\w{1,3}[.)]")
"""A label before an item of a list, at any distance."""
_LEFTWARD = frozenset({"R", "AL", "NSM"})
"""Unicode's classes of Hebrew and Arabic letters, and of the points on them."""


class _Piece(NamedTuple):
    """A word on the page, pixels."""

    text: str
    box: Box
    font: int


def own_text(page: pdfium.PdfPage, number: int, dpi: float, ocr: Ocr, shown: Sequence[Shown]) -> OwnText | None:
    """The text that the PDF has on a page; None if there is none.

    The next drawings of the page leave out the accepted text that is not doubted.

    Args:
        page: open, with what its annotations show in it.
        number: of it, from 1.
        dpi: what boxes count in: pixels of the page drawn so.
        ocr: with ``pdf_text = "keep"`` what was recognised earlier counts too, and no font is doubted.
        shown: by annotations, beside the page's text.

    Raises:
        pypdfium2.PdfiumError: it cannot be read.
    """
    letters = letters_of(page)
    owned = [letter for letter in letters if letter.owner]
    if not (owned or shown):
        return None
    width, height = (round(side * dpi / 72) for side in page.get_size())
    placing = Placing.of(page, width, height)
    boxes = placing.boxes([letter.corners for letter in owned])
    annotated = [Box(*box) for box in placing.boxes([each.corners for each in shown]).tolist()]
    edge = FRAME_POINTS * dpi / 72
    marks = tuple(_wider(box, edge) for box, each in zip(annotated, shown, strict=True) if each.mark)
    look = TextLook(page, [(each.owner, each.corners) for each in owned])
    kept = ocr.pdf_text == "keep"
    seen = look.seen & ~_inside(boxes, marks)
    taken = seen | look.on_ink() if kept else seen
    places = iter([Box(*box) if counts else None for box, counts in zip(boxes.tolist(), taken, strict=True)])
    rows = list(_rows(letters, places, look.font))
    doubted = set() if kept else _doubted(itertools.chain.from_iterable(rows), ocr.languages)
    parts = [part for row in rows for part in _parted(row, doubted)]
    lines = [_line(part) for part in parts if part[0].font not in doubted]
    lines = _once([*lines, *_said(shown, annotated, mark=False)])
    lines += beside_labels(list(_said(shown, annotated, mark=True)), lines)
    unsure = tuple(_line(part) for part in parts if part[0].font in doubted)
    look.show_again(taken, doubted)
    arranged = arrange(upright(lines, width, height), ocr.layout)
    unseen = bool(owned) and look.knows_all and not taken.any()
    told = PageText(number, arranged.text, width, height, dpi, OWN_TEXT, arranged.lines, unseen_text=unseen)
    # Where an earlier recognition is kept, the ink is what it has read.
    ink = bool(unsure) or not lines or (taken.sum() == seen.sum() and look.ink_left(marks, dpi / 72))
    return OwnText(told, tuple(lines), unsure, marks, ink=ink)


def _in_order(word: list[tuple[str, Box]]) -> list[tuple[str, Box]]:
    """The letters of a word in reading order. For some fonts PDFium reverses words that run leftward."""
    leftward = all(unicodedata.bidirectional(text[:1]) in _LEFTWARD for text, _ in word)
    return word[::-1] if leftward and word[0][1].left < word[-1][1].left else word


def _rows(
    letters: Iterable[Letter], places: Iterator[Box | None], font: Callable[[int], int]
) -> Iterator[list[_Piece]]:
    """The words of each line that PDFium reports. A letter without a place is not used, and ends the line."""
    row: list[_Piece] = []
    word: list[tuple[str, Box]] = []
    for letter in itertools.chain(letters, (Letter("\n"),)):
        box = next(places) if letter.owner else None
        if box and not word:
            of = font(letter.owner)
        if box or (word and not letter.owner and not letter.text.isspace()):
            word.append((letter.text, box or word[-1][1]))
        dropped = letter.owner and not box
        if word and (letter.text.isspace() or letter.last or dropped):
            word = _in_order(word)
            row.append(_Piece("".join(text for text, _ in word), around(box for _, box in word), of))
            word = []
        if row and (letter.text in ENDS or letter.last or dropped):
            yield row
            row = []


def _parted(row: list[_Piece], doubted: Collection[int]) -> Iterator[list[_Piece]]:
    """Split a line at a jump, at a gap as wide as between cells of a table, and where doubted fonts begin or end."""
    start = 0
    for n, (before, after) in enumerate(itertools.pairwise(row), 1):
        labelled = n == 1 and _LABEL.fullmatch(before.text)
        if (before.font in doubted) != (after.font in doubted) or (_is_apart(before, after) and not labelled):
            yield row[start:n]
            start = n
    yield row[start:]


def _is_apart(before: _Piece, after: _Piece) -> bool:
    one, other = before.box, after.box
    size = min(one.bottom - one.top, other.bottom - other.top)
    if size > TALL * max(one.right - one.left, other.right - other.left):
        return False  # written upwards or downwards
    if one.bottom <= other.top or other.bottom <= one.top:
        return True
    gap = one.left - other.right if runs_leftward(before.text) else other.left - one.right
    return not -size < gap <= APART * size


def _line(pieces: list[_Piece], source: str = OWN_TEXT) -> RawLine:
    words, offset = [], 0
    for piece in pieces:
        words.append(Word(piece.text, offset, piece.box))
        offset += len(piece.text) + 1
    text = " ".join(piece.text for piece in pieces)
    return RawLine(text, around(piece.box for piece in pieces), None, tuple(words), source=source)


def _said(shown: Sequence[Shown], places: Sequence[Box], *, mark: bool) -> Iterator[RawLine]:
    """The lines of annotations that are not part of the page's text, from top to bottom."""
    for each, place in zip(shown, places, strict=True):
        said = [line.split() for line in each.text.splitlines() if line.strip() and each.mark is mark]
        for n, words in enumerate(said):
            tall, wide = (place.bottom - place.top) / len(said), (place.right - place.left) / len(words)
            top = place.top + n * tall
            boxes = [
                Box(place.left + k * wide, top, place.left + (k + 1) * wide, top + tall) for k in range(len(words))
            ]
            yield _line([_Piece(word, box, 0) for word, box in zip(words, boxes, strict=True)], FORM)


def _once(lines: Iterable[RawLine]) -> list[RawLine]:
    """The lines without duplicates in the same place: some programs draw text twice to make it bold."""
    found: dict[str, list[RawLine]] = {}
    for line in lines:
        same = found.setdefault(line.text, [])
        near = SAME * (line.box.bottom - line.box.top)
        if not any(max(map(abs, map(float.__sub__, other.box, line.box))) < near for other in same):
            same.append(line)
    return list(itertools.chain.from_iterable(found.values()))


def _doubted(pieces: Iterable[_Piece], languages: tuple[str, ...]) -> set[int]:
    """The fonts whose letters are unknown, or whose words are hardly ever real words."""
    by_font: dict[int, list[str]] = {}
    for piece in pieces:
        by_font.setdefault(piece.font, []).append(piece.text)
    return {font for font, words in by_font.items() if _is_garbage(words, languages)}


def _is_garbage(words: list[str], languages: tuple[str, ...]) -> bool:
    text = "".join(words)
    return len(_UNKNOWN.findall(text)) > MOST_UNKNOWN * len(text) or hardly_words(words, languages)


def _wider(box: Box, by: float) -> Box:
    return Box(box.left - by, box.top - by, box.right + by, box.bottom + by)


def _inside(boxes: NDArray[np.float64], places: Sequence[Box]) -> NDArray[np.bool_]:
    """For each box, whether its middle lies in one of the places."""
    x, y = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
    found = np.zeros(len(boxes), np.bool_)
    for left, top, right, bottom in places:
        found |= (x >= left) & (x <= right) & (y >= top) & (y <= bottom)
    return found
