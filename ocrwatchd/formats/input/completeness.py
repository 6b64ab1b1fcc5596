"""Tell whether a file in the inbox is complete. Only its structure is examined; nothing is decoded.

The first bytes decide on the type. The suffix of the name is a hint where they are not enough.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pkgutil import resolve_name

from ocrwatchd.core.file_types import (
    HEAD_BYTES,
    InputType,
    input_type_named,
    input_type_of,
    input_types,
    is_one_page,
    may_become,
)
from ocrwatchd.core.i18n import NOTHING, Message, count, say
from ocrwatchd.formats.input.bounded_reader import TooIntricate, Window
from ocrwatchd.formats.input.image_structure import GAP

MAX_STEPS = 200_000
"""Most parts that are visited: some tenths of a second of work, and twice as many as the largest real scan has."""

_OTHER_TYPES = frozenset(
    {"csv", "djvu", "doc", "docx", "eml", "epub", "htm", "html", "jp2", "jxl", "md", "mp4",
     "msg", "odp", "ods", "odt", "ppt", "pptx", "ps", "psd", "rtf", "svg", "txt", "xls", "xlsx", "xml", "xps", "zip"}
)  # fmt: skip
"""Suffixes that a reason may name. Other text after a name's last dot may be part of the name."""


class Finding(enum.Enum):
    """The result of the examination."""

    WHOLE = "whole"
    PARTIAL = "partial"
    """More data may come: the file is empty, begins with NUL bytes, or has no end."""
    WRONG = "wrong"
    """The name has the suffix of a supported type, but the content is of another type."""
    UNREAD = "unread"
    """The type is not supported."""
    DENIED = "denied"
    """The inbox has no permission to open the file."""


@dataclass(frozen=True, slots=True)
class Examined:
    """The verdict on a file's bytes.

    Args:
        type: name of its :class:`ocrwatchd.core.file_types.InputType`; "" where unknown.
        reason: for everything but WHOLE, for ``failed/``, with what to do.
        readable: of PARTIAL: only the end is missing or damaged, and a decoder can tell whether all rows and pages are
            there. False where parts that were never written would pass for white or black paper.
    """

    finding: Finding
    type: str = ""
    reason: Message = NOTHING
    readable: bool = False

    @property
    def one_page(self) -> bool:
        """Whether no page is ever added to a file of this type."""
        return is_one_page(self.type)


def examine(file: int, suffix: str) -> Examined:
    """Judge an open regular file by its structure, in bounded time on any bytes; its offset stays as it is.

    Raises:
        OSError: reading failed; the file is not at fault.
    """
    window = Window(file, MAX_STEPS)
    head = window.read(0, HEAD_BYTES)
    named = input_type_named(suffix)
    name = named.name if named else ""
    if not head:
        return Examined(Finding.PARTIAL, name, say("the upload broke off: the file is empty. Send it again."))
    if not head.strip(b"\0"):
        return _partial(name, window.size, say("has nothing but zeros where it should begin"))
    found = input_type_of(head)
    if found is None:
        return _untyped(head, named, suffix, window.size)
    try:
        missing = _structure(found)(window)
    except TooIntricate:
        return Examined(
            Finding.WRONG,
            found.name,
            say(
                "not a {kind} file that can be read: it has more parts than a scan would. "
                "Scan the page again, or save the file anew and send that.",
                kind=found.name,
            ),
        )
    if window.gapped():
        missing = GAP
    if not missing:
        return Examined(Finding.WHOLE, found.name)
    return replace(_partial(found.name, window.size, missing), readable=missing != GAP)


@cache
def _structure(of: InputType) -> Callable[[Window], Message]:
    found: Callable[[Window], Message] = resolve_name(f"{__package__}.{of.structure}")
    return found


def _untyped(head: bytes, named: InputType | None, suffix: str, size: int) -> Examined:
    if may_become(head, named):
        return _partial(named.name if named else "", size, say("ends within its first bytes"))
    if named:
        return Examined(
            Finding.WRONG,
            "",
            say(
                "not a picture or PDF: it is named like a {kind} file, but has something else inside. "
                "Save it as {types} or {last} and send that.",
                kind=named.name,
                **input_types(),
            ),
        )
    if suffix.lower().removeprefix(".") not in _OTHER_TYPES:
        return Examined(
            Finding.UNREAD,
            "",
            say(
                "not a picture or PDF: this type is not read here. Send {types} or {last} instead.",
                **input_types(),
            ),
        )
    reason = say(
        'not a picture or PDF: "{suffix}" is not read here. Send {types} or {last} instead.',
        suffix=suffix,
        **input_types(),
    )
    return Examined(Finding.UNREAD, "", reason)


def _partial(found: str, size: int, missing: Message) -> Examined:
    if found:
        reason = count(
            "the upload broke off: the {kind} file {missing} (1 byte arrived). Send it again.",
            "the upload broke off: the {kind} file {missing} ({n} bytes arrived). Send it again.",
            n=size,
            kind=found,
            missing=missing,
        )
    else:
        reason = count(
            "the upload broke off: the file {missing} (1 byte arrived). Send it again.",
            "the upload broke off: the file {missing} ({n} bytes arrived). Send it again.",
            n=size,
            missing=missing,
        )
    return Examined(Finding.PARTIAL, found, reason)
