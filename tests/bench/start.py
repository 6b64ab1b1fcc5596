"""Start: ``python -m tests.bench.start [--quick]``. What people, systemd and the first scan wait for, and imports."""

from __future__ import annotations

import contextlib
import statistics
import subprocess
import sys
from collections import Counter

from tests.bench import daemons, figures
from tests.bench.figures import Row

REPETITIONS = 10
QUICK_REPETITIONS = 3
STARTS = 3
QUICK_STARTS = 1
SHOWN = 6
"""Packages that take longest to import."""

SUPERVISOR = "import ocrwatchd.core.config.loader, ocrwatchd.core.log, ocrwatchd.daemon.supervisor"
"""As `ocrwatchd run` does."""
ENGINE = (
    "import ocrwatchd.engine.process.main, ocrwatchd.engine.process.pipeline, ocrwatchd.ocr.rapidocr, "
    "ocrwatchd.ocr.preprocess, ocrwatchd.correct.corrector"
)


def ran(*arguments: str) -> str:
    """Run Python to its end; its standard error."""
    return subprocess.run(
        [sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ).stderr


def helped(repetitions: int) -> Row:
    """The time of ``--help`` beside that of a Python that does nothing."""
    ours, bare = figures.interleaved(repetitions, lambda: ran("-m", "ocrwatchd", "--help"), lambda: ran("-c", "pass"))
    return figures.compared(
        "--help", statistics.median(ours) * 1000, "ms", statistics.median(bare) * 1000, "Python alone",
        note=figures.spread([each * 1000 for each in ours], "ms"),
    )  # fmt: skip


def imported(name: str, statement: str, repetitions: int) -> Row:
    """How long imports take, and which packages most of it: CPython's -X importtime, self times added up."""
    totals, packages = [], []
    for _ in range(repetitions):
        spent: Counter[str] = Counter()
        for line in ran("-X", "importtime", "-c", statement).splitlines():
            parts = line.removeprefix("import time:").split("|")
            if len(parts) == 3 and parts[0].strip().isdigit():  # self, cumulative, name
                spent[parts[2].strip().split(".")[0]] += int(parts[0])
        totals.append(sum(spent.values()) / 1000)
        packages.append(spent)
    best = packages[totals.index(min(totals))]
    longest = ", ".join(f"{package} {spent / 1000:.0f}" for package, spent in best.most_common(SHOWN))
    return Row(name=f"imports of {name}", value=min(totals), unit="ms", note=f"least of {repetitions}; {longest}")


def started(times: int) -> list[Row]:
    """From the command to READY, and to the engine's."""
    ready, engine, loaded, resident = [], [], [], []
    for _ in range(times):
        with daemons.folder() as base, contextlib.ExitStack() as stack:
            running = daemons.daemon(base, "ocrwatchd", llm={"model": "builtin"}, ocr={"engine": "rapidocr"})
            ready.append(figures.seconds(lambda running=running: stack.enter_context(running)))
            daemons.await_engine(running)
            [said], [begun] = running.events("engine.ready"), running.events("engine.started")
            engine.append(daemons.moment(said) - daemons.moment(begun))
            loaded.append(float(said["seconds"]))
            resident.append(daemons.memory_mb(running.process.pid))
    return [
        Row(name="supervisor ready", value=min(ready), unit="s", note=figures.spread(ready)),
        Row(
            name="engine ready, from its start",
            value=min(engine),
            unit="s",
            note=f"{figures.spread(engine)}; of it loading RapidOCR and the built-in model {min(loaded):.2f} s",
        ),
        Row(name="supervisor's memory then", value=min(resident), unit="MiB"),
    ]


def measure(quick: bool) -> list[Row]:
    """How long a start takes."""
    repetitions = QUICK_REPETITIONS if quick else REPETITIONS
    return [
        helped(repetitions),
        *started(QUICK_STARTS if quick else STARTS),
        imported("the supervisor", SUPERVISOR, repetitions),
        imported("the engine", ENGINE, max(1, repetitions // 2)),
    ]


if __name__ == "__main__":
    figures.main(measure)
