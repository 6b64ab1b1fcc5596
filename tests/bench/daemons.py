"""The daemon as a process on a root of its own, as figures need it: real settings, and a null engine where wanted."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from ocrwatchd.core.config.schema import Arrival
from ocrwatchd.core.fs import files
from tests.bench.figures import seconds
from tests.e2e.running import Running, await_that

if TYPE_CHECKING:
    from collections.abc import Iterator

NULL = "tests.fakes.daemon"
"""Everything of the line is real but recognition, which takes no time."""

SMALL = (64, 40)
"""Pixels of a scan for the null engine, which finds no scene of its own in that width."""


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """A folder that is gone afterwards; on the disk, for syncing is a part of the work: TMPDIR says on which one."""
    with tempfile.TemporaryDirectory(prefix="ocrwatchd-bench-") as name:
        yield Path(name)


def daemon(base: Path, module: str = NULL, **tables: dict[str, object]) -> Running:
    """A daemon with the settings that users have, where :class:`Running` has quick ones."""
    defaults = Arrival()
    real = {
        key: getattr(defaults, key)
        for key in ("settle_seconds", "after_close_seconds", "incomplete_deadline_s", "sweep_seconds")
    }
    return Running(base, module, **{"llm": {"model": "off"}, "arrival": real} | tables)


def await_engine(running: Running) -> None:
    """Wait until the engine has loaded."""
    await_that(lambda: running.events("engine.ready"), 120, "a loaded engine")


def picture(path: Path) -> Path:
    """Write a small PNG."""
    Image.new("L", SMALL, "white").save(path)
    return path


def delivered(running: Running) -> int:
    """How many originals have reached the archive: the last move of each delivery."""
    with contextlib.suppress(FileNotFoundError):
        return sum(1 for _ in os.scandir(running.root / "archive"))
    return 0


def moment(event: dict[str, str]) -> float:
    """When an event was logged, Unix seconds."""
    return dt.datetime.fromisoformat(event["timestamp"]).timestamp()


def memory_mb(pid: int, field: str = "VmRSS") -> float:
    """A process's resident memory, MiB; with "VmHWM" the most it ever had."""
    lines = Path("/proc", str(pid), "status").read_text(encoding="ascii").splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith(f"{field}:"))) / 1024


def synced_file_ms(base: Path, repetitions: int = 20) -> float:
    """What this disk takes for one small file that is written, synced, renamed and synced again: the yardstick, ms."""
    times = []
    for number in range(repetitions):
        times.append(seconds(lambda number=number: files.write_new(base / f"yardstick-{number}", b"x" * 1000)))
        (base / f"yardstick-{number}").unlink()
        time.sleep(0.005)
    return statistics.median(times) * 1000
