"""One machine for all of these tests: made once, booted twice."""

import shutil
import subprocess
import sys
import tarfile

import pytest

from tests.e2e.booted.machine import Machine, make_tree
from tests.paths import CHECKOUT
from tests.programs import needs, needs_root

BEFORE = "10ebc0238e3c027519941e91a9268968003d8b1a"
"""The last commit of the version before `service install`."""


def wheel_of(tree, into):
    """Build a wheel of a source tree with the build backend at hand."""
    into.mkdir()
    build = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "-q", "--no-deps"]
    done = subprocess.run(
        [*build, "--no-build-isolation", "-w", str(into), str(tree)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return next(into.glob("*.whl"))


@pytest.fixture(scope="session")
def before(tmp_path_factory):
    """The source of the previous version; where there is no history, this one's under another number."""
    tree = tmp_path_factory.mktemp("before") / "tree"
    archive = subprocess.run(["git", "archive", BEFORE], cwd=CHECKOUT, capture_output=True, check=False)
    if archive.returncode == 0:
        packed = tree.with_suffix(".tar")
        packed.write_bytes(archive.stdout)
        with tarfile.open(packed) as members:
            members.extractall(tree, filter="data")
        return tree
    left = shutil.ignore_patterns(".git", ".*", "__pycache__", "*.so")
    shutil.copytree(CHECKOUT, tree, ignore=left)
    project = tree / "pyproject.toml"
    project.write_text(project.read_text(encoding="utf-8").replace('version = "', 'version = "0.0.'), encoding="utf-8")
    return tree


@pytest.fixture(scope="session")
def wheels(before, tmp_path_factory):
    """The previous version's and this one's."""
    base = tmp_path_factory.mktemp("wheels")
    return wheel_of(before, base / "before"), wheel_of(CHECKOUT, base / "now")


@pytest.fixture(scope="package")
def machine(tmp_path_factory):
    """A Debian with nothing of ours in it, running."""
    needs_root()
    needs("debootstrap", "systemd-nspawn", "nsenter", "git")
    base = tmp_path_factory.mktemp("machine")
    tree = base / "tree"
    make_tree(tree)
    machine = Machine(tree, base / "console")
    try:
        machine.boot()
        yield machine
    finally:
        machine.end()
        shutil.rmtree(tree)
