"""Check whether a TIFF or BigTIFF is complete: all directories, strips and tiles lie inside the file."""

from __future__ import annotations

from operator import add

from ocrwatchd.core.i18n import NOTHING, Message, say
from ocrwatchd.formats.input.bounded_reader import Window
from ocrwatchd.formats.input.image_structure import GAP
from ocrwatchd.formats.input.tiff import COMPRESSION, EXTENTS, TYPE_BYTES, Chain, Directory

# A compressed strip or tile never begins with four NUL bytes: G4, LZW, JPEG, deflate (twice), PackBits.
_NEVER_BLANK = frozenset({4, 5, 7, 8, 32946, 32773})
_FIRST_PRIVATE_TAG = 32768
_ENDS = say("ends before its last page")


def tiff(window: Window) -> Message:
    """Walk the directories; nothing for a whole file, or what is missing.

    Raises:
        TooIntricate: an endless chain.
    """
    chain = Chain(window)
    for directory in chain:
        window.step(directory.entries)
        if missing := _missing(window, chain, directory):
            return missing
    return _ENDS if chain.end == "nowhere" else NOTHING  # libtiff stops too where a chain bites its tail


def _missing(window: Window, chain: Chain, directory: Directory) -> Message:
    """What is missing of a directory and its picture's data: both have to lie inside the file, and to be written."""
    if not chain.is_inside(directory):
        return _ENDS
    entries = chain.entries(directory)
    # A private tag's stray pointer hurts nobody.
    if any(
        tag < _FIRST_PRIVATE_TAG and entry.at + entry.length * TYPE_BYTES.get(entry.kind, 0) > window.size
        for tag, entry in entries.items()
    ):
        return _ENDS
    packed = chain.numbers(entries.get(COMPRESSION), 1)
    for offsets_tag, counts_tag in EXTENTS:
        offsets = chain.numbers(entries.get(offsets_tag))
        if not offsets:
            continue
        window.step(len(offsets) // 32)
        ends = tuple(map(add, offsets, chain.numbers(entries.get(counts_tag)) or (1,) * len(offsets)))
        if max(ends, default=0) > window.size:
            return _ENDS
        last = max(range(len(ends)), key=ends.__getitem__, default=-1)
        if packed and packed[0] in _NEVER_BLANK and last >= 0 and not window.read(offsets[last], 4).strip(b"\0"):
            return GAP
    return NOTHING
