"""Pictures of two colours as CCITT group 4, dot for dot: a page of text takes a fraction of what Flate or LZW take.

Where group 4 is larger, as for dithered photographs, a picture stays as it is.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from typing import Final

from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream
from PIL import Image, TiffImagePlugin

from ocrwatchd.core.faults import is_machines
from ocrwatchd.formats.input.decoder_warnings import capture_stderr
from ocrwatchd.formats.input.decompression_limit import MOST_UNPACKED_BYTES
from ocrwatchd.formats.output.pdf.pages import inherited

MOST_KEPT_BYTES = 32 << 20
"""Most bytes of new data of one PDF, which lie in memory until it is saved: about 1,000 pages of text."""
MOST_FORMS_DEEP = 2
"""A scan is a picture on a page, or in a form on it."""

_STRIPS, _STRIP_BYTES, _ROWS_A_STRIP = 273, 279, 278
_LZW, _BLACK_IS_0 = 5, 1
_PNG_PREDICTORS = range(10, 16)
_PNG: Final = b"\x89PNG\r\n\x1a\n"


def group_4(image: Image.Image) -> bytes:
    """A picture of mode "1" as CCITT group 4, in which a set bit of it stands for black."""
    file = io.BytesIO()
    settings = TiffImagePlugin.ImageFileDirectory_v2()
    settings[_ROWS_A_STRIP] = image.height
    image.save(file, "TIFF", compression="group4", tiffinfo=settings, strip_size=image.width * image.height)
    with Image.open(file, formats=("TIFF",)) as found:
        (start,), (length,) = found.tag_v2[_STRIPS], found.tag_v2[_STRIP_BYTES]  # type: ignore[attr-defined]
    return file.getvalue()[start : start + length]


def shrink(pdf: Pdf) -> None:
    """Pack the pictures of one bit a dot on a PDF's pages anew, where that makes them smaller."""
    left = MOST_KEPT_BYTES
    for image in _images(pdf):
        data = _smaller(image)
        if data is None or len(data) > left:
            continue
        left -= len(data)
        told = Dictionary(K=-1, Columns=int(image.Width), Rows=int(image.Height), BlackIs1=True)
        image.write(data, filter=Name.CCITTFaxDecode, decode_parms=told)


def _images(pdf: Pdf) -> Iterator[Stream]:
    """Each picture that pages draw, once."""
    seen: set[tuple[int, int]] = set()

    def within(resources: Object | None, depth: int) -> Iterator[Stream]:
        things = resources.get("/XObject") if isinstance(resources, Dictionary) else None
        for thing in things.as_dict().values() if isinstance(things, Dictionary) else ():
            if not isinstance(thing, Stream) or thing.objgen in seen:
                continue
            seen.add(thing.objgen)
            if thing.get("/Subtype") == Name.Image:
                yield thing
            elif depth < MOST_FORMS_DEEP:
                yield from within(thing.get("/Resources"), depth + 1)

    for page in pdf.pages:
        yield from within(inherited(page, Name.Resources), 0)


def _smaller(image: Stream) -> bytes | None:
    try:
        if not _is_bilevel(image):
            return None
        raw = image.read_raw_bytes()
        bits = _bits(image, raw)
        if bits is None:
            return None
        data = group_4(bits)
    except Exception as error:  # the boundary to decoders: a damaged picture stays as it is
        if is_machines(error):
            raise
        return None
    return data if len(data) < len(raw) else None


def _bits(image: Stream, raw: bytes) -> Image.Image | None:
    """A picture of one bit a dot; None of others, and of packings that are not known."""
    size = width, height = int(image.Width), int(image.Height)
    needed = (width + 7) // 8 * height
    if min(size) < 1 or needed > MOST_UNPACKED_BYTES:
        return None
    packing, told = _only(image.get("/Filter")), _only(image.get("/DecodeParms"))
    told = told if isinstance(told, Dictionary) else Dictionary()
    predictor, found = told.get("/Predictor", 1), None
    if "/Filter" not in image:
        found = _plain(size, raw)
    elif packing == Name.FlateDecode and predictor == 1:
        found = _plain(size, zlib.decompressobj().decompress(raw, needed))
    elif packing == Name.FlateDecode and predictor in _PNG_PREDICTORS:
        if told.get("/Columns", 1) == width and told.get("/Colors", 1) == 1 == told.get("/BitsPerComponent", 8):
            found = _decoded(_png(size, raw), "PNG")
    elif packing == Name.LZWDecode and predictor == 1 and told.get("/EarlyChange", 1) == 1:
        found = _decoded(_tiff(size, raw), "TIFF")
    return found


def _is_bilevel(image: Stream) -> bool:
    """Whether a picture, or a stencil, has one bit a dot."""
    if bool(image.get("/ImageMask", False)):
        return True
    space = image.get("/ColorSpace")
    if isinstance(space, Array) and len(space) > 1:
        alone = str(space[0]) in {"/Indexed", "/CalGray", "/Separation"}
        return image.get("/BitsPerComponent") == 1 and (
            alone or (str(space[0]) == "/ICCBased" and space[1].get("/N") == 1)
        )
    return image.get("/BitsPerComponent") == 1 and space == Name.DeviceGray


def _only(found: Object | None) -> Object | None:
    """A filter, or its parameters; None where there are several."""
    if isinstance(found, Array):
        return found[0] if len(found) == 1 else None
    return found


def _plain(size: tuple[int, int], data: bytes) -> Image.Image | None:
    needed = (size[0] + 7) // 8 * size[1]
    return Image.frombytes("1", size, data[:needed]) if len(data) >= needed else None


def _decoded(file: bytes, kind: str) -> Image.Image | None:
    with capture_stderr() as said, Image.open(io.BytesIO(file), formats=(kind,)) as image:
        image.load()
        bits = image.copy()
    return bits if bits.mode == "1" and not said else None


def _png(size: tuple[int, int], data: bytes) -> bytes:
    """A PNG with these data: a PDF's Flate with PNG's predictors is the same. Its decoder stops at the last row."""
    chunks = (b"IHDR", struct.pack(">IIBBBBB", *size, 1, 0, 0, 0, 0)), (b"IDAT", data), (b"IEND", b"")
    return _PNG + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )


def _tiff(size: tuple[int, int], data: bytes) -> bytes:
    """A TIFF with these data: a PDF's LZW is the same. Its decoder stops at the last row."""
    width, height = size
    entries = [(256, width), (257, height), (258, 1), (259, _LZW), (262, _BLACK_IS_0), (_STRIPS, 0), (277, 1),
               (_ROWS_A_STRIP, height), (_STRIP_BYTES, len(data))]  # fmt: skip
    start = 8 + 2 + 12 * len(entries) + 4
    told = b"".join(struct.pack("<HHII", tag, 4, 1, start if tag == _STRIPS else value) for tag, value in entries)
    return struct.pack("<2sHIH", b"II", 42, 8, len(entries)) + told + bytes(4) + data
