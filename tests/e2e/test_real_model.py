"""A real language model in every part of ocrwatchd: the GGUF file that ``OCRWATCHD_TEST_MODEL`` names.

Without it these tests are skipped. The model must have learnt English; it need not be tuned for instructions.
"""

import json
import math
import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from jsonschema import Draft202012Validator

from ocrwatchd.core.config.profile import Llm
from ocrwatchd.gate.scoring import error_rate
from ocrwatchd.llm.decode import LlamaModel
from ocrwatchd.llm.protocol import Ending, Question
from tests.demo_scan import LETTER
from tests.e2e.running import Running, write_config
from tests.paths import CHECKOUT

FILE = os.environ.get("OCRWATCHD_TEST_MODEL", "")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(not FILE, reason="OCRWATCHD_TEST_MODEL names no model"),
]
LETTER_SCAN = CHECKOUT / "ocrwatchd" / "cli" / "demo" / "letter.jpg"
PATIENCE = 600
LLM = Llm(threads=1)
SCHEMA = {"type": "array", "items": {"type": "string", "maxLength": 20}, "maxItems": 3}
SENTENCE = "The old apple tree behind our house came down in the storm last night, but nobody was hurt.\n"
TEXT = SENTENCE * 6
"""Of which words are asked about, one in each sentence."""
TASKS = f"""
[[tasks]]
name = "summary"
prompt = "Say in one sentence what this letter is about."

[[tasks]]
name = "names"
prompt = "Which persons are named? Answer with a JSON list."
output = "json"
json_schema = {{ type = "array", items = {{ type = "string", maxLength = 20 }}, maxItems = {SCHEMA["maxItems"]} }}
"""


@pytest.fixture(scope="module")
def model():
    """The model."""
    loaded = LlamaModel(Path(FILE), LLM)
    yield loaded
    loaded.close()


def questions():
    """One in each sentence, the later the more probably wrong."""
    at = range(SENTENCE.index("house"), len(TEXT), len(SENTENCE))
    return [Question(offset, ("house", "bouse", "mouse"), 0.1 + offset / 1e4) for offset in at]


def receipt_of(daemon, name):
    """What is told of a document."""
    return json.loads((daemon.root / "outbox" / f"{name}.json").read_text("utf-8"))


def test_a_scan_that_is_dropped_is_corrected_and_asked_about(tmp_path):
    """The model's share stands in the receipt, each task has its end, and what it answers keeps to its schema."""
    daemon = Running(tmp_path, "ocrwatchd", llm={"model": FILE}, ocr={"engine": "rapidocr"})
    daemon.config.write_text(daemon.config.read_text("utf-8") + TASKS, "utf-8")
    with daemon:
        shutil.copy(LETTER_SCAN, daemon.inbox)
        daemon.await_files("outbox", ["letter.json"], PATIENCE)
    receipt = receipt_of(daemon, "letter")
    [page] = receipt["pages"]
    assert receipt["versions"]["model"] == Path(FILE).stem
    assert error_rate(page["text"], LETTER) < 0.8 * error_rate(page["raw"], LETTER)
    assert any("context" in edit.get("terms", {}) for edit in page["edits"])
    ends = {end["name"]: end for end in receipt["tasks"]}
    assert ends.keys() == {"summary", "names"}
    for name, end in ends.items():
        assert (end["state"] == "done") != bool(end["reason"])
        assert any(f"letter.{name}." in file for file in daemon.lying("outbox")) == (end["state"] == "done")
    if ends["names"]["state"] == "done":
        said = json.loads((daemon.root / "outbox" / "letter.names.json").read_text("utf-8"))
        Draft202012Validator(SCHEMA).validate(said["result"])


def test_the_model_takes_over_from_the_built_in_one_between_documents(tmp_path, monkeypatch):
    """As soon as it lies in the cache; the daemon goes on."""
    hub = tmp_path / "hub"
    monkeypatch.setenv("HF_HUB_CACHE", str(hub))
    llm = {"model": "auto", "hugging_face_repo_id": "a/b", "hugging_face_file_name": "real.gguf"}
    with Running(tmp_path, "ocrwatchd", llm=llm, ocr={"engine": "rapidocr"}) as daemon:
        shutil.copy(LETTER_SCAN, daemon.inbox / "first.jpg")
        daemon.await_files("outbox", ["first.json"], PATIENCE)
        snapshot = hub / "models--a--b" / "snapshots" / ("1" * 40)
        snapshot.mkdir(parents=True)
        (snapshot / "real.gguf").symlink_to(Path(FILE).resolve())
        shutil.copy(LETTER_SCAN, daemon.inbox / "second.jpg")
        daemon.await_files("outbox", ["second.json"], PATIENCE)
    models = [receipt_of(daemon, name)["versions"]["model"] for name in ("first", "second")]
    assert models == ["builtin", "real"]


def test_the_demo_shows_it(tmp_path):
    """With the configuration that names it, and with fewer errors than were read."""
    config = write_config(tmp_path / "config.toml", {"llm": {"model": FILE}})
    command = [sys.executable, "-m", "ocrwatchd", "demo", "--engine", "rapidocr", "--keep", "--config", str(config)]
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    told = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False, env=environment)
    assert told.returncode == 0, told.stderr
    assert f"repairs by the picture and the model {Path(FILE).stem}" in told.stdout
    [raw] = [json.loads(each.read_text("utf-8"))["pages"][0]["raw"] for each in tmp_path.rglob("letter.json")]
    [text] = [each.read_text("utf-8") for each in tmp_path.rglob("letter.txt")]
    assert error_rate(text, LETTER) < 0.8 * error_rate(raw, LETTER)


def test_a_draft_changes_no_answer_and_saves_passes(model, monkeypatch):
    """The same words come, in fewer passes."""
    passes = []
    run = model._native._run
    monkeypatch.setattr(model._native, "_run", lambda taken: passes.append(len(taken)) or run(taken))
    drafted = model.propose("Correct the text.", SENTENCE, math.inf)
    few = len(passes)
    monkeypatch.setattr(model, "_drafts", False)
    passes.clear()
    assert model.propose("Correct the text.", SENTENCE, math.inf).text == drafted.text
    assert few < len(passes)


def test_an_answer_keeps_to_its_schema_or_is_cut(model):
    """Whatever the model would rather say."""
    told = model.answer("Which things are named?", SENTENCE, math.inf, 96, SCHEMA)
    assert told.ending in {Ending.FINISHED, Ending.LENGTH}
    if told.ending is Ending.FINISHED:
        Draft202012Validator(SCHEMA).validate(json.loads(told.text))


def test_a_page_ends_with_its_budget_and_the_likeliest_errors_come_first(model, monkeypatch):
    """Half of the time that all words take is not enough for all; a pass that has begun is ended."""
    passes = []
    run = model._native._run

    def timed(taken):
        began = time.process_time()
        run(taken)
        passes.append(time.process_time() - began)

    def asked(budget):
        heard = []
        began = time.process_time()
        model.compare(TEXT, questions(), lambda each, _: heard.append(each) or each.candidates[0], began + budget)
        return heard, time.process_time() - began

    # However busy the machine is.
    monkeypatch.setattr(model._chooser, "_clock", time.process_time)
    monkeypatch.setattr("ocrwatchd.llm.choose.time", SimpleNamespace(perf_counter=time.process_time))
    monkeypatch.setattr(model._native, "_run", timed)
    assert asked(math.inf)[0] == questions()  # and now the pace is known
    everything, whole = asked(math.inf)
    assert everything == questions()
    some, spent = asked(whole / 2)
    assert 0 < len(some) < len(everything)
    assert some == everything[-len(some) :]
    assert spent < whole / 2 + 2 * max(passes)
    assert asked(0.0)[0] == []


def test_memory_stays_the_same_over_thirty_pages(model):
    """Of choosing and writing in turns: what is resident after page 10 is what is resident after page 30."""

    def resident():
        [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("RssAnon")]
        return int(line.split()[1]) / 1024

    seen = []
    for number in range(10, 40):
        begin = f"Page {number}. "
        asked = [replace(each, offset=len(begin) + each.offset) for each in questions()[:2]]
        assert not model.compare(begin + TEXT, asked, lambda each, _: each.candidates[0], math.inf)
        if number % 10 == 0:
            model.propose("Correct the text.", begin, math.inf)
        seen.append(resident())
    assert seen[29] - seen[9] < 8
