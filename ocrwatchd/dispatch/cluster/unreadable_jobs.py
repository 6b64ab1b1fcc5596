"""Jobs whose folders cannot be read: ignored for the time of a lease, then reported."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, NamedTuple

import structlog

from ocrwatchd.core.i18n import NOTHING, Message, count
from ocrwatchd.core.log import told
from ocrwatchd.core.os_errors import in_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from ocrwatchd.core.model import Job

log = structlog.get_logger()


class _Fault(NamedTuple):
    since: float
    job: Job
    error: OSError


class Unseen:
    """All jobs whose folders cannot be read.

    Args:
        patience_s: a fault is reported only after it has lasted so long, seconds.
        clock: monotonic, seconds.
    """

    def __init__(self, patience_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._patience_s: Final = patience_s
        self._clock: Final = clock
        self._faults: Final[dict[str, _Fault]] = {}

    def note(self, job: Job, error: OSError) -> None:
        """A job's folder could not be read or written."""
        earlier = self._faults.get(job.id)
        self._faults[job.id] = _Fault(earlier.since if earlier else self._clock(), job, error)
        if earlier is None:
            log.debug("attempt.unseen", job=job.id, reason=error.strerror)

    def clear(self, job: Job) -> None:
        """A job's folder could be read, or the job has ended."""
        self._faults.pop(job.id, None)

    @property
    def late(self) -> int:
        """How many jobs have waited for longer than the patience."""
        return len(self._late())

    @property
    def trouble(self) -> Message:
        """Which scans wait, and what to do; nothing where none has waited for long."""
        late = self._late()
        if not late:
            return NOTHING
        _since, job, error = late[0]
        return count(
            "{file}: what workers have made of it cannot be looked at: {reason}; mend what lies in {folder}, then it "
            "goes on",
            "{file} and others, {n} in all: what workers have made of them cannot be looked at: {reason}; mend what "
            "lies in {folder}, then they go on",
            n=len(late),
            file=told(str(job.relative)),
            reason=in_words(error),
            folder=job.folder,
        )

    def _late(self) -> list[_Fault]:
        return [each for each in self._faults.values() if self._clock() - each.since > self._patience_s]
