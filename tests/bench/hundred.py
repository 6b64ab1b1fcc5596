"""A hundred workers, on paper: ``python -m tests.bench.hundred [--quick]``.

What each part of the whole is asked for a page, and in an idle second, is measured here and now, with three workers on
this machine; what a hundred would ask is reckoned from that, and what is full first. A reckoning, not a measurement:
it takes each cost to grow with pages and workers as it does here, and one time for each call to a share over a network.
"""

from __future__ import annotations

import contextlib
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ocrwatchd.core import log
from ocrwatchd.core.config.schema import Log
from ocrwatchd.core.i18n import Message
from ocrwatchd.dispatch.cluster import transport
from ocrwatchd.dispatch.cluster.messages import Card
from ocrwatchd.dispatch.cluster.registry import Roster, show
from tests.bench import cluster, daemons, figures, scans
from tests.bench.figures import Row
from tests.e2e.cluster.brokers import Redis
from tests.e2e.cluster.lab import lab
from tests.e2e.running import await_that
from tests.programs import needs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.cluster.lab import Lab

WORKERS = 100
MEASURED = 3
JOBS, QUICK_JOBS = 90, 15
PAGES, QUICK_PAGES = 20, 4
IDLE_S = 10.0
LOOKS_A_SECOND = 1.0
GIGABIT = 117e6
"""Bytes/s that TCP carries over gigabit Ethernet."""

ROUND_TRIP_S = 0.2e-3
"""Assumed of a server in the same room: each call for a file waits for it."""

REMOTE_SYNC_S = 2e-3
"""Assumed of that server's disk, until what was written lasts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What was measured; the scans have one page, so that a job's costs are a page's.

    Attributes:
        page_s: wall time of a page on a worker, real engine and model.
        share_bytes: that worker and engine read and write, a page.
        scan_bytes: of a scan, which a scanner writes to the share once more.
        supervisor_s: processor time, a job.
        calls: of the supervisor for files of the share, a job.
        syncs: those of them that wait for the disk.
        ledger_syncs: the same for its ledger, which lies on its own disk.
        sync_s: one sync, on this disk.
        roster_s: a look at the cards of all :data:`WORKERS`.
        commands: to the broker, a job; who waits for a message asks on and on, which is left out.
        broker_s: processor time of the broker, a job; likewise.
        poll_commands: to the broker, in a second of one who waits.
        poll_s: processor time of the broker for that.
    """

    page_s: float
    share_bytes: float
    scan_bytes: float
    supervisor_s: float
    calls: float
    syncs: float
    ledger_syncs: float
    sync_s: float
    roster_s: float
    commands: float
    broker_s: float
    poll_commands: float
    poll_s: float


def loads(costs: Costs, workers: int) -> dict[str, float]:
    """How much of each part so many workers take; 1.0 is all of it. The supervisor waits for messages too."""
    rate = workers / costs.page_s
    cards_s = LOOKS_A_SECOND * workers / WORKERS
    here_s = costs.supervisor_s + (costs.syncs + costs.ledger_syncs) * costs.sync_s
    away_s = costs.calls * ROUND_TRIP_S + costs.syncs * (REMOTE_SYNC_S - costs.sync_s)
    return {
        "supervisor's loop, share on its own disk": rate * here_s + cards_s * costs.roster_s,
        "supervisor's loop, share over a network": rate * (here_s + away_s)
        + cards_s * (costs.roster_s + WORKERS * ROUND_TRIP_S),
        "broker, one core, all at work": rate * costs.broker_s + costs.poll_s,
        "broker, one core, all idle": (workers + 1) * costs.poll_s,
        "share, gigabit Ethernet": rate * (costs.share_bytes + costs.scan_bytes) / GIGABIT,
    }


@contextlib.contextmanager
def traced(pid: int) -> Iterator[list[str]]:
    """What a process asks of file systems meanwhile: the list is filled when this ends."""
    (strace,) = needs("strace")
    found: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder, "trace")
        command = [strace, "-f", "-y", "-e", "trace=%file,fsync,fdatasync,getdents64", "-o", str(trace), "-p", str(pid)]
        with subprocess.Popen(command, stderr=subprocess.PIPE) as tracer:
            tracer.stderr.readline()  # attached
            yield found
            tracer.send_signal(signal.SIGINT)
        found += trace.read_text(encoding="utf-8").splitlines()


def idle(made: Lab) -> tuple[float, float]:
    """What one asks of the broker who has long waited for a message: commands and processor time, a second."""
    time.sleep(transport.LONGEST_POLL_S / transport.POLL_SHARE)
    before, began = cluster.told(made), time.monotonic()
    time.sleep(IDLE_S)
    after, seconds = cluster.told(made), time.monotonic() - began
    waited_s = seconds * (len(made.workers) + 1)
    return (after["commands"] - before["commands"]) / waited_s, (after["seconds"] - before["seconds"]) / waited_s


def roster_s() -> float:
    """A look at the cards of all workers, each changed since the last look."""
    log.configure(Log(level="warning"))
    with daemons.folder() as base:
        roster = Roster(base, 60.0)
        for beat in range(2):
            for number in range(WORKERS):
                show(Card(name=f"worker-{number:03}", version="0", beat=beat, state=Message("working")), base)
            took = figures.seconds(roster.look)
        return took


def moved(pid: int) -> int:
    """Bytes that a process has read and written."""
    lines = Path("/proc", str(pid), "io").read_text(encoding="ascii").splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith(("rchar", "wchar")))


def really(count: int) -> tuple[float, float, float]:
    """Pages of a real worker: seconds, bytes read and written, and bytes of a scan, a page."""
    tables = {"ocr": {"engine": "rapidocr"}, "llm": {"model": "builtin"}, "queue": {"lease_seconds": 60.0}}
    with lab(Redis, real=True, **tables) as made, made.supervisor as daemon:
        cluster.joined(made, "w1")
        (warm, *waiting) = scans.plain(daemon.base, count + 1)
        size = sum(path.stat().st_size for path in waiting) / count
        warm.rename(daemon.root / "inbox" / warm.name)
        await_that(lambda: daemons.delivered(daemon) == 1, 120, "the first page")
        pids = made.workers["w1"].pids
        before, began = sum(map(moved, pids)), time.monotonic()
        for path in waiting:
            path.rename(daemon.root / "inbox" / path.name)
        await_that(lambda: daemons.delivered(daemon) == count + 1, 60 + 20 * count, "all pages")
        return (time.monotonic() - began) / count, (sum(map(moved, pids)) - before) / count, size


def measured(quick: bool) -> Costs:
    """All unit costs."""
    jobs = QUICK_JOBS if quick else JOBS
    page_s, share_bytes, scan_bytes = really(QUICK_PAGES if quick else PAGES)
    tables = {"queue": {"size": 64, "lease_seconds": cluster.LEASE_S}, "llm": {"model": "off"}}
    with lab(Redis, **tables) as made, made.supervisor as daemon:
        for number in range(1, MEASURED + 1):
            cluster.joined(made, f"w{number}")
        cluster.run(made, cluster.WARM * MEASURED)
        poll_commands, poll_s = idle(made)
        asked = cluster.run(made, jobs)
        with traced(daemon.process.pid) as calls:
            cluster.run(made, jobs)
        share = str(daemon.machine.mount)
    with daemons.folder() as base:
        sync_s = daemons.synced_file_ms(base) / 1000 / 2  # it times two: the file's and its folder's
    return Costs(
        page_s=page_s,
        share_bytes=share_bytes,
        scan_bytes=scan_bytes,
        supervisor_s=asked.supervisor_ms / 1000,
        calls=sum(share in line for line in calls) / jobs,
        syncs=sum("sync(" in line and share in line for line in calls) / jobs,
        ledger_syncs=sum("sync(" in line and "ledger" in line for line in calls) / jobs,
        sync_s=sync_s,
        roster_s=roster_s(),
        # Workers at work don't ask; the supervisor does all the time.
        commands=asked.commands - poll_commands / asked.rate,
        broker_s=asked.broker_ms / 1000 - poll_s / asked.rate,
        poll_commands=poll_commands,
        poll_s=poll_s,
    )


def measure(quick: bool) -> list[Row]:
    """A hundred workers, on paper."""
    costs = measured(quick)
    rate = WORKERS / costs.page_s
    full = loads(costs, WORKERS)
    first = max(full, key=full.__getitem__)
    unit = [
        Row(name="a page on a worker", value=costs.page_s, unit="s", note="RapidOCR, built-in model, one page a scan"),
        Row(name="share, a page", value=(costs.share_bytes + costs.scan_bytes) / 1e6, unit="MB", note="read + written"),
        Row(name="supervisor, processor", value=costs.supervisor_s * 1000, unit="ms/job"),
        Row(
            name="supervisor, calls for files", value=costs.calls, unit="/job", note=f"{costs.syncs:.1f} of them syncs"
        ),
        Row(name="supervisor, syncs of the ledger", value=costs.ledger_syncs, unit="/job"),
        Row(name="one sync", value=costs.sync_s * 1000, unit="ms"),
        Row(name=f"a look at {WORKERS} cards", value=costs.roster_s * 1000, unit="ms", note="once a second"),
        Row(name="broker, processor", value=costs.broker_s * 1000, unit="ms/job"),
        Row(name="broker, commands", value=costs.commands, unit="/job"),
        Row(name="broker, one who waits, commands", value=costs.poll_commands, unit="/s"),
        Row(name="broker, one who waits, processor", value=costs.poll_s * 1000, unit="ms/s"),
    ]
    reckoned = [
        Row(name=f"{WORKERS} workers", value=rate * 3600, unit="pages/h"),
        Row(name="broker, all at work", value=rate * costs.commands + costs.poll_commands, unit="commands/s"),
        Row(name="broker, all idle", value=(WORKERS + 1) * costs.poll_commands, unit="commands/s"),
        Row(name="ledger writes", value=rate * costs.ledger_syncs, unit="/s"),
        Row(name="share", value=rate * (costs.share_bytes + costs.scan_bytes) / 1e6, unit="MB/s"),
        *(
            Row(name=name, value=load * 100, unit="%", note=f"full at {WORKERS / load:,.0f} workers")
            for name, load in full.items()
        ),
        Row(name="full first", value=WORKERS / full[first], unit="workers", note=first),
    ]
    return unit + reckoned


if __name__ == "__main__":
    figures.main(measure)
