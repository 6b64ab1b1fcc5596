"""Burst: ``python -m tests.bench.burst [--quick]``.

10,000 small files at once through the daemon with a null engine.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ocrwatchd.arrival.arrivals import Arrivals
from ocrwatchd.core.config.schema import Arrival
from tests.bench import daemons, figures
from tests.bench.figures import Row

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.running import Running

FILES = 10_000
FEW = 1_000
QUICK_FILES = 400
QUICK_FEW = 100
WAITING = 10_000
"""Files in the inbox for the sweep that is timed."""
SWEEPS = 5
LOOK_S = 0.25
SLOWEST_S = 1.0
"""A file; where the daemon takes longer, it counts as lost."""
MOST_MB = 80.0
LINEAR = 1.25
"""Time a file of the large burst to that of the small one, at most."""


@dataclass(frozen=True, slots=True)
class Burst:
    """What came of one burst.

    Attributes:
        count: files put in.
        lost: of them not in the archive at the end, or without a receipt.
        moving_s: for putting them into the inbox.
        seconds: from the first file put in to the last delivery.
        early_mb: the supervisor's resident memory when a tenth was delivered.
        late_mb: and at the end.
        most_mb: the most it ever was.
    """

    count: int
    lost: int
    moving_s: float
    seconds: float
    early_mb: float
    late_mb: float
    most_mb: float


def staged(base: Path, count: int) -> Path:
    """Make so many different small scans beside the inbox."""
    folder = base / "staged"
    folder.mkdir()
    content = daemons.picture(base / "scan.png").read_bytes()
    for number in range(count):
        # What follows the picture's end is nobody's business, and makes each file another one.
        (folder / f"scan-{number:05}.png").write_bytes(content + b"%d" % number)
    return folder


def burst(count: int) -> Burst:
    """Put so many files into a running daemon's inbox and wait until all are delivered, or nothing comes any more."""
    with daemons.folder() as base, daemons.daemon(base) as running:
        folder = staged(base, count)
        daemons.await_engine(running)
        began = time.monotonic()
        for path in folder.iterdir():
            path.rename(running.inbox / path.name)
        moving_s = time.monotonic() - began
        early_mb = _await_archive(running, count // 10, began)
        _await_archive(running, count, began)
        seconds = time.monotonic() - began
        pid = running.process.pid
        late_mb, most_mb = daemons.memory_mb(pid), daemons.memory_mb(pid, "VmHWM")
        return Burst(count, _lost(running, count), moving_s, seconds, early_mb, late_mb, most_mb)


def _await_archive(running: Running, count: int, began: float) -> float:
    """Wait until so many files are in the archive; the supervisor's resident memory then, MiB."""
    while daemons.delivered(running) < count and time.monotonic() < began + 60 + count * SLOWEST_S:
        time.sleep(LOOK_S)
    return daemons.memory_mb(running.process.pid)


def _lost(running: Running, count: int) -> int:
    archived = {name.removesuffix(".png") for name in running.lying("archive")}
    told = {name.removesuffix(".json") for name in running.lying("outbox") if name.endswith(".json")}
    return count - len(archived & told)


def swept_s(arrivals: Arrivals) -> float:
    """How long a sweep that is due takes, seconds."""
    return figures.seconds(lambda: arrivals.tick(time.monotonic()))


def sweep_ms(waiting: int) -> tuple[float, float]:
    """A first sweep over so many waiting files, and a later one; median, ms."""
    first, later = [], []
    with daemons.folder() as base:
        folder = staged(base, waiting)
        for _ in range(SWEEPS):
            arrivals = Arrivals(folder, Arrival(method="polling", sweep_seconds=1.0), lambda: None)
            first.append(swept_s(arrivals))
            arrivals.sweep_now()
            later.append(swept_s(arrivals))
    return statistics.median(first) * 1000, statistics.median(later) * 1000


def measure(quick: bool) -> list[Row]:
    """A burst of small files, with a null engine."""
    with daemons.folder() as base:
        yardstick = daemons.synced_file_ms(base)
    few = burst(QUICK_FEW if quick else FEW)
    many = burst(QUICK_FILES if quick else FILES)
    first_ms, later_ms = sweep_ms(WAITING)
    rate, few_rate = many.count / many.seconds, few.count / few.seconds
    growth = many.late_mb - many.early_mb
    return [
        Row(
            name=f"lost of {many.count + few.count:,} files",
            value=many.lost + few.lost,
            unit="files",
            goal="none",
            reached=not many.lost + few.lost,
        ),
        Row(name=f"{many.count:,} at once", value=rate, unit="files/s", note=f"put in within {many.moving_s:.1f} s"),
        figures.compared(
            f"a file's time, of {many.count:,} at once",
            1000 / rate,
            "ms",
            1000 / few_rate,
            f"of {few.count:,}",
            at_most=LINEAR,
        ),
        Row(
            name="supervisor's memory at most",
            value=many.most_mb,
            unit="MiB",
            goal=f"under {MOST_MB:g} MiB",
            reached=many.most_mb < MOST_MB,
            note=f"{growth:+.1f} MiB from a tenth delivered to all",
        ),
        Row(name="one synced file on this disk", value=yardstick, unit="ms", note="the yardstick of a file's time"),
        Row(name=f"first sweep, {WAITING:,} waiting", value=first_ms, unit="ms", note=f"median of {SWEEPS}"),
        Row(
            name=f"a later sweep, {WAITING:,} waiting",
            value=later_ms,
            unit="ms",
            note=f"median of {SWEEPS}; every {Arrival().sweep_seconds:g} s",
        ),
    ]


if __name__ == "__main__":
    figures.main(measure)
