"""Endurance: ``python -m tests.bench.endurance [--quick]``.

500 pages of mixed scans (PNG, JPEG, TIFF and PDF of several pages; good, faint, skewed, turned) through the daemon with
the real engines. Every two seconds the resident memory and the open files of both processes are noted; at the end also
what is left in the temporary directory, the work folder and the engine's scratch folder.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench import daemons, figures, scans
from tests.bench.chart import Panel, draw
from tests.bench.figures import Row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.e2e.running import Running

PAGES = 500
QUICK_PAGES = 6
SAMPLE_S = 2.0
QUICK_SAMPLE_S = 0.5
AHEAD = 20
"""Files in the line at a time: a scanner's pile, not an archive's."""
SLOWEST_S = 60.0
"""A page; where the daemon takes longer, something is wrong."""
PLOT = Path(".bench", "endurance.png")


@dataclass(frozen=True, slots=True)
class Sample:
    """Both processes at one moment: seconds since the start, files delivered by then, MiB, open files."""

    at_s: float
    done: int
    supervisor_mb: float
    engine_mb: float
    supervisor_files: int
    engine_files: int


def open_files(pid: int) -> int:
    """How many descriptors a process has open."""
    return sum(1 for _ in os.scandir(f"/proc/{pid}/fd"))


def worked(running: Running, count: int, period_s: float) -> tuple[int, list[Sample]]:
    """Feed so many pages, a pile at a time, and sample; how many files that were."""
    began = looked = time.monotonic()
    samples: list[Sample] = []
    put = 0
    making = scans.mixed(running.base, count)
    more = True
    while more or daemons.delivered(running) < put:
        if time.monotonic() > began + 60 + count * SLOWEST_S:
            break
        while more and put - daemons.delivered(running) < AHEAD:
            made = next(making, None)
            more = made is not None
            if made:
                made[0].rename(running.inbox / made[0].name)
                put += 1
        if time.monotonic() >= looked:
            looked = time.monotonic() + period_s
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # an engine that is being replaced
                samples.append(_sample(running, time.monotonic() - began))
        time.sleep(0.1)
    return put, samples


def _sample(running: Running, at_s: float) -> Sample:
    pids = running.process.pid, running.engine_pid
    return Sample(at_s, daemons.delivered(running), *map(daemons.memory_mb, pids), *map(open_files, pids))


def halves(values: Sequence[float]) -> tuple[float, float]:
    """The median of the second quarter and of the last: what is loaded late is loaded by then."""
    quarter = max(1, len(values) // 4)
    return statistics.median(values[quarter : 2 * quarter] or values), statistics.median(values[-quarter:])


def plot(samples: Sequence[Sample], path: Path) -> None:
    """Draw both processes' resident memory and open files over time."""
    memory = {"engine": [each.engine_mb for each in samples], "supervisor": [each.supervisor_mb for each in samples]}
    opened = {
        "engine": [each.engine_files for each in samples],
        "supervisor": [each.supervisor_files for each in samples],
    }
    panels = [
        Panel("Resident memory, MiB", memory),
        Panel("Open files", opened),
    ]
    draw([each.at_s for each in samples], panels, path)


def left_over(running: Running) -> list[str]:
    """What is left after the daemon has stopped, where nothing should be: temporary files, jobs."""
    temporary = [path.name for path in running.temporary.iterdir()]
    jobs = [path.name for path in (running.root / ".work").iterdir() if path.is_dir()]
    hidden = [name for box in ("inbox", "outbox", "archive") for name in running.lying(box) if name.startswith(".")]
    return temporary + jobs + hidden


def measure(quick: bool) -> list[Row]:
    """Many pages in a row: memory, open files, what is left over."""
    count, period_s = (QUICK_PAGES, QUICK_SAMPLE_S) if quick else (PAGES, SAMPLE_S)
    with daemons.folder() as base:
        with daemons.daemon(base, "ocrwatchd", ocr={"engine": "rapidocr"}, llm={"model": "builtin"}) as running:
            daemons.await_engine(running)
            began = time.monotonic()
            put, samples = worked(running, count, period_s)
            minutes = (time.monotonic() - began) / 60
            starts = len(running.events("engine.started"))
            lost = put - daemons.delivered(running)
        left = left_over(running)
    plot(samples, PLOT)
    return [
        Row(
            name=f"lost of {put} files",
            value=lost,
            unit="files",
            goal="none",
            reached=not lost,
            note=f"{count} pages, {count / minutes:.1f} a minute; engine started {starts} times",
        ),
        _memory("engine", [sample.engine_mb for sample in samples]),
        _memory("supervisor", [sample.supervisor_mb for sample in samples]),
        _files("engine", [sample.engine_files for sample in samples]),
        _files("supervisor", [sample.supervisor_files for sample in samples]),
        Row(
            name="left over",
            value=len(left),
            unit="files",
            goal="none",
            reached=not left,
            note=", ".join(left[:3]),
        ),
    ]


def _memory(name: str, values: Sequence[float]) -> Row:
    early, late = halves(values)
    return Row(
        name=f"{name}'s resident memory, last quarter",
        value=late,
        unit="MiB",
        against=early,
        versus="second quarter",
        ratio=late / early,
        note=f"{figures.spread(values, 'MiB')}; {PLOT}",
    )


def _files(name: str, values: Sequence[int]) -> Row:
    early, late = halves(values)
    return Row(
        name=f"{name}'s open files, last quarter",
        value=late,
        unit="files",
        against=early,
        versus="second quarter",
        note=f"at most {max(values)}",
    )


if __name__ == "__main__":
    figures.main(measure)
