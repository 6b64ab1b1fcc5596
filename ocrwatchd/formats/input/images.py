"""Pages of picture files: PNG, JPEG, BMP, GIF, WebP, AVIF, by Pillow; and what all pictures share.

Of an animated GIF, PNG, WebP or AVIF the first frame is read, with a warning: an animation is no scan, and its frames
are mostly differences. A size is checked before anything of it is decoded; what is too large is read smaller.
"""

from __future__ import annotations

import contextlib
import math
import os
import warnings
from collections.abc import Iterator
from typing import IO, cast

from PIL import Image, ImageFile, ImageOps
from typing_extensions import override

from ocrwatchd.core.config.profile import Ocr
from ocrwatchd.core.errors import DamagedPage, UnreadablePage
from ocrwatchd.core.faults import is_machines
from ocrwatchd.core.i18n import say
from ocrwatchd.core.model import Page
from ocrwatchd.formats.input import mended
from ocrwatchd.formats.input.color_modes import flatten
from ocrwatchd.formats.input.common import Pages
from ocrwatchd.formats.input.decoder_warnings import DAMAGED, capture_stderr, redecode, tells_damage
from ocrwatchd.formats.input.patched_file import PatchedFile
from ocrwatchd.formats.input.reading_size import LARGER, check_size, most_pixels_opened, reduced, room_for

GOOD_DPI = 300
LOW_DPI = 200
"""Below this resolution recognition gets worse, and the reader gets a warning."""

_AS_STATED = 0.99
"""A file may round its resolution: PNG to dots a metre, JPEG to dots a centimetre, where 200 dpi become 198."""

LONGEST_SIDE_IN = 48.0
"""Slightly more than A0. A resolution that makes a page longer is wrong."""

MOST_OBLONG_PIXEL = 4.0
"""Fax machines scan with 204 x 98 dpi. With a larger ratio the two numbers are wrong."""

MOST_READ_AT_ONCE_BYTES = 256 << 20
"""A damaged TIFF up to this size is read into memory where nothing else helps."""

_SQUARE_ENOUGH = 1.1
_ORIENTATION, _ON_ITS_SIDE = 0x0112, {5, 6, 7, 8}
_PICTURES = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "AVIF")


class Picture(Pages):
    """A file that holds one picture."""

    def __init__(self, descriptor: int, ocr: Ocr) -> None:
        super().__init__(descriptor)
        self._ocr = ocr

    @override
    def page(self, number: int) -> Page:
        try:
            if (better := self._mended()) is not None:
                return read_picture(cast("IO[bytes]", better), _PICTURES, number, self._ocr, mended=True)
            with self._file() as file:
                return read_picture(file, _PICTURES, number, self._ocr)
        except DamagedPage:
            self._check_kind(number)
            raise

    @override
    def files(self, _number: int, /) -> Iterator[IO[bytes]]:
        with self._file() as file:
            yield file

    def _mended(self) -> PatchedFile | None:
        magic = os.pread(self._descriptor, 4, 0)
        if magic.startswith(b"\xff\xd8"):
            return mended.jpeg(self._descriptor)
        return mended.webp(self._descriptor) if magic == b"RIFF" else None

    def _check_kind(self, number: int) -> None:
        """Report a JPEG that is not damaged but of an unsupported kind.

        Raises:
            UnreadablePage: as said.
        """
        if os.pread(self._descriptor, 2, 0) != b"\xff\xd8":
            return
        head = mended.jpeg_head(self._descriptor)
        if head.frame and not head.is_decoded:
            raise UnreadablePage(
                say(
                    "page {page} is a JPEG of a kind that is not read here (lossless, hierarchical, or of more than 8 "
                    "bits a colour); save it as PNG, or as a JPEG of the usual kind",
                    page=number,
                )
            )
        if not head.height:
            raise UnreadablePage(
                say(
                    "page {page} is a JPEG that does not say how high it is; save it as PNG, or as a JPEG of the usual "
                    "kind",
                    page=number,
                )
            )


def dpi_warnings(across: float, down: float) -> tuple[str, ...]:
    """Warnings about a resolution, in dots per inch; none for 0.0, which means unknown."""
    if not 0 < min(across, down) < LOW_DPI * _AS_STATED:
        return ()
    found = f"{across:.0f}" if round(across) == round(down) else f"{across:.0f} x {down:.0f}"
    return (f"scanned at {found} dpi: characters may be misread; scan with {GOOD_DPI} dpi",)


def read_picture(
    file: IO[bytes],
    formats: tuple[str, ...],
    number: int,
    ocr: Ocr,
    *,
    frame: int = 0,
    mended: bool = False,
) -> Page:
    """Decode a picture into a page.

    Args:
        file: at its beginning.
        formats: Pillow's names of those that it may have.
        number: of the page.
        ocr: says how large it may be; a larger one is read smaller, or refused.
        frame: which of the file's pictures.
        mended: what stood around the data was wrong: it is damaged unless the decoder has found all rows.

    Raises:
        UnreadablePage: it cannot be read.
        OSError: the disk cannot be read; not the scan's fault.
    """
    told: list[str] = []
    try:
        with _guarded(most_pixels_opened(ocr), told), Image.open(file, formats=formats) as image:
            if image.tell() != frame:
                image.seek(frame)
            check_size(image, number, ocr)
            across, down = resolution(image)
            room = room_for(image, number, ocr, _stretch(across, down))
            if image.format in {"GIF", "PNG", "WEBP", "AVIF"} and getattr(image, "is_animated", False):
                told.append(f"an animated {image.format}: only its first picture was read")
            if _load(image, file, number, mended=mended):
                told.append(DAMAGED)
            # Pillow turns by EXIF, and so may exchange the two.
            turn = image.getexif().get(_ORIENTATION, 1)
            if turn in _ON_ITS_SIDE:
                across, down = down, across
            small = reduced(image, room.pixels)
            small.getexif()[_ORIENTATION] = turn  # a smaller copy of a TIFF has lost it
            upright = flatten(ImageOps.exif_transpose(small), white_is_zero=_white_is_zero(image))
            plain = _square(upright, across, down)
            scale = room.scale(upright.size)
            told += room.told(upright.size)
            told += dpi_warnings(across, down)
    except UnreadablePage:
        raise
    except Image.DecompressionBombError:
        raise UnreadablePage(
            say(
                "page {page} has more than {times} times the pixels of ocr.max_pixels = {limit}; "
                "scan it with a lower resolution, or raise that limit",
                page=number,
                times=2 * LARGER,
                limit=ocr.max_pixels,
            )
        ) from None
    except Exception as error:  # the boundary to decoders: hostile data makes them raise almost anything
        if is_machines(error):
            raise
        raise _damaged(number) from error
    return Page(number, plain, max(across, down) / max(scale), tuple(dict.fromkeys(told)), scale)


def _load(image: Image.Image, file: IO[bytes], number: int, *, mended: bool) -> bool:
    """Decode a picture and return whether parts of its data are damaged. A mended picture must be undamaged."""
    damaged = redecode(image, file)
    with capture_stderr() as said:
        image.load()
    if mended and (damaged is not False or tells_damage(said)):
        raise _damaged(number)
    return bool(damaged) or tells_damage(said)


def _damaged(number: int) -> DamagedPage:
    return DamagedPage(say("page {page} is damaged or broke off; scan or copy it again", page=number))


@contextlib.contextmanager
def _guarded(most_pixels: int, told: list[str]) -> Iterator[None]:
    """Set Pillow's limits to ours and collect its warnings in ``told``."""
    before = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = most_pixels
    ImageFile.LOAD_TRUNCATED_IMAGES = False  # a library may have switched it on: half a page would come out grey
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = before
    if any(not issubclass(one.category, Image.DecompressionBombWarning | DeprecationWarning) for one in caught):
        told.append("the picture's metadata is damaged")


def resolution(image: Image.Image) -> tuple[float, float]:
    """Dots per inch across and down; zeros if the file states no possible value."""
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


def _stretch(across: float, down: float) -> float:
    """How much longer one side becomes on a page with oblong pixels, as from a fax; 1.0 for other pages."""
    if not across or 1 / _SQUARE_ENOUGH <= across / down <= _SQUARE_ENOUGH:
        return 1.0
    return max(across / down, down / across)


def _square(image: Image.Image, across: float, down: float) -> Image.Image:
    """Stretch a page with oblong pixels, so that letters keep their shape."""
    stretch = _stretch(across, down)
    if stretch == 1.0:
        return image
    width, height = image.size
    size = (width, round(height * stretch)) if across > down else (round(width * stretch), height)
    return image.resize(size, Image.Resampling.BICUBIC)
