"""The data of a plain PNG file, which is what PDF's Flate filter with PNG's predictors reads."""

from __future__ import annotations

import struct
import zlib
from typing import IO, TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

_SIGNATURE_BYTES = 8
_HEADER = struct.Struct(">IIBBBBB")
_GREY, _RGB, _PALETTE = 0, 2, 3
_COLOURS = {_GREY: 1, _RGB: 3, _PALETTE: 1}
_ENTRY_BYTES = 3
_UNPACKED_AT_ONCE_BYTES = 1 << 20


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
    pieces: list[bytes] = []
    header, palette = b"", b""
    while len(start := file.read(8)) == 8:  # a chunk's length and name
        length, name = int.from_bytes(start[:4]), start[4:]
        if name == b"IEND":
            return _told(header, palette, pieces)
        data = file.read(length)
        if len(data) < length or name in {b"tRNS", b"iCCP"}:
            return None
        match name:
            case b"IHDR":
                header = data
            case b"PLTE":
                palette = data
            case b"IDAT":
                pieces.append(data)
        file.seek(4, 1)
    return None


def _told(header: bytes, palette: bytes, pieces: list[bytes]) -> PlainData | None:
    if len(header) != _HEADER.size or not pieces:
        return None
    width, height, bits, kind, _compression, _filter, interlaced = _HEADER.unpack(header)
    if interlaced or kind not in _COLOURS or bits > 8:  # the same for every reader
        return None
    if (kind == _PALETTE) != bool(palette):
        palette = b""
        if kind == _PALETTE:
            return None
    row = 1 + (width * _COLOURS[kind] * bits + 7) // 8
    if not _unpacks_into(row * height, pieces):
        return None
    whole = len(palette) - len(palette) % _ENTRY_BYTES
    return PlainData(b"".join(pieces), _COLOURS[kind], bits, palette[:whole])


def _unpacks_into(size: int, pieces: Iterable[bytes]) -> bool:
    """Whether compressed data have just so many bytes inside; of more no more are unpacked than that."""
    unpacker, unpacked = zlib.decompressobj(), 0
    try:
        for piece in pieces:
            rest = piece
            while rest and unpacked <= size:
                unpacked += len(unpacker.decompress(rest, _UNPACKED_AT_ONCE_BYTES))
                rest = unpacker.unconsumed_tail
            if unpacked > size or unpacker.unused_data:
                return False
        while not unpacker.eof and (more := unpacker.decompress(b"", _UNPACKED_AT_ONCE_BYTES)) and unpacked <= size:
            unpacked += len(more)
    except zlib.error:
        return False
    return unpacked == size and unpacker.eof and not unpacker.unused_data
