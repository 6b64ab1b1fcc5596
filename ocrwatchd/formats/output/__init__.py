"""Write a finished document, one module a format.

A format is an entry point of the group ``ocrwatchd.formats``: its name is what stands in ``output.formats``, and it
leads to a module with

- ``SUFFIX``: what follows NAME in the set, like ".txt";
- ``write(document, pages, file)``. Pages come one by one, in order, and once: whoever writes holds one of them at a
  time, so that a document of a thousand pages takes no more memory than one of two.

Ours come the same way. Only the engine and `edits` load a writer; the supervisor
knows the names alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import BinaryIO, NamedTuple, Protocol

from ocrwatchd.core.config.format_plugins import GROUP, installed
from ocrwatchd.core.errors import FormatUnusable
from ocrwatchd.core.file_types import OUTPUT_SUFFIXES
from ocrwatchd.core.model import Document, FinishedPage

RECEIPT = "json"
"""The format that is always written, and last: where it lies, the set is whole."""

_SUFFIX = re.compile(r"\.[A-Za-z0-9][A-Za-z0-9.-]{0,29}")


class Write(Protocol):
    """Writes one file of a set."""

    def __call__(self, document: Document, pages: Iterable[FinishedPage], file: BinaryIO, /) -> str | None:
        """Write the document.

        Args:
            document: its figures, and where the scan lies.
            pages: in order; they can be read only once.
            file: empty, open for writing; it may be sought in and read, and is not closed by the writer.

        Returns:
            A warning for the receipt where the file is not all that it was to be, in plain words; else "" or None.

        Raises:
            FormatUnusable: this document cannot be written in this format; the message says why. The others are.
            OSError: the file cannot be written.
        """


class Writer(NamedTuple):
    """A format that can be written: its name, what follows NAME in the set, and how."""

    name: str
    suffix: str
    write: Write


def ordered(names: Iterable[str]) -> tuple[str, ...]:
    """The formats asked for, each once, and the receipt, which is always written, last."""
    return (*(name for name in dict.fromkeys(names) if name != RECEIPT), RECEIPT)


def writer(name: str) -> Writer:
    """The writer of a format.

    Raises:
        FormatUnusable: no package brings it, or what a package brings is none.
    """
    point = installed().get(name)
    if point is None:
        raise FormatUnusable(f'no installed package brings the format "{name}"; install it, or take it out of '
                             "output.formats")  # fmt: skip
    brought = f'the format "{name}", which {point.dist.name if point.dist else point.value} brings,'
    try:
        module = point.load()
    except Exception as error:  # the boundary to other people's packages
        raise FormatUnusable(f"{brought} cannot be loaded ({type(error).__name__}); reinstall it") from error
    suffix, write = getattr(module, "SUFFIX", None), getattr(module, "write", None)
    if not isinstance(suffix, str) or not _SUFFIX.fullmatch(suffix) or not callable(write):
        raise FormatUnusable(f"{brought} is no writer: {GROUP} wants a SUFFIX like '.txt' and a write()")
    if any(suffix.casefold() == ours and other != name for other, ours in OUTPUT_SUFFIXES.items()):
        raise FormatUnusable(f"{brought} calls its file NAME{suffix}, as ocrwatchd calls one of its own; take the "
                             "format out of output.formats")  # fmt: skip
    return Writer(name, suffix, write)
