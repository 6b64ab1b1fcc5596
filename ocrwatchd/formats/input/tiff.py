"""The chain of directories in a TIFF, and each page of it as a file of its own.

Pillow follows the chain itself, but then one bad directory hides all the pages behind it, and page 900 costs 900
steps. Source of the layout: TIFF 6.0, section 2; BigTIFF.
"""

from __future__ import annotations

import hashlib
import os
import struct
from typing import TYPE_CHECKING, NamedTuple

from ocrwatchd.formats.input.patched_file import PatchedFile

if TYPE_CHECKING:
    from collections.abc import Mapping

REDUCED, MASK = 1, 4
"""Bits of NewSubfileType (tag 254)."""

OLD_REDUCED = 2
"""Value of SubfileType (tag 255), which NewSubfileType has replaced."""

FARTHEST = 1 << 62
"""No file is so long; the system refuses to read at larger offsets."""

MOST_ENTRIES = 512
"""So many entries of a directory are looked at; they lie in order of their tags, and ours have low numbers."""

MOST_COMPARED = 1024
"""So many offsets of a page's strips tell whether it is the same as another one."""

_READ = frozenset({254, 255, 256, 257, 259, 273, 324})
_EXTENTS = ((273, 279), (324, 325))
"""Offsets and byte counts: of strips, of tiles."""

_MOST_STRIPS = 250_000
"""Of a page; with more of them a missing end is not made good."""

_TYPES = {3: ("H", 2), 4: ("I", 4), 16: ("Q", 8)}


class Layout(NamedTuple):
    """How numbers lie in a TIFF: where the first directory's offset is, and the structs of its parts."""

    first: int
    offset: struct.Struct
    entries: struct.Struct
    entry_bytes: int
    order: str


class Frame(NamedTuple):
    """What one directory says of its picture.

    Args:
        offset: of the directory.
        pixels: width times height.
        compression: as tag 259 tells; 1 is none.
        reduced: it calls itself a preview.
        mask: it calls itself one.
        strips: stand for where the data lies; b"" where that is not told.
    """

    offset: int
    pixels: int
    compression: int
    reduced: bool
    mask: bool
    strips: bytes


class Directories(NamedTuple):
    """A TIFF's pages, whether the chain was cut at the limit or leads nowhere, and what is to be told of it."""

    layout: Layout
    pages: list[Frame]
    cut: bool
    broken: bool
    warnings: tuple[str, ...]


def directories(descriptor: int, limit: int) -> Directories:
    """Follow the chain from directory to directory and tell which of them are pages.

    Reduced-size previews and masks are none, unless there is nothing else, nor is a directory over the very picture
    data of an earlier one.

    Args:
        descriptor: of the file.
        limit: of directories; a longer chain is cut there.
    """
    layout = _layout(os.pread(descriptor, 4, 0))
    frames: list[Frame] = []
    seen = {0}
    at = _number(descriptor, layout.first, layout.offset)
    while at is not None and at not in seen and len(frames) < limit:
        entries = _number(descriptor, at, layout.entries)
        if not entries:
            break
        seen.add(at)
        frames.append(_frame(descriptor, layout, at, entries))
        at = _number(descriptor, at + layout.entries.size + entries * layout.entry_bytes, layout.offset)
    cut = len(frames) == limit and at not in {0, None} and at not in seen
    pages, told = _only_pages(frames)
    broken = at != 0 and not cut
    if broken:
        told.append("the TIFF's list of pages is damaged: pages after the last one may be missing")
    return Directories(layout, pages, cut, broken, tuple(told))


def _only_pages(frames: list[Frame]) -> tuple[list[Frame], list[str]]:
    """Leave out what is no page of its own, and say so."""
    told: list[str] = []
    largest = max((frame.pixels for frame in frames if not (frame.reduced or frame.mask)), default=-1)
    # A "reduced" picture that is no smaller than every other one is a page whose writer did not know better.
    pages = [frame for frame in frames if not (frame.mask or (frame.reduced and frame.pixels < largest))]
    if largest < 0:
        pages = frames
    if len(pages) < len(frames):
        told.append(f"left out as no pages of their own: {len(frames) - len(pages)} previews or masks")
    whole = {frame.strips: frame for frame in reversed(pages) if frame.strips}
    own = [frame for frame in pages if not frame.strips or whole[frame.strips] is frame]
    if len(own) < len(pages):
        told.append(f"left out as no pages of their own: {len(pages) - len(own)} that show an earlier page again")
    return own, told


def _frame(descriptor: int, layout: Layout, at: int, entries: int) -> Frame:
    data = os.pread(descriptor, min(entries, MOST_ENTRIES) * layout.entry_bytes, at + layout.entries.size)
    found: dict[int, bytes] = {}
    for start in range(0, len(data) - layout.entry_bytes + 1, layout.entry_bytes):
        tag, kind = struct.unpack_from(f"{layout.order}HH", data, start)
        if tag in _READ and tag not in found and kind in _TYPES:
            found[tag] = _values(descriptor, layout, kind, data[start + 4 : start + layout.entry_bytes])
    number = {tag: _first(layout.order, value) for tag, value in found.items()}
    kinds = number.get(254, 0)
    return Frame(
        offset=at,
        pixels=number.get(256, 0) * number.get(257, 0),
        compression=number.get(259, 1),
        reduced=bool(kinds & REDUCED) or number.get(255) == OLD_REDUCED,
        mask=bool(kinds & MASK),
        strips=_digest(found.get(273) or found.get(324) or b""),
    )


def _values(descriptor: int, layout: Layout, kind: int, rest: bytes) -> bytes:
    """An entry's numbers, brought to 8 bytes each; only so many as are compared."""
    letter, size = _TYPES[kind]
    room = layout.offset.size
    count = int(layout.offset.unpack_from(rest)[0])
    value = rest[room : 2 * room]
    if count * size > room:
        at = int(layout.offset.unpack(value)[0])
        value = os.pread(descriptor, min(count, MOST_COMPARED) * size, at) if at < FARTHEST else b""
    numbers = struct.unpack_from(f"{layout.order}{min(count, len(value) // size)}{letter}", value)
    return struct.pack(f"{layout.order}{len(numbers)}Q", *numbers)


def _digest(strips: bytes) -> bytes:
    return hashlib.blake2b(strips, digest_size=16).digest() if any(strips) else b""


def _first(order: str, packed: bytes) -> int:
    return int(struct.unpack_from(f"{order}Q", packed)[0]) if packed else 0


class PageFile(PatchedFile):
    """The TIFF as seen by a reader that shall find one directory first.

    Reading is by ``pread``: the descriptor, which libtiff gets to itself, stays where it is.

    Args:
        descriptor: of the file.
        layout: of its numbers.
        offset: of the directory to be found.
        shared: libtiff reads by the descriptor, and finds the directory by an offset that it is told apart. It then
            insists on a sound first directory of the file; without ``shared`` it is given the file's bytes instead.
        patches: more that is replaced, by offset; libtiff sees that only without ``shared``.
    """

    def __init__(
        self,
        descriptor: int,
        layout: Layout,
        offset: int,
        *,
        shared: bool = True,
        patches: Mapping[int, bytes] | None = None,
    ) -> None:
        super().__init__(descriptor, {layout.first: layout.offset.pack(offset), **(patches or {})})
        self._shared = shared

    def fileno(self) -> int:
        """For libtiff.

        Raises:
            OSError: not shared.
        """
        return self._descriptor if self._shared else super().fileno()


def shorter_counts(descriptor: int, layout: Layout, at: int) -> dict[int, bytes]:
    """The byte counts of strips and tiles that reach beyond the file's end, with what is there; by their offset.

    A writer may count the padding that it has not written: libtiff reads no strip of which bytes are missing.

    Args:
        descriptor: of the file.
        layout: of its numbers.
        at: offset of the directory.
    """
    size = os.fstat(descriptor).st_size
    arrays = _arrays(descriptor, layout, at)
    found: dict[int, bytes] = {}
    for offsets_tag, counts_tag in _EXTENTS:
        if offsets_tag not in arrays or counts_tag not in arrays:
            continue
        offsets, counts = arrays[offsets_tag], arrays[counts_tag]
        for index, (offset, count) in enumerate(zip(offsets.values, counts.values, strict=False)):
            if offset < size < offset + count:
                found[counts.at + index * counts.number.size] = counts.number.pack(size - offset)
    return found


class _Array(NamedTuple):
    """The numbers of an entry, and where they lie."""

    at: int
    number: struct.Struct
    values: tuple[int, ...]


def _arrays(descriptor: int, layout: Layout, at: int) -> dict[int, _Array]:
    """Where a directory's strips and tiles lie and how long they are, by tag."""
    entries, start = _number(descriptor, at, layout.entries) or 0, at + layout.entries.size
    data = os.pread(descriptor, min(entries, MOST_ENTRIES) * layout.entry_bytes, start)
    room = layout.offset.size
    found: dict[int, _Array] = {}
    for entry in range(0, len(data) - layout.entry_bytes + 1, layout.entry_bytes):
        tag, kind = struct.unpack_from(f"{layout.order}HH", data, entry)
        if not any(tag in pair for pair in _EXTENTS) or kind not in _TYPES:
            continue
        letter, size = _TYPES[kind]
        count = min(layout.offset.unpack_from(data, entry + 4)[0], _MOST_STRIPS)
        where = start + entry + 4 + room
        if count * size > room:
            where = layout.offset.unpack_from(data, entry + 4 + room)[0]
        if where < FARTHEST:
            raw = os.pread(descriptor, count * size, where)
            values = struct.unpack_from(f"{layout.order}{len(raw) // size}{letter}", raw)
            found[tag] = _Array(where, struct.Struct(f"{layout.order}{letter}"), values)
    return found


def _layout(magic: bytes) -> Layout:
    order = "<" if magic[:2] == b"II" else ">"
    if b"+" in magic:
        return Layout(8, struct.Struct(f"{order}Q"), struct.Struct(f"{order}Q"), 20, order)
    return Layout(4, struct.Struct(f"{order}I"), struct.Struct(f"{order}H"), 12, order)


def _number(descriptor: int, at: int, kind: struct.Struct) -> int | None:
    """The number at an offset, or None where the file has ended before."""
    if at >= FARTHEST:
        return None
    data = os.pread(descriptor, kind.size, at)
    return int(kind.unpack(data)[0]) if len(data) == kind.size else None
