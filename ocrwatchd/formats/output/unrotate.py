"""From the pixels of a page as recognised back to its picture as it was opened: turning and straightening undone."""

from __future__ import annotations

import math
from typing import NamedTuple

from ocrwatchd.core.model import PageText
from ocrwatchd.formats.output.word_boxes import size_of

QUARTERS = {90, 270}


class Upright(NamedTuple):
    """How a page was turned.

    Args:
        wide: of the picture before it was straightened, pixels.
        tall: likewise.
        page: as recognised.
    """

    wide: float
    tall: float
    page: PageText

    @classmethod
    def of(cls, page: PageText) -> Upright:
        """Compute the size before straightening from the size after, which has room for the turned picture."""
        width, height = size_of(page)
        sine, cosine = abs(math.sin(math.radians(page.skew))), math.cos(math.radians(page.skew))
        slant = cosine * cosine - sine * sine
        return cls((width * cosine - height * sine) / slant, (height * cosine - width * sine) / slant, page)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture as it was opened, pixels."""
        turned = self.page.rotation in QUARTERS
        return (round(self.tall), round(self.wide)) if turned else (round(self.wide), round(self.tall))

    def share(self, x: float, y: float) -> tuple[float, float]:
        """Where a point of the recognised page lies on the picture, in shares of its width and height, from 0 to 1."""
        width, height = size_of(self.page)
        sine, cosine = math.sin(math.radians(self.page.skew)), math.cos(math.radians(self.page.skew))
        x, y = x - width / 2, y - height / 2
        # Straightened means turned clockwise, with y downwards; here back again.
        across = (x * cosine + y * sine) / self.wide + 0.5
        down = (y * cosine - x * sine) / self.tall + 0.5
        return unturned(across, down, self.page.rotation)


def unturned(across: float, down: float, degrees: int) -> tuple[float, float]:
    """Where a point of a picture lay before a clockwise turn by quarters; in shares from the top left, 0 to 1."""
    for _ in range(degrees // 90 % 4):  # a receipt changed by hand may hold any number
        across, down = down, 1 - across
    return across, down
