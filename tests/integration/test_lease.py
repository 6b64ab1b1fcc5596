"""The service, with the rights that its unit gives it, knows who writes to files of other users."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.paths import CHECKOUT
from tests.programs import needs, needs_root

if TYPE_CHECKING:
    from pathlib import Path

UNIT = CHECKOUT / "systemd" / "ocrwatchd.service"
ASK = "from ocrwatchd.arrival.claim import being_written; import os, sys; print(being_written(os.open(sys.argv[1], 0)))"
NOBODY = 65534


def asked(path: Path, rights: str) -> str:
    """What a process with these rights only is told about somebody else's file."""
    (setpriv,) = needs("setpriv")
    command = [setpriv, f"--bounding-set={rights}", sys.executable, "-c", ASK, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.slow
def test_the_unit_grants_what_it_takes_to_see_a_writer(tmp_path):
    """CAP_LEASE, and no other right, tells whether another user's upload is still open for writing."""
    needs_root()
    granted = [line.partition("=")[2] for line in UNIT.read_text().splitlines() if line.startswith("AmbientCap")]
    assert granted == ["CAP_LEASE"]
    scan = tmp_path / "scan.tif"
    with scan.open("wb"):
        os.chown(scan, NOBODY, NOBODY)
        assert asked(scan, "-all") == "None"
        assert asked(scan, "-all,+lease") == "True"
    assert asked(scan, "-all,+lease") == "False"


ENGINE = """
import os, sys
from pathlib import Path
from ocrwatchd.engine.process.isolation import settle_in
settle_in(os.getppid(), Path(sys.argv[1]))
import threading
def tell():
    status = open(f"/proc/self/task/{threading.get_native_id()}/status")
    print([line.split()[1] for line in status if "Cap" in line][:3])
tell()
reader = threading.Thread(target=tell)
reader.start()
reader.join()
"""


@pytest.mark.slow
def test_the_engine_gives_that_right_up(tmp_path):
    """Where hostile files are read, nobody can make others wait for the machine's files; other rights stay."""
    needs_root()
    (setpriv,) = needs("setpriv")
    command = [setpriv, "--bounding-set=-all,+lease,+chown", "--inh-caps=-all,+lease", sys.executable, "-c", ENGINE]
    done = subprocess.run([*command, str(tmp_path)], capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    nothing, chown = f"{0:016x}", f"{1:016x}"
    assert done.stdout.splitlines() == [f"{[nothing, chown, chown]}"] * 2
