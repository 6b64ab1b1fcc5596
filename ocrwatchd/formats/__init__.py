"""Write a finished document, one module a format.

Each module has ``write(document, pages, file)``. Pages come one by one, in order, and once: whoever writes holds one
of them at a time, so that a document of a thousand pages takes no more memory than one of two.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Protocol, cast

from ocrwatchd.config import SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ocrwatchd.config import Format
    from ocrwatchd.model import Document, FinishedPage

RECEIPT: Format = "json"
"""The format that is always written, and last: where it lies, the set is whole."""

_MODULES: dict[Format, str] = {"txt": "txt", "raw": "raw", "json": "receipt"}


class Write(Protocol):
    """Writes one file of a set."""

    def __call__(self, document: Document, pages: Iterable[FinishedPage], file: BinaryIO, /) -> None:
        """Write the document.

        Raises:
            OSError: the file cannot be written.
        """


class Writer(NamedTuple):
    """A format that can be written: its name, what follows NAME in the set, and how."""

    name: Format
    suffix: str
    write: Write


def writers(names: Iterable[Format]) -> list[Writer]:
    """The writers of the formats asked for, the receipt last; formats that are not built yet are left out."""
    wanted = [name for name in _MODULES if name in {*names, RECEIPT}]
    return [
        Writer(name, SUFFIXES[name], cast("Write", import_module(f"{__name__}.{_MODULES[name]}").write))
        for name in sorted(wanted, key=lambda name: name == RECEIPT)
    ]
