"""The daemon's activity at one moment, for every part that shows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from ocrwatchd.core.attempt import Count, EngineStatus, Time, Worker
from ocrwatchd.core.component import Part, Trouble


@dataclass(frozen=True, slots=True)
class Activity:
    """What the daemon is doing.

    Args:
        state: "running", "stopping" or "stopped"; in a status that was read also "gone" or "silent".
        engine: the state of the engine process, or of the workers.
        waiting: files in the inbox that have not settled, or found no place in the queue.
        queued: claimed scans that wait for the engine.
        in_work: the scan in the engine, "" where there is none.
        page: the page in work, from 1.
        pages: pages of the scan, 0 while unknown.
        workers: the other machines that read.
        incomplete: the first few files that wait for the rest of their upload, and documents that wait for other scans,
            and until when, Unix seconds.
    """

    state: str
    engine: EngineStatus = field(default_factory=EngineStatus)
    waiting: Count = 0
    queued: Count = 0
    in_work: str = ""
    page: Count = 0
    pages: Count = 0
    workers: tuple[Worker, ...] = ()
    incomplete: tuple[tuple[str, Time], ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot(Activity):
    """The daemon at one tick, with what is wrong and being retried."""

    troubles: tuple[Trouble, ...] = ()


class Observer(Part, Protocol):
    """A part that shows people, or programs, what the daemon is doing. At each tick all of them get one snapshot."""

    def show(self, snapshot: Snapshot) -> None:
        """Show the snapshot, where that is due."""
