"""Latency of the daemon itself: ``python -m tests.bench.latency [--quick]``.

One scan at a time through the daemon with a null engine, PNGs of a few bytes. Claimed and delivered are the moments
at which the daemon logs so, after all that belongs to it is synced.
"""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

from tests.bench import daemons, figures
from tests.bench.figures import Row, percentile
from tests.e2e.running import await_that

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.e2e.running import Running

FILES = 200
QUICK_FILES = 20
GOAL_MS = 50.0
IDLE_S = 0.05
"""On average between one scan's delivery and the next one's arrival, so that the daemon is met in any state."""

LATE = 3
"""So many of the slowest are shown in the note."""


def moved_in(source: Path, target: Path) -> float:
    """Rename a finished scan into the inbox; the moment just before."""
    began = time.time()
    source.rename(target)
    return began


def closed(source: Path, target: Path) -> float:
    """Write a scan into the inbox; the moment just before its close."""
    with target.open("wb", buffering=0) as file:
        file.write(source.read_bytes())
        began = time.time()
    source.unlink()
    return began


def sent(running: Running, way: Callable[[Path, Path], float], names: list[str]) -> dict[str, float]:
    """Put scans into the inbox, each after the one before has been delivered; when each arrived."""
    arrived = {}
    for name in names:
        source = daemons.picture(running.base / name)
        time.sleep(random.random() * 2 * IDLE_S)
        arrived[name] = way(source, running.inbox / name)
        done = running.root / "archive" / name
        await_that(done.exists, 60, f"the delivery of {name}")
    wanted = set(names)
    await_that(lambda: wanted <= {each["file"] for each in running.events("job.delivered")}, 60, "the log's last line")
    return arrived


def rows(name: str, arrived: dict[str, float], running: Running) -> list[Row]:
    """Claimed and delivered, from the moment of arrival."""
    found = []
    for word, event in (("claimed", "scan.claimed"), ("delivered", "job.delivered")):
        logged = {each["file"]: daemons.moment(each) for each in running.events(event)}
        taken = [(logged[file] - began) * 1000 for file, began in arrived.items()]
        worst = percentile(taken, 95)
        slowest = ", ".join(f"{each:.0f}" for each in sorted(taken)[-LATE:])
        found.append(
            Row(
                name=f"{name} → {word}, p95",
                value=worst,
                unit="ms",
                goal=f"under {GOAL_MS:g} ms",
                reached=worst < GOAL_MS,
                note=f"{figures.spread(taken, 'ms')}; slowest {slowest}",
            )
        )
    return found


def measure(quick: bool) -> list[Row]:
    """Latency of the daemon itself, with a null engine."""
    count = QUICK_FILES if quick else FILES
    with daemons.folder() as base, daemons.daemon(base) as running:
        daemons.await_engine(running)
        sent(running, moved_in, ["first.png"])  # what is imported and made with the first scan only
        yardstick = daemons.synced_file_ms(base)
        found = rows("moved in", sent(running, moved_in, [f"moved-{n}.png" for n in range(count)]), running)
        found += rows("PNG closed", sent(running, closed, [f"closed-{n}.png" for n in range(count)]), running)
    return [*found, Row(name="one synced file on this disk", value=yardstick, unit="ms", note="the yardstick")]


if __name__ == "__main__":
    figures.main(measure)
