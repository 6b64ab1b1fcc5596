"""Is ocrwatchd installed as a service, does the service run, and how exposed is it? By systemd's own tools."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ocrwatchd.setup.check.finding import Finding

RUNS: Final = Path("/run/systemd/system")
"""Exists if systemd is the machine's first process (sd_booted(3))."""

ASK_SECONDS: Final = 20.0
MOST_EXPOSED: Final = 5.0
"""From this level on systemd no longer says OK."""

_PATTERN: Final = "ocrwatchd*.service"
_PROPERTIES: Final = "LoadState,ActiveState,SubState,UnitFileState,NeedDaemonReload,Result"
_EXPOSURE: Final = re.compile(r"Overall exposure level for \S+: ([0-9.]+) (\S+)")


def look() -> Iterator[Finding]:
    """One finding for each unit of the system, and of this user."""
    if not RUNS.is_dir() or shutil.which("systemctl") is None:
        yield Finding("service", True, "systemd does not run here")
        return
    units = [("system", name) for name in _units("--system")]
    if os.geteuid() != 0 and os.environ.get("XDG_RUNTIME_DIR"):
        units += [("user", name) for name in _units("--user")]
    for manager, name in units:
        yield _unit(name, f"--{manager}")
    if not units:
        yield Finding(
            "service",
            True,
            "not installed; `ocrwatchd run` runs without one; `ocrwatchd help administration` says how to install one",
        )


def _units(manager: str) -> list[str]:
    """The names of installed and loaded units, without templates and units that only another unit names."""
    found = set()
    for verb in (["list-unit-files"], ["list-units", "--all", "--plain"]):
        lines = _ask(["systemctl", manager, *verb, "--no-legend", "--no-pager", _PATTERN]).splitlines()
        found |= {fields[0] for line in lines if (fields := line.split()) and fields[1:3] != ["not-found", "inactive"]}
    return sorted(name for name in found if not name.endswith("@.service"))


def _unit(name: str, manager: str) -> Finding:
    said = _ask(["systemctl", manager, "show", "--no-pager", f"--property={_PROPERTIES}", "--", name])
    known = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
    if not known:
        return Finding(name, False, f"systemctl does not answer; see: systemctl {manager} status {name}")
    enabled, active = known.get("UnitFileState", ""), known.get("ActiveState", "")
    words = f"{enabled or known.get('LoadState', '')}, {active} ({known.get('SubState', '')})"
    exposure, exposed = _exposure(name, manager)
    words += exposure
    if known.get("LoadState") not in {"loaded", "masked"}:
        return Finding(name, False, f"{words}; see: systemd-analyze verify {name}")
    if active == "failed":
        words += f"; it ended with {known.get('Result', '')}: see journalctl {manager} -u {name}"
        return Finding(name, False, words)
    if known.get("NeedDaemonReload") == "yes":
        return Finding(name, False, f"{words}; its file has changed: run systemctl {manager} daemon-reload")
    if exposed:
        return Finding(name, False, f"{words}; see what was relaxed: systemd-analyze {manager} security {name}")
    if enabled == "disabled":
        words += f"; for the next start of the machine: systemctl {manager} enable {name}"
    return Finding(name, True, words)


def _exposure(name: str, manager: str) -> tuple[str, bool]:
    """How exposed a unit is, as text, and whether this is too much."""
    found = _EXPOSURE.search(_ask(["systemd-analyze", manager, "security", "--no-pager", name]))
    if found is None:
        return "", False
    level = float(found[1])
    return f", exposure {found[1]} ({found[2]})", manager == "--system" and level >= MOST_EXPOSED


def _ask(command: list[str]) -> str:
    """The output of a program; "" if the program is missing, too slow or silent."""
    environment = os.environ | {"LC_ALL": "C", "SYSTEMD_COLORS": "0"}
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=ASK_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout
