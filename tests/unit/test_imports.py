"""What each process may import."""

import subprocess
import sys

import pytest

SUPERVISOR = (
    "arrival.arrivals",
    "arrival.watcher",
    "bounded",
    "calibrate.record",
    "canary",
    "canary.clearing",
    "check",
    "check.access",
    "check.calibration",
    "check.cluster",
    "check.model",
    "claims",
    "cli",
    "cluster.broker",
    "cluster.dispatcher",
    "cluster.faults",
    "cluster.joining",
    "cluster.line",
    "cluster.names",
    "cluster.post",
    "cluster.rounds",
    "cluster.sequence",
    "cluster.unseen",
    "cluster.worker",
    "config",
    "configfile",
    "correct.verb",
    "daemon",
    "dispatch",
    "duplicates",
    "endings",
    "engine.child",
    "engine.host",
    "engine.wire",
    "entries",
    "fetch",
    "figures",
    "health",
    "history",
    "ledger",
    "live",
    "lock",
    "log",
    "metrics",
    "model",
    "notify.notices",
    "ocr",
    "ocr.choice",
    "oneshot",
    "opening",
    "outbox",
    "reasons",
    "rebuild",
    "reload",
    "report",
    "retention",
    "retry",
    "route",
    "schema",
    "share",
    "service.acts",
    "service.here",
    "service.owned",
    "service.paths",
    "service.plan",
    "service.share",
    "service.shipped",
    "service.target",
    "service.verb",
    "serving",
    "settings",
    "status",
    "statuslines",
    "statuspage",
    "statuspage.keeper",
    "supplied",
    "systemd",
    "takeup",
    "trust",
    "verbs",
    "waiting",
    "waking",
    "words.language",
    "workplace",
)
HEAVY = ("PIL", "aspose", "cv2", "huggingface_hub", "llama_cpp", "numpy", "onnxruntime", "pypdfium2", "rapidocr")
ENGINE_SIDE = ("bench", "flatten", "pages", "pdf", "pictures", "pipeline", "process", "tiff")


def test_the_supervisor_imports_no_engine():
    """A fresh interpreter that imports all of its modules holds neither a library of the engine nor its rooms."""
    unwanted = [*HEAVY, *(f"ocrwatchd.engine.{name}" for name in ENGINE_SIDE)]
    code = f"""
import importlib, sys
for module in {SUPERVISOR}:
    importlib.import_module("ocrwatchd." + module)
    if found := [name for name in {unwanted} if name in sys.modules]:
        sys.exit(f"{{module}}: {{found}}")
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


def test_the_supervisor_is_complete():
    """Every module beside the engine's own rooms is held to that, but for those that only the engine imports."""
    listing = (
        "import pkgutil, ocrwatchd; print(*[m.name for m in pkgutil.iter_modules(ocrwatchd.__path__) if not m.ispkg])"
    )
    run = subprocess.run([sys.executable, "-c", listing], capture_output=True, text=True, timeout=60, check=True)
    indirectly = {"__main__", "complaints", "errors", "files", "looking", "moorings", "remedies", "renames", "steps"}
    assert set(run.stdout.split()) - indirectly <= set(SUPERVISOR)


@pytest.mark.parametrize("modules", ["configfile, ocrwatchd.core.log, ocrwatchd.daemon.supervisor", "engine.process"])
def test_neither_process_loads_what_only_people_see(modules):
    """Rich would be loaded by structlog, for nothing; what a person looks at still finds it afterwards."""
    code = f"import sys, ocrwatchd.{modules}; print('rich' in sys.modules); import rich.console; print(rich.__name__)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert run.stdout.split() == ["False", "rich"]


def test_help_loads_next_to_nothing():
    """Neither the package's metadata nor settings nor structlog is needed to say how the verbs are called."""
    unwanted = ("importlib.metadata", "pydantic", "structlog")
    code = f"import sys, ocrwatchd.cli.main; print([name for name in {unwanted} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert run.stdout.strip() == "[]"
