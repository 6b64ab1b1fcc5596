"""Logs: one event a step, JSON for the journal, readable on a terminal; never a word of a document."""

from __future__ import annotations

import hashlib
import logging
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

# structlog imports rich for tracebacks that we never draw: 4 MiB of every process, and a sixth of the daemon's start.
# A None in sys.modules prevents this import, if this module is imported first.
_rich = sys.modules.setdefault("rich", None)  # type: ignore[arg-type]
import structlog  # noqa: E402 - see above

if _rich is None:
    del sys.modules["rich"]

from ocrwatchd.core.file_types import input_type_named  # noqa: E402 - as above
from ocrwatchd.core.i18n import Message  # noqa: E402 - as above

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping
    from types import TracebackType

    from ocrwatchd.core.config.schema import Log

NAME_KEYS = frozenset({"file", "folder", "name", "path", "profile"})
"""Fields of an event that may hold a file's name; no other field may."""

DIGEST_DIGITS = 12

get_logger = structlog.get_logger

_hashed = False
"""Whether this process hashes names in all its output; set by ``configure``."""


def configure(settings: Log, stream: TextIO | None = None, *, documents: bool = False) -> None:
    """Send structlog's events and the warnings of libraries to ``stream``.

    Args:
        settings: level, format and names.
        stream: the destination; default: standard error.
        documents: libraries see documents in this process, so log only the places of their warnings, not the texts.
    """
    global _hashed  # noqa: PLW0603 - as structlog's own configuration: one a process
    _hashed = settings.names == "hash"
    out = stream or sys.stderr
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    on_terminal = settings.format == "console" or (settings.format == "auto" and out.isatty())
    shared: list[Callable[..., Any]] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        show_messages,
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if on_terminal else "iso", utc=not on_terminal),
        hash_names if _hashed else replace_surrogates,
        place_only if _hashed else structlog.processors.format_exc_info,
    ]
    renderer = (
        structlog.dev.ConsoleRenderer(colors=out.isatty()) if on_terminal else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=out),
        cache_logger_on_first_use=False,
    )
    # Libraries log through the standard library; only their warnings are logged.
    logging.basicConfig(
        level=max(level, logging.WARNING),
        handlers=[_Forward(words=not (documents or _hashed))],
        force=True,
    )
    logging.captureWarnings(documents or _hashed)
    # The message of an unexpected error may hold a path.
    if _hashed:
        sys.excepthook, threading.excepthook = _unexpected, _unexpected_in_thread


def show_messages(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Show messages for people in English."""
    event.update({key: str(value) for key, value in event.items() if isinstance(value, Message)})
    return event


def hash_names(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace file names by the first 12 hexadecimal digits of their SHA-256; the suffix of a picture is kept."""
    for key in NAME_KEYS & event.keys():
        if event[key]:
            event[key] = _digest(str(event[key]))
    return event


def place_only(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Log the type and the place of an exception, not its message."""
    if event.pop("exc_info", None):
        kind, _, trace = sys.exc_info()
        event["error"], event["at"] = kind.__name__ if kind else "", _place(trace)
    return event


def replace_surrogates(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Make file names that are not valid UTF-8 printable."""
    for key in NAME_KEYS & event.keys():
        if event[key] is not None:
            event[key] = printable(str(event[key]))
    return event


def told(name: str) -> str:
    """A file's name for an error message or systemd's status line: plain or hashed, as the settings say."""
    return _digest(name) if _hashed else printable(name)


def names_are_told() -> bool:
    """False if this process hashes file names in all its output."""
    return not _hashed


def printable(name: str) -> str:
    """A printable file name: undecodable bytes and control characters replaced."""
    try:
        decoded = name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    except UnicodeEncodeError:  # out of JSON: halves of characters that stand for no byte
        decoded = name
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in decoded)


def _digest(name: str) -> str:
    # Suffixes of scans say nothing about a document; after the last dot of another name may stand a person's.
    _, dot, suffix = name.rpartition(".")
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:DIGEST_DIGITS]
    return f"{digest}{dot}{suffix}" if input_type_named(f".{suffix}") else digest


def _place(trace: TracebackType | None) -> str:
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else ""


def _unexpected(kind: type[BaseException], _error: BaseException, trace: TracebackType | None) -> None:
    structlog.get_logger().critical("unexpected", error=kind.__name__, at=_place(trace))


def _unexpected_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_type is not SystemExit:
        structlog.get_logger().critical("unexpected", error=args.exc_type.__name__, at=_place(args.exc_traceback))


class _Forward(logging.Handler):
    """Passes a library's log record to structlog: with ``words`` the message, else only the place in its code."""

    def __init__(self, *, words: bool) -> None:
        super().__init__()
        self._words = words

    def emit(self, record: logging.LogRecord) -> None:
        said = {"message": record.getMessage()} if self._words else {"at": f"{record.module}:{record.lineno}"}
        structlog.get_logger().log(record.levelno, "library.message", library=record.name, **said)
