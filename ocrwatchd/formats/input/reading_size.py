"""How large a picture may be, and how a larger one is made smaller while it is decoded.

A page is read in full up to the pixels that ``ocr.max_pixels`` and the engine's budget of memory allow. Up to
``LARGER`` times ``ocr.max_pixels`` it is read smaller. JPEG decodes straight into a half, a quarter or an eighth of the
size. Pillow decodes all other formats whole, so that their size in memory is checked before anything is decoded.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from PIL import Image

from ocrwatchd.core.config.profile import Ocr
from ocrwatchd.core.errors import UnreadablePage
from ocrwatchd.core.i18n import say
from ocrwatchd.core.process import memory_budget_mb

LARGER = 4
"""A picture with more than this many times ``ocr.max_pixels`` is refused. With the default, A4 is read up to 2,200 dpi
and A0 up to 550 dpi, and a decompression bomb unpacks to no more than 480 megapixels, once."""

BYTES_A_PIXEL = 17
"""Memory that cleaning and reading take for each pixel of a page (measured: 2 GB for 120 megapixels)."""

LEAST_PIXELS = 10_000_000
"""Pages up to this size, A4 at 300 dpi and more, are read in full however small the budget is."""

BUDGETS_TO_DECODE = 2
"""A picture that is made smaller may take this many budgets of memory while it is decoded. The engine is ended at
three, and the page is read with the third."""

_PLAIN = {"1": 2, "L": 1, "I;16": 4, "P": 6}
"""Bytes a pixel, by Pillow's mode, of a picture while it is decoded and made smaller; of one bit and of a palette with
the copy in grey or colour that is averaged."""
_COLOUR, _IN_STRIPS, _CLEAR, _MODERN = 4, 7, 12, 12
"""Likewise of colours; of those in a TIFF, one strip of which may hold the whole picture; of pictures with
transparency; of WebP, AVIF and HEIF, whose libraries have a picture of their own."""
_COEFFICIENTS = 6
"""Bytes a pixel that libjpeg holds of a progressive JPEG, whatever the size that it decodes into."""
_MODERN_FORMATS = frozenset({"WEBP", "AVIF", "HEIF"})
_PARTS = (1, 2, 4, 8)
"""libjpeg decodes into these parts of the width and the height."""
_ROUNDING = 0.999
"""Stretching rounds to whole pixels."""


@dataclass(frozen=True, slots=True)
class Room:
    """How much of a picture is read.

    Args:
        whole: width and height in the file, pixels.
        pixels: to which it is reduced.
        setting: the one that says so; "" for a picture that is read in full.
    """

    whole: tuple[int, int]
    pixels: float
    setting: str = ""

    def scale(self, read: tuple[int, int]) -> tuple[float, float]:
        """The file's pixels across and down in one of the upright picture that is read."""
        if not self.setting:
            return 1.0, 1.0
        whole = self._upright(read)
        return whole[0] / read[0], whole[1] / read[1]

    def told(self, read: tuple[int, int]) -> tuple[str, ...]:
        """A warning about a picture that is read smaller."""
        whole = self._upright(read)
        if not self.setting or read == whole:
            return ()
        return (f"read at {read[0]} x {read[1]} of its {whole[0]} x {whole[1]} pixels to stay within {self.setting}",)

    def _upright(self, read: tuple[int, int]) -> tuple[int, int]:
        turned = (self.whole[0] > self.whole[1]) != (read[0] > read[1])
        return self.whole[::-1] if turned else self.whole


def most_pixels_read(ocr: Ocr) -> tuple[int, str]:
    """Pixels of the largest page that is read in full, and the setting that says so."""
    by_memory = max(LEAST_PIXELS, (memory_budget_mb(ocr.memory_mb) << 20) // BYTES_A_PIXEL)
    return (by_memory, "ocr.memory_mb") if by_memory < ocr.max_pixels else (ocr.max_pixels, "ocr.max_pixels")


def most_pixels_opened(ocr: Ocr) -> int:
    """Pixels of the largest picture that is opened at all."""
    return LARGER * ocr.max_pixels


def too_large(number: int, width: float, height: float, ocr: Ocr) -> UnreadablePage:
    """The error for a page with more pixels than are read, even smaller."""
    return UnreadablePage(
        say(
            "page {page} has {width} x {height} pixels, too many for ocr.max_pixels = {limit} even if it is read "
            "smaller; scan it with a lower resolution, or raise that limit",
            page=number,
            width=f"{width:.0f}",
            height=f"{height:.0f}",
            limit=ocr.max_pixels,
        )
    )


def check_size(image: Image.Image, number: int, ocr: Ocr) -> None:
    """Refuse a picture that is opened and not loaded yet.

    Raises:
        UnreadablePage: it has too many pixels.
    """
    if image.width * image.height > most_pixels_opened(ocr):
        raise too_large(number, image.width, image.height, ocr)


def fits_in_memory(image: Image.Image, ocr: Ocr) -> bool:
    """Whether a picture, opened and not loaded yet, may be decoded whole: always where it is read in full."""
    pixels = image.width * image.height
    if pixels <= most_pixels_read(ocr)[0]:
        return True
    return pixels <= most_pixels_opened(ocr) and _bytes_to_decode(image) <= _most_bytes(ocr)


def room_for(image: Image.Image, number: int, ocr: Ocr, stretch: float = 1.0) -> Room:
    """Prepare a picture, opened and not loaded yet: what is too large is read smaller.

    Args:
        image: a JPEG that is too large will decode into a smaller size.
        number: of the page.
        ocr: says how large it may be.
        stretch: factor by which its pixels become more afterwards, where they are oblong.

    Raises:
        UnreadablePage: decoding takes too much memory.
    """
    most, setting = most_pixels_read(ocr)
    whole = image.size
    pixels = whole[0] * whole[1]
    if pixels * stretch <= most:
        return Room(whole, pixels)
    room = Room(whole, most * _ROUNDING / stretch, setting)
    if pixels <= most:  # only stretching makes it too large
        return room
    parts = _PARTS if image.format == "JPEG" else (1,)
    enough = max((part for part in parts if pixels >= room.pixels * part**2), default=1)
    for part in parts:
        if part >= enough and _bytes_to_decode(image, part) <= _most_bytes(ocr):
            image.draft(image.mode, (whole[0] // part, whole[1] // part))
            return room
    needed_mb = math.ceil(_bytes_to_decode(image, parts[-1]) / (1 << 20))
    raise UnreadablePage(
        say(
            "page {page} has {width} x {height} pixels, which take {size} MiB of memory to decode; "
            "scan it with a lower resolution, or raise ocr.memory_mb to {least}",
            page=number,
            width=whole[0],
            height=whole[1],
            size=needed_mb,
            least=math.ceil(needed_mb / BUDGETS_TO_DECODE),
        )
    )


def reduced(image: Image.Image, pixels: float) -> Image.Image:
    """A loaded picture, averaged to no more than so many pixels; it keeps what ``image.info`` says of it."""
    factor = math.sqrt(pixels / (image.width * image.height))
    if factor >= 1.0:
        return image
    size = (max(1, math.floor(image.width * factor)), max(1, math.floor(image.height * factor)))
    if image.mode == "1":
        image = image.convert("L")
    elif image.mode in {"P", "PA"} or "transparency" in image.info:
        clear = image.mode == "PA" or "transparency" in image.info
        image = image.convert("RGBA" if clear else "RGB")
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def _most_bytes(ocr: Ocr) -> int:
    return BUDGETS_TO_DECODE * memory_budget_mb(ocr.memory_mb) << 20


def _bytes_to_decode(image: Image.Image, part: int = 1) -> int:
    """Memory for decoding a picture, in a part of its width and height, and for making it smaller."""
    whole = image.width * image.height
    pixels = whole // part**2
    if "transparency" in image.info or image.mode in {"LA", "PA", "RGBA"}:
        return pixels * _CLEAR
    if image.format in _MODERN_FORMATS:
        return pixels * _MODERN
    held = whole * _COEFFICIENTS if image.info.get("progressive") else 0
    return held + pixels * _PLAIN.get(image.mode, _IN_STRIPS if image.format == "TIFF" else _COLOUR)
