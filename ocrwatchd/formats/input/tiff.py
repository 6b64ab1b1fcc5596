"""The directories of a TIFF, classic or BigTIFF: one walker for all who look at them.

Pillow follows the chain itself, but then one bad directory hides all the pages behind it, and page 900 costs 900
steps. Layout, tags and types: TIFF 6.0, section 2 and appendix A; BigTIFF as libtiff writes it.
"""

from __future__ import annotations

import hashlib
import struct
from array import array
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Literal, NamedTuple

from typing_extensions import override

from ocrwatchd.formats.input.bounded_reader import Window
from ocrwatchd.formats.input.patched_file import PatchedFile

TYPE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
NUMBERS = {3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
"""Types of unsigned numbers, as ``struct`` calls them."""
COMPRESSION = 259
EXTENTS = ((273, 279), (324, 325), (513, 514))
"""Offsets and byte counts: of strips, of tiles, of an old-style JPEG."""

MOST_ENTRIES = 4096
"""A directory with more entries is damaged."""
MOST_READ_ENTRIES = 512
"""Most entries that are read of a page's directory. Entries are sorted by tag, and ours have low numbers."""
MOST_NUMBERS = 250_000
"""Most numbers that are read of an entry, to limit the memory. No page has more strips."""
MOST_COMPARED = 1024
"""Most strip offsets that are compared to find repeated pages."""
STEPS_A_DIRECTORY = 16
READ_BYTES = 4096
"""Bytes that are read at once. Directories may lie far apart."""

REDUCED, MASK = 1, 4
"""Bits of NewSubfileType (tag 254)."""
OLD_REDUCED = 2
"""Value of SubfileType (tag 255), which NewSubfileType has replaced."""


class Directory(NamedTuple):
    """A directory: its offset, and how many entries it has."""

    at: int
    entries: int


class Entry(NamedTuple):
    """An entry of a directory: the type of its values, how many there are, and the offset of the first."""

    kind: int
    length: int
    at: int


class Chain:
    """The directories of a TIFF, in order; each is visited once.

    Args:
        window: of the file; each directory counts as :data:`STEPS_A_DIRECTORY` of its steps.
    """

    def __init__(self, window: Window) -> None:
        magic = window.read(0, 4)
        self._window = window
        self._order = "<" if magic[:2] == b"II" else ">"
        first, offset, count, entry = (8, "Q", "Q", "HHQ8s") if b"+" in magic else (4, "I", "H", "HHI4s")
        self.first = first
        """Where the offset of the first directory is."""
        self.offset, self._count, self._entry = (struct.Struct(self._order + each) for each in (offset, count, entry))
        self.end: Literal["last", "circle", "nowhere"] = "nowhere"
        """How the chain ends, known after the iteration: as it should, at an earlier directory, or at none."""

    def __iter__(self) -> Iterator[Directory]:
        visited: set[int] = set()
        link = self.first
        while (at := self._number(link, self.offset)) > 0:
            if at in visited:
                self.end = "circle"
                return
            self._window.step(STEPS_A_DIRECTORY)
            visited.add(at)
            entries = self._number(at, self._count)
            if not 0 < entries <= MOST_ENTRIES:
                return
            yield Directory(at, entries)
            link = at + self._count.size + entries * self._entry.size
        # The header's link is written last by writers that do not know it before.
        self.end = "last" if visited and at == 0 else "nowhere"

    def is_inside(self, directory: Directory) -> bool:
        """Whether the directory ends before the file does."""
        end = directory.at + self._count.size + directory.entries * self._entry.size + self.offset.size
        return end <= self._window.size

    def entries(self, directory: Directory, most: int = MOST_ENTRIES) -> dict[int, Entry]:
        """Return the first entries, up to ``most``, by tag; the first one for each tag."""
        start = directory.at + self._count.size
        data = self._window.read(start, min(directory.entries, most) * self._entry.size)
        found: dict[int, Entry] = {}
        for tag, kind, count, value in self._entry.iter_unpack(data[: len(data) - len(data) % self._entry.size]):
            start += self._entry.size
            outside = count * TYPE_BYTES.get(kind, 0) > self.offset.size
            at = self.offset.unpack(value)[0] if outside else start - self.offset.size
            found.setdefault(tag, Entry(kind, count, at))
        return found

    def numbers(self, entry: Entry | None, most: int = MOST_NUMBERS) -> tuple[int, ...]:
        """Return the first values of an entry, up to ``most``; none if it is missing or holds no numbers."""
        if entry is None or entry.kind not in NUMBERS:
            return ()
        data = self._window.read(entry.at, min(entry.length, most) * TYPE_BYTES[entry.kind])
        number = self.number_of(entry)
        return struct.unpack_from(f"{self._order}{len(data) // number.size}{number.format[1:]}", data)

    def number_of(self, entry: Entry) -> struct.Struct:
        """How the numbers of an entry are packed."""
        return struct.Struct(self._order + NUMBERS[entry.kind])

    def _number(self, at: int, kind: struct.Struct) -> int:
        """The number at an offset, or -1 where the file has ended before."""
        data = self._window.read(at, kind.size)
        return int(kind.unpack(data)[0]) if len(data) == kind.size else -1


class Frame(NamedTuple):
    """The picture that one directory describes.

    Args:
        compression: as tag 259 tells; 1 is none.
        reduced: it calls itself a preview.
        mask: it calls itself one.
        strips: stand for where the data lies; b"" where that is not told.
    """

    directory: Directory
    pixels: int
    compression: int
    reduced: bool
    mask: bool
    strips: bytes


class Directories(NamedTuple):
    """A TIFF's pages, whether the chain was cut at the limit or leads nowhere, and warnings."""

    chain: Chain
    pages: list[Frame]
    cut: bool
    broken: bool
    warnings: tuple[str, ...]


def directories(descriptor: int, limit: int) -> Directories:
    """Follow the chain through up to ``limit`` directories and tell which of them are pages.

    Reduced-size previews and masks are none, unless there is nothing else, nor is a directory over the very picture
    data of an earlier one.
    """
    chain = Chain(Window(descriptor, (limit + 1) * STEPS_A_DIRECTORY, READ_BYTES))
    following = iter(chain)
    pages, told = _only_pages([_frame(chain, directory) for directory in islice(following, limit)])
    cut = next(following, None) is not None
    broken = not cut and chain.end != "last"
    if broken:
        told.append("the TIFF's list of pages is damaged: pages after the last one may be missing")
    return Directories(chain, pages, cut, broken, tuple(told))


def _only_pages(frames: list[Frame]) -> tuple[list[Frame], list[str]]:
    """Leave out previews, masks and repeated pages, and return warnings about them."""
    told: list[str] = []
    largest = max((frame.pixels for frame in frames if not (frame.reduced or frame.mask)), default=-1)
    # A "reduced" picture that is no smaller than every other one is a page whose writer did not know better.
    pages = [frame for frame in frames if not (frame.mask or (frame.reduced and frame.pixels < largest))]
    if largest < 0:
        pages = frames
    if len(pages) < len(frames):
        told.append(f"left out: {len(frames) - len(pages)} previews or masks")
    whole = {frame.strips: frame for frame in reversed(pages) if frame.strips}
    own = [frame for frame in pages if not frame.strips or whole[frame.strips] is frame]
    if len(own) < len(pages):
        told.append(f"left out: {len(pages) - len(own)} repetitions of earlier pages")
    return own, told


def _frame(chain: Chain, directory: Directory) -> Frame:
    entries = chain.entries(directory, MOST_READ_ENTRIES)

    def number(tag: int, default: int = 0) -> int:
        return next(iter(chain.numbers(entries.get(tag), 1)), default)

    strips = array("Q", chain.numbers(entries.get(273) or entries.get(324), MOST_COMPARED))
    return Frame(
        directory=directory,
        pixels=number(256) * number(257),
        compression=number(COMPRESSION, 1),
        reduced=bool(number(254) & REDUCED) or number(255) == OLD_REDUCED,
        mask=bool(number(254) & MASK),
        strips=hashlib.blake2b(strips, digest_size=16).digest() if any(strips) else b"",
    )


class PageFile(PatchedFile):
    """A view of the TIFF in which readers find one directory first.

    Reading is by ``pread``: the descriptor, which libtiff gets to itself, stays where it is.

    Args:
        descriptor: of the file.
        chain: its directories.
        offset: of the directory to be found.
        shared: libtiff reads by the descriptor, and finds the directory by an offset that it is told apart. It then
            insists on a sound first directory of the file; without ``shared`` it is given the file's bytes instead.
        patches: more that is replaced, by offset; libtiff sees that only without ``shared``.
    """

    def __init__(
        self,
        descriptor: int,
        chain: Chain,
        offset: int,
        *,
        shared: bool = True,
        patches: Mapping[int, bytes] | None = None,
    ) -> None:
        super().__init__(descriptor, {chain.first: chain.offset.pack(offset), **(patches or {})})
        self._shared = shared

    @override
    def fileno(self) -> int:
        return self._descriptor if self._shared else super().fileno()


def shorter_counts(chain: Chain, directory: Directory, size: int) -> dict[int, bytes]:
    """The shortened byte counts of strips and tiles that reach beyond the end of the file, by offset.

    A writer may count the padding that it has not written: libtiff reads no strip of which bytes are missing.
    """
    entries = chain.entries(directory, MOST_READ_ENTRIES)
    found: dict[int, bytes] = {}
    for offsets_tag, counts_tag in EXTENTS:
        counts = entries.get(counts_tag)
        if counts is None or counts.kind not in NUMBERS:
            continue
        number = chain.number_of(counts)
        extents = zip(chain.numbers(entries.get(offsets_tag)), chain.numbers(counts), strict=False)
        for index, (offset, count) in enumerate(extents):
            if offset < size < offset + count:
                found[counts.at + index * number.size] = number.pack(size - offset)
    return found
