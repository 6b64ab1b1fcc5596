"""Follow-up tasks as people meet them: real daemon, engine and llama.cpp; the model always says the same."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.running import Running, await_that
from tests.fakes.engine import PAUSE_FILE, write_scan
from tests.gguf_factory import recital
from tests.paths import DATA

pytestmark = pytest.mark.slow
SCAN = DATA / "phototest.tif"
SAID = '["quick brown dog", "lazy reindeer"]'
TASKS = """
[[tasks]]
name = "summary"
prompt = "Summarise this."

[[tasks]]
name = "entities"
prompt = "Which animals are named?"
output = "json"
quotes = true
json_schema = { type = "array", items = { type = "string" } }

[profiles.plain]
llm = { model = "builtin" }
"""


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    """A root with tasks; its inbox holds a scan, and one for a profile whose model only corrects."""
    base = tmp_path_factory.mktemp("tasks")
    model = recital(base / "said.gguf", SAID)
    llm = {"model": str(model), "threads": 1}
    daemon = Running(base, "ocrwatchd", llm=llm, ocr={"engine": "rapidocr"})
    daemon.config.write_text(daemon.config.read_text() + TASKS)
    for folder in (daemon.inbox, daemon.inbox / "plain"):
        folder.mkdir(exist_ok=True)
        (folder / "fax.tif").write_bytes(SCAN.read_bytes())
    run = daemon.once()
    assert run.returncode == 0, run.stderr
    return daemon


def test_results_lie_in_the_set(daemon):
    """Beside the text, under its name, marked as machine-made; what does not stand in the text was dropped."""
    assert [name for name in daemon.lying("outbox") if not name.startswith("plain/")] == [
        "fax.entities.json", "fax.json", "fax.summary.txt", "fax.txt"
    ]  # fmt: skip
    outbox = daemon.root / "outbox"
    assert (outbox / "fax.summary.txt").read_text() == (
        f"[Made by the language model said from the corrected text; it may be wrong]\n\n{SAID}\n"
    )
    entities = json.loads((outbox / "fax.entities.json").read_text())
    assert (entities["result"], entities["dropped"], entities["machine_made"]) == (["quick brown dog"], 1, True)
    ends = json.loads((outbox / "fax.json").read_text())["tasks"]
    assert [(end["name"], end["state"]) for end in ends] == [("summary", "done"), ("entities", "done")]


def test_the_built_in_model_says_that_it_cannot(daemon):
    """The text is delivered, and the receipt says why nothing else is."""
    plain = [name for name in daemon.lying("outbox") if name.startswith("plain/")]
    assert plain == ["plain/fax.json", "plain/fax.txt"]
    receipt = json.loads((daemon.root / "outbox" / "plain" / "fax.json").read_text())
    assert [end["state"] for end in receipt["tasks"]] == ["left-out"] * 2
    assert receipt["warnings"][0].startswith(
        'the task "summary" is left out: the built-in model only corrects; for tasks set llm.model to'
    )


def test_results_are_no_receipts_to_a_ledger_that_is_built_anew(daemon):
    """The folders alone tell which documents there are."""
    shutil.rmtree(daemon.base / "state")
    assert daemon.once().returncode == 0
    assert len(daemon.lying("outbox")) == 6


def test_process_puts_results_beside_the_text(daemon, tmp_path):
    """With -o; without it only the text is wanted, and no task is carried out."""

    def process(*more):
        command = [sys.executable, "-m", "ocrwatchd", "process", SCAN, "--config", daemon.config, *more]
        return subprocess.run(
            command, capture_output=True, text=True, timeout=110, check=False, env=os.environ | daemon.environment
        )

    finished = process("-o", tmp_path / "out")
    assert (finished.returncode, finished.stderr) == (0, "")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "phototest.entities.json", "phototest.json", "phototest.summary.txt", "phototest.txt"
    ]  # fmt: skip
    assert "Made by" not in process().stdout


def test_a_daemon_that_is_killed_over_a_task_asks_only_that_one_again(tmp_path):
    """Pages and answers are kept, no task is blamed for it, and an engine that dies over one costs that one alone."""
    tasks = (
        {"name": "done", "prompt": "Sum up:"},
        {"name": "slow", "prompt": "await"},
        {"name": "dead", "prompt": "die"},
    )
    daemon = Running(tmp_path, llm={"model": "/m/fake.gguf"})
    told = "".join(f'[[tasks]]\nname = "{each["name"]}"\nprompt = "{each["prompt"]}"\n' for each in tasks)
    daemon.config.write_text(told + daemon.config.read_text())
    daemon.start()
    write_scan(daemon.inbox / "letter.tif", "fine")
    await_that(lambda: daemon.events("task.done"), 60)
    daemon.kill()
    with daemon:
        await_that(lambda: len(daemon.events("attempt.started")) == 2, 60)
        scratch = await_that(lambda: Path(f"/proc/{daemon.engine_pid}/cwd").resolve(strict=True), 60)
        (scratch / PAUSE_FILE).touch()
        daemon.await_files("outbox", ["letter.json"])
        daemon.await_idle()
    assert len(daemon.events("page.done")) == 1
    assert [event["task"] for event in daemon.events("task.done")] == ["done", "slow"]
    assert daemon.lying("outbox") == ["letter.done.txt", "letter.json", "letter.slow.txt", "letter.txt"]
    ends = json.loads((daemon.root / "outbox" / "letter.json").read_text())["tasks"]
    assert [end["state"] for end in ends] == ["done", "done", "left-out"]
