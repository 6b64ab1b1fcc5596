"""No network is used at run time: the daemon where there is none at all."""

import shutil
import subprocess
import sys

import pytest

from tests.e2e.running import Running
from tests.paths import DATA
from tests.programs import lacks, needs

SCAN = DATA / "phototest.tif"
NOBODY_THERE = """
import socket, sys
try:
    socket.create_connection(("127.0.0.1", 9), timeout=5)
except OSError as error:
    sys.exit(0 if error.errno == 101 else f"not an empty network: {error}")
"""
"""Even the machine itself is out of reach: ENETUNREACH."""


class WithoutNetwork(Running):
    """A daemon in a network namespace that holds nothing, not even a loopback that is up."""

    def command(self, *more):
        """The command line, in that namespace."""
        return [*namespace(), *super().command(*more)]


def namespace():
    """The command in front of a command."""
    (unshare,) = needs("unshare")
    return [unshare, "--net", "--"]


@pytest.mark.slow
def test_a_scan_is_read_where_there_is_no_network(tmp_path):
    """With a local model, or none, everything works without a network, and nothing waits for one."""
    tried = subprocess.run(
        [*namespace(), sys.executable, "-c", NOBODY_THERE], capture_output=True, text=True, check=False
    )
    if tried.returncode:
        lacks(f"no empty network namespace: {tried.stderr.strip()}")
    daemon = WithoutNetwork(tmp_path, module="ocrwatchd", ocr={"engine": "rapidocr"})
    with daemon:
        shutil.copyfile(SCAN, daemon.inbox / "scan.tif")
        daemon.await_files("outbox", ["scan.txt", "scan.json"], 120)
        daemon.await_idle()
        assert daemon.status()["trouble"] == []
    assert "brown dog jumped over the lazy fox" in (daemon.root / "outbox" / "scan.txt").read_text()
    assert daemon.lying("failed") == []
