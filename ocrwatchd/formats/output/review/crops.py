"""Pieces of a page's picture, as sharp as the scan: enough to decide on a word."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import Final

from PIL import Image

from ocrwatchd.core.model import Box, PageText
from ocrwatchd.formats.output.unrotate import Upright

HEIGHT_PX: Final = 72
"""A piece is no taller in the file: twice what it is on a page at 96 dpi."""
WIDEST: Final = 12.0
"""Largest width of a crop, in heights. A longer place is cut at its end."""
BESIDE: Final = 1.0
ABOVE: Final = 0.2
"""Margin shown around a word, in heights of the word."""
QUALITY: Final = 50
"""Quality of WebP."""


def crops(image: Image.Image, page: PageText, boxes: Sequence[Box | None]) -> list[str]:
    """The places on a page, as data URIs; "" where a place is unknown.

    The image is the scan's, neither turned nor straightened; the boxes are of the page as recognised.
    """
    upright, grey = Upright.of(page), image.convert("L")
    return [webp_uri(_piece(grey, upright, box), quality=QUALITY) if box else "" for box in boxes]


def webp_uri(picture: Image.Image, **settings: int) -> str:
    """A picture as a data URI, packed as WebP with these of Pillow's settings."""
    written = io.BytesIO()
    picture.save(written, "WEBP", **settings)
    return "data:image/webp;base64," + base64.b64encode(written.getbuffer()).decode("ascii")


def _piece(image: Image.Image, upright: Upright, box: Box) -> Image.Image:
    scale = image.width / upright.size[0]
    around = max(1.0, box.bottom - box.top)
    top, bottom = box.top - ABOVE * around, box.bottom + ABOVE * around
    left = box.left - BESIDE * around
    right = min(box.right + BESIDE * around, left + WIDEST * (bottom - top))
    # Only the piece is turned and straightened, not the whole page.
    corners = [upright.share(x, y) for x, y in ((left, top), (left, bottom), (right, bottom), (right, top))]
    quad = [side for across, down in corners for side in (across * image.width, down * image.height)]
    wide, high = max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale))
    piece = image.transform((wide, high), Image.Transform.QUAD, quad, Image.Resampling.BICUBIC, fillcolor=255)
    if high <= HEIGHT_PX:
        return piece
    return piece.resize((max(1, round(wide * HEIGHT_PX / high)), HEIGHT_PX), Image.Resampling.LANCZOS)
