"""ARM64: what ``pip`` would install there, asked of the package index."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.markers import Marker

PROJECT = Path(__file__).parents[2] / "pyproject.toml"
PLATFORMS = ("manylinux_2_28_aarch64", "manylinux_2_17_aarch64", "manylinux2014_aarch64")
"""Of Debian 11 and everything newer; pip takes each tag as it is given."""
COMPILED_THERE = {
    "llama-cpp-python": "its publisher gives only the source, for x86_64 too; it needs a compiler and CMake",
}
LEFT_OUT = {
    "aspose-ocr-python-net": "its publisher compiles it for x86_64 only; RapidOCR reads instead",
    "openvino": "its bfloat16 was never tried on ARM64; ONNX Runtime runs the networks there",
}


def requirements():
    """The requirements of the project and of the extras that an installation may have, by name."""
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    texts = [*project["dependencies"], *extras["cluster"], *extras["report"]]
    return {re.match(r"[\w.-]+", text).group().lower(): text for text in texts}


def resolved(folder, python, *options):
    """What pip would install on ARM64 for a version of Python, from wheels only, as (exit status, errors, names)."""
    report = folder / "report.json"
    command = [
        *(sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"),
        *(f"--platform={platform}" for platform in PLATFORMS),
        *("--only-binary=:all:", f"--python-version={python}", f"--target={folder}", f"--report={report}"),
    ]
    run = subprocess.run([*command, *options], capture_output=True, text=True, timeout=600, check=False)
    found = json.loads(report.read_text(encoding="utf-8"))["install"] if run.returncode == 0 else []
    return run.returncode, run.stderr, [each["download_info"]["url"].rsplit("/", 1)[1] for each in found]


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("python", ["3.11", "3.13"])
def test_every_dependency_has_a_wheel_for_arm64(tmp_path, python):
    """And so do the dependencies of those; the ones that are compiled there are named, and no more than those."""
    wanted = {name: text.partition(";")[0].strip() for name, text in requirements().items() if name not in LEFT_OUT}
    if resolved(tmp_path, python, "--no-deps", wanted["jinja2"])[0]:
        pytest.skip("no package index can be reached")
    wheels = [text for name, text in wanted.items() if name not in COMPILED_THERE]
    status, errors, found = resolved(tmp_path, python, *wheels)
    assert (status, errors if status else "") == (0, "")
    assert all(name.endswith(("-any.whl", "aarch64.whl")) for name in found)
    assert {"pi_heif", "zxing_cpp", "onnxruntime"} <= {name.partition("-")[0] for name in found}
    for name in COMPILED_THERE:
        assert resolved(tmp_path, python, "--no-deps", wanted[name])[0] != 0, f"{name} has a wheel now"


def test_what_arm64_lacks_is_left_out_there_by_its_marker():
    """Of any other requirement the marker holds on ARM64."""
    machine = {"sys_platform": "linux", "platform_machine": "aarch64", "python_version": "3.13"}
    left_out = {
        name
        for name, text in requirements().items()
        if (marker := text.partition(";")[2].strip()) and not Marker(marker).evaluate(machine)
    }
    assert left_out == set(LEFT_OUT)
