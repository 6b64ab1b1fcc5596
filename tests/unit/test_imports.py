"""The direction of imports, and what each process may import."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.paths import CHECKOUT

HEAVY = (
    "PIL",
    "aspose",
    "cv2",
    "huggingface_hub",
    "llama_cpp",
    "numpy",
    "onnxruntime",
    "openvino",
    "pi_heif",
    "pypdfium2",
    "rapidocr",
)
ENGINE_SIDE = (
    *("cli.calibrate", "cli.correct", "correct", "engine.process", "formats.input", "formats.output", "llm", "ocr"),
    *("core.lattice", "core.letter_grams", "core.lexicon", "core.word_list", "training"),
    *("gate.admit", "gate.neighbours", "gate.own_words", "gate.quantities"),
)
"""The rooms that the engine process imports, with the verbs that work without one."""
FOR_BOTH = (
    *("correct.prompts", "correct.skipping", "formats.input", "formats.input.completeness", "formats.output"),
    *("formats.output.receipt", "formats.output.txt", "llm.calibration_store", "llm.local_models", "llm.models"),
    *("llm.repository", "ocr", "ocr.availability", "ocr.selection"),
)
"""What the supervisor imports of these rooms too, some of it late."""


def test_rooms_import_only_rooms_below_them():
    """The layers of pyproject.toml hold; imports in functions and for type checking count."""
    run = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_the_supervisor_imports_no_engine():
    """A fresh interpreter that imports every module outside the engine's rooms holds none of the engine's libraries."""
    code = f"""
import importlib, pathlib, sys

def is_engines(name):
    return name not in {FOR_BOTH} and any(name == room or name.startswith(room + ".") for room in {ENGINE_SIDE})

names = [
    ".".join(file.relative_to("ocrwatchd").with_suffix("").parts).removesuffix(".__init__")
    for file in sorted(pathlib.Path("ocrwatchd").rglob("*.py"))
]
light = [name for name in names if name not in ("__init__", "__main__") and not is_engines(name)]
for name in light:
    importlib.import_module("ocrwatchd." + name)
    if found := [heavy for heavy in (*{HEAVY}, "ocrwatchd.engine.process") if heavy in sys.modules]:
        sys.exit(f"{{name}}: {{found}}")
print(len(light), len(names))
"""
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (run.returncode, run.stderr) == (0, "")
    light, everything = map(int, run.stdout.split())
    assert everything > light > everything // 3, "modules were looked at"


@pytest.mark.parametrize(
    "modules", ["core.config.loader, ocrwatchd.core.log, ocrwatchd.daemon.supervisor", "engine.process.main"]
)
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
