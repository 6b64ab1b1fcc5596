"""What each process may import."""

import subprocess
import sys

import pytest

SUPERVISOR = (
    "arrival.arrivals",
    "arrival.watcher",
    "check",
    "check.access",
    "check.model",
    "claims",
    "cli",
    "config",
    "configfile",
    "correct.verb",
    "daemon",
    "dispatch",
    "duplicates",
    "endings",
    "entries",
    "engine.child",
    "engine.host",
    "engine.wire",
    "fetch",
    "ledger",
    "lock",
    "log",
    "model",
    "ocr",
    "ocr.choice",
    "oneshot",
    "opening",
    "outbox",
    "rebuild",
    "report",
    "retention",
    "retry",
    "route",
    "schema",
    "status",
    "systemd",
    "takeup",
    "trust",
    "waking",
    "workplace",
)
HEAVY = ("PIL", "aspose", "cv2", "huggingface_hub", "llama_cpp", "numpy", "onnxruntime", "pypdfium2", "rapidocr")
ENGINE_SIDE = ("bench", "flatten", "pages", "pdf", "pictures", "pipeline", "process", "tiff")


@pytest.mark.parametrize("module", SUPERVISOR)
def test_the_supervisor_imports_no_engine(module):
    """A fresh interpreter that imports one of its modules holds neither a library of the engine nor its rooms."""
    unwanted = [*HEAVY, *(f"ocrwatchd.engine.{name}" for name in ENGINE_SIDE)]
    code = f"import sys, ocrwatchd.{module}; print([name for name in {unwanted} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert run.stdout.strip() == "[]"


def test_the_supervisor_is_complete():
    """Every module beside the engine's own rooms is held to that, but for those that only the engine imports."""
    listing = (
        "import pkgutil, ocrwatchd; print(*[m.name for m in pkgutil.iter_modules(ocrwatchd.__path__) if not m.ispkg])"
    )
    run = subprocess.run([sys.executable, "-c", listing], capture_output=True, text=True, timeout=60, check=True)
    indirectly = {"__main__", "complaints", "errors", "files", "looking", "moorings", "remedies", "renames", "steps"}
    assert set(run.stdout.split()) - indirectly <= set(SUPERVISOR)
