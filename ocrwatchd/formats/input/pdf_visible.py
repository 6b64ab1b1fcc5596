"""Find the visible text of a PDF's page: the page is drawn twice at a low resolution, with its text and without.

Text is visible where the two drawings differ. This one comparison detects all kinds of hidden text: on a layer that is
switched off, under a picture, white on white, transparent, invisible, or outside the page. The ink in the drawing
without text is not explained by the page's own text, and is recognised.
"""

from __future__ import annotations

import ctypes
import itertools
import math
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple, TypeAlias

import cv2
import numpy as np
import pypdfium2 as pdfium  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium_c  # type: ignore[import-untyped]
from numpy.typing import NDArray

from ocrwatchd.core.model import Box
from ocrwatchd.formats.input.pdf_ink import above, difference, edges, may_be_words, shapes, small_print, without_rules

Corners: TypeAlias = tuple[float, float, float, float]
"""Left, bottom, right, top in a page's own coordinates, points."""

LOOK_DPI = 100
"""At this resolution letters of 4 points are 5 pixels high."""
LOOK_PIXELS = 8_000_000
"""Larger pages (beyond A1) are drawn at a lower resolution."""
SHADES = 16
"""Text that differs from its background by no more than this, of 255 shades, in any colour, is invisible."""
FAINT_SHADES = 4
"""The same limit for letters of a text that is partly visible: thin letters of pale words."""
MOSTLY = 0.8
"""Least share of visible letters of a visible text; text that runs off the page has less."""
NEAR_INK = 0.25
"""Least share of the letters of recognised text that stand on ink; positions are seldom exact."""
A_PART = 0.2
"""From this share of visible letters on, the faint letters of a text count too."""
COVERED = 0.1
"""Text that shares more of its place with other text is looked at without it."""
MOST_LOOKS = 40
"""Most checks of overlapping texts. The rest counts as visible."""
MOST_REDRAWN = 50_000
"""Most objects that are drawn for these checks together, in some seconds."""
TWINS = 10
"""PDFium reports text that is drawn twice only once, if at most this many texts lie between the two."""
TWIN = 0.5
"""The sides of two such texts differ by less, in their height; a shadow lies beside its text."""
MOST_OBJECTS = 20_000
"""Most objects of a page that are examined. Further text counts as ink and is recognised."""
DEPTH = 15
"""Greatest depth of nested forms."""


class Placing(NamedTuple):
    """From a page's own coordinates to pixels of its drawing, turned as it is seen: x = ax + by + c, y likewise."""

    x: tuple[float, float, float]
    y: tuple[float, float, float]

    @classmethod
    def of(cls, page: pdfium.PdfPage, width: int, height: int) -> Placing:
        """For a drawing of this size, pixels."""
        fine = 1000  # PDFium gives whole pixels
        ends = []
        for x, y in ((0, 0), (1000, 0), (0, 1000)):
            across, down = ctypes.c_int(), ctypes.c_int()
            pdfium_c.FPDF_PageToDevice(page, 0, 0, width * fine, height * fine, 0, x, y, across, down)
            ends.append((across.value / fine, down.value / fine))
        (x0, y0), (x1, y1), (x2, y2) = ends
        return cls(((x1 - x0) / 1000, (x2 - x0) / 1000, x0), ((y1 - y0) / 1000, (y2 - y0) / 1000, y0))

    def boxes(self, corners: Sequence[Corners]) -> NDArray[np.float64]:
        """Boxes in pixels, n x 4: left, top, right, bottom."""
        sides = np.array(corners, np.float64).reshape(-1, 4)
        xs, ys = sides[:, [0, 2]], sides[:, [1, 3]]
        across = self.x[0] * xs + self.x[1] * ys + self.x[2]
        down = self.y[0] * xs + self.y[1] * ys + self.y[2]
        return np.column_stack((across.min(1), down.min(1), across.max(1), down.max(1)))


class TextLook:
    """A page's text objects, and which of their letters are visible.

    Args:
        page: open. Its next drawings show no text, but what is shown again.
        letters: of each the address of its text object, and its corners.
    """

    def __init__(self, page: pdfium.PdfPage, letters: Sequence[tuple[int, Corners]]) -> None:
        self._page = page
        self._objects, self._images, self._count = _objects(page)
        owners = [owner for owner, _ in letters]
        told = frozenset(owners)
        self.knows_all = told <= self._objects.keys()
        """Whether all text objects of the page were examined."""
        self._twins = _twins(self._objects, told)
        width, height = page.get_size()
        dpi = min(LOOK_DPI, 72 * math.sqrt(LOOK_PIXELS / (width * height)))
        self._scale = dpi / 72
        with_text = self._draw()
        # Text of which PDFium tells no letter is ink.
        self._show(self._with_twins(told), shown=False)
        self._rest = self._draw()
        boxes = Placing.of(page, with_text.shape[1], with_text.shape[0]).boxes([corners for _, corners in letters])
        self._boxes = np.clip(
            np.column_stack((np.floor(boxes[:, :2]), np.ceil(boxes[:, 2:]))).astype(int),
            0,
            [with_text.shape[1], with_text.shape[0]] * 2,
        )
        self._owners = np.asarray(owners, dtype=np.uint64)
        changes = difference(with_text, self._rest)
        self.seen = self._holding(above(SHADES, changes))
        """For each letter, whether it is visible."""
        faint = self._holding(above(FAINT_SHADES, changes))
        self._look_again(with_text)
        share = self._share_of_text(self.seen)
        # A full stop may be too small for the drawing.
        self.seen |= (share > MOSTLY) | (faint & (share > A_PART))

    def font(self, owner: int) -> int:
        """The address of the font of a text object; 0 where there is none."""
        return address(pdfium_c.FPDFTextObj_GetFont(self._objects[owner])) if owner in self._objects else 0

    def show_again(self, taken: NDArray[np.bool_], fonts: Collection[int]) -> None:
        """Let the page's next drawings show text of which no letter is taken, and text in these fonts."""
        hidden = self._with_twins(self._owners[taken].tolist())
        self._show([each for each in self._objects if each not in hidden or self.font(each) in fonts], shown=True)

    def ink_left(self, known: Iterable[Box], scale: float) -> bool:
        """Whether there is ink beside the text that may be more text.

        Args:
            known: places whose ink is explained, pixels.
            scale: so many of those pixels are a point.
        """
        bounds = edges(self._rest)
        for box in known:
            left, top, right, bottom = (side / scale * self._scale for side in box)
            bounds[max(0, int(top) - 2) : math.ceil(bottom) + 2, max(0, int(left) - 2) : math.ceil(right) + 2] = 0
        if not bounds.any():
            return False
        if small_print(bounds, self._rest):
            return True
        ink = without_rules(bounds)
        if not shapes(ink).size:
            return False
        self._show(self._images, shown=False)
        pictured = cv2.dilate(above(SHADES, difference(self._rest, self._draw())), np.ones((3, 3), np.uint8))
        self._show(self._images, shown=True)
        return bool(shapes(cv2.bitwise_and(ink, pictured)).size) or may_be_words(shapes(ink))

    def on_ink(self) -> NDArray[np.bool_]:
        """For each letter, whether it lies over or under ink that is no text, as recognised text does on a scan."""
        return self._share_of_text(self._holding(edges(self._rest))) > NEAR_INK

    def _with_twins(self, owners: Iterable[int]) -> set[int]:
        """The known ones of these text objects, and their duplicates in the same place."""
        known = self._objects.keys() & owners
        return known | {twin for twin, of in self._twins.items() if of in known}

    def _show(self, objects: Iterable[int], *, shown: bool) -> None:
        for each in objects:
            pdfium_c.FPDFPageObj_SetIsActive(self._objects.get(each) or self._images[each], shown)

    def _draw(self) -> NDArray[np.uint8]:
        bitmap = self._page.render(scale=self._scale, limit_image_cache=True)
        try:
            drawn: NDArray[np.uint8] = bitmap.to_numpy()[:, :, :3].copy()
        finally:
            bitmap.close()
        return drawn

    def _holding(self, marked: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """For each letter, whether a pixel in its place is marked."""
        sums = cv2.integral(marked)
        left, top, right, bottom = self._boxes.T
        found: NDArray[np.bool_] = sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left] > 0
        return found

    def _look_again(self, with_text: NDArray[np.uint8]) -> None:
        """Check text that overlaps other text again without the other text, which may have caused the difference."""
        owners, of = np.unique(self._owners[self.seen], return_inverse=True)
        if not len(owners):
            return
        order = np.argsort(of, kind="stable")
        starts = np.searchsorted(of[order], np.arange(len(owners)))
        mine = self._boxes[self.seen][order]
        places = np.column_stack((np.minimum.reduceat(mine[:, :2], starts), np.maximum.reduceat(mine[:, 2:], starts)))
        over = np.zeros(with_text.shape[:2], np.uint16)
        for left, top, right, bottom in places:
            over[top:bottom, left:right] += 1
        shared = [
            n
            for n, (left, top, right, bottom) in enumerate(places)
            if int(owners[n]) in self._objects and (over[top:bottom, left:right] > 1).mean() > COVERED
        ]
        looks = min(MOST_LOOKS, MOST_REDRAWN // max(1, self._count))
        all_told = self._with_twins(self._owners.tolist())
        self._show(all_told, shown=True)
        for group in _apart(shared, places)[:looks]:
            looked_at = self._with_twins(owners[group].tolist())
            self._show(looked_at, shown=False)
            letters = np.isin(self._owners, owners[group])
            self.seen[letters] = self._holding(above(SHADES, difference(with_text, self._draw())))[letters]
            self._show(looked_at, shown=True)
        self._show(all_told, shown=False)

    def _share_of_text(self, letters: NDArray[np.bool_]) -> NDArray[np.float64]:
        """For each letter, the share of its text object's letters that are True here."""
        _, of, count = np.unique(self._owners, return_inverse=True, return_counts=True)
        share: NDArray[np.float64] = (np.bincount(of, letters, len(count)) / count)[of]
        return share


def address(thing: ctypes._Pointer[ctypes.Structure]) -> int:
    """The address of a page object of PDFium, which identifies it; 0 for none."""
    return ctypes.addressof(thing.contents) if thing else 0


def _twins(objects: dict[int, pdfium_c.FPDF_PAGEOBJECT], told: Collection[int]) -> dict[int, int]:
    """Map each text without reported letters to the text that PDFium reports in the same place."""
    found = {}
    order = list(objects)
    for n, each in enumerate(order):
        if each in told:
            continue
        box = _bounds(objects[each])
        near = TWIN * (box[3] - box[1])
        for other in order[max(0, n - TWINS) : n + TWINS + 1]:
            if other in told and max(map(abs, map(float.__sub__, box, _bounds(objects[other])))) < near:
                found[each] = other
                break
    return found


def _bounds(thing: pdfium_c.FPDF_PAGEOBJECT) -> Corners:
    sides = [ctypes.c_float() for _ in range(4)]
    pdfium_c.FPDFPageObj_GetBounds(thing, *sides)
    left, bottom, right, top = (side.value for side in sides)
    return left, bottom, right, top


def _apart(numbers: Iterable[int], places: NDArray[np.int_]) -> list[list[int]]:
    """Groups of places that do not overlap within a group."""
    groups: list[list[int]] = []
    for n in numbers:
        left, top, right, bottom = places[n]
        for group in groups:
            others = places[group]
            beside = (others[:, 2] <= left) | (others[:, 0] >= right) | (others[:, 3] <= top) | (others[:, 1] >= bottom)
            if beside.all():
                group.append(n)
                break
        else:
            groups.append([n])
    return groups


def _objects(
    page: pdfium.PdfPage,
) -> tuple[dict[int, pdfium_c.FPDF_PAGEOBJECT], dict[int, pdfium_c.FPDF_PAGEOBJECT], int]:
    """A page's texts and pictures, by address, and the number of examined objects."""
    texts, pictures, count = {}, {}, 0
    for each in itertools.islice(page.get_objects(max_depth=DEPTH), MOST_OBJECTS):
        count += 1
        if each.type == pdfium_c.FPDF_PAGEOBJ_TEXT:
            texts[address(each.raw)] = each.raw
        elif each.type == pdfium_c.FPDF_PAGEOBJ_IMAGE:
            pictures[address(each.raw)] = each.raw
    return texts, pictures, count
