"""Pages of picture files: TIFF with its frames, PNG, JPEG, BMP, GIF, WebP, by Pillow.

Of an animated GIF, PNG or WebP the first frame is read, with a warning: an animation is no scan, and its frames are
mostly differences. A size is checked before anything of it is decoded.
"""

from __future__ import annotations

import contextlib
import math
import os
import warnings
from typing import IO, TYPE_CHECKING, Self, cast

from PIL import Image, ImageFile, ImageOps

from ocrwatchd.core.errors import UnreadablePage, UnreadableScan
from ocrwatchd.core.faults import is_machines
from ocrwatchd.core.i18n import say
from ocrwatchd.core.model import Page
from ocrwatchd.formats.input.color_modes import flatten
from ocrwatchd.formats.input.common import MAX_PAGES, Length
from ocrwatchd.formats.input.decoder_warnings import DAMAGED, capture_stderr, redecode, tells_damage
from ocrwatchd.formats.input.tiff import PageFile, directories

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ocrwatchd.core.config.profile import Ocr

GOOD_DPI = 300
LOW_DPI = 200
"""Below this, recognition suffers and the reader is told."""

LONGEST_SIDE_IN = 48.0
"""A0 and a little; a "resolution" that makes a page longer than this is one that nobody has measured."""

MOST_OBLONG_PIXEL = 4.0
"""Fax machines scan with 204 x 98 dpi; beyond this ratio the two numbers are nonsense."""

MOST_READ_AT_ONCE_BYTES = 256 << 20
"""A TIFF may be read into memory up to this size, where a damaged one leaves no other way."""

_SQUARE_ENOUGH = 1.1
_PICTURES = ("PNG", "JPEG", "BMP", "GIF", "WEBP")


class Picture:
    """A file that holds one picture.

    Args:
        descriptor: of the file; closed on exit.
        ocr: ``max_pixels`` counts here.
    """

    count = 1
    receipt = ""
    warnings: tuple[str, ...] = ()

    def __init__(self, descriptor: int, ocr: Ocr) -> None:
        self._descriptor = descriptor
        self._max_pixels = ocr.max_pixels

    def page(self, number: int) -> Page:
        """As :meth:`ocrwatchd.formats.input.common.Pages.page`."""
        with os.fdopen(os.dup(self._descriptor), "rb") as file:
            file.seek(0)
            return _read(file, _PICTURES, number, self._max_pixels)

    def own_text(self, _number: int) -> None:
        """A picture has none."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        os.close(self._descriptor)


class TiffPages:
    """A TIFF with its frames.

    Args:
        descriptor: of the file; closed on exit.
        ocr: ``max_pages`` and ``max_pixels`` count here.

    Raises:
        UnreadableScan: there is no page in it.
    """

    receipt = ""

    def __init__(self, descriptor: int, ocr: Ocr) -> None:
        self._descriptor = descriptor
        self._max_pixels = ocr.max_pixels
        self._chain = directories(descriptor, MAX_PAGES)
        if not self._chain.pages:
            raise UnreadableScan(say("the TIFF holds no page, or is damaged; scan or copy it again"))
        sizes = [frame.pixels for frame in self._chain.pages]
        readable = min(len(sizes), ocr.max_pages)
        beyond = len(sizes) > readable or self._chain.cut
        self._length = Length(readable + beyond, lambda number: sizes[number - 1], readable, self._max_pixels)
        self.count = self._length.count
        self.warnings = self._chain.warnings

    def page(self, number: int) -> Page:
        """As :meth:`ocrwatchd.formats.input.common.Pages.page`."""
        self._length.check(number)
        try:
            return self._page(number, shared=True)
        except UnreadablePage:
            # Perhaps it is only the first page's directory that libtiff does not get past.
            if number == 1 or os.fstat(self._descriptor).st_size > MOST_READ_AT_ONCE_BYTES:
                raise
            return self._page(number, shared=False)

    def _page(self, number: int, *, shared: bool) -> Page:
        file = PageFile(self._descriptor, self._chain.layout, self._chain.pages[number - 1].offset, shared=shared)
        return _read(cast("IO[bytes]", file), ("TIFF",), number, self._max_pixels)

    def own_text(self, _number: int) -> None:
        """A picture has none."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        os.close(self._descriptor)


def dpi_warnings(across: float, down: float) -> tuple[str, ...]:
    """What to tell about a resolution, in dots an inch; 0.0 is unknown and worth no word."""
    if not 0 < min(across, down) < LOW_DPI:
        return ()
    found = f"{across:.0f}" if round(across) == round(down) else f"{across:.0f} x {down:.0f}"
    return (f"scanned at {found} dpi: characters may be misread; scan with {GOOD_DPI} dpi",)


def too_large(number: int, width: float, height: float, max_pixels: int) -> UnreadablePage:
    """The error for a page with more than ``max_pixels`` pixels."""
    return UnreadablePage(
        say(
            "page {page} has {width} x {height} pixels, more than ocr.max_pixels = {limit}; "
            "scan it with a lower resolution, or raise that limit",
            page=number,
            width=f"{width:.0f}",
            height=f"{height:.0f}",
            limit=max_pixels,
        )
    )


def _read(file: IO[bytes], formats: tuple[str, ...], number: int, max_pixels: int) -> Page:
    told: list[str] = []
    try:
        with _guarded(max_pixels, told), Image.open(file, formats=formats) as image:
            _check_size(image, number, max_pixels)
            if image.format in {"GIF", "PNG", "WEBP"} and getattr(image, "is_animated", False):
                told.append(f"an animated {image.format}: only its first picture was read")
            damaged = redecode(image, file)
            with capture_stderr() as said:
                image.load()
            if damaged or tells_damage(said):
                told.append(DAMAGED)
            across, down = resolution(image)
            # Pillow turns by EXIF, and so may exchange the two.
            if _on_its_side(image):
                across, down = down, across
            plain = _square(
                flatten(ImageOps.exif_transpose(image), white_is_zero=_white_is_zero(image)), across, down, max_pixels
            )
            told += dpi_warnings(across, down)
    except UnreadablePage:
        raise
    except Image.DecompressionBombError:
        raise UnreadablePage(
            say(
                "page {page} has more than twice the pixels of ocr.max_pixels = {limit}; "
                "scan it with a lower resolution, or raise that limit",
                page=number,
                limit=max_pixels,
            )
        ) from None
    except Exception as error:  # the boundary to decoders: hostile data makes them raise almost anything
        if is_machines(error):
            raise
        raise UnreadablePage(say("page {page} is damaged or broke off; scan or copy it again", page=number)) from error
    return Page(number, plain, max(across, down), tuple(dict.fromkeys(told)))


def _check_size(image: Image.Image, number: int, max_pixels: int) -> None:
    if image.width * image.height > max_pixels:
        raise too_large(number, image.width, image.height, max_pixels)


@contextlib.contextmanager
def _guarded(max_pixels: int, told: list[str]) -> Iterator[None]:
    """Pillow's own limits set to ours; what it warns of goes into ``told``."""
    before = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = max_pixels
    ImageFile.LOAD_TRUNCATED_IMAGES = False  # a library may have switched it on: half a page would come out grey
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = before
    if any(not issubclass(one.category, Image.DecompressionBombWarning | DeprecationWarning) for one in caught):
        told.append("the picture's own description of itself is damaged")


def resolution(image: Image.Image) -> tuple[float, float]:
    """Dots an inch across and down, or zeros where the file says nothing that can be true."""
    try:
        across, down = (float(value) for value in image.info.get("dpi", ()))
    except (TypeError, ValueError, ZeroDivisionError):
        return 0.0, 0.0
    if not (math.isfinite(across) and math.isfinite(down) and across >= 1 and down >= 1):
        return 0.0, 0.0
    if max(image.width / across, image.height / down) > LONGEST_SIDE_IN:
        return 0.0, 0.0
    if not 1 / MOST_OBLONG_PIXEL <= across / down <= MOST_OBLONG_PIXEL:
        return 0.0, 0.0
    return across, down


def _white_is_zero(image: Image.Image) -> bool:
    return image.format == "TIFF" and getattr(image, "tag_v2", {}).get(262) == 0


def _on_its_side(image: Image.Image) -> bool:
    return image.getexif().get(0x0112, 1) in {5, 6, 7, 8}


def _square(image: Image.Image, across: float, down: float, max_pixels: int) -> Image.Image:
    """Stretch a page with oblong pixels, as from a fax, so that letters keep their shape."""
    if not across or 1 / _SQUARE_ENOUGH <= across / down <= _SQUARE_ENOUGH:
        return image
    ratio = across / down
    width, height = (
        (image.width, round(image.height * ratio)) if ratio > 1 else (round(image.width / ratio), image.height)
    )
    if width * height > max_pixels:
        return image
    return image.resize((width, height), Image.Resampling.BICUBIC)
