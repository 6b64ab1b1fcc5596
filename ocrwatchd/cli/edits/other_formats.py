"""The files of a delivered set with its text, except NAME.txt and NAME.json: rewritten when edits change."""

from __future__ import annotations

import errno
import io
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ocrwatchd.cli.edits.journal import Change
from ocrwatchd.cli.edits.pages import document, pages
from ocrwatchd.cli.edits.receipt_edits import BY_HAND, Delivered
from ocrwatchd.cli.edits.set_folder import held
from ocrwatchd.core.errors import FormatUnusable, UnreadableScan
from ocrwatchd.core.file_types import OUTPUT_SUFFIXES
from ocrwatchd.core.fs.safe_open import lexists_strict
from ocrwatchd.core.log import printable
from ocrwatchd.formats.output import writer

_WITHOUT_EDITS = {"txt", "json", "raw"}
"""Other modules write NAME.txt and NAME.json; NAME.raw.txt has no corrections."""

_DAMAGE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""Exceptions of a format whose receipt lacks an expected number, name or list."""

_MADE_BEFORE = "it was made from the delivered text; check it, and change it by hand"
_NOT_AGAIN = "it still has the edits of the delivery; change it by hand, or delete it"
_NAMELESS = (
    "no installed package brings that format now, or it cannot be loaded, so the file's name is unknown; install the "
    "package and repeat the command, or find the file beside NAME.json and change or delete it by hand"
)


class Left(NamedTuple):
    """A file that keeps its old text, by its path or a description, and the reason."""

    file: str
    why: str


def rendered(delivered: Delivered) -> dict[str, bytes]:
    """The text formats of the set, rendered from its receipt.

    Raises:
        UnreadableScan: the receipt lacks information about the pages.
    """
    from ocrwatchd.formats.output import hocr, md

    writes = (("md", md.laid_out), ("hocr", hocr.laid_out))
    about = document(delivered, delivered.path)
    try:
        return {name: b"".join(write(about, pages(delivered))) for name, write in writes if name in delivered.formats}
    except _DAMAGE as error:
        raise _damaged(delivered, error) from None


def planned(delivered: Delivered, *, force: bool) -> Iterator[Change | Left]:
    """Decide which other files of the set change and which stay; write nothing.

    ``force`` also replaces files that a person has changed.

    Raises:
        OSError: the folder or its disk fails.
    """
    now = rendered(delivered)
    for name in delivered.formats:
        if name in _WITHOUT_EDITS:
            continue
        try:
            path = delivered.beside(OUTPUT_SUFFIXES.get(name) or writer(name).suffix)
        except FormatUnusable:
            yield Left(f'the file of the format "{printable(name)}"', _NAMELESS)
            continue
        try:
            if not lexists_strict(path, delivered.folder):
                yield Left(str(path), "it is no longer there")
            elif name == "pdf":
                yield from _searchable(delivered, path)
            elif name in now:
                yield from _text(delivered, path, now[name], force=force)
            else:
                yield Left(str(path), _NOT_AGAIN)
        except (FormatUnusable, OSError) as error:
            yield Left(str(path), _in_words(error))
    yield from (Left(str(path), _MADE_BEFORE) for path in delivered.results if lexists_strict(path, delivered.folder))


def _text(delivered: Delivered, path: Path, now: bytes, *, force: bool) -> Iterator[Change | Left]:
    lying = held(path, delivered.folder)
    fault = delivered.changed_by_hand(path, lying)
    if fault and lying != now and not force:
        yield Left(str(path), f"it {fault} (--force overwrites it)")
        return
    delivered.note(path, now)
    if lying != now:
        yield Change(path, lying, now)


def _in_words(error: FormatUnusable | OSError) -> str:
    """Why this one file cannot be rewritten.

    Raises:
        OSError: the error concerns more than this file.
    """
    if isinstance(error, FormatUnusable):
        return str(error)
    if error.errno == errno.EINVAL:
        return f"it is {error.strerror}"
    if isinstance(error, PermissionError):
        return "it may not be read; correct its owner or mode, and repeat the command with --force"
    raise error


def _searchable(delivered: Delivered, path: Path) -> Iterator[Change]:
    """Rewrite the words of a searchable PDF; pages, pictures and additions of people stay."""
    from ocrwatchd.formats.output.pdf import reworded

    lying, file = held(path, delivered.folder), io.BytesIO()
    try:
        differs = reworded(io.BytesIO(lying), document(delivered, path), pages(delivered), file)
    except _DAMAGE as error:
        raise _damaged(delivered, error) from None
    if differs:
        delivered.note(path, file.getvalue())
        yield Change(path, lying, file.getvalue())


def _damaged(delivered: Delivered, error: Exception) -> UnreadableScan:
    return UnreadableScan(f"{delivered.path} is damaged ({type(error).__name__}); {BY_HAND}")
