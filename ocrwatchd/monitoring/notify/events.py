"""What happens that a command may be told of; the supervisor's side."""

from __future__ import annotations

import datetime as dt
import socket
from dataclasses import dataclass
from pathlib import Path

from ocrwatchd.core.attempt import ScanFigures
from ocrwatchd.core.config.schema import Event, Folders
from ocrwatchd.core.i18n import Message
from ocrwatchd.core.log import names_are_told, printable, told
from ocrwatchd.core.model import Job
from ocrwatchd.storage.outbox import RECEIPT, original_path

LONGEST_REASON = 2000
"""Characters of a reason that are told."""


@dataclass(frozen=True, slots=True)
class Happening:
    """One event and its facts: plain values of JSON, file names only as ``log.names`` allows, no document text."""

    event: Event
    facts: dict[str, str | int]

    def told(self, folders: Folders, missed: int) -> dict[str, str | int]:
        """The facts for the command; ``missed`` events before this one were not reported."""
        return {
            "event": self.event,
            "host": socket.gethostname(),
            "root": printable(str(folders.root_path)),
            "missed": missed,
            **self.facts,
        }


def ended(  # noqa: PLR0917 - what is known of an end
    event: Event, job: Job, folders: Folders, placed: Path, reason: Message, figures: ScanFigures
) -> Happening:
    """A set was delivered, or a scan set aside in ``failed/``.

    Args:
        event: which of them.
        job: of the scan.
        folders: of the root.
        placed: the set's path under the outbox, or the scan's under ``failed/``, without suffix.
        reason: why it failed.
        figures: of the document.
    """
    facts: dict[str, str | int] = {"time": _now(), "file": told(str(job.relative))}
    if event == "delivered":
        facts |= {"pages": figures.pages, "unreadable": figures.unreadable}
        path = folders.path("outbox") / f"{placed}{RECEIPT}"
    else:
        facts["reason"] = _short(reason)
        path = original_path(folders, placed.with_name(job.relative.name), "failed", placed.name)
    # Its own bytes, for whoever wants to do something with the file; absolute, so that no option begins like it.
    return Happening(event, facts | ({"path": str(path)} if names_are_told() else {}))


def health(event: Event, words: Message, seconds: float) -> Happening:
    """Trouble of the daemon has begun ("unhealthy"), or is over ("recovered")."""
    return Happening(event, {"time": _now(), "reason": _short(words), "seconds": round(seconds)})


def _short(words: Message) -> str:
    return printable(str(words))[:LONGEST_REASON]


def _now() -> str:
    return dt.datetime.now().astimezone().isoformat(timespec="seconds")
