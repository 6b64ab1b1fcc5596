"""Several files as one scan: their pages run on, or fronts and backs of a stack that was turned over are paired.

A file that cannot be read stands as one page that says why; the others are read. Few files are open at a time, however
many there are.
"""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import IO

from typing_extensions import override

from ocrwatchd.core.config.profile import Ocr
from ocrwatchd.core.errors import DamagedPage, UnreadablePage, UnreadableScan
from ocrwatchd.core.i18n import NOTHING, Message, say
from ocrwatchd.core.log import printable
from ocrwatchd.core.model import Leaf, Page
from ocrwatchd.formats.input.common import Length, OwnText, Pages
from ocrwatchd.formats.input.incomplete import open_whole
from ocrwatchd.formats.input.openings import Openings

_SIDES = 2


@dataclass(frozen=True, slots=True)
class _Member:
    """A file of a stack.

    Args:
        count: of its pages; 1 of a file that cannot be read.
        why: it cannot be read.
        receipt: as of :class:`Pages`.
        warnings: about the file, each with its name.
    """

    file: Path
    count: int
    why: Message = NOTHING
    receipt: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return printable(self.file.name)


@contextlib.contextmanager
def open_stack(
    files: Sequence[Path], ocr: Ocr, *, strict: bool, alive: Callable[[], None], interleave: bool
) -> Iterator[tuple[Pages, tuple[str, ...]]]:
    """Open the files of a scan, in order, as :func:`ocrwatchd.formats.input.incomplete.open_whole` does with one.

    With ``interleave`` two files are the two sides of a stack: the fronts, and the backs from the last sheet to the
    first. ``alive`` is also called before each of several files.

    Returns:
        The pages, and warnings about the ends of the files and about their order.

    Raises:
        UnreadableScan: none of the files can be read; or as ``open_whole``, of one file.
        OSError: the disk cannot be read; not the scan's fault.
    """
    if len(files) == 1:
        with open_whole(files[0], ocr, strict=strict, alive=alive) as (pages, told):
            yield pages, told
        return
    members = []
    for file in files:
        alive()
        members.append(_examined(file, ocr, strict=strict, alive=alive))
    if not members:
        raise UnreadableScan(say("the stack holds no file"))
    if all(member.why for member in members):
        raise UnreadableScan(_named(members[0], members[0].why))
    paired = interleave and len(members) == _SIDES
    with Stack(members, ocr, paired=paired) as stack:
        yield stack, _unpaired(*members) if paired else ()


def leaf_of(pages: Pages, source: Path, number: int) -> Leaf:
    """Where a page of an open scan lies; ``source`` is the file where it is but one."""
    return pages.leaf(number) if isinstance(pages, Stack) else Leaf(source, number)


def has_backs(pages: Pages, *, interleaved: bool) -> bool:
    """Whether even pages may be backs; with ``interleaved`` only where fronts and backs were put in order."""
    return not interleaved or (isinstance(pages, Stack) and pages.paired)


def page_order(counts: Sequence[int], *, paired: bool) -> Iterator[tuple[int, int]]:
    """The pages of several files in order: the file's index from 0, and the page's number in it from 1.

    Args:
        counts: how many pages each file has.
        paired: two files with as many pages are fronts and backs: the second one's last page follows the first one's
            first, for whoever turns a stack over scans its last sheet first.
    """
    if paired and len(counts) == _SIDES and len(set(counts)) == 1:
        for number in range(1, counts[0] + 1):
            yield 0, number
            yield 1, counts[0] + 1 - number
        return
    for index, count in enumerate(counts):
        for number in range(1, count + 1):
            yield index, number


class Stack(Pages):
    """The open files of one scan. Files are closed and opened again as their pages are needed."""

    def __init__(self, members: Sequence[_Member], ocr: Ocr, *, paired: bool) -> None:
        self._members = members
        self._openings = Openings(ocr)
        counts = [member.count for member in members]
        # Of a file with too many pages the last ones are not known, and so are not paired.
        self.paired = paired and max(counts) <= ocr.max_pages and len(set(counts)) == 1
        order = page_order(counts, paired=self.paired)
        self._length = Length(sum(counts), lambda _number: 0.0, ocr.max_pages, ocr.max_pixels)
        self.count = self._length.count
        self._order = list(islice(order, self.count))
        self._ours = next((member for member in members if member.receipt), members[0])
        self.receipt = self._ours.receipt
        self.warnings = tuple(warning for member in members for warning in member.warnings)

    def leaf(self, number: int) -> Leaf:
        """Where a page lies."""
        index, own = self._order[number - 1]
        return Leaf(self._members[index].file, own)

    def named(self, reason: Message) -> Message:
        """A reason that has to do with :attr:`receipt`, with the name of the file that has it."""
        return _named(self._ours, reason)

    @override
    def page(self, number: int) -> Page:
        with self._member(number) as (pages, own):
            return replace(pages.page(own), number=number)

    @override
    def files(self, number: int, /) -> Iterator[IO[bytes]]:
        index, own = self._order[number - 1]
        member = self._members[index]
        if not member.why:
            yield from self._openings.of(member.file).files(own)

    @override
    def own_text(self, number: int, /) -> OwnText | None:
        with self._member(number) as (pages, own):
            found = pages.own_text(own)
        if found is None:
            return None
        rest = replace(found.rest, number=number) if found.rest else None
        return replace(found, page=replace(found.page, number=number), rest=rest)

    @contextlib.contextmanager
    def _member(self, number: int) -> Iterator[tuple[Pages, int]]:
        """The file that a page lies in, and its number there; errors name the file."""
        self._length.check(number)
        index, own = self._order[number - 1]
        member = self._members[index]
        if member.why:
            raise UnreadablePage(_named(member, member.why))
        try:
            yield self._openings.of(member.file), own
        except DamagedPage as error:
            raise DamagedPage(_named(member, error.message)) from error
        except UnreadablePage as error:
            raise UnreadablePage(_named(member, error.message)) from error

    @override
    def __exit__(self, *exception: object) -> None:
        self._openings.__exit__(*exception)


def _examined(file: Path, ocr: Ocr, *, strict: bool, alive: Callable[[], None]) -> _Member:
    try:
        with open_whole(file, ocr, strict=strict, alive=alive) as (pages, told):
            named = tuple(f"{printable(file.name)}: {warning}" for warning in (*pages.warnings, *told))
            return _Member(file, pages.count, receipt=pages.receipt, warnings=named)
    except UnreadableScan as error:
        return _Member(file, 1, why=error.message)
    except OSError as error:
        if error.errno not in {errno.ELOOP, errno.EINVAL}:
            raise
        return _Member(file, 1, why=say("it is a link or no regular file; put the file itself into the inbox"))


def _named(member: _Member, reason: Message) -> Message:
    return say("{file}: {reason}", file=member.name, reason=reason)


def _unpaired(fronts: _Member, backs: _Member) -> tuple[str, ...]:
    """A warning where the two sides of a stack have different numbers of pages."""
    front_pages, back_pages = (0 if side.why else side.count for side in (fronts, backs))
    if front_pages == back_pages:
        return ()
    told = (
        f"fronts and backs were not put in order: {fronts.name} has {front_pages} pages that can be read, {backs.name} "
        f"has {back_pages}. The pages stand as they were scanned, first those of one file, then those of the other; "
        "scan both sides again"
    )
    return (told,)
