"""All figures: ``python -m tests.bench [--quick] [--soak] [--only NAME …] [--json FILE]``.

Endurance's 500 pages take half an hour: without ``--soak`` it is left out, unless it is asked for by name or quickly.
Those of several machines, which need root, a broker and network namespaces, run only when they are asked for by name.
Each script runs as a process of its own, one after the other, so that none inherits another's memory, threads or
caches. Writes a JSON and beside it a table in Markdown. Exits with 1 where a script failed; a goal that was missed is
shown, not punished.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from ocrwatchd import __version__
from tests.bench.figures import Row, table

FIGURES = {
    "decoding": "Source-drafted decoding",
    "ocr": "Text recognition",
    "own_text": "Pages that a program has written",
    "line": "The whole line",
    "latency": "Latency of the daemon itself",
    "burst": "Burst",
    "endurance": "Endurance",
    "start": "Start",
    "cluster": "More than one machine",
    "hundred": "A hundred workers, on paper",
}
SOAK = "endurance"
BY_NAME = ("cluster", "hundred")
FIGURES_FILE = Path(".bench", "figures.json")


def asked() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="under three minutes in all, for orientation")
    parser.add_argument("--soak", action="store_true", help=f"{SOAK} too: half an hour more")
    parser.add_argument(
        "--only", nargs="+", choices=FIGURES, metavar="NAME", help=f"just these of {', '.join(FIGURES)}"
    )
    parser.add_argument("--json", type=Path, default=FIGURES_FILE, metavar="FILE", help="default: %(default)s")
    return parser.parse_args()


def chosen(only: list[str] | None, *, quick: bool, soak: bool) -> list[str]:
    """The figures to measure: those that were named, or all but what takes too long or too much."""
    return only or [name for name in FIGURES if name not in BY_NAME and (name != SOAK or quick or soak)]


def machine() -> dict[str, Any]:
    """Say where and when: no figure means anything without."""
    fields = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    release = platform.freedesktop_os_release()
    return {
        "date": dt.datetime.now(tz=dt.UTC).isoformat(timespec="minutes"),
        "processor": next((line.split(":")[1].strip() for line in fields if line.startswith("model name")), "unknown"),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": release["PRETTY_NAME"],
        "python": platform.python_version(),
        "ocrwatchd": __version__,
        "load": os.getloadavg()[0],
    }


def measured(name: str, quick: bool) -> dict[str, Any]:
    """Run one script; its rows, how long it took, and its exit status."""
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder, "rows.json")
        command = [sys.executable, "-m", f"tests.bench.{name}", "--json", str(answer)]
        began = time.monotonic()
        done = subprocess.run([*command, *["--quick"] * quick], stdout=subprocess.DEVNULL, check=False)
        rows = json.loads(answer.read_text(encoding="utf-8")) if done.returncode == 0 else []
        return {"rows": rows, "seconds": round(time.monotonic() - began, 1), "status": done.returncode}


def readable(report: dict[str, Any]) -> str:
    """Show a report: the machine in a line, then one table a figure."""
    where = report["machine"]
    lines = [
        f"{where['date']}, {where['cores']} cores of {where['processor']}, {where['memory_gb']} GB, {where['system']}, "
        f"Python {where['python']}, load {where['load']:.1f} at the start" + (", quick" if report["quick"] else "")
    ]
    for name, figure in report["figures"].items():
        shown = table([Row(**row) for row in figure["rows"]]) if figure["status"] == 0 else "failed"
        lines += ["", f"### {FIGURES[name]} ({figure['seconds']:.0f} s)", "", shown]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Run what was asked for and write it down after each figure."""
    wanted = asked()
    report: dict[str, Any] = {"machine": machine(), "quick": wanted.quick, "figures": {}}
    wanted.json.parent.mkdir(parents=True, exist_ok=True)
    for name in chosen(wanted.only, quick=wanted.quick, soak=wanted.soak):
        print(f"{name} …", file=sys.stderr, flush=True)  # noqa: T201 - a script talks to a person
        report["figures"][name] = measured(name, wanted.quick)
        wanted.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
        wanted.json.with_suffix(".md").write_text(readable(report), encoding="utf-8")
    print(readable(report))  # noqa: T201 - see above
    return int(any(figure["status"] for figure in report["figures"].values()))


if __name__ == "__main__":
    sys.exit(main())
