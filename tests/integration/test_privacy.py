"""Nothing about a document leaves the machine."""

import os
import shutil
import subprocess
import sys

import pytest

from tests.paths import DATA

SCAN = DATA / "phototest.tif"
READ_A_PAGE = """
import sys
from pathlib import Path
from ocrwatchd.core.config.profile import Ocr
from ocrwatchd.formats.input import open_pages
from ocrwatchd.ocr.preprocess import Cleaner
from ocrwatchd.ocr.rapidocr import RapidEngine
engine = RapidEngine(Ocr(languages=("eng",)))
with open_pages(Path(sys.argv[1]), Ocr()) as pages:
    text = engine.recognise(Cleaner(1).clean(pages.page(1)).page, Ocr()).text
assert "quick brown" in text, text
engine.close()
"""
REACH_OUT = """
import socket
socket.socketpair()
socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).close()
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
    out.sendto(b"words", ("127.0.0.1", 9))
"""


REACHING = {"connect", "sendto", "sendmsg", "sendmmsg", "listen", "accept", "accept4", "recvfrom", "recvmsg"}
"""To make a socket and to bind it, as urllib3 does to see whether there is IPv6, reaches nobody."""


def outgoing(tmp_path, *python):
    """Calls of a Python process that could reach another machine: all that use a socket but those of AF_UNIX."""
    if shutil.which("strace") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("strace is not installed, and this must not go unproved here")
        pytest.skip("strace is not installed")
    environment = os.environ | {"TMPDIR": str(tmp_path / "tmp"), "HOME": str(tmp_path / "home")}
    for name in ("tmp", "home"):
        (tmp_path / name).mkdir()
    environment.pop("ORT_DISABLE_TELEMETRY", None)
    trace = tmp_path / "trace"
    command = ["strace", "-f", "-qq", "-yy", "-e", "trace=network", "-o", str(trace), sys.executable, "-c", *python]
    subprocess.run(command, env=environment, check=True, timeout=100)
    calls = [line.split(maxsplit=1)[1] for line in trace.read_text().splitlines() if "resumed>" not in line]
    return [call for call in calls if call.split("(")[0] in REACHING and "AF_UNIX" not in call and "<UNIX" not in call]


@pytest.mark.slow
def test_reading_a_page_opens_no_connection_and_leaves_no_telemetry(tmp_path):
    """ONNX Runtime's reports to its maker are off: no session file, no device id, no socket but local ones."""
    assert outgoing(tmp_path, READ_A_PAGE, str(SCAN)) == []
    assert list((tmp_path / "tmp").iterdir()) == []
    assert [path for path in (tmp_path / "home").rglob("*") if path.is_file()] == []


def test_a_datagram_without_a_connection_is_seen(tmp_path):
    """What the proof above watches for would show."""
    (seen,) = outgoing(tmp_path, REACH_OUT)
    assert seen.startswith("sendto(")
