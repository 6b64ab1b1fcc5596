"""Logs: one event a step, JSON for the journal, readable on a terminal; never a word of a document."""

from __future__ import annotations

import hashlib
import logging
import sys
from typing import TYPE_CHECKING, Any, TextIO

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

    from ocrwatchd.config import Log

NAME_KEYS = frozenset({"file", "folder", "name", "path"})
"""Fields of an event that may hold a file's name."""

LONGEST_SUFFIX = 5


def configure(settings: Log, stream: TextIO | None = None, *, documents: bool = False) -> None:
    """Send structlog's events and the warnings of libraries to ``stream`` (standard error) as the settings say.

    Args:
        settings: level, format and names.
        stream: where to.
        documents: libraries see documents here, so that of their warnings only the place is told, not the words.
    """
    out = stream or sys.stderr
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    on_terminal = settings.format == "console" or (settings.format == "auto" and out.isatty())
    shared: list[Callable[..., Any]] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if on_terminal else "iso", utc=not on_terminal),
        hash_names if settings.names == "hash" else replace_surrogates,
        structlog.processors.format_exc_info,
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
    # Libraries log through the standard library: only what they warn of is worth a line.
    logging.basicConfig(
        level=max(level, logging.WARNING),
        handlers=[_Forward(words=not documents)],
        force=True,
    )
    logging.captureWarnings(documents)


def hash_names(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace file names by the first 12 hexadecimal digits of their SHA-256; a short suffix is kept."""
    for key in NAME_KEYS & event.keys():
        stem, dot, suffix = str(event[key]).rpartition(".")
        digest = hashlib.sha256(str(event[key]).encode("utf-8", "surrogateescape")).hexdigest()[:12]
        event[key] = f"{digest}{dot}{suffix}" if stem and len(suffix) <= LONGEST_SUFFIX else digest
    return event


def replace_surrogates(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Make file names that are not valid UTF-8 printable."""
    for key in NAME_KEYS & event.keys():
        event[key] = printable(str(event[key]))
    return event


def printable(name: str) -> str:
    """A file name as people can see it: undecodable bytes and control characters replaced."""
    decoded = name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in decoded)


class _Forward(logging.Handler):
    """Hands a library's log record on to structlog.

    Args:
        words: the record's message goes along; without it only the place in the library's code does.
    """

    def __init__(self, *, words: bool) -> None:
        super().__init__()
        self._words = words

    def emit(self, record: logging.LogRecord) -> None:
        said = {"message": record.getMessage()} if self._words else {"at": f"{record.module}:{record.lineno}"}
        structlog.get_logger().log(record.levelno, "library.message", library=record.name, **said)
