"""A small machine: ``python -m tests.bench.small [--memory-mb N]``, under limits of memory and processors.

Under systemd: ``systemd-run --scope -p MemoryMax=2G -p AllowedCPUs=0 python -m tests.bench.small --pages FOLDER``. Each
kind of page goes through the running daemon with RapidOCR and the built-in model, one after the other: processor time
of the engine, and wall time from the inbox to the outbox. The memory is the most that the two processes ever held
(VmHWM), files that are mapped included.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from ocrwatchd.core.process import memory_bytes
from tests.bench import daemons
from tests.e2e.running import await_that
from tests.paths import DATA

PLAIN = 2
"""Copies of the page at 300 dpi; the first one is not counted, for late imports."""
PATIENCE_S = 1800.0
_TIMES = 4


def _plain(path: Path) -> None:
    with Image.open(DATA / "8087_054.3B.tif") as page:
        page.save(path, compression="group4", dpi=(300, 300))


def _large(path: Path, mode: str, **settings: int | str) -> None:
    with Image.open(DATA / "8087_054.3B.tif") as page:
        size = (page.width * _TIMES, page.height * _TIMES)
        large = page.convert("L").resize(size, Image.Resampling.BICUBIC)
    large = large.point(lambda shade: 255 * (shade > 127), "1") if mode == "1" else large.convert(mode)
    large.save(path, dpi=(300 * _TIMES, 300 * _TIMES), **settings)


KINDS: dict[str, tuple[str, Callable[[Path], None]]] = {
    "Letter, 300 dpi, bilevel": (".tif", _plain),
    "1,200 dpi, bilevel, TIFF": (".tif", lambda path: _large(path, "1", compression="group4")),
    "1,200 dpi, grey, JPEG": (".jpg", lambda path: _large(path, "L", quality=80)),
    "1,200 dpi, colour, PNG": (".png", lambda path: _large(path, "RGB", compress_level=1)),
}


def _busy_s(pid: int) -> float:
    """Processor time of a process, seconds."""
    fields = Path("/proc", str(pid), "stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def told(line: str) -> None:
    """Write a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    """Print a row for each kind of page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--memory-mb", type=int, default=0, help="ocr.memory_mb; 0 = a quarter of the memory allowed")
    parser.add_argument("--make", type=Path, help="only make the pages, in this folder, without limits")
    parser.add_argument("--pages", type=Path, help="the folder where they were made")
    arguments = parser.parse_args()
    if arguments.make:
        for number, (suffix, make) in enumerate(KINDS.values()):
            make(arguments.make / f"{number}{suffix}")
        return
    told(f"{memory_bytes() >> 20} MiB allowed, {len(os.sched_getaffinity(0))} processors")
    with daemons.folder() as base:
        running = daemons.daemon(
            base,
            "ocrwatchd",
            llm={"model": "builtin"},
            ocr={"engine": "rapidocr", "memory_mb": arguments.memory_mb, "page_deadline_s": PATIENCE_S},
            arrival={"settle_seconds": 0.2, "after_close_seconds": 0.2, "sweep_seconds": 1.0},
            output={"formats": ["txt", "json", "pdf"]},
        )
        with running:
            daemons.await_engine(running)
            for number, (name, (suffix, _make)) in enumerate(KINDS.items()):
                for copy in range(PLAIN if number == 0 else 1):
                    started, busy = time.monotonic(), _busy_s(running.engine_pid)
                    before = len(running.lying("outbox")) + len(running.lying("failed"))
                    content = (arguments.pages / f"{number}{suffix}").read_bytes()
                    (running.inbox / f"{number}-{copy}{suffix}").write_bytes(content)
                    await_that(
                        lambda before=before: (
                            not running.lying("inbox")
                            and not running.lying_in_jobs()
                            and len(running.lying("outbox")) + len(running.lying("failed")) > before
                        ),
                        PATIENCE_S,
                        name,
                    )
                    took, busy = time.monotonic() - started, _busy_s(running.engine_pid) - busy
                engine = daemons.memory_mb(running.engine_pid, "VmHWM")
                supervisor = daemons.memory_mb(running.process.pid, "VmHWM")
                failed = ", ".join(running.lying("failed"))
                told(f"| {name} | {busy:.1f} s | {took:.1f} s | {engine:.0f} MiB | {supervisor:.0f} MiB | {failed}")
            told(f"engines started: {len(running.events('engine.started'))}")


if __name__ == "__main__":
    main()
