"""Nothing about a document leaves the machine."""

import os
import shutil
import subprocess
import sys

import pytest

READ_A_PAGE = """
from PIL import Image
from ocrwatchd.config import Ocr
from ocrwatchd.model import Page
from ocrwatchd.ocr.rapidocr import RapidEngine
engine = RapidEngine(Ocr(languages=("eng",)))
engine.recognise(Page(1, Image.new("L", (400, 100), "white"), 300.0), Ocr())
engine.close()
"""


@pytest.mark.slow
def test_reading_a_page_opens_no_connection_and_leaves_no_telemetry(tmp_path):
    """ONNX Runtime's reports to its maker are off: no session file, no device id, no socket to the outside."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    environment = os.environ | {"TMPDIR": str(tmp_path / "tmp"), "HOME": str(tmp_path / "home")}
    (tmp_path / "tmp").mkdir()
    (tmp_path / "home").mkdir()
    environment.pop("ORT_DISABLE_TELEMETRY", None)
    trace = tmp_path / "trace"
    command = ["strace", "-f", "-qq", "-e", "trace=connect", "-o", str(trace), sys.executable, "-c", READ_A_PAGE]
    subprocess.run(command, env=environment, check=True, timeout=100)
    assert [line for line in trace.read_text().splitlines() if "AF_INET" in line] == []
    assert list((tmp_path / "tmp").iterdir()) == []
    assert [path for path in (tmp_path / "home").rglob("*") if path.is_file()] == []
