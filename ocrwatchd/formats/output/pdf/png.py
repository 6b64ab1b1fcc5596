"""The data of a plain PNG file, which is what PDF's Flate filter with PNG's predictors reads."""

from __future__ import annotations

import struct
import zlib
from typing import IO, NamedTuple

_SIGNATURE_BYTES = 8
_HEADER = struct.Struct(">IIBBBBB")
_GREY, _RGB, _PALETTE = 0, 2, 3
_COLOURS = {_GREY: 1, _RGB: 3, _PALETTE: 1}
_ENTRY_BYTES = 3
_AT_ONCE_BYTES = 1 << 16


class PlainData(NamedTuple):
    """Image data that a PDF can hold.

    Args:
        data: all of it, compressed.
        colours: components a dot.
        bits: a component.
        palette: red, green, blue by turns; b"" without one.
    """

    data: bytes
    colours: int
    bits: int
    palette: bytes


def plain_data(file: IO[bytes]) -> PlainData | None:
    """What a PNG holds; None where it is interlaced or transparent, has more bits than 8, or unpacks into other rows.

    Decoders of PNG stop at the last row. Readers of PDF unpack all that there is, and there may be gigabytes.
    """
    file.seek(_SIGNATURE_BYTES)
    found = {b"IHDR": bytearray(), b"PLTE": bytearray(), b"IDAT": bytearray()}
    name = b""
    while name != b"IEND":
        length, name = int.from_bytes(file.read(4)), file.read(4)
        data = file.read(length)
        if len(name) < len(b"IEND") or len(data) < length or name in {b"tRNS", b"iCCP"}:
            return None
        if name in found:
            found[name] += data
        file.seek(4, 1)
    header, palette, data = map(bytes, found.values())
    if len(header) != _HEADER.size:
        return None
    width, height, bits, kind, _compression, _filter, interlaced = _HEADER.unpack(header)
    is_palette = kind == _PALETTE
    if interlaced or kind not in _COLOURS or bits > 8 or (is_palette and not palette):
        return None
    row = 1 + (width * _COLOURS[kind] * bits + 7) // 8
    if not _unpacks_into(row * height, data):
        return None
    palette = palette[: len(palette) // _ENTRY_BYTES * _ENTRY_BYTES] if is_palette else b""
    return PlainData(data, _COLOURS[kind], bits, palette)


def _unpacks_into(size: int, data: bytes) -> bool:
    """Whether compressed data have just so many bytes inside; of more no more are unpacked than that."""
    unpacker, unpacked = zlib.decompressobj(), 0
    try:
        for start in range(0, len(data), _AT_ONCE_BYTES):
            rest = data[start : start + _AT_ONCE_BYTES]
            while unpacked <= size and (more := unpacker.decompress(rest, _AT_ONCE_BYTES)):
                unpacked += len(more)
                rest = unpacker.unconsumed_tail
    except zlib.error:
        return False
    return unpacked == size and unpacker.eof and not unpacker.unused_data
