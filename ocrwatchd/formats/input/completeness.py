"""Is the file in the inbox whole? Told by its structure alone, whatever its bytes are; nothing is decoded.

The type is told by the first bytes; the name's suffix is only a hint where these say nothing.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ocrwatchd.core.i18n import NOTHING, Message, count, say
from ocrwatchd.formats.input import image_structure
from ocrwatchd.formats.input.bounded_reader import TooIntricate, Window
from ocrwatchd.formats.input.tiff_structure import tiff

if TYPE_CHECKING:
    from collections.abc import Callable

SUFFIXES = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".jpe": "JPEG",
    ".jfif": "JPEG",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".pdf": "PDF",
    ".bmp": "BMP",
    ".dib": "BMP",
    ".gif": "GIF",
    ".webp": "WebP",
    ".heic": "HEIC",
    ".heif": "HEIC",
    ".hif": "HEIC",
    ".avif": "AVIF",
}
ONE_PAGE = frozenset({"PNG", "JPEG", "BMP", "WebP", "HEIC", "AVIF"})
"""Types of which a closed file is finished, also with several pictures; to the others a scanner may add pages."""

MAX_STEPS = 200_000
"""Parts that are visited at most: some tenths of a second's work, and twice what the largest honest scan has."""

_OTHER_TYPES = frozenset(
    {"csv", "djvu", "doc", "docx", "eml", "epub", "htm", "html", "jp2", "jxl", "md", "mp4",
     "msg", "odp", "ods", "odt", "ppt", "pptx", "ps", "psd", "rtf", "svg", "txt", "xls", "xlsx", "xml", "xps", "zip"}
)  # fmt: skip
"""Types that a reason names; what else stands after a name's last dot may be part of that name."""

_HEAD_BYTES = 1024
_MAGIC = (
    ("PNG", b"\x89PNG\r\n\x1a\n"),
    ("JPEG", b"\xff\xd8\xff"),
    ("GIF", b"GIF87a"),
    ("GIF", b"GIF89a"),
    ("TIFF", b"II*\0"),
    ("TIFF", b"MM\0*"),
    ("TIFF", b"II+\0"),
    ("TIFF", b"MM\0+"),
    ("PDF", b"%PDF-"),
)
_BMP_HEADER_BYTES = frozenset({12, 16, 40, 52, 56, 64, 108, 124})
_BMP_HEAD, _RIFF_HEAD, _BOX_HEAD = 18, 12, 8
_WALKS: dict[str, Callable[[Window], Message]] = {
    "PNG": image_structure.png,
    "JPEG": image_structure.jpeg,
    "TIFF": tiff,
    "PDF": image_structure.pdf,
    "BMP": image_structure.bmp,
    "GIF": image_structure.gif,
    "WebP": image_structure.webp,
    "HEIC": image_structure.heif,
    "AVIF": image_structure.heif,
}


class Finding(enum.Enum):
    """What the bytes say."""

    WHOLE = "whole"
    PARTIAL = "partial"
    """More may come: empty, a head of NUL bytes, or an end that is missing."""
    WRONG = "wrong"
    """Named like a type that we read, with other bytes inside."""
    UNREAD = "unread"
    """A type that we don't read."""
    DENIED = "denied"
    """No permission to open it; said by the inbox, for bytes say nothing here."""


@dataclass(frozen=True, slots=True)
class Examined:
    """The verdict on a file's bytes.

    Args:
        type: "PNG", "JPEG", "TIFF", "PDF", "HEIC", "AVIF", "BMP", "GIF" or "WebP"; "" where unknown.
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
        """True for a type to which no page is ever added."""
        return self.type in ONE_PAGE


def examine(file: int, suffix: str) -> Examined:
    """Judge an open regular file by its structure. Bounded time on any bytes.

    Args:
        file: descriptor; its offset stays as it is.
        suffix: of the file's name, with the dot.

    Raises:
        OSError: reading failed; the file is not at fault.
    """
    window = Window(file, MAX_STEPS)
    head = window.read(0, _HEAD_BYTES)
    named = SUFFIXES.get(suffix.lower(), "")
    if not head:
        return Examined(Finding.PARTIAL, named, say("the upload broke off: the file is empty. Send it again."))
    if not head.strip(b"\0"):
        return _partial(named, window.size, say("has nothing but zeros where it should begin"))
    found = _type(head)
    if not found:
        return _untyped(head, named, suffix, window.size)
    try:
        missing = _WALKS[found](window)
    except TooIntricate:
        return Examined(
            Finding.WRONG,
            found,
            say(
                "not a {kind} file that can be read: it has more parts than a scan would. "
                "Scan the page again, or save the file anew and send that.",
                kind=found,
            ),
        )
    if window.gapped():
        missing = image_structure.GAP
    if not missing:
        return Examined(Finding.WHOLE, found)
    return replace(_partial(found, window.size, missing), readable=missing != image_structure.GAP)


def _type(head: bytes) -> str:
    for name, magic in _MAGIC:
        if head.startswith(magic):
            return name
    if head[:4] == b"RIFF" and head[8:_RIFF_HEAD] == b"WEBP":
        return "WebP"
    if head[:2] == b"BM" and len(head) >= _BMP_HEAD and int.from_bytes(head[14:18], "little") in _BMP_HEADER_BYTES:
        return "BMP"
    if kind := image_structure.heif_kind(head):
        return kind
    return "PDF" if image_structure.is_pdf(head) else ""


def _untyped(head: bytes, named: str, suffix: str, size: int) -> Examined:
    if _begins(head, named):
        return _partial(named, size, say("ends within its first bytes"))
    if named:
        return Examined(
            Finding.WRONG,
            "",
            say(
                "not a picture or PDF: it is named like a {kind} file, but has something else inside. "
                "Save it as PNG, JPEG, TIFF, PDF, HEIC, BMP, GIF or WebP and send that.",
                kind=named,
            ),
        )
    if suffix.lower().removeprefix(".") not in _OTHER_TYPES:
        return Examined(
            Finding.UNREAD,
            "",
            say(
                "not a picture or PDF: this type is not read here. "
                "Send PNG, JPEG, TIFF, PDF, HEIC, BMP, GIF or WebP instead."
            ),
        )
    reason = say(
        'not a picture or PDF: "{suffix}" is not read here. Send PNG, JPEG, TIFF, PDF, HEIC, BMP, GIF or WebP instead.',
        suffix=suffix,
    )
    return Examined(Finding.UNREAD, "", reason)


def _begins(head: bytes, named: str) -> bool:
    """Whether these few bytes could be the beginning of a file of the type that its name says, or of any by magic."""
    if any(len(head) < len(magic) and magic.startswith(head) for _, magic in _MAGIC):
        return True
    if named == "BMP":
        return len(head) < _BMP_HEAD and b"BM".startswith(head[:2])
    if named in {"HEIC", "AVIF"}:  # its first box names the type; the box's length comes before
        return len(head) < max(int.from_bytes(head[:4], "big"), _BOX_HEAD) and b"ftyp".startswith(head[4:8])
    return named == "WebP" and len(head) < _RIFF_HEAD and b"RIFF".startswith(head[:4])


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
