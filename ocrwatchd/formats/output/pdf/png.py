"""The data of a plain PNG file, which is what PDF's Flate filter with PNG's predictors reads."""

from __future__ import annotations

import struct
from typing import IO, NamedTuple

_SIGNATURE_BYTES = 8
_HEADER = struct.Struct(">IIBBBBB")
_GREY, _RGB, _PALETTE = 0, 2, 3
_COLOURS = {_GREY: 1, _RGB: 3, _PALETTE: 1}
_ENTRY_BYTES = 3


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
    """What a PNG holds; None where it is interlaced or transparent, has more bits than 8, or ends before its end."""
    file.seek(_SIGNATURE_BYTES)
    pieces: list[bytes] = []
    header, palette = b"", b""
    while len(start := file.read(8)) == 8:  # noqa: PLR2004 - a chunk's length and name
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
    _width, _height, bits, kind, _compression, _filter, interlaced = _HEADER.unpack(header)
    if interlaced or kind not in _COLOURS or bits > 8:  # noqa: PLR2004 - the same for every reader
        return None
    if (kind == _PALETTE) != bool(palette):
        palette = b""
        if kind == _PALETTE:
            return None
    whole = len(palette) - len(palette) % _ENTRY_BYTES
    return PlainData(b"".join(pieces), _COLOURS[kind], bits, palette[:whole])
