"""Read the barcodes and QR codes on a page.

The picture may be any scan: turned, skewed a little, noisy, faint, black and white. Codes of bars and codes of squares
are looked for in different pictures of the page. For bars it is averaged along them, which removes noise but no detail:
once for upright and once for lying bars. For squares it is blurred or made smaller. On noisy pages that finds more than
a look at the page as it is, and always takes less time.
"""

from __future__ import annotations

import math
from typing import Final

import cv2
import numpy as np
import zxingcpp
from numpy.typing import NDArray
from PIL import Image
from zxingcpp import BarcodeFormat

MOST_PIXELS: Final = 20_000_000
"""Larger pictures are made smaller first: A4 at 400 dpi and A3 at 300 dpi are not, A4 at 600 dpi is halved."""

LONGEST_SIDE: Final = 65_535
"""zxing-cpp takes no longer ones, pixels."""

ALONG: Final = 3
"""So many pixels are averaged along bars, which are many times as long even on a page at 150 dpi."""
SQUARES_PIXELS: Final = 4_500_000
"""For squares a larger picture is made smaller: A4 at 300 dpi to 215 dpi, where squares of 0.35 mm have 3 pixels."""
BLUR: Final = 3
"""In a smaller picture, the side of the square that is averaged for each pixel."""

_BARS: Final = zxingcpp.BarcodeFormats(
    [
        BarcodeFormat.Code128,
        BarcodeFormat.Code39,
        BarcodeFormat.EAN13,
        BarcodeFormat.EAN8,
        BarcodeFormat.UPCA,
        BarcodeFormat.ITF,
        BarcodeFormat.PDF417,
    ]
)
_SQUARES: Final = zxingcpp.BarcodeFormats([BarcodeFormat.QRCode, BarcodeFormat.DataMatrix, BarcodeFormat.Aztec])

Grey = NDArray[np.uint8]


def texts(picture: Image.Image) -> tuple[str, ...]:
    """The contents of all codes on a page, each once.

    Read are QR, Data Matrix, Aztec, PDF417, Code 128, Code 39, EAN-13, EAN-8, UPC-A and ITF codes, dark on light, in
    any direction of the page. Contents that are no text are given in hexadecimal; those of GS1 codes have their keys in
    parentheses. Whoever prints a code chooses its content: treat it as hostile.

    Args:
        picture: of any size and mode.
    """
    grey = _grey(picture)
    looks = (
        (_for_squares(grey), _SQUARES, True),
        (_averaged(grey, down=ALONG), _BARS, False),
        (np.ascontiguousarray(np.rot90(_averaged(grey, across=ALONG))), _BARS, False),
    )
    found = [
        code
        for look, formats, smaller in looks
        for code in zxingcpp.read_barcodes(
            look, formats=formats, try_rotate=smaller, try_downscale=smaller, try_invert=False
        )
    ]
    return tuple(dict.fromkeys(code.text for code in found if code.text))


def _for_squares(grey: Grey) -> Grey:
    factor = math.sqrt(grey.size / SQUARES_PIXELS)
    return _averaged(grey, factor, factor) if factor > 1 else cv2.blur(grey, (BLUR, BLUR)).astype(np.uint8, copy=False)


def _averaged(grey: Grey, across: float = 1, down: float = 1) -> Grey:
    """A picture that is so many times narrower and lower."""
    height, width = grey.shape
    size = max(1, round(width / across)), max(1, round(height / down))
    return cv2.resize(grey, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def _grey(picture: Image.Image) -> Grey:
    """The picture's brightness, (height, width), at most ``MOST_PIXELS``; what is transparent is white."""
    if picture.has_transparency_data:
        whole = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", whole.size, "white"), whole)
    grey = picture.convert("L")
    factor = math.ceil(max(math.sqrt(grey.width * grey.height / MOST_PIXELS), max(grey.size) / LONGEST_SIDE))
    return np.asarray(grey.reduce(factor) if factor > 1 else grey)
