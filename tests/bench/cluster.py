"""More than one machine: ``python -m tests.bench.cluster [--quick]``.

Jobs of one page that takes a fixed simulated time, through a real Redis with TLS: by one worker, then by three, each
on a machine of its own out of namespaces (as root, with ``redis-server iproute2``). All machines share this one's
processors, so the simulated time is spent asleep.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from tests.bench import daemons, figures
from tests.bench.figures import Row, compared
from tests.e2e.cluster.brokers import Redis
from tests.e2e.cluster.lab import lab
from tests.e2e.running import await_that
from tests.fakes.engine import HEIGHT, STEADY_S, WIDTH

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.cluster.lab import Lab

WORKERS = 3
JOBS = 300
"""For all workers; one alone gets its share of them."""
QUICK_JOBS = 30
LEAST_SHARE = 0.9
LEASE_S = 60.0
LOOK_S = 0.05
WARM = 2
"""Jobs a worker before time is taken: connections are made, folders are there."""


@dataclass(frozen=True, slots=True)
class Run:
    """What came of some jobs.

    Attributes:
        rate: jobs/s.
        supervisor_ms: of processor time, a job.
        broker_ms: the same of the broker.
        commands: that the broker got, a job.
        broker_bytes: into the broker and out of it, a job.
    """

    rate: float
    supervisor_ms: float
    broker_ms: float
    commands: float
    broker_bytes: float


def processor_s(pid: int) -> float:
    """Processor time that a process has used, s."""
    fields = Path("/proc", str(pid), "stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def told(made: Lab) -> dict[str, float]:
    """What Redis has counted so far."""
    broker = made.broker
    asked = ("env", f"REDISCLI_AUTH={broker.password}", "redis-cli", "--tls", "--cacert", broker.ca)
    said = broker.machine.must(*asked, "-h", broker.machine.address, "info").splitlines()
    fields = dict(line.split(":", 1) for line in said if ":" in line)
    return {
        "commands": float(fields["total_commands_processed"]),
        "bytes": float(fields["total_net_input_bytes"]) + float(fields["total_net_output_bytes"]),
        "seconds": float(fields["used_cpu_user"]) + float(fields["used_cpu_sys"]),
    }


def staged(folder: Path, count: int) -> Iterator[Path]:
    """Make so many different scans of one page."""
    picture = folder / "making.png"
    Image.new("L", (WIDTH["steady"], HEIGHT), "white").save(picture)
    content = picture.read_bytes()
    for number in range(count):
        path = folder / f"scan-{time.monotonic_ns()}.png"
        # What follows the picture's end is nobody's business, and makes each file another one.
        path.write_bytes(content + b"%d" % number)
        yield path


def run(made: Lab, count: int) -> Run:
    """Put so many scans into the inbox at once, and wait until all are delivered."""
    daemon = made.supervisor
    scans = list(staged(daemon.base, count))
    already, supervisor_s, broker = daemons.delivered(daemon), processor_s(daemon.process.pid), told(made)
    began = time.monotonic()
    for path in scans:
        path.rename(daemon.root / "inbox" / path.name)
    while daemons.delivered(daemon) < already + count:
        time.sleep(LOOK_S)
    seconds = time.monotonic() - began
    later = told(made)
    return Run(
        rate=count / seconds,
        supervisor_ms=(processor_s(daemon.process.pid) - supervisor_s) * 1000 / count,
        broker_ms=(later["seconds"] - broker["seconds"]) * 1000 / count,
        commands=(later["commands"] - broker["commands"]) / count,
        broker_bytes=(later["bytes"] - broker["bytes"]) / count,
    )


def joined(made: Lab, name: str) -> None:
    """Start a worker, and wait until it is seen and has loaded its engine."""
    worker = made.worker(name).start()
    await_that(lambda: worker.events("engine.ready"), 120, "a loaded engine")


def alone(count: int) -> float:
    """The rate of one machine without a broker, jobs/s."""
    with daemons.folder() as base, daemons.daemon(base) as running:
        daemons.await_engine(running)
        scans = list(staged(base, count))
        began = time.monotonic()
        for path in scans:
            path.rename(running.inbox / path.name)
        while daemons.delivered(running) < count:
            time.sleep(LOOK_S)
        return count / (time.monotonic() - began)


def measured(jobs: int) -> list[Run]:
    """What one worker makes of its share of the jobs, what two make of two shares, and so on."""
    with lab(Redis, queue={"size": 64, "lease_seconds": LEASE_S}, llm={"model": "off"}) as made, made.supervisor:
        runs = []
        for number in range(1, WORKERS + 1):
            joined(made, f"w{number}")
            run(made, WARM * number)
            runs.append(run(made, jobs // WORKERS * number))
        return runs


def measure(quick: bool) -> list[Row]:
    """One worker, two and three, on an engine that takes a fixed time."""
    jobs = QUICK_JOBS if quick else JOBS
    without = alone(jobs // WORKERS)
    one, two, three = measured(jobs)
    each = f"jobs of one page that takes {STEADY_S:g} s"
    return [
        compared(
            f"{WORKERS} workers, {jobs} {each}", three.rate, "jobs/s", one.rate, "1 worker",
            at_least=LEAST_SHARE * WORKERS,
        ),
        compared(f"2 workers, {jobs // WORKERS * 2} of them", two.rate, "jobs/s", one.rate, "1 worker",
                 at_least=LEAST_SHARE * 2),
        compared(f"1 worker, {jobs // WORKERS} {each}", one.rate, "jobs/s", without, "one machine, no broker"),
        Row(name="a worker's time beside the page", value=(1 / one.rate - STEADY_S) * 1000, unit="ms/job"),
        Row(name="supervisor, processor time", value=three.supervisor_ms, unit="ms/job", note=f"{WORKERS} workers"),
        Row(name="broker, processor time", value=three.broker_ms, unit="ms/job", note="Redis, TLS, each write synced"),
        Row(name="broker, commands", value=three.commands, unit="/job", note="looks for the next job included"),
        Row(name="broker, bytes in and out", value=three.broker_bytes, unit="bytes/job"),
    ]  # fmt: skip


if __name__ == "__main__":
    figures.main(measure)
