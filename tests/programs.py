"""Programs that tests need and Python's packages do not bring."""

from __future__ import annotations

import os
import shutil

import pytest

PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin"))
"""Debian keeps servers out of ordinary users' PATH."""

CI = bool(os.environ.get("OCRWATCHD_CI"))
"""Nothing may be left out: ``.ci/run`` installs every program and sets this."""


def needs(*programs: str) -> tuple[str, ...]:
    """The programs' paths; without one of them the test is skipped, or fails where nothing may be left out.

    Args:
        programs: names as in Debian's packages.
    """
    found = {program: shutil.which(program, path=PATH) for program in programs}
    if missing := [program for program, path in found.items() if path is None]:
        lacks(f"not installed: {', '.join(missing)}")
    return tuple(path for path in found.values() if path)


def needs_root() -> None:
    """Skip, or fail where nothing may be left out, a test that only root can run."""
    if os.geteuid() != 0:
        lacks("only root can do that")


def lacks(reason: str) -> None:
    """Skip a test for a reason, or fail where nothing may be left out."""
    if CI:
        pytest.fail(f"{reason}; with OCRWATCHD_CI set no test is left out")
    pytest.skip(reason)
