"""One picture as an image of a PDF, without loss: passed through where a PDF can hold it as it is."""

from __future__ import annotations

import sys
import zlib
from typing import IO

import numpy as np
from PIL import Image

from ocrwatchd.formats.input.color_modes import flatten
from ocrwatchd.formats.output.pdf.bilevel import group_4
from ocrwatchd.formats.output.pdf.png import plain_data
from ocrwatchd.formats.output.pdf.stream_writer import Scratch

SPACES = {"1": ("/DeviceGray", 1), "L": ("/DeviceGray", 1), "RGB": ("/DeviceRGB", 3), "CMYK": ("/DeviceCMYK", 4)}
"""Colour space and components of Pillow's modes."""
PROFILES = frozenset(("L", "RGB", "CMYK"))
"""Modes whose colours an ICC profile may define, and which a PDF can hold as JPEG."""
LEVEL = 3
"""Level of zlib: a page of 25 MB takes half a second. Higher levels take twice as long for a tenth less."""
BEST = 9
"""Likewise, for one bit a dot, of which a page has 1 MB."""
ROWS = 256
"""Rows that are unpacked at a time: a large page would take its size in memory again."""
UP = b"\x02"
"""PNG's predictor that takes a dot as its difference from the one above (PNG, section 9)."""

_ICC_COMPONENTS = {1: b"GRAY", 3: b"RGB ", 4: b"CMYK"}
_ICC_CLASSES = {b"scnr", b"mntr", b"prtr", b"spac"}
_ICC_VERSION = 4

_COMPRESSION, _PHOTOMETRIC, _FILL_ORDER = 259, 262, 266
_STRIPS, _STRIP_BYTES, _JPEG_TABLES, _TILES = 273, 279, 347, 324
_GROUP_4, _JPEG = 4, 7
_RGB_PHOTOMETRIC = 2
_FRAMES_OF_JPEG = {0xC0, 0xC1, 0xC2}
"""Markers of the kinds that a PDF may hold: baseline, extended, progressive; none of the arithmetic or lossless."""


def is_sound(profile: bytes, components: int) -> bool:
    """Whether an ICC profile may say what so many components mean (PDF 32000-1, 8.6.5.5)."""
    return (
        profile[36:40] == b"acsp"
        and profile[16:20] == _ICC_COMPONENTS.get(components)
        and profile[12:16] in _ICC_CLASSES
        and profile[8] <= _ICC_VERSION
    )


def write_image(scratch: Scratch, image: Image.Image, file: IO[bytes], *, archival: bool = False) -> int:
    """Write a picture, opened but not loaded, as a PDF holds it; the number of its object.

    With ``archival`` colours of print that do not say which they are become red, green and blue: PDF/A wants to know.

    Raises:
        OSError: it is damaged; and whatever else decoders raise.
    """
    number = None
    if archival and image.mode == "CMYK" and not _has_profile(image):
        image.load()
        return _packed(scratch, flatten(image))
    if image.format in {"JPEG", "MPO"}:
        file.seek(0)
        number = _jpeg(scratch, image, file.read())
    elif image.format == "PNG":
        number = _png(scratch, image, file)
    elif image.format == "TIFF":
        number = _strip(scratch, image, file)
    if number:
        return number
    image.load()
    image = _without_needless_alpha(image)
    return _of_two_colours(scratch, image) or _packed(scratch, image)


def _write(scratch: Scratch, image: Image.Image, data: bytes, entries: str) -> int:
    size = f"/Width {image.width} /Height {image.height}"
    return scratch.stream(f"/Type /XObject /Subtype /Image {size} {entries}", data)


def _space(scratch: Scratch, image: Image.Image) -> str:
    """The picture's own ICC profile where it has a sound one, else the device's colours."""
    space, components = SPACES[image.mode]
    if _has_profile(image):
        number = scratch.stream(f"/N {components} /Filter /FlateDecode", zlib.compress(image.info["icc_profile"]))
        space = f"[/ICCBased {number} 0 R]"
    return f"/ColorSpace {space}"


def _has_profile(image: Image.Image) -> bool:
    profile = image.info.get("icc_profile")
    return isinstance(profile, bytes) and image.mode in PROFILES and is_sound(profile, SPACES[image.mode][1])


def _flate(colours: int, bits: int, width: int) -> str:
    """The entries of an image whose rows PNG's predictors have prepared."""
    parameters = f"<< /Predictor 15 /Colors {colours} /BitsPerComponent {bits} /Columns {width} >>"
    return f"/BitsPerComponent {bits} /Filter /FlateDecode /DecodeParms {parameters}"


def _jpeg(scratch: Scratch, image: Image.Image, data: bytes, parameters: str = "") -> int | None:
    if image.mode not in PROFILES or _kind_of_jpeg(data) not in _FRAMES_OF_JPEG:
        return None
    # Adobe's programs store the colours of print inverted, and readers of PDF do not turn them back.
    inverted = " /Decode [1 0 1 0 1 0 1 0]" if image.mode == "CMYK" and "adobe" in image.info else ""
    entries = f"/BitsPerComponent 8 /Filter /DCTDecode{parameters}{inverted}"
    return _write(scratch, image, data, f"{entries} {_space(scratch, image)}")


def _kind_of_jpeg(data: bytes) -> int:
    """The marker of its frame, or 0."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:  # begins every marker
        marker = data[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:  # ITU-T T.81, table B.1
            return marker
        at += 1 if marker == 0xFF else 2 + int.from_bytes(data[at + 2 : at + 4])  # a fill byte
    return 0


def _png(scratch: Scratch, image: Image.Image, file: IO[bytes]) -> int | None:
    found = None if getattr(image, "is_animated", False) else plain_data(file)
    if found is None:
        return None
    image.load()
    if smaller := _of_two_colours(scratch, image, len(found.data)):
        return smaller
    space = "/DeviceRGB" if found.colours > 1 else "/DeviceGray"
    if found.palette:
        space = f"[/Indexed /DeviceRGB {len(found.palette) // 3 - 1} <{found.palette.hex()}>]"
    entries = _flate(found.colours, found.bits, image.width)
    return _write(scratch, image, found.data, f"{entries} /ColorSpace {space}")


def _strip(scratch: Scratch, image: Image.Image, file: IO[bytes]) -> int | None:
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
        black_is_1 = "" if tags.get(_PHOTOMETRIC) == 0 else " /BlackIs1 true"
        parameters = f"<< /K -1 /Columns {image.width} /Rows {image.height}{black_is_1} >>"
        entries = f"/ColorSpace /DeviceGray /BitsPerComponent 1 /Filter /CCITTFaxDecode /DecodeParms {parameters}"
        return _write(scratch, image, data, entries)
    if tags.get(_COMPRESSION) == _JPEG and image.mode in {"L", "RGB"}:
        tables = bytes(tags.get(_JPEG_TABLES, b"")[:-2])
        untransformed = " /DecodeParms << /ColorTransform 0 >>" if tags.get(_PHOTOMETRIC) == _RGB_PHOTOMETRIC else ""
        return _jpeg(scratch, image, tables + data[2:] if tables else data, untransformed)
    return None


def _of_two_colours(scratch: Scratch, image: Image.Image, most: int = sys.maxsize) -> int | None:
    """A loaded picture of one colour or two, one bit a dot; None of others, and where that takes ``most`` bytes.

    Bit for bit the same picture: packed by libtiff as CCITT group 4, or, as for dithered photographs, by Flate.
    """
    if image.mode not in {"1", "L", "P", "RGB"} or "transparency" in image.info or _has_profile(image):
        return None
    plain = image.convert("RGB") if image.mode == "P" else image
    found = plain.getcolors(2)
    if found is None:
        return None
    colours = sorted({colour for _, colour in found} | ({0, 255} if plain.mode == "1" else set()))
    first, last = colours[0], colours[-1]
    bits = plain if plain.mode == "1" else _where(plain, last)
    packed, flat = group_4(bits), zlib.compress(bits.tobytes(), BEST)
    if min(len(packed), len(flat)) >= most:
        return None
    space = "/DeviceGray"
    if (first, last) != (0, 255):
        device, both = "RGB" if plain.mode == "RGB" else "Gray", np.array([first, last], dtype=np.uint8)
        space = f"[/Indexed /Device{device} 1 <{both.tobytes().hex()}>]"
    parameters = f"<< /K -1 /Columns {image.width} /Rows {image.height} /BlackIs1 true >>"
    fax = f"/Filter /CCITTFaxDecode /DecodeParms {parameters}"
    data, packing = (packed, fax) if len(packed) <= len(flat) else (flat, "/Filter /FlateDecode")
    return _write(scratch, image, data, f"/ColorSpace {space} /BitsPerComponent 1 {packing}")


def _where(image: Image.Image, colour: object) -> Image.Image:
    """A picture of mode "1" that is set where another one has this colour."""
    dots = np.asarray(image) == np.asarray(colour, dtype=np.uint8)
    return Image.fromarray(dots.all(axis=2) if dots.ndim > 2 else dots)


def _without_needless_alpha(image: Image.Image) -> Image.Image:
    """A loaded picture without its transparency, where it makes nothing transparent."""
    if image.mode not in {"LA", "RGBA"} or image.getchannel("A").getextrema() != (255, 255):
        return image
    return image.convert(image.mode.removesuffix("A"))


def _packed(scratch: Scratch, image: Image.Image) -> int:
    """Compress a picture with Flate."""
    mask = ""
    if image.mode in {"LA", "RGBA", "PA"} or "transparency" in image.info:
        clear = image.convert("RGBA")
        alpha = clear.getchannel("A")
        entries = f"{_flate(1, 8, image.width)} /ColorSpace /DeviceGray"
        mask = f" /SMask {_write(scratch, alpha, _rows(alpha), entries)} 0 R"
        image = clear.convert("L" if image.mode in {"L", "LA"} else "RGB")
    if image.mode not in PROFILES:
        image = flatten(image)
    entries = f"{_flate(len(image.getbands()), 8, image.width)} {_space(scratch, image)}{mask}"
    return _write(scratch, image, _rows(image), entries)


def _rows(image: Image.Image) -> bytes:
    """A picture's rows, each as its difference from the one above."""
    packer = zlib.compressobj(LEVEL)
    above = np.zeros(image.width * len(image.getbands()), dtype=np.uint8)
    pieces = []
    for top in range(0, image.height, ROWS):
        part = image.crop((0, top, image.width, min(top + ROWS, image.height)))
        for row in np.asarray(part, dtype=np.uint8).reshape(part.height, -1):
            pieces.append(packer.compress(UP + (row - above).tobytes()))
            above = row
    return b"".join((*pieces, packer.flush()))
