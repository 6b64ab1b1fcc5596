"""Is the file structurally whole? PNG, JPEG, GIF, WebP, BMP, HEIC, AVIF and PDF, by walking from part to part.

Each walk returns nothing for a whole file, or the missing part in words that continue "the file ...". No walk decodes
anything: a picture that is damaged inside but whole is left to the engine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ocrwatchd.core.i18n import NOTHING, Message, say
from ocrwatchd.formats.input.bounded_reader import BLOCK_BYTES, TooIntricate, Window

CUT = say("ends before its last part")
GAP = say("has a gap in it")
"""A reason for every type of file that has parts."""

EOI, SOS = 0xD9, 0xDA
SHORTEST_SEGMENT_BYTES = 2
"""A segment's length counts itself."""
_SOI, _TEM = 0xD8, 0x01
_STANDALONE = frozenset({_TEM, _SOI, *range(0xD0, 0xD8)})
# In entropy-coded data FF 00 is a stuffed byte, FF D0-D7 a restart, FF FF a fill: none of them ends it.
_SCAN_END = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
_MARKER = re.compile(rb"\xff[\x01-\xfe]")
_BLOCK_STEPS = 100
"""What searching a whole block counts for: a file of more than some 130 MB is judged by its end, for even a hole of
terabytes, which costs its sender nothing, would be searched."""

_GIF_IMAGE, _GIF_EXTENSION, _GIF_TRAILER = 0x2C, 0x21, 0x3B

_RIFF_HEAD_BYTES = 12

_WHAT_A_HEIF_HAS = ({b"meta", b"mdat"}, {b"moov", b"mdat"})
_BOX_HEAD_BYTES = 8

_BMP_CORE_HEADER_BYTES = 12
_BMP_UNCOMPRESSED = frozenset({0, 3, 6})

# Acrobat looks for the header and for the last %%EOF in the first and last 1,024 bytes.
_PDF_EDGE_BYTES = 1024
_PDF_PADDING_BYTES = 4096
_PDF_LINEARIZED = re.compile(rb"/Linearized\b.{0,400}?/L\s+(\d{1,15})\b", re.DOTALL)
_PDF_UPDATE = re.compile(rb"\d\s+\d+\s+obj|xref|trailer")
_PDF_END = re.compile(rb"startxref\s+(\d{1,15})\s+%%EOF")


def png(window: Window) -> Message:
    """Walk the chunks to IEND (PNG specification, third edition, 5.3)."""
    offset = 8
    try:
        while True:
            window.step()
            head = window.read(offset, 8)
            offset += 12 + int.from_bytes(head[:4], "big")
            if len(head) < 8 or offset > window.size:
                return CUT
            if head[4:] == b"IEND":
                return NOTHING
            if not head[4:].isalpha():
                return CUT if _blank(head) else _tail(window, b"IEND\xaeB`\x82")
    except TooIntricate:
        return _tail(window, b"IEND\xaeB`\x82")


def jpeg(window: Window) -> Message:
    """Walk the segments to EOI (ITU-T T.81, B.1); thumbnails inside APP segments are passed over by their length."""
    scans = 0
    try:
        for marker, _, length in jpeg_segments(window):
            if marker == EOI:
                return NOTHING if scans else say("ends before its picture begins")
            if 0 <= length < SHORTEST_SEGMENT_BYTES:
                return _tail(window, b"\xff\xd9")
            scans += marker == SOS
    except TooIntricate:
        return _tail(window, b"\xff\xd9")
    return CUT


def jpeg_segments(window: Window) -> Iterator[tuple[int, int, int]]:
    """Marker, offset behind it, and length of each segment of a JPEG, up to its end or to one without a sound length.

    Raises:
        TooIntricate: a marker was searched for long enough, or there are too many segments.
    """
    offset, scans = 2, 0
    while (found := find(window, offset, _SCAN_END if scans else _MARKER)) is not None:
        window.step()
        marker, offset = window.read(found, 2)[1], found + 2
        if marker in _STANDALONE:
            continue
        length = window.number(offset, 2, "big")
        yield marker, offset, length
        if marker == EOI or length < SHORTEST_SEGMENT_BYTES:
            return
        scans += marker == SOS
        offset += length


def gif(window: Window) -> Message:
    """Walk the blocks to the trailer (GIF89a specification)."""
    try:
        offset = 13 + _colours(window.read(10, 1))
        while True:
            window.step()
            kind = window.read(offset, 1)
            if not kind:
                return CUT
            if kind[0] == _GIF_TRAILER:
                return NOTHING
            if kind[0] == _GIF_IMAGE:
                offset = _sub_blocks(window, offset + 11 + _colours(window.read(offset + 9, 1)))
            elif kind[0] == _GIF_EXTENSION:
                offset = _sub_blocks(window, offset + 2)
            else:
                return _tail(window, b";")
    except TooIntricate:
        return _tail(window, b";")


def webp(window: Window) -> Message:
    """Compare the RIFF container's own length (WebP container specification)."""
    return NOTHING if _RIFF_HEAD_BYTES <= window.number(4, 4, "little") + 8 <= window.size else CUT


def heif(window: Window) -> Message:
    """Walk the boxes (ISO/IEC 14496-12, 4.2): the data lie in mdat, and what they mean in meta or moov."""
    offset, found = 0, set()
    while offset < window.size:
        window.step()
        size, kind = window.number(offset, 4, "big"), window.read(offset + 4, 4)
        if not (kind.isalnum() and len(kind) == 4):  # something else follows the picture
            break
        size = window.number(offset + 8, 8, "big") if size == 1 else size or window.size - offset
        if size < _BOX_HEAD_BYTES or offset + size > window.size:
            return CUT
        found.add(kind)
        offset += size
    return NOTHING if any(found >= parts for parts in _WHAT_A_HEIF_HAS) else CUT


def bmp(window: Window) -> Message:
    """Compare the length that the header calls for (BITMAPFILEHEADER, BITMAPINFOHEADER)."""
    pixels = window.number(10, 4, "little")
    header = window.number(14, 4, "little")
    if header == _BMP_CORE_HEADER_BYTES:
        width, height = window.number(18, 2, "little"), window.number(20, 2, "little")
        bits, compression, stated = window.number(24, 2, "little"), 0, 0
    else:
        width, height = window.number(18, 4, "little"), window.number(22, 4, "little")
        bits, compression = window.number(28, 2, "little"), window.number(30, 4, "little")
        stated = window.number(34, 4, "little")
        height = min(height, (1 << 32) - height)  # negative: the first row comes first
    if min(pixels, width, height, bits, compression, stated) < 0:
        return say("ends within its header")
    if compression in _BMP_UNCOMPRESSED:
        need = pixels + (width * bits + 31) // 32 * 4 * height
    else:
        need = pixels + stated if stated else window.number(2, 4, "little")
    return NOTHING if need <= window.size else say("ends before its last row")


def pdf(window: Window) -> Message:
    """Look for the end that the last writer left (ISO 32000-1, 7.5.5 and 7.5.6; annex F for linearized files)."""
    linear = _PDF_LINEARIZED.search(window.read(0, _PDF_EDGE_BYTES))
    if linear and int(linear[1]) > window.size:
        return CUT
    start = max(0, window.size - _PDF_EDGE_BYTES - _PDF_PADDING_BYTES)
    tail = window.read(start, _PDF_EDGE_BYTES + _PDF_PADDING_BYTES).rstrip(b"\0")[-_PDF_EDGE_BYTES:]
    ends = list(_PDF_END.finditer(tail))
    if not ends or _PDF_UPDATE.search(tail, ends[-1].end()):
        return CUT
    if _blank(window.read(int(ends[-1][1]), 16)):
        return GAP
    return NOTHING


def _blank(part: bytes) -> bool:
    return bool(part) and not part.strip(b"\0")


def _tail(window: Window, end: bytes) -> Message:
    """Judge a damaged file by its end alone."""
    return (
        NOTHING
        if window.read(window.size - len(end), len(end)) == end
        else say("is damaged and ends before its last part")
    )


def find(window: Window, offset: int, pattern: re.Pattern[bytes]) -> int | None:
    """Where the two-byte pattern next occurs.

    Raises:
        TooIntricate: it was searched for long enough.
    """
    # Small first: markers often stand close together, and each read of a whole block copies it.
    length = 64
    while block := window.read(offset, length):
        window.step(len(block) * _BLOCK_STEPS // BLOCK_BYTES)
        if found := pattern.search(block):
            return offset + found.start()
        if len(block) == 1:
            break
        offset += len(block) - 1
        length = min(length * 4, BLOCK_BYTES)
    return None


def _colours(flags: bytes) -> int:
    """Length of a GIF colour table, from its descriptor's flags."""
    return 3 << (flags[0] & 7) + 1 if flags and flags[0] & 0x80 else 0


def _sub_blocks(window: Window, offset: int) -> int:
    """Find the end of a GIF's chain of sub-blocks."""
    while length := window.read(offset, 1):
        window.step()
        offset += 1 + length[0]
        if not length[0]:
            break
    return offset
