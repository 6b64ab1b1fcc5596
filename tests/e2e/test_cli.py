"""The command line as a person meets it."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.bench.scoring import error_rate
from tests.e2e.running import Running
from tests.fakes.engine import write_scan
from tests.gguf_factory import noise, recital

DATA = Path(__file__).parents[1] / "data"
SCAN = DATA / "phototest.tif"
TRUTH = (DATA / "phototest.gold.txt").read_text(encoding="utf-8")


def run(*arguments, text_in=None):
    """Run the command line; the finished process."""
    command = [sys.executable, "-m", "ocrwatchd", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, input=text_in, timeout=110, check=False)


@pytest.mark.parametrize("verb", [[], ["run"], ["process"], ["check"]])
def test_help_is_instant_and_tells_the_exit_codes(verb):
    """--help takes under 0.2 s (the best of five, as the machine may be busy) and documents the exit codes."""
    seconds = []
    for _ in range(5):
        begun = time.monotonic()
        shown = run(*verb, "--help")
        seconds.append(time.monotonic() - begun)
    assert shown.returncode == 0
    assert "Exit codes: 0 done" in shown.stdout
    assert min(seconds) < 0.2


def test_version_is_shown():
    """--version names program and version."""
    assert run("--version").stdout.startswith("ocrwatchd 0.")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ([], 2, "VERB"),
        (["fly"], 2, "invalid choice"),
        (["process"], 2, "FILE"),
        (["retry"], 2, "--all-failed"),
        (["run", "--config", "/no/such.toml"], 2, "no such file"),
        (["process", "/no/such.png"], 5, "cannot be opened: No such file"),
        (["process", "/"], 5, "not a regular file"),
        (["status"], 1, ""),
    ],
)
def test_wrong_use_gets_a_message_and_an_exit_code(arguments, code, words):
    """Wrong arguments, configuration and files give a plain message and no traceback."""
    finished = run(*arguments)
    assert finished.returncode == code, finished.stderr
    assert words in finished.stderr
    assert "Traceback" not in finished.stderr


def test_wrong_configuration_is_refused_by_every_verb(tmp_path):
    """A mistake in the configuration stops a verb before it does anything, with exit code 2."""
    path = tmp_path / "config.toml"
    path.write_text("[ocr]\nengine = 'tesseract'\n[queue]\nsize = 'big'\n")
    for verb in (["run"], ["process", SCAN], ["check"], ["correct"]):
        finished = run(*verb, "--config", path)
        assert finished.returncode == 2
        assert len(finished.stderr.splitlines()) == 2


@pytest.mark.slow
def test_process_prints_the_text():
    """`process FILE` prints the text and leaves the file alone."""
    before = SCAN.read_bytes()
    finished = run("process", SCAN)
    assert finished.returncode == 0, finished.stderr
    assert error_rate(finished.stdout, TRUTH) <= 0.01
    assert SCAN.read_bytes() == before


@pytest.mark.slow
def test_process_writes_sets_and_goes_on_after_a_bad_file(tmp_path):
    """`process -o DIR` writes a set a file, numbers names in use, and reports what it could not read."""
    junk = tmp_path / "junk.png"
    junk.write_bytes(b"junk" * 99)
    finished = run("process", junk, SCAN, SCAN, "-o", tmp_path / "out")
    assert finished.returncode == 5
    assert "junk.png" in finished.stderr
    written = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert written == ["phototest-2.json", "phototest-2.txt", "phototest.json", "phototest.txt"]
    plain = tmp_path / "plain"
    plain.touch()
    assert (tmp_path / "out" / "phototest.txt").stat().st_mode == plain.stat().st_mode


@pytest.mark.slow
def test_correct_repairs_what_the_gate_admits(tmp_path):
    """`correct` reads a text, and prints it corrected by a real model; --json shows the edits."""
    config = tmp_path / "config.toml"
    config.write_text(f'[llm]\nmodel = "{recital(tmp_path / "m.gguf", "word")}"\n')
    finished = run("correct", "--config", config, text_in="wcrd\n")
    assert (finished.stdout, finished.returncode) == ("word\n", 0), finished.stderr
    shown = json.loads(run("correct", "--json", "--config", config, text_in="wcrd\n").stdout)
    assert [(edit["offset"], edit["before"], edit["after"]) for edit in shown["edits"]] == [(0, "wcrd", "word")]


@pytest.mark.slow
def test_correct_lets_no_noise_through(tmp_path):
    """`correct` with a model that talks nonsense prints the text as it was."""
    config = tmp_path / "config.toml"
    config.write_text(f'[llm]\nmodel = "{noise(tmp_path / "noise.gguf")}"\n')
    finished = run("correct", "--config", config, text_in=TRUTH)
    assert finished.stdout == TRUTH


def test_correct_without_a_model_says_what_to_set():
    """`correct` needs a model, and says how to name one."""
    finished = run("correct", text_in="text\n")
    assert finished.returncode == 3
    assert "llm.directory_model_path" in finished.stderr


@pytest.mark.slow
def test_check_says_ok_or_what_to_do(tmp_path):
    """`check` has a line for each thing; a folder that cannot be used is one to mend."""
    daemon = Running(tmp_path, module="ocrwatchd")
    finished = daemon.ask("check")
    assert finished.returncode == 0, finished.stdout
    for what in ("configuration", "inbox", "engine", "licence", "model", "inotify"):
        assert any(line.startswith("ok") and what in line for line in finished.stdout.splitlines()), what
    (daemon.root / "inbox").parent.mkdir()
    (daemon.root / "inbox").write_text("a file in the folder's place")
    broken = daemon.ask("check")
    assert broken.returncode == 1
    assert "MEND" in broken.stdout
    assert "is not a folder" in broken.stdout


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["rapidocr", "aspose"])
def test_demo_shows_the_main_job(engine, tmp_path, monkeypatch):
    """`demo` delivers a real scan's text and cleans up after itself, unless it is told to keep its folder."""
    if engine == "aspose":
        pytest.importorskip("aspose.ocr", reason="Aspose.OCR has no wheel for this machine")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    finished = run("demo", "--engine", engine)
    assert finished.returncode == 0, finished.stderr
    assert "This is a lot of 12 point text" in finished.stdout
    assert ("evaluation mode" in finished.stdout) == (engine == "aspose")
    assert list(tmp_path.iterdir()) == []
    if engine == "rapidocr":
        assert run("demo", "--engine", engine, "--keep").returncode == 0
        (kept,) = tmp_path.iterdir()
        assert (kept / "outbox" / "phototest.txt").exists()


def test_status_never_tires_of_a_missing_daemon():
    """`status` without a daemon says so, with exit code 1."""
    finished = run("status")
    assert finished.returncode == 1
    assert "not running" in finished.stdout


@pytest.mark.slow
def test_once_on_a_read_only_state_says_what_is_wrong(tmp_path):
    """A state directory that is a file gives a message that names it, and exit code 4."""
    daemon = Running(tmp_path)
    (tmp_path / "state").write_text("in the way")
    write_scan(daemon.inbox / "scan.tif", "fine")
    finished = daemon.ask("run", "--once")
    assert finished.returncode == 4
    assert "ledger" in finished.stderr
    assert "Traceback" not in finished.stderr
    assert daemon.lying("inbox") == ["scan.tif"]
