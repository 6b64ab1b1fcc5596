"""A real document's edits taken back in all its files, and kill -9 at each system call that changes a name."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys

import pytest

from ocrwatchd.cli.main import main
from tests.e2e.running import write_config
from tests.e2e.test_cli import run
from tests.e2e.test_edits import WRITTEN, draw
from tests.gguf_factory import recital
from tests.integration.test_searchable import text_of
from tests.lying import lying
from tests.paths import CHECKOUT
from tests.programs import needs
from tests.receipts import mistakes, sums

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

README = CHECKOUT / "tests" / "README.md"
FORMATS = ("txt", "md", "hocr", "pdf", "review", "raw")
OCRWATCHD = (sys.executable, "-m", "ocrwatchd")
AGREEING = ("txt", "md", "hocr", "pdf", "json")


@pytest.fixture(scope="module")
def delivered(tmp_path_factory):
    """A letter as a real engine has read it and a reciting model corrected it, in all formats."""
    base = tmp_path_factory.mktemp("letter")
    model = recital(base / "m.gguf", WRITTEN.replace("wcrd", "word"))
    settings = {
        "llm": {"model": str(model)}, "ocr": {"engine": "rapidocr"}, "gate": {"sure_confidence": 1.0},
        # The word is drawn as it is misread: the picture would contradict its repair.
        "correct": {"words": False},
        "output": {"formats": FORMATS},
    }  # fmt: skip
    config = write_config(base / "config.toml", settings)
    finished = run("process", draw(base / "letter.png"), "-o", base / "out", "--config", config)
    assert finished.returncode == 0, finished.stderr
    return base / "out"


def holding(folder):
    """Which of "wcrd" and "word" stands in each file of the set."""
    texts = {name: (folder / f"letter.{name}").read_text() for name in ("txt", "md", "hocr")}
    texts["pdf"] = "\f".join(text_of(folder / "letter.pdf"))
    texts["json"] = json.loads((folder / "letter.json").read_bytes())["pages"][0]["text"]
    return {name: " ".join(re.findall(r"\b(?:wcrd|word)\b", texts[name])) for name in AGREEING}


def confirm(folder, word, names):
    """All files hold this word, NAME.json tells the SHA-256 of each, and nothing else lies there."""
    assert holding(folder) == dict.fromkeys(AGREEING, word)
    table = json.loads((folder / "letter.json").read_bytes())
    assert mistakes(table) == []
    assert table["files"] == sums(folder, "letter")
    assert lying(folder) == names


def test_a_real_set_is_written_anew_in_each_of_its_files(delivered, tmp_path):
    """None of them is taken for one that was changed by hand, however an engine's boxes are rounded."""
    folder = shutil.copytree(delivered, tmp_path / "out")
    names = lying(folder)
    confirm(folder, "word", names)
    for order, word in (("--revert", "wcrd"), ("--apply", "word"), ("--revert", "wcrd")):
        done = run("edits", folder / "letter.json", order, 1)
        assert (done.returncode, done.stderr) == (0, "")
        assert re.findall(r"(\S+) was not changed", done.stdout) == [f"{folder}/letter.review.html"]
        confirm(folder, word, names)


@pytest.fixture(scope="module")
def rows():
    """Rows of the table in tests/README.md."""
    found = []
    yield found
    print("\n".join(found))  # noqa: T201


@pytest.mark.parametrize("call", ["renameat", "unlinkat", "fsync"])
def test_killed_at_each_system_call(delivered, tmp_path, rows, pytestconfig, call):
    """The next call that only shows the edits completes what was recorded; the same command does the rest."""
    needs("strace")
    if call == "fsync" and not pytestconfig.getoption("--soak"):
        pytest.skip("a long proof: run with --soak")
    names = lying(delivered)
    for number in range(1, 40):
        folder = shutil.copytree(delivered, tmp_path / str(number))
        command = ["edits", str(folder / "letter.json")]
        inject = ["-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={number}"]
        status = subprocess.run(
            ["strace", "-f", "-o", str(tmp_path / "trace"), *inject, *OCRWATCHD, *command, "--revert", "1"],
            env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}, capture_output=True, timeout=60, check=False,
        ).returncode  # fmt: skip
        if status == 0:
            assert number > 1
            confirm(folder, "wcrd", names)
            return
        assert status == -signal.SIGKILL
        found = holding(folder)
        recorded = any(name.endswith(".step") for name in lying(folder))
        assert main(command) == 0
        then = holding(folder)
        assert len(set(then.values())) == 1
        assert then["txt"] == ("wcrd" if recorded or found["json"] == "wcrd" else "word")
        assert main([*command, "--revert", "1"]) == 0
        confirm(folder, "wcrd", names)
        old = [name for name in AGREEING if found[name] == "word"]
        rows.append(
            f"| {call} {number} | `edits --revert` | {'recorded' if recorded else 'no record'}; with the edit: "
            f"{', '.join(old) or 'none'} | all files {'without' if then['txt'] == 'wcrd' else 'with'} the edit |"
        )
    pytest.fail("no run went through")


def test_readme_shows_the_rows(rows):
    """The table of tests/README.md is what was found."""
    told = README.read_text(encoding="utf-8")
    assert [row for row in rows if row not in told and not row.startswith("| fsync")] == []
