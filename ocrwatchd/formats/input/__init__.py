"""Open a scan and give its pages one at a time, as pictures that every engine takes.

The first bytes of a file tell its type, never its name.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from pkgutil import resolve_name

from ocrwatchd.core.config.profile import Ocr
from ocrwatchd.core.errors import UnreadableScan
from ocrwatchd.core.file_types import HEAD_BYTES, input_type_of, input_types
from ocrwatchd.core.fs.safe_open import open_regular
from ocrwatchd.core.i18n import say
from ocrwatchd.formats.input.common import Pages


def open_pages(source: Path, ocr: Ocr) -> Pages:
    """Open a scan, which must be a regular file; links are refused.

    Raises:
        UnreadableScan: it is damaged, protected, empty or of no format that is read; the message says what to do.
        OSError: the disk cannot be read; not the scan's fault.
    """
    descriptor = open_regular(source)
    try:
        return _open(descriptor, ocr)
    except BaseException:
        os.close(descriptor)
        raise


def kind_of(descriptor: int) -> str:
    """The name of a file's type, by its first bytes; "" for a type that is not supported."""
    found = input_type_of(os.pread(descriptor, HEAD_BYTES, 0))
    return found.name if found else ""


def _open(descriptor: int, ocr: Ocr) -> Pages:
    head = os.pread(descriptor, HEAD_BYTES, 0)
    if not head:
        raise UnreadableScan(say("the file is empty; scan or copy it again"))
    found = input_type_of(head)
    if found is None:
        raise UnreadableScan(
            say("this type of file is not read; convert the file to {types} or {last}", **input_types())
        )
    reader: Callable[[int, Ocr], Pages] = resolve_name(
        f"{__name__}.{found.reader}"
    )  # a format loads its library when it comes
    return reader(descriptor, ocr)
