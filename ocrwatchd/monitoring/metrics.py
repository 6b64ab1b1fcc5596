"""The daemon's figures in a text file for the node exporter's textfile collector, in Prometheus' own format.

The library renders; the file is written here: its own ``write_to_textfile`` leaves the mode to the umask, which in a
service hides the file from the exporter, and opens a name that others can foresee. It is imported only where a file
is configured (1.2 MB, 10 ms).
"""

from __future__ import annotations

import os
import platform
import time
from typing import TYPE_CHECKING, Final

from ocrwatchd import __version__
from ocrwatchd.core.component import Trouble
from ocrwatchd.core.fs import files
from ocrwatchd.core.i18n import NOTHING, say
from ocrwatchd.core.os_errors import in_words
from ocrwatchd.monitoring.snapshot import Observer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from prometheus_client.core import Metric

    from ocrwatchd.core.attempt import Worker
    from ocrwatchd.core.config.schema import Config
    from ocrwatchd.monitoring.counters import Figures
    from ocrwatchd.monitoring.snapshot import Snapshot
    from ocrwatchd.storage.ledger import Ledger

READABLE_BY_ALL: Final = 0o644

KINDS: Final = (
    "claim",
    "config",
    "engine",
    "held",
    "ledger",
    "metrics",
    "model",
    "notify",
    "retention",
    "watch",
    "work",
)
"""What trouble can be with; all other trouble is a scan's."""

_MIB: Final = 1 << 20


class Metrics(Observer):
    """Writes the file, at once where the state changes and else every ``metrics.interval_seconds``."""

    def __init__(
        self,
        config: Config,
        figures: Figures,
        ledger: Ledger,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings: Final = config.metrics
        self._queue_size: Final = config.queue.size
        self._figures: Final = figures
        self._ledger: Final = ledger
        self._places: Final = config.folders.named | {"state": ledger.path.parent}
        self._clock: Final = clock
        self._started_at: Final = time.time()
        self._state = ""
        self._due = clock()
        self._trouble = NOTHING

    def next_due(self) -> float | None:
        return self._due if self._settings.file else None

    def troubles(self) -> list[Trouble]:
        return [Trouble("metrics", self._trouble)]

    def show(self, snapshot: Snapshot) -> None:
        """Write the file where it is due."""
        if not self._settings.file or (snapshot.state == self._state and self._clock() < self._due):
            return
        self._state = snapshot.state
        self._due = self._clock() + self._settings.interval_seconds
        from prometheus_client.exposition import generate_latest  # only where a file is wanted

        content = generate_latest(_Collected(list(self._collect(snapshot))))
        try:
            # Not synced: after a power cut nobody wants it.
            files.write_new(self._settings.path, content, READABLE_BY_ALL, replace=True, lasting=False)
        except OSError as error:
            self._trouble = say("the metrics cannot be written: {reason}", reason=in_words(error))
        else:
            self._trouble = NOTHING

    def _collect(self, snapshot: Snapshot) -> Iterator[Metric]:
        yield _gauge("build_info", "What runs", 1, version=__version__, python=platform.python_version())
        yield _gauge("up", "1 while it serves, 0 once it was stopped", snapshot.state != "stopped")
        yield _gauge("start_time_seconds", "When it was started, Unix time", self._started_at)
        yield from self._done()
        yield _gauge("inbox_files", "Files in the inbox that have not settled, or found no place", snapshot.waiting)
        yield _gauge("queue_scans", "Claimed scans that wait for the engine", snapshot.queued)
        yield _gauge("queue_size", "How many scans are claimed ahead of the engine", self._queue_size)
        engine = snapshot.engine
        yield _gauge("in_work_scans", "Scans in the engine", bool(snapshot.in_work))
        yield _gauge("engine_up", "1 while an engine is loaded", engine.loaded)
        yield _counter("engine_restarts", "Engine processes started in place of another", max(0, engine.starts - 1))
        if engine.rss_mb is not None:
            yield _gauge("engine_resident_memory_bytes", "As the engine last told of itself", engine.rss_mb * _MIB)
        yield from _workers(snapshot.workers)
        kinds = [trouble.kind if trouble.kind in KINDS else "scan" for trouble in snapshot.troubles]
        counted = {kind: kinds.count(kind) for kind in (*KINDS, "scan")}
        yield _by("gauge", "trouble", "What is wrong and being retried", "with", counted)
        yield _by("gauge", "disk_free_bytes", "Room on the disk of a folder", "folder", self._free())

    def _done(self) -> Iterator[Metric]:
        done = self._figures
        yield _by("counter", "scans", "Scans that have ended", "outcome", done.scans)
        yield _counter("pages", "Pages that the engine has finished, unreadable ones too", done.pages)
        yield _counter("pages_unreadable", "Pages of delivered scans that could not be read", done.unreadable)
        yield _by("counter", "stage_seconds", "Wall time spent on scans", "stage", done.seconds)
        if last := self._last_delivery():
            yield _gauge("last_delivery_time_seconds", "When a scan was last delivered, Unix time", last)

    def _last_delivery(self) -> float:
        try:
            return self._ledger.last_delivery()
        except OSError:  # the ledger's trouble is told by others
            return 0.0

    def _free(self) -> dict[str, float]:
        found: dict[str, float] = {}
        for name, path in self._places.items():
            try:
                disk = os.statvfs(path)
            except OSError:
                continue  # a folder that has gone has no room to tell of; its trouble is told by others
            found[name] = disk.f_bavail * disk.f_frsize
        return found


def _workers(workers: Sequence[Worker]) -> Iterator[Metric]:
    if not workers:
        return
    busy = sum(bool(each.job) for each in workers)
    yield _by("gauge", "workers", "Workers that are there", "doing", {"reading": busy, "nothing": len(workers) - busy})
    done = {each.name: each.pages_done for each in workers}
    yield _by("counter", "worker_pages", "Pages that a worker has finished since its start", "worker", done)
    took = {each.name: each.seconds_a_page for each in workers}
    yield _by("gauge", "worker_page_seconds", "Wall time of one of a worker's last pages", "worker", took)


class _Collected:
    """Metrics as the library wants to be given them."""

    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> list[Metric]:
        """All of them."""
        return self._metrics


def _gauge(name: str, text: str, value: float, **labels: str) -> Metric:
    from prometheus_client.core import GaugeMetricFamily

    made = GaugeMetricFamily(f"ocrwatchd_{name}", text, labels=list(labels))
    made.add_metric(list(labels.values()), value)
    return made


def _counter(name: str, text: str, value: float) -> Metric:
    from prometheus_client.core import CounterMetricFamily

    return CounterMetricFamily(f"ocrwatchd_{name}", text, value=value)


def _by(kind: str, name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    family = CounterMetricFamily if kind == "counter" else GaugeMetricFamily
    made: CounterMetricFamily | GaugeMetricFamily = family(f"ocrwatchd_{name}", text, labels=[label])
    for each, value in values.items():
        made.add_metric([each], value)
    return made
