"""What of a PDF's page is to be seen: the page is drawn twice, small, with its text and without it.

Where the two drawings differ, text is to be seen. All kinds of hidden text are told by this one comparison: a layer
that is switched off, text under a picture, white on white, transparent, invisible, or outside the page. What ink the
drawing without text still shows, the page's own text does not explain: it is to be recognised.
"""

from __future__ import annotations

import ctypes
import itertools
import math
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import cv2
import numpy as np
import pypdfium2.raw as pdfium_c  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    import pypdfium2 as pdfium
    from numpy.typing import NDArray

    from ocrwatchd.core.model import Box

    Corners: TypeAlias = tuple[float, float, float, float]
    """Left, bottom, right, top in a page's own coordinates, points."""

LOOK_DPI = 100
"""Letters of 4 points are 5 pixels high then."""
LOOK_PIXELS = 8_000_000
"""Larger pages, beyond A1, are drawn smaller."""
SHADES = 16
"""Of 255: text that is no darker or lighter than its background by more is not to be seen."""
INK_SHADES = 40
"""Of 255: edges of ink are sharper."""
RULE_PX = 25
"""Straight edges of this length are rules, frames and fills."""
INK_PX = (6, 3)
"""Height and width, with its edge, of the smallest ink that may be a letter; a dot of a dotted rule is smaller."""
MOSTLY = 0.8
"""Share of some text's letters; of text that runs off the page or under a picture less is seen."""
NEAR_INK = 0.25
"""Share of the letters of recognised text that stand on ink, at least: places are seldom exact."""
COVERED = 0.5
"""Text that shares more of its place with other text is looked at alone."""
MOST_LOOKS = 40
"""So much text of a page is looked at alone; the rest counts as seen."""
MOST_OBJECTS = 20_000
"""So many objects of a page are gone through. Text beyond them is not told from ink, and recognised."""
DEPTH = 15
"""Of forms in forms."""


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
    """A page's text objects, and what of them is to be seen.

    Args:
        page: open. Its next drawings show no text, but what is shown again.
        owners: of each letter, the address of its text object.
        corners: of each letter.
    """

    def __init__(self, page: pdfium.PdfPage, owners: Sequence[int], corners: Sequence[Corners]) -> None:
        self._page = page
        self._objects = {address(each.raw): each.raw for each in _texts(page)}
        width, height = page.get_size()
        dpi = min(LOOK_DPI, 72 * math.sqrt(LOOK_PIXELS / (width * height)))
        self._scale = dpi / 72
        with_text = self._draw()
        self._show(self._objects, shown=False)
        self._rest = self._draw()
        boxes = Placing.of(page, with_text.shape[1], with_text.shape[0]).boxes(corners)
        self._boxes = np.clip(
            np.column_stack((np.floor(boxes[:, :2]), np.ceil(boxes[:, 2:]))).astype(int),
            0,
            [with_text.shape[1], with_text.shape[0]] * 2,
        )
        self._owners = np.asarray(owners, dtype=np.uint64)
        self.seen = self._differ(with_text, self._rest, self._boxes)
        """Of each letter, whether it is to be seen."""
        self._look_again(with_text)
        # A full stop may be too small for the drawing.
        self.seen |= self._share_of_text(self.seen) > MOSTLY

    def font(self, owner: int) -> int:
        """The address of the font of a text object; 0 where there is none."""
        return address(pdfium_c.FPDFTextObj_GetFont(self._objects[owner])) if owner in self._objects else 0

    def show_again(self, taken: NDArray[np.bool_], fonts: Collection[int]) -> None:
        """Let the page's next drawings show text of which no letter is taken, and text in these fonts."""
        hidden = set(self._owners[taken].tolist())
        self._show([each for each in self._objects if each not in hidden or self.font(each) in fonts], shown=True)

    def ink_left(self, known: Iterable[Box], scale: float) -> bool:
        """Whether there is ink beside the text that may be more text.

        Args:
            known: places whose ink is explained, pixels.
            scale: so many of those pixels are a point.
        """
        rest = self._rest.copy()
        for box in known:
            left, top, right, bottom = (side / scale * self._scale for side in box)
            rest[max(0, int(top) - 1) : math.ceil(bottom) + 1, max(0, int(left) - 1) : math.ceil(right) + 1] = 255
        return has_ink(rest)

    def on_ink(self) -> NDArray[np.bool_]:
        """Of each letter, whether it stands over or under ink that is no text, as recognised text does on a scan."""
        found = self._differ(_edges(self._rest) * np.uint8(255), np.zeros_like(self._rest), self._boxes)
        return self._share_of_text(found) > NEAR_INK

    def _show(self, owners: Iterable[int], *, shown: bool) -> None:
        for owner in owners:
            pdfium_c.FPDFPageObj_SetIsActive(self._objects[owner], shown)

    def _draw(self) -> NDArray[np.uint8]:
        bitmap = self._page.render(scale=self._scale, grayscale=True, limit_image_cache=True)
        try:
            drawn: NDArray[np.uint8] = bitmap.to_numpy().reshape(bitmap.height, -1)[:, : bitmap.width].copy()
        finally:
            bitmap.close()
        return drawn

    @staticmethod
    def _differ(one: NDArray[np.uint8], other: NDArray[np.uint8], boxes: NDArray[np.int_]) -> NDArray[np.bool_]:
        sums = cv2.integral((cv2.absdiff(one, other) > SHADES).astype(np.uint8))
        left, top, right, bottom = boxes.T
        found: NDArray[np.bool_] = sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left] > 0
        return found

    def _look_again(self, with_text: NDArray[np.uint8]) -> None:
        """Look at text alone that stands on other text: the difference may be the other's."""
        over = np.zeros(with_text.shape, np.uint16)
        places, owners = {}, self._owners
        for owner in np.unique(owners[self.seen]):
            mine = self._boxes[owners == owner]
            left, top, right, bottom = mine[:, 0].min(), mine[:, 1].min(), mine[:, 2].max(), mine[:, 3].max()
            over[top:bottom, left:right] += 1
            places[int(owner)] = (slice(top, bottom), slice(left, right))
        shared = [owner for owner, place in places.items() if (over[place] > 1).mean() > COVERED]
        if not shared:
            return
        self._show(self._objects, shown=True)
        for owner in filter(self._objects.__contains__, shared[:MOST_LOOKS]):
            self._show([owner], shown=False)
            letters = owners == owner
            self.seen[letters] = self._differ(with_text, self._draw(), self._boxes[letters])
            self._show([owner], shown=True)
        self._show(self._objects, shown=False)

    def _share_of_text(self, letters: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Of each letter, for how many of its text object's letters something holds, as a share."""
        _, of, count = np.unique(self._owners, return_inverse=True, return_counts=True)
        share: NDArray[np.float64] = (np.bincount(of, letters, len(count)) / count)[of]
        return share


def address(thing: object) -> int:
    """Of a page object of PDFium: tells whether two handles are of one; 0 for none."""
    return ctypes.cast(thing, ctypes.c_void_p).value or 0  # type: ignore[arg-type]


def has_ink(picture: NDArray[np.uint8]) -> bool:
    """Whether a drawing shows anything but plain areas, frames and rules.

    Args:
        picture: gray, at :data:`LOOK_DPI`.
    """
    ink = _edges(picture)
    if not ink.any():
        return False
    for shape in ((1, RULE_PX), (RULE_PX, 1)):
        rules = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones(shape, np.uint8))
        # What stands on a rule, as handwriting does, stays.
        ink = np.where(rules > 0, np.uint8(0), ink)
    _, _, found, _ = cv2.connectedComponentsWithStats(ink)
    sizes = found[1:, [cv2.CC_STAT_HEIGHT, cv2.CC_STAT_WIDTH]]
    return bool((sizes >= INK_PX).all(1).any())


def _edges(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """1 where ink begins or ends, else 0."""
    slopes = cv2.morphologyEx(picture, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    return (slopes > INK_SHADES).astype(np.uint8)


def _texts(page: pdfium.PdfPage) -> Iterable[pdfium.PdfObject]:
    objects = itertools.islice(page.get_objects(max_depth=DEPTH), MOST_OBJECTS)
    return (each for each in objects if each.type == pdfium_c.FPDF_PAGEOBJ_TEXT)
