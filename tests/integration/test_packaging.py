"""The package's own build: what a wheel, a source distribution and an editable install hold."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from ocrwatchd.ocr.bridge import KEPT, RENAMED
from ocrwatchd.ocr.bridge.compile import LIBRARY, SOURCE, wanted
from tests.paths import CHECKOUT, DOCS

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not wanted(), reason="the bridge is built on x86-64 Linux")]

BRIDGE = Path("ocrwatchd/ocr/bridge")
BUILTIN = Path("ocrwatchd/llm/builtin")
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check")


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A copy of the checkout without anything built, so that the build leaves the checkout alone."""
    tree = tmp_path_factory.mktemp("tree") / "checkout"
    left = ("*.so", "*.mo", "__pycache__", ".git", ".*_cache", ".hypothesis", "build", "dist", "*venv")
    shutil.copytree(CHECKOUT, tree, ignore=shutil.ignore_patterns(*left), symlinks=True)
    return tree


def run(*command, cwd, **environment):
    """Run a command that has to succeed; what it said comes back."""
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, **environment}, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def wheel_of(tree, into, **environment):
    """Build a wheel with the build backend at hand; the file and what pip said."""
    said = run(*PIP, "wheel", "-v", "--no-deps", "--no-build-isolation", "-w", str(into), ".", cwd=tree, **environment)
    (wheel,) = into.glob("*.whl")
    return wheel, said


@pytest.fixture(scope="module")
def wheel(tree, tmp_path_factory):
    """The wheel of this checkout."""
    return wheel_of(tree, tmp_path_factory.mktemp("wheel"))[0]


def test_a_wheel_with_the_bridge_is_tagged_for_its_platform(wheel):
    """Any Python 3, no ABI, x86-64 Linux only."""
    assert wheel.name.endswith("-py3-none-linux_x86_64.whl")
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = (name for name in archive.namelist() if name.endswith(".dist-info/WHEEL"))
        told = archive.read(metadata).decode()
    assert "Tag: py3-none-linux_x86_64\n" in told
    assert "Root-Is-Purelib: false\n" in told


def test_a_wheel_holds_what_running_needs_and_nothing_else(wheel):
    """Bridge with source, typing marker, the demo's scan, the built-in model; no tests, no build step, no training."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {str(BRIDGE / LIBRARY), str(BRIDGE / SOURCE), "ocrwatchd/py.typed"} <= names
    assert any(name.startswith("ocrwatchd/cli/demo/") and name.endswith(".jpg") for name in names)
    units = CHECKOUT / "systemd"
    shipped = {str(path.relative_to(units)) for path in units.rglob("*") if path.is_file()}
    assert {f"ocrwatchd/setup/service/units/{name}" for name in shipped} <= names
    assert {str(BUILTIN / path.name) for path in (CHECKOUT / BUILTIN).iterdir() if path.is_file()} <= names
    assert str(BUILTIN / "model.gguf") in names
    assert not any(name.startswith("ocrwatchd/training/") for name in names)
    docs = {str(page.relative_to(CHECKOUT)) for page in DOCS.glob("*.md")}
    assert docs
    assert docs <= names
    assert {name.split("/")[0].split("-")[0] for name in names} == {"ocrwatchd"}
    assert str(BRIDGE / "hatch_build.py") not in names
    assert {f"ocrwatchd/core/i18n/{code}.mo" for code in ("de", "zh")} <= names
    assert "ocrwatchd/core/i18n/compile.py" not in names
    assert {"ocrwatchd/monitoring/status_page/page.html", "ocrwatchd/formats/output/receipt.schema.json"} <= names
    assert {"ocrwatchd/cli/calibrate/english.txt", "ocrwatchd/gate/confusions.json"} <= names
    assert not any("test" in Path(name).parts for name in names)


def test_the_bridge_in_a_wheel_works_once_installed(wheel, tmp_path):
    """Unpacked by pip, it loads and answers for OpenSSL 1.1."""
    run(*PIP, "install", "-q", "--no-deps", "--no-index", "--target", str(tmp_path / "site"), str(wheel), cwd=tmp_path)
    code = "import ocrwatchd; from ocrwatchd.ocr import bridge; print(ocrwatchd.__file__); bridge.prepare()"
    said = run(sys.executable, "-P", "-c", code, cwd=tmp_path, PYTHONPATH=str(tmp_path / "site"))
    assert said.strip() == str(tmp_path / "site" / "ocrwatchd" / "__init__.py")


def test_without_a_compiler_the_wheel_is_pure_and_the_build_says_so(tree, tmp_path):
    """RapidOCR needs no bridge; what is missing is said in the build."""
    wheel, said = wheel_of(tree, tmp_path, CC="/nowhere/cc")
    assert wheel.name.endswith("-py3-none-any.whl")
    assert "built without the OpenSSL bridge that Aspose.OCR needs: no C compiler" in said
    with zipfile.ZipFile(wheel) as archive:
        assert not any(name.endswith(".so") for name in archive.namelist())


def test_an_editable_install_leaves_a_working_bridge_in_the_source_tree(tree, tmp_path):
    """The package runs from the checkout, so the bridge has to lie there."""
    library = tree / BRIDGE / LIBRARY
    library.unlink(missing_ok=True)
    run(
        *PIP, "install", "-q", "--no-deps", "--no-index", "--no-build-isolation",
        "--target", str(tmp_path / "site"), "-e", ".", cwd=tree,
    )  # fmt: skip
    code = f"import ctypes; it = ctypes.CDLL({str(library)!r}); [getattr(it, n) for n in {(*RENAMED, *KEPT)!r}]"
    run(sys.executable, "-c", code, cwd=tmp_path)


def test_a_source_distribution_can_build_the_bridge(tree, tmp_path):
    """It carries the C source and the build step, and no binary."""
    run(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(tmp_path), cwd=tree)
    (archive,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as members:
        names = {name.split("/", 1)[1] for name in members.getnames()}
    assert {str(BRIDGE / SOURCE), str(BRIDGE / "hatch_build.py"), str(BRIDGE / "compile.py")} <= names
    assert not any(name.endswith(".so") for name in names)
