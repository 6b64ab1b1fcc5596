"""One picture as an image of a PDF, without loss: passed through where a PDF can hold it as it is."""

from __future__ import annotations

import io
import zlib
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

import numpy as np
from PIL import Image, TiffImagePlugin

from ocrwatchd.formats.input.color_modes import flatten
from ocrwatchd.formats.output.pdf.png import plain_data

if TYPE_CHECKING:
    from ocrwatchd.formats.output.pdf.stream_writer import Scratch

SPACES = {"1": ("/DeviceGray", 1), "L": ("/DeviceGray", 1), "RGB": ("/DeviceRGB", 3), "CMYK": ("/DeviceCMYK", 4)}
"""Colour space and components of Pillow's modes."""
PROFILES = {"L": b"GRAY", "RGB": b"RGB ", "CMYK": b"CMYK"}
"""What an ICC profile calls the colours of a mode."""
LEVEL = 3
"""Of zlib: a page of 25 MB takes half a second, and twice as long for a tenth less."""
UP = b"\x02"
"""PNG's predictor that takes a dot as its difference from the one above (PNG, section 9)."""

_COMPRESSION, _PHOTOMETRIC, _FILL_ORDER = 259, 262, 266
_STRIPS, _STRIP_BYTES, _JPEG_TABLES, _TILES, _ROWS_A_STRIP = 273, 279, 347, 324, 278
_GROUP_4, _JPEG = 4, 7
_RGB_PHOTOMETRIC = 2
_FRAMES_OF_JPEG = {0xC0, 0xC1, 0xC2}
"""Markers of the kinds that a PDF may hold: baseline, extended, progressive; none of the arithmetic or lossless."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """An image that is ready to be written.

    Args:
        width: pixels.
        height: pixels.
        entries: of its dictionary, without the size.
        data: of its stream.
        profile: an ICC profile and its number of components.
        mask: its transparency.
    """

    width: int
    height: int
    entries: str
    data: bytes
    profile: tuple[bytes, int] | None = None
    mask: Embedded | None = None

    def write(self, scratch: Scratch) -> int:
        """Write it with what belongs to it; its number."""
        entries = f"/Type /XObject /Subtype /Image /Width {self.width} /Height {self.height} {self.entries}"
        if self.mask:
            entries += f" /SMask {self.mask.write(scratch)} 0 R"
        if self.profile:
            data, components = self.profile
            number = scratch.stream(f"/N {components} /Filter /FlateDecode", zlib.compress(data))
            entries += f" /ColorSpace [/ICCBased {number} 0 R]"
        return scratch.stream(entries, self.data)


def embedded(image: Image.Image, file: IO[bytes]) -> Embedded:
    """A picture as a PDF holds it.

    Args:
        image: opened, not loaded.
        file: that it was opened from.

    Raises:
        OSError: it is damaged; and whatever else decoders raise.
    """
    passed = None
    if image.format in {"JPEG", "MPO"}:
        file.seek(0)
        passed = _jpeg(image, file.read())
    elif image.format == "PNG":
        passed = _png(image, file)
    elif image.format == "TIFF":
        passed = _strip(image, file)
    if passed:
        return passed
    image.load()
    return _bilevel(image) if image.mode == "1" else _packed(image)


def _jpeg(image: Image.Image, data: bytes, parameters: str = "") -> Embedded | None:
    if image.mode not in PROFILES or _kind_of_jpeg(data) not in _FRAMES_OF_JPEG:
        return None
    # Adobe's programs store the colours of print inverted, and readers of PDF do not turn them back.
    inverted = " /Decode [1 0 1 0 1 0 1 0]" if image.mode == "CMYK" and "adobe" in image.info else ""
    return _coloured(image, f"/BitsPerComponent 8 /Filter /DCTDecode{parameters}{inverted}", data)


def _kind_of_jpeg(data: bytes) -> int:
    """The marker of its frame, or 0."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:  # begins every marker
        marker = data[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:  # ITU-T T.81, table B.1
            return marker
        at += 1 if marker == 0xFF else 2 + int.from_bytes(data[at + 2 : at + 4])  # a fill byte
    return 0


def _png(image: Image.Image, file: IO[bytes]) -> Embedded | None:
    if getattr(image, "is_animated", False) or "transparency" in image.info or image.mode in {"LA", "RGBA"}:
        return None
    found = plain_data(file)
    if found is None:
        return None
    parameters = f"<< /Predictor 15 /Colors {found.colours} /BitsPerComponent {found.bits} /Columns {image.width} >>"
    entries = f"/BitsPerComponent {found.bits} /Filter /FlateDecode /DecodeParms {parameters}"
    if found.palette:
        table = f"/ColorSpace [/Indexed /DeviceRGB {len(found.palette) // 3 - 1} <{found.palette.hex()}>]"
        return Embedded(image.width, image.height, f"{entries} {table}", found.data)
    space = "/DeviceRGB" if found.colours > 1 else "/DeviceGray"
    return Embedded(image.width, image.height, f"{entries} /ColorSpace {space}", found.data)


def _strip(image: Image.Image, file: IO[bytes]) -> Embedded | None:
    """The only strip of a TIFF's page, where it is CCITT group 4 or JPEG."""
    tags = getattr(image, "tag_v2", {})
    offsets, sizes = tags.get(_STRIPS, ()), tags.get(_STRIP_BYTES, ())
    if len(offsets) != 1 or len(sizes) != 1 or _TILES in tags:
        return None
    file.seek(offsets[0])
    data = file.read(sizes[0])
    if len(data) != sizes[0]:
        return None
    if tags.get(_COMPRESSION) == _GROUP_4 and image.mode == "1" and tags.get(_FILL_ORDER, 1) == 1:
        return _group_4(image, data, white_is_zero=tags.get(_PHOTOMETRIC) == 0)
    if tags.get(_COMPRESSION) == _JPEG and image.mode in {"L", "RGB"}:
        tables = bytes(tags.get(_JPEG_TABLES, b"")[:-2])
        untransformed = " /DecodeParms << /ColorTransform 0 >>" if tags.get(_PHOTOMETRIC) == _RGB_PHOTOMETRIC else ""
        return _jpeg(image, tables + data[2:] if tables else data, untransformed)
    return None


def _group_4(image: Image.Image, data: bytes, *, white_is_zero: bool) -> Embedded:
    black_is_1 = "" if white_is_zero else " /BlackIs1 true"
    parameters = f"<< /K -1 /Columns {image.width} /Rows {image.height}{black_is_1} >>"
    entries = f"/ColorSpace /DeviceGray /BitsPerComponent 1 /Filter /CCITTFaxDecode /DecodeParms {parameters}"
    return Embedded(image.width, image.height, entries, data)


def _bilevel(image: Image.Image) -> Embedded:
    """One bit a dot, packed by libtiff: bit for bit the same picture."""
    file = io.BytesIO()
    settings = TiffImagePlugin.ImageFileDirectory_v2()
    settings[_ROWS_A_STRIP] = image.height
    image.save(file, "TIFF", compression="group4", tiffinfo=settings, strip_size=image.width * image.height)
    file.seek(0)
    with Image.open(file, formats=("TIFF",)) as packed:
        found = _strip(packed, file)
    return found or _packed(image.convert("L"))


def _packed(image: Image.Image) -> Embedded:
    """Packed by Flate, each row as its difference from the one above."""
    if image.mode == "P" and "transparency" not in image.info:
        image = image.convert("RGB")
    mask = None
    if image.mode in {"LA", "RGBA", "PA"} or "transparency" in image.info:
        clear = image.convert("RGBA")
        mask = _flate(clear.getchannel("A"), "/ColorSpace /DeviceGray")
        image = clear.convert("L" if image.mode in {"L", "LA"} else "RGB")
    if image.mode not in PROFILES:
        image = flatten(image)
    found = _coloured(image, *_rows(image))
    return Embedded(found.width, found.height, found.entries, found.data, found.profile, mask)


def _flate(image: Image.Image, space: str) -> Embedded:
    entries, data = _rows(image)
    return Embedded(image.width, image.height, f"{entries} {space}", data)


def _rows(image: Image.Image) -> tuple[str, bytes]:
    colours = len(image.getbands())
    rows = np.asarray(image, dtype=np.uint8).reshape(image.height, image.width * colours)
    packer = zlib.compressobj(LEVEL)
    above = np.zeros(rows.shape[1], dtype=np.uint8)
    pieces = []
    for row in rows:
        pieces.append(packer.compress(UP + (row - above).tobytes()))
        above = row
    pieces.append(packer.flush())
    parameters = f"<< /Predictor 15 /Colors {colours} /BitsPerComponent 8 /Columns {image.width} >>"
    return f"/BitsPerComponent 8 /Filter /FlateDecode /DecodeParms {parameters}", b"".join(pieces)


def _coloured(image: Image.Image, entries: str, data: bytes) -> Embedded:
    """With the picture's own ICC profile where it has a sound one, else the device's colours."""
    profile = image.info.get("icc_profile")
    space, components = SPACES[image.mode]
    if isinstance(profile, bytes) and profile[36:40] == b"acsp" and profile[16:20] == PROFILES.get(image.mode):
        return Embedded(image.width, image.height, entries, data, (profile, components))
    return Embedded(image.width, image.height, f"{entries} /ColorSpace {space}", data)
