"""The PDFs among the files of a scan whose pages become pages of a new PDF.

Their data are copied from the disk when the new PDF is saved, so all of them stay open until then, however many there
are: each is read by way of few descriptors, which are opened again as they are needed.
"""

from __future__ import annotations

import contextlib
import io
import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Self, cast

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Pdf
from typing_extensions import override

from ocrwatchd.core.config.profile import Ocr
from ocrwatchd.core.errors import FormatUnusable, UnreadableScan
from ocrwatchd.core.fs.safe_open import open_regular
from ocrwatchd.core.model import Leaf
from ocrwatchd.core.recently_used import RecentlyUsed
from ocrwatchd.formats.input import decompression_limit, kind_of, open_pages
from ocrwatchd.formats.output.pdf import page_range

if TYPE_CHECKING:
    from collections.abc import Buffer  # type: ignore[attr-defined]

MOST_OPEN = 4
"""Most descriptors that are open at a time."""

TOO_MUCH = f"a part of it unpacks to more than {decompression_limit.MOST_UNPACKED_BYTES >> 20} MiB"


def opened(file: str | BinaryIO, passwords: Iterable[str]) -> tuple[Pdf, str]:
    """Open a PDF by a path or from a file, and the password that opens it.

    Raises:
        FormatUnusable: it is damaged, or none of the passwords opens it.
    """
    for password in ("", *passwords):
        try:
            return pikepdf.open(file, password=password), password
        except pikepdf.PasswordError:
            continue
        except pikepdf.PdfError as error:
            raise FormatUnusable(f"the PDF is too damaged for a searchable copy, or {TOO_MUCH}") from error
    raise FormatUnusable("no password in ocr.pdf_passwords opens the PDF: no searchable copy was written")


def check_count(pdf: Pdf, file: Path, ocr: Ocr) -> None:
    """Refuse a PDF whose pages are others than those that were read: a part would get pages of another one.

    Raises:
        FormatUnusable: as said.
    """
    try:
        with open_pages(file, ocr) as read:
            count = read.count
    except UnreadableScan as error:
        raise FormatUnusable(f"the scan cannot be opened again: {error}") from error
    if min(len(pdf.pages), ocr.max_pages + 1) != count:
        raise FormatUnusable(f"the PDF is too damaged for a searchable copy: {count} pages were read, and "
                             f"{len(pdf.pages)} are in it")  # fmt: skip


class PdfSources:
    """The PDFs of a scan, opened when a page of them is asked for; a context manager."""

    def __init__(self, ocr: Ocr) -> None:
        self._ocr = ocr
        self._closing = contextlib.ExitStack()
        self._descriptors = _Descriptors()
        self._closing.callback(self._descriptors.close)
        self._opened: dict[Path, Pdf | None] = {}
        self._passwords: dict[Path, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._closing.close()

    def holds(self, leaf: Leaf, *, needed: bool = True) -> bool:
        """Whether a page lies in a PDF; with ``needed``, not being able to open that is an error.

        Raises:
            FormatUnusable: the PDF is damaged, locked, or has other pages than were read.
        """
        if leaf.file not in self._opened:
            try:
                self._opened[leaf.file] = self._open(leaf.file)
            except FormatUnusable:
                if needed:
                    raise
                return False
        pdf = self._opened[leaf.file]
        return pdf is not None and leaf.number <= min(len(pdf.pages), self._ocr.max_pages)

    def put_in(self, target: Pdf, leaves: Iterable[tuple[int, Leaf]]) -> None:
        """Put pages into a PDF that has the others already, each at its index from 0; indices ascend.

        Raises:
            FormatUnusable: what belongs to a page cannot be told.
            pikepdf.PdfError: a PDF is too damaged.
        """
        wanted = list(leaves)
        numbers: dict[Path, list[int]] = {}
        for _, leaf in wanted:
            numbers.setdefault(leaf.file, []).append(leaf.number)
        found: dict[Leaf, pikepdf.Page] = {}
        layers = _Layers(target)
        for file, some in numbers.items():
            pdf = self._opened[file]
            if pdf is not None:
                some.sort()
                page_range.keep(pdf, some)
                found |= {Leaf(file, number): page for number, page in zip(some, pdf.pages, strict=True)}
                layers.add(pdf)
        for index, leaf in wanted:
            target.pages.insert(index, found[leaf])
        layers.finish()

    @property
    def encryption(self) -> pikepdf.Encryption | None:
        """What protects the new PDF, as strictly as the most protected of its files.

        Raises:
            FormatUnusable: they have different passwords: who knows one of them would read what another one protects.
        """
        protected = {file: pdf for file, pdf in self._opened.items() if pdf is not None and pdf.is_encrypted}
        if not protected:
            return None
        passwords = {self._passwords[file] for file in protected} - {""}
        if len(passwords) > 1:
            raise FormatUnusable("the PDFs of the scan have different passwords, so no common searchable copy was "
                                 "written; save them with one password, or scan them one by one")  # fmt: skip
        allowed = [pdf.allow for pdf in protected.values()]
        common = pikepdf.Permissions(*(all(answers) for answers in zip(*allowed, strict=True)))
        # Nobody is told the owner's password: what a file forbids stays forbidden.
        return pikepdf.Encryption(owner=secrets.token_urlsafe(), user=next(iter(passwords), ""), allow=common)

    def _open(self, file: Path) -> Pdf | None:
        if kind_of(self._descriptors.of(file)) != "PDF":
            return None
        pdf, password = opened(cast("BinaryIO", _Reopened(file, self._descriptors)), self._ocr.pdf_passwords)
        self._closing.enter_context(pdf)
        check_count(pdf, file, self._ocr)
        self._passwords[file] = password
        return pdf


class _Layers:
    """The optional content of PDFs, gathered in another one: what a reader did not show at first, it does not now."""

    def __init__(self, target: Pdf) -> None:
        self._target = target
        self._all: list[Object] = []
        self._off: list[Object] = []

    def add(self, pdf: Pdf) -> None:
        properties = pdf.Root.get("/OCProperties")
        groups = properties.get("/OCGs") if isinstance(properties, Dictionary) else None
        if not isinstance(properties, Dictionary) or not isinstance(groups, Array):
            return
        shown = properties.get("/D")
        shown = shown if isinstance(shown, Dictionary) else Dictionary()
        on, off = ({each.objgen for each in _array(shown.get(key))} for key in ("/ON", "/OFF"))
        for group in groups:
            if isinstance(group, Dictionary) and group.is_indirect:
                hidden = group.objgen in off or (shown.get("/BaseState") == Name.OFF and group.objgen not in on)
                copied = self._target.copy_foreign(group)
                self._all.append(copied)
                self._off += [copied] * hidden

    def finish(self) -> None:
        if self._all:
            shown = Dictionary(ON=Array([]), OFF=Array(self._off))
            self._target.Root.OCProperties = Dictionary(OCGs=Array(self._all), D=shown)


def _array(found: Object | None) -> Iterable[Object]:
    return [each for each in found if isinstance(each, Dictionary)] if isinstance(found, Array) else ()


class _Descriptors:
    """Files' descriptors, few at a time."""

    def __init__(self) -> None:
        self._opened: RecentlyUsed[Path, int] = RecentlyUsed(MOST_OPEN, os.close)
        self.close = self._opened.close

    def of(self, file: Path) -> int:
        """The descriptor of a file, to be used before the next one is asked for."""
        return self._opened.get(file, lambda: open_regular(file))


class _Reopened(io.RawIOBase):
    """A file that can be read at any time and holds no descriptor of its own."""

    def __init__(self, file: Path, descriptors: _Descriptors) -> None:
        self._file = file
        self._descriptors = descriptors
        self._at = 0

    @override
    def readable(self) -> bool:
        return True

    @override
    def seekable(self) -> bool:
        return True

    @override
    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at}
        if whence not in start:
            start[whence] = os.fstat(self._descriptors.of(self._file)).st_size
        self._at = max(0, start[whence] + offset)
        return self._at

    @override
    def tell(self) -> int:
        return self._at

    @override
    def readinto(self, buffer: Buffer, /) -> int:
        view = memoryview(buffer).cast("B")
        count = os.preadv(self._descriptors.of(self._file), [view], self._at)
        self._at += count
        return count
