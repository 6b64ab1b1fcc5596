"""The command line as a person meets it."""

import json
import resource
import subprocess
import sys

import pytest

from ocrwatchd.cli.main import GROUPS, main
from ocrwatchd.core.config.schema import Folders
from ocrwatchd.gate.scoring import error_rate
from tests.demo_scan import LETTER
from tests.e2e.running import Running
from tests.fakes.engine import write_scan
from tests.gguf_factory import noise
from tests.paths import DATA

SCAN = DATA / "phototest.tif"
TRUTH = (DATA / "phototest.gold.txt").read_text(encoding="utf-8")


def run(*arguments, text_in=None):
    """Run the command line; the finished process."""
    command = [sys.executable, "-m", "ocrwatchd", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, input=text_in, timeout=110, check=False)


def run_here(*arguments):
    """Run the command line in this process; the exit code."""
    try:
        return main([*map(str, arguments)])
    except SystemExit as ended:
        return ended.code


@pytest.mark.parametrize(
    "verb", [[], *([verb.__name__.rpartition(".")[2]] for group in GROUPS.values() for verb in group)]
)
def test_help_is_instant(verb):
    """--help takes under 0.2 s, and tells the exit codes once: in the main help."""
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        shown = run(*verb, "--help")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        # Of the processor's time: a busy machine takes as long as it likes.
        seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        if seconds < 0.2:
            break
    assert shown.returncode == 0
    assert ("exit codes:\n" in shown.stdout) == (not verb)
    assert seconds < 0.2


def test_version_is_shown():
    """--version names program and version."""
    assert run("--version").stdout.startswith("ocrwatchd 0.")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ([], 2, "`ocrwatchd --help` lists the verbs"),
        (["fly"], 2, "invalid choice"),
        (["process"], 2, "FILE"),
        (["retry"], 2, "--all-failed"),
        (["run", "--config", "/no/such.toml"], 2, "no such file"),
        (["process", "/no/such.png"], 5, "/no/such.png: there is no such file; check its name"),
        (["process", "/"], 5, "/: a folder; name the files in it"),
        (["process", "/dev/null"], 5, "/dev/null: it cannot be opened: not a regular file; name a file"),
        (["process", SCAN, "-o", SCAN], 2, "phototest.tif is a file; name a folder with -o"),
        (["correct", SCAN], 5, "is not UTF-8 text (byte 10); save it as UTF-8; scans are read by `ocrwatchd process`"),
        (["--config", "x.toml", "status"], 2, "--config comes after the verb: ocrwatchd VERB --config x.toml"),
        (["status"], 1, ""),
    ],
)
def test_wrong_use_gets_a_message_and_an_exit_code(arguments, code, words, capsys):
    """Wrong arguments, configuration and files give a plain message."""
    assert run_here(*arguments) == code
    assert words in capsys.readouterr().err


def test_wrong_use_gives_no_traceback():
    """Neither of the arguments nor of a file."""
    for arguments in (["fly"], ["process", "/no/such.png"]):
        assert "Traceback" not in run(*arguments).stderr


def test_wrong_configuration_is_refused_by_every_verb(tmp_path, capsys):
    """A mistake in the configuration stops a verb before it does anything, with exit code 2."""
    path = tmp_path / "config.toml"
    path.write_text("[ocr]\nengine = 'tesseract'\n[queue]\nsize = 'big'\n")
    for verb in (["run"], ["process", SCAN], ["check"], ["correct"]):
        assert run_here(*verb, "--config", path) == 2
        assert len(capsys.readouterr().err.splitlines()) == 2


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
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "out").iterdir()} == {Folders().file_mode}


@pytest.mark.slow
def test_correct_repairs_what_the_gate_admits():
    """`correct` reads a text, and prints it corrected by the model that is always there; --json shows the edits."""
    misread, right = "Th1s 1s 4 s4mpl3 t3xt w1th s0me OCR err0rs.\n", "This is a sample text with some OCR errors.\n"
    finished = run("correct", text_in=misread)
    assert (finished.stdout, finished.returncode) == (right, 0), finished.stderr
    shown = json.loads(run("correct", "--json", text_in=misread).stdout)
    assert (shown["text"], shown["model"]) == (right, "builtin")
    assert [(edit["offset"], edit["before"], edit["after"]) for edit in shown["edits"]][:2] == [
        (0, "Th1s", "This"),
        (5, "1s", "is"),
    ]


@pytest.mark.slow
def test_correct_leaves_other_languages_raw(tmp_path):
    """Where no English is named, and no larger model is here: the text as it was, and why."""
    config = tmp_path / "config.toml"
    config.write_text('[ocr]\nlanguages = ["deu"]\n')
    finished = run("correct", "--config", config, text_in="Der alte Apfe1baum ist umgesturzt.\n")
    assert (finished.stdout, finished.returncode) == ("Der alte Apfe1baum ist umgesturzt.\n", 0)
    assert "corrects English only, and ocr.languages names German" in finished.stderr


@pytest.mark.slow
def test_correct_lets_no_noise_through(tmp_path):
    """`correct` with a model that talks nonsense prints the text as it was."""
    config = tmp_path / "config.toml"
    config.write_text(f'[llm]\nmodel = "{noise(tmp_path / "noise.gguf")}"\n')
    finished = run("correct", "--config", config, text_in=TRUTH)
    assert finished.stdout == TRUTH


def test_correct_without_its_model_says_what_to_set(tmp_path):
    """`correct` takes no other model than the one that was asked for, and says how to name one."""
    config = tmp_path / "config.toml"
    config.write_text('[llm]\nmodel = "huggingface"\n')
    finished = run("correct", "--config", config, text_in="text\n")
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
    """`demo` delivers a bad scan's text and cleans up after itself, unless it is told to keep its folder."""
    if engine == "aspose":
        pytest.importorskip("aspose.ocr", reason="Aspose.OCR has no wheel for this machine")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    finished = run("demo", "--engine", engine)
    assert finished.returncode == 0, finished.stderr
    assert "on Saturday morning" in finished.stdout
    assert ("evaluation mode" in finished.stdout) == (engine == "aspose")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_demo_shows_repairs_side_by_side(tmp_path, monkeypatch):
    """Each is marked where it was and where it is, and the delivered text is nearer to the letter than the raw one."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    finished = run("demo", "--engine", "rapidocr", "--keep")
    assert finished.returncode == 0, finished.stderr
    (kept,) = tmp_path.iterdir()
    (page,) = json.loads((kept / "outbox" / "letter.json").read_text(encoding="utf-8"))["pages"]
    words = [word for edit in page["edits"] for word in (edit["before"], edit["after"]) if len(word.split()) == 1]
    assert len(words) >= 2 * 4
    assert all(f"\u2039{word}\u203a" in finished.stdout for word in words)
    assert f"{len(page['edits'])} repairs by the picture and the model builtin" in finished.stdout
    delivered = (kept / "outbox" / "letter.txt").read_text(encoding="utf-8")
    assert error_rate(delivered, LETTER) < 0.8 * error_rate(page["raw"], LETTER)


def test_any_letter_is_printed_in_any_locale(tmp_path, monkeypatch):
    """Output is UTF-8, as all texts are, also where the terminal is set to something that lacks a letter."""
    monkeypatch.setenv("PYTHONIOENCODING", "latin-1")
    config = tmp_path / "config.toml"
    config.write_text(f"[folders]\nroot = '{tmp_path}/\u017c'\n", encoding="utf-8")
    command = [sys.executable, "-m", "ocrwatchd", "status", "--config", str(config)]
    finished = subprocess.run(command, capture_output=True, timeout=110, check=False)
    assert finished.returncode == 1
    assert f"{tmp_path}/\u017c" in finished.stdout.decode("utf-8")


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
