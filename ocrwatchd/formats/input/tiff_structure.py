"""Is a TIFF structurally whole? Classic and BigTIFF: every directory, every strip and tile inside the file.

Tag numbers and types: TIFF 6.0, section 2 and appendix A; BigTIFF as libtiff writes it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from operator import add
from typing import TYPE_CHECKING, NamedTuple

from ocrwatchd.core.i18n import NOTHING, Message, say
from ocrwatchd.formats.input.image_structure import GAP

if TYPE_CHECKING:
    from ocrwatchd.formats.input.bounded_reader import Window

_TYPE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_NUMBERS = {3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
_COMPRESSION = 259
_EXTENTS = ((273, 279), (324, 325), (513, 514))
"""Offsets and byte counts: of strips, of tiles, of an old-style JPEG."""
# A compressed strip or tile never begins with four NUL bytes: G4, LZW, JPEG, deflate (twice), PackBits.
_NEVER_BLANK = frozenset({4, 5, 7, 8, 32946, 32773})
_FIRST_PRIVATE_TAG = 32768
_MAX_ENTRIES = 4096
_MAX_ARRAY = 250_000
"""Longer arrays are left unread, which bounds the memory: a page of so many strips is for the engine to judge."""
_ENDS = say("ends before its last page")


class _Entry(NamedTuple):
    """A directory entry whose values lie inside the file."""

    kind: int
    length: int
    offset: int


@dataclass(frozen=True, slots=True)
class _Layout:
    order: str
    sign: str
    offset_bytes: int
    count_bytes: int
    entry: str
    entry_bytes: int
    value_at: int


def tiff(window: Window) -> Message:
    """Walk the directories; "" for a whole file, or what is missing.

    Raises:
        TooIntricate: an endless chain.
    """
    order, sign = ("little", "<") if window.read(0, 2) == b"II" else ("big", ">")
    big = window.number(2, 2, order) == 43  # noqa: PLR2004
    layout = (
        _Layout(order, sign, 8, 8, f"{sign}HHQ8s", 20, 12) if big else _Layout(order, sign, 4, 2, f"{sign}HHI4s", 12, 8)
    )
    link = 8 if big else 4
    visited: set[int] = set()
    while (offset := window.number(link, layout.offset_bytes, order)) not in visited:
        if offset <= 0:
            # The header's link is written last by writers that do not know it before.
            return NOTHING if visited and offset == 0 else _ENDS
        window.step(16)
        visited.add(offset)
        entries = window.number(offset, layout.count_bytes, order)
        if not 0 < entries <= _MAX_ENTRIES:
            return _ENDS
        if missing := _directory(window, layout, offset + layout.count_bytes, entries):
            return missing
        link = offset + layout.count_bytes + entries * layout.entry_bytes
    return NOTHING  # a chain that bites its tail: libtiff stops there too


def _directory(window: Window, layout: _Layout, start: int, entries: int) -> Message:
    found: dict[int, _Entry] = {}
    if start + entries * layout.entry_bytes + layout.offset_bytes > window.size:
        return _ENDS
    window.step(entries)
    raw = window.read(start, entries * layout.entry_bytes)
    usable = len(raw) // layout.entry_bytes * layout.entry_bytes
    at = start + layout.value_at
    for tag, kind, count, value in struct.iter_unpack(layout.entry, raw[:usable]):
        offset, length = at, count * _TYPE_BYTES.get(kind, 0)
        at += layout.entry_bytes
        if length > layout.offset_bytes:
            offset = int.from_bytes(value, "little" if layout.order == "little" else "big")
            if offset + length > window.size:
                if tag < _FIRST_PRIVATE_TAG:
                    return _ENDS
                continue  # a private tag's stray pointer hurts nobody
        found[tag] = _Entry(kind, count, offset)
    return _extents(window, layout, found)


def _extents(window: Window, layout: _Layout, found: dict[int, _Entry]) -> Message:
    """Whether the picture's data lies inside the file and has been written."""
    packed = _numbers(window, layout, found.get(_COMPRESSION))
    for offsets_tag, counts_tag in _EXTENTS:
        offsets = _numbers(window, layout, found.get(offsets_tag))
        counts = _numbers(window, layout, found.get(counts_tag)) or (1,) * len(offsets)
        if not offsets:
            continue
        window.step(len(offsets) // 32)
        ends = tuple(map(add, offsets, counts))
        if max(ends, default=0) > window.size:
            return _ENDS
        last = max(range(len(ends)), key=ends.__getitem__, default=-1)
        if packed and packed[0] in _NEVER_BLANK and last >= 0 and not window.read(offsets[last], 4).strip(b"\0"):
            return GAP
    return NOTHING


def _numbers(window: Window, layout: _Layout, entry: _Entry | None) -> tuple[int, ...]:
    code = _NUMBERS.get(entry.kind) if entry else None
    if entry is None or code is None or entry.length > _MAX_ARRAY:
        return ()
    raw = window.read(entry.offset, entry.length * struct.calcsize(f"={code}"))
    usable = len(raw) // struct.calcsize(f"={code}")
    return struct.unpack_from(f"{layout.sign}{usable}{code}", raw)
