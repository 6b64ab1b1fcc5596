"""The verb process with real engine processes that fail on purpose."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from ocrwatchd.core.sheet_code import SheetSettings
from ocrwatchd.storage import sheet_key
from tests.fakes.engine import write_scan
from tests.fakes.stacks import write_stack
from tests.paths import CHECKOUT

pytestmark = pytest.mark.slow

PATIENCE_S = 60.0
VERB = """
import json, sys
from functools import partial
from pathlib import Path
from ocrwatchd.cli.process import reader
from ocrwatchd.core import log
from ocrwatchd.core.config.loader import parse
reader.EngineHost = partial(reader.EngineHost, module="tests.fakes.engine")
config = parse({"llm": {"model": "off"}, "log": {"level": "warning", "format": sys.argv[2]}, **json.loads(sys.argv[3])})
log.configure(config.log)
sys.exit(reader.process_files([Path(sys.argv[1])], config, None))
"""


@pytest.fixture
def verb(tmp_path):
    """Start `process` on a scan, with a cache and a temporary directory of its own."""
    for name in ("cache", "tmp", "state"):
        (tmp_path / name).mkdir()
    own = {"CACHE_DIRECTORY": str(tmp_path / "cache"), "STATE_DIRECTORY": str(tmp_path / "state")}
    own |= {"TMPDIR": str(tmp_path / "tmp"), "PYTHONPATH": str(CHECKOUT)}
    started = []

    def start(*scenes, log="auto", scan=None, **settings):
        scan = scan or write_scan(tmp_path / "scan.tif", *scenes)
        pipe = subprocess.PIPE
        call = [sys.executable, "-c", VERB, str(scan), log, json.dumps(settings)]
        process = subprocess.Popen(call, env=os.environ | own, stdout=pipe, stderr=pipe, text=True)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def left(tmp_path):
    """Every file and folder of the runs."""
    copies = tmp_path / "cache" / "process"
    return [*(copies.iterdir() if copies.exists() else ()), *(tmp_path / "tmp").iterdir()]


def await_engine(tmp_path):
    """Wait until a page is in work; the process that the engine has started there."""
    deadline = time.monotonic() + PATIENCE_S
    while not any(path.stat().st_size for path in tmp_path.glob("tmp/*/pid")):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return int(next(tmp_path.glob("tmp/*/pid")).read_text())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_leaves_no_copy_of_the_document(verb, tmp_path, number):
    """Ended from outside, it clears up: the copy, the engine and the engine's folder are gone."""
    process = verb("offspring")
    await_engine(tmp_path)
    assert left(tmp_path) != []
    process.send_signal(number)
    process.communicate(timeout=PATIENCE_S)
    assert process.returncode in {128 + number, -number}
    assert left(tmp_path) == []


def test_what_a_killed_run_has_left_goes_at_the_next(verb, tmp_path):
    """After kill -9 the copy of the document stays behind, until the verb runs again."""
    process = verb("offspring")
    offspring = await_engine(tmp_path)
    process.kill()
    process.wait()
    os.kill(offspring, signal.SIGKILL)
    assert left(tmp_path) != []
    process = verb("fine")
    assert process.wait(PATIENCE_S) == 0
    assert left(tmp_path) == []


def test_people_read_words_not_json(verb):
    """A page that ends the engine is told in a sentence, and so is that it is missing."""
    text, said = verb("fine", "segfault", "fine").communicate(timeout=PATIENCE_S)
    assert "[page 2 could not be read]" in text
    assert "scan.tif: the engine ended with SIGSEGV, a fault in native code; it is tried again" in said
    assert "scan.tif: 1 of 3 pages could not be read" in said
    assert "{" not in said
    assert "engine.died" not in said


def test_who_wants_json_gets_it(verb):
    """`log.format = "json"` holds for this verb too."""
    _, said = verb("fine", "segfault", log="json").communicate(timeout=PATIENCE_S)
    assert '"event": "engine.died"' in said


def test_a_file_that_kills_twice_is_unreadable(verb):
    """One page, two attempts, exit code 5."""
    process = verb("segfault")
    _, said = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 5
    assert "it was tried 2 times" in said


def test_a_part_is_printed_whatever_files_its_profile_has(verb, tmp_path):
    """A separator sheet's profile may make no text file, and have tasks: what is printed is text, and nothing else."""
    key = sheet_key.read_or_make(tmp_path / "state")
    scan = write_stack(tmp_path / "stack.tif", key, "fine", SheetSettings(profile="bills"), "fine")
    tasks = [{"name": "sum", "prompt": "Sum up."}]
    bills = {"output": {"formats": ["json"]}, "tasks": tasks}
    process = verb(scan=scan, split={"on": ["sheet"]}, profiles={"bills": bills})
    text, said = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, said) == (0, "")
    assert text == "a line of page 1\nteh end\na line of page 3\nteh end\n"
