"""Pictures whose data are all there, but not what stands around them: a JPEG's end or height, a WebP's length.

Decoders would refuse them, or go on reading in what does not belong to the picture. So they are shown a mended view.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import NamedTuple

from ocrwatchd.formats.input import image_structure
from ocrwatchd.formats.input.bounded_reader import BLOCK_BYTES, TooIntricate, Window
from ocrwatchd.formats.input.decoder_warnings import MOST_LISTENED_TO_BYTES
from ocrwatchd.formats.input.patched_file import PatchedFile

_MAX_STEPS = 200_000
_SIZE_AT = 3
"""Offset of the height in a frame's header, after the length and the precision (ITU-T T.81, B.2.2)."""
_DNL = re.compile(rb"\xff\xdc")
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_DECODED_FRAMES = frozenset({0xC0, 0xC1, 0xC2, 0xC9, 0xCA})
"""Baseline, extended and progressive, by Huffman or arithmetic coding."""
_COEFFICIENTS = 64

_PADDING = b"\0\xff"
_TEXT = bytes(range(0x20, 0x7F)) + b"\t\n\r"
_LEAST_TEXT_BYTES = 32
"""A shorter run of such bytes at the end may belong to the picture."""
_KEPT_BYTES = 8
"""Bytes of the apparent padding that are kept: they may be the last bytes of the picture."""


class JpegHead(NamedTuple):
    """The values in the segments of a JPEG.

    Args:
        frame: the marker of its frame; 0 where there is none.
        precision: bits a colour.
        height: rows; 0 where a later segment tells them.
        height_at: offset of the height.
        data: offset of the first scan's data; 0 where there is none.
    """

    frame: int = 0
    precision: int = 8
    height: int = 1
    height_at: int = 0
    data: int = 0

    @property
    def is_decoded(self) -> bool:
        """Whether this kind of JPEG is supported."""
        return self.frame in _DECODED_FRAMES and self.precision == 8  # bits


def jpeg_head(descriptor: int) -> JpegHead:
    """Look at a JPEG's segments up to its first scan."""
    window = Window(descriptor, _MAX_STEPS)
    head = JpegHead()
    for marker, at, length in _segments(window):
        if marker in _FRAMES and not head.frame:
            number = window.number(at + _SIZE_AT, 2, "big")
            head = JpegHead(marker, window.number(at + 2, 1, "big"), number, at + _SIZE_AT)
        elif marker == image_structure.SOS:
            return head._replace(data=at + length)
    return head


def jpeg(descriptor: int) -> PatchedFile | None:
    """A JPEG with its missing end or height added; None if nothing is missing, or too much."""
    window = Window(descriptor, _MAX_STEPS)
    if window.size > MOST_LISTENED_TO_BYTES:  # nothing would tell whether the rows are there
        return None
    head = jpeg_head(descriptor)
    patches = {} if head.height or not head.data else _height(window, head)
    if not image_structure.jpeg(window):
        return PatchedFile(descriptor, patches) if patches else None
    if not _scans_are_all_there(window):
        return None
    return PatchedFile(descriptor, patches, size=_end_of_data(window), tail=b"\xff\xd9")


def webp(descriptor: int) -> PatchedFile | None:
    """A WebP with its true length, if its header has a larger one; else None. Its chunks have lengths too."""
    window = Window(descriptor, _MAX_STEPS)
    if not image_structure.webp(window):
        return None
    return PatchedFile(descriptor, {4: (window.size - 8).to_bytes(4, "little")})


def _height(window: Window, head: JpegHead) -> dict[int, bytes]:
    """The patch of the frame's header with the height from a DNL segment after the first scan (T.81, B.2.5)."""
    try:
        at = image_structure.find(window, head.data, _DNL)
    except TooIntricate:
        return {}
    height = window.read(at + 4, 2) if at is not None else b""
    return {head.height_at: height} if any(height) else {}


def _segments(window: Window) -> Iterator[tuple[int, int, int]]:
    """The sound segments of a JPEG before its end, as far as they are found."""
    with contextlib.suppress(TooIntricate):
        for marker, at, length in image_structure.jpeg_segments(window):
            if marker != image_structure.EOI and length >= image_structure.SHORTEST_SEGMENT_BYTES:
                yield marker, at, length


def _scans_are_all_there(window: Window) -> bool:
    """Whether each component came with all its coefficients in full: a cut between scans leaves a poorer picture."""
    due: dict[int, list[int]] = {}
    for marker, at, _ in _segments(window):
        if marker in _FRAMES and not due:
            count = window.number(at + 7, 1, "big")
            due = {window.number(at + 8 + 3 * n, 1, "big"): [1] * _COEFFICIENTS for n in range(count)}
        elif marker == image_structure.SOS:
            count = window.number(at + 2, 1, "big")
            first, last, bits = window.read(at + 3 + 2 * count, 3).ljust(3, b"\0")
            for n in range(count):
                component = due.get(window.number(at + 3 + 2 * n, 1, "big"), [])
                component[first : last + 1] = [bits & 15] * len(component[first : last + 1])
    return bool(due) and not any(map(any, due.values()))


def _end_of_data(window: Window) -> int:
    """Find the end of the data of an unfinished picture, before zeros, fill bytes and text of a server's error page."""
    end = window.size
    while True:
        padded = _before(window, end, _PADDING)
        text = _before(window, padded, _TEXT)
        start = text if padded - text >= _LEAST_TEXT_BYTES else padded
        if start == end:
            return min(end + _KEPT_BYTES, window.size)
        end = start


def _before(window: Window, end: int, kinds: bytes) -> int:
    """Find the start of the run of such bytes that ends here."""
    while end:
        start = max(0, end - BLOCK_BYTES)
        kept = len(window.read(start, end - start).rstrip(kinds))
        if kept:
            return start + kept
        end = start
    return end
