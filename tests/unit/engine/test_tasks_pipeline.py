"""Follow-up tasks in the line: their files in the set, what is said of them, and what they never do."""

import errno
import json
import selectors
from dataclasses import replace
from pathlib import Path

import pytest

from ocrwatchd.cli.process import reader
from ocrwatchd.core.config.profile import Llm, Ocr, Output, Task, Work
from ocrwatchd.core.config.schema import Config, Folders
from ocrwatchd.core.faults import Stopping
from ocrwatchd.core.i18n import Message
from ocrwatchd.core.model import Job, Sheets
from ocrwatchd.engine import page_failures
from ocrwatchd.engine.host.deadlines import allowance_s
from ocrwatchd.engine.host.engine_host import EngineHost
from ocrwatchd.engine.process import assembly, pipeline
from ocrwatchd.engine.process.resources import Bench
from ocrwatchd.engine.process.tasks import stage
from ocrwatchd.engine.protocol import Step
from ocrwatchd.llm.models import only_corrects
from ocrwatchd.llm.protocol import Ending, Proposal
from ocrwatchd.storage.ledger_rebuild import _receipts
from tests.fakes.engine import MAKERS, FakeCorrector
from tests.fakes.line import Line
from tests.receipts import mistakes, sums

SUMMARY = Task(name="summary", prompt="Sum up:")
ENTITIES = Task(name="entities", prompt="Name them.", output="json", quotes=True)


class Watched(Line):
    """Runs jobs and keeps what was told."""

    def job(self, *tasks, scenes=("fine", "fine"), **settings):
        """A claimed scan of a few pages."""
        return self.claimed(Work(**{"llm": Llm(model="/m/fake.gguf"), "tasks": tasks} | settings), *scenes)

    def work_off(self, job, asked=lambda: False):
        """Run it, with an engine that has just been started."""
        self.bench = Bench(MAKERS, self.folder, lambda: None)
        return super().work_off(job, asked)

    def begun(self):
        """The numbers of the tasks that were begun."""
        return [number for name, number in self.steps if name == "task"]


@pytest.fixture
def line(tmp_path):
    """The line, with the fake engine on its bench."""
    return Watched(tmp_path)


def read(job, suffix):
    """A file of the finished set."""
    return (job.out / f"document{suffix}").read_text(encoding="utf-8")


def receipt(job):
    """What the receipt says; it keeps to its schema."""
    told = json.loads(read(job, ".json"))
    assert mistakes(told) == []
    assert told["files"] == sums(job.out, "document")
    return told


def test_each_task_has_its_own_file_marked_as_machine_made(line):
    """Their names follow NAME; what a model made says so first, and which one; the receipt lists them."""
    job = line.job(SUMMARY, ENTITIES)
    line.work_off(job)
    assert sorted(path.name for path in job.out.iterdir()) == [
        "document.entities.json", "document.json", "document.summary.txt", "document.txt"
    ]  # fmt: skip
    assert read(job, ".summary.txt") == (
        "[Made by the language model fake from the corrected text; it may be wrong]\n\nSum up: 14 words\n"
    )
    assert json.loads(read(job, ".entities.json")) == {
        "machine_made": True, "model": "fake", "task": "entities", "complete": True, "evaluation": False, "dropped": 1,
        "result": ["the end"],
    }  # fmt: skip
    ends = receipt(job)["tasks"]
    assert [(end["name"], end["suffix"], end["state"], end["reason"], end["dropped"]) for end in ends] == [
        ("summary", ".summary.txt", "done", "", 0), ("entities", ".entities.json", "done", "", 1)
    ]  # fmt: skip
    assert [(end["model"], end["parts"], end["answered"]) for end in ends] == [("fake", 1, 1)] * 2
    assert receipt(job)["warnings"] == []


def test_tasks_come_after_the_last_page_and_before_the_set(line):
    """Each is announced by its number, for the host's deadline and its blame."""
    line.work_off(line.job(SUMMARY, ENTITIES))
    assert line.steps[-4:] == [("page-done", 2), ("task", 1), ("task", 2), ("write", 0)]


def test_the_host_waits_for_a_task_as_long_as_it_may_take(line):
    """A budget of its own, and a minute at most for what a forward pass adds; another task's is no matter."""
    tasks = (SUMMARY, Task(name="x", prompt="x", budget_s=1000))
    for page_deadline_s, grace_s in ((7, 7), (300, 60)):
        work = Work(tasks=tasks, ocr=Ocr(page_deadline_s=page_deadline_s))
        job = Job("j", Path("j"), Path("scan.tif"), work)
        assert [allowance_s("task", job, 1.0, number) - grace_s for number in (1, 2, 3)] == [300, 1000, 300]
        job = replace(job, sheets=Sheets({"": work, "x": Work(ocr=work.ocr)}, b""))
        assert allowance_s("task", job, 1.0, 9) - grace_s == 1000


def test_each_further_question_has_what_is_left_of_the_tasks_time(line):
    """However many parts a document has, its text waits for the budget and the grace; the next task has its own."""
    now = [0.0]
    with selectors.DefaultSelector() as selector:
        host = EngineHost(Config(), selector, lambda _: None, clock=lambda: now[0])
        host._job = line.job(SUMMARY, ENTITIES)
        dues = []
        for seconds, number in ((0, 1), (250, 1), (50, 1), (10, 2)):
            now[0] += seconds
            host._take(Step(job="j", name="task", page=number, pages=2))
            dues.append(host.next_due())
    assert dues == [360, 360, 360, 310 + 360]


def test_a_task_never_alters_the_text(line):
    """With tasks that work and tasks that fail, everything else of the set is as it is without any."""
    plain = line.job()
    line.work_off(plain)
    text, told = read(plain, ".txt"), receipt(plain)
    job = line.job(SUMMARY, Task(name="broken", prompt="fail"), ENTITIES)
    line.work_off(job)
    assert read(job, ".txt") == text
    after = receipt(job)
    assert after["files"].items() >= told["files"].items()
    changing = {"tasks", "files", "warnings", "timings", "pages"}
    assert {key: after[key] for key in after.keys() - changing} == {key: told[key] for key in told.keys() - changing}
    assert [page["text"] for page in after["pages"]] == [page["text"] for page in told["pages"]]


def test_a_task_that_fails_is_left_out_with_its_reason(line, capsys):
    """The reason stands in the receipt, as a warning too; a document's words neither there nor in the log."""
    job = line.job(Task(name="broken", prompt="fail"), SUMMARY)
    figures = line.work_off(job)
    broken, summary = receipt(job)["tasks"]
    assert (broken["state"], broken["reason"], summary["state"]) == ("left-out", "it failed (RuntimeError)", "done")
    assert list(map(str, figures.tasks_not_done)) == ['the task "broken" is left out: it failed (RuntimeError)']
    assert not (job.out / "document.broken.txt").exists()
    assert "secret" not in json.dumps(receipt(job)) + capsys.readouterr().out


def test_without_a_model_tasks_are_left_out(line):
    """What is missing is said as it is for the correction."""
    job = line.job(SUMMARY, llm=Llm(model="off"))
    line.work_off(job)
    assert receipt(job)["tasks"][0]["reason"] == "no model at hand: set llm.model to the path of a .gguf file"


def test_process_puts_no_set_beside_an_earlier_summary(line, capsys):
    """What lies there of another document would seem to be of this one, which has none."""
    job, output = line.job(SUMMARY, llm=Llm(model="off")), line.folder / "results"
    line.work_off(job)
    output.mkdir()
    (output / "scan.summary.txt").write_text("of another document")
    reader._keep(job, output, 0o640)
    assert sorted(path.name for path in output.iterdir()) == ["scan-2.json", "scan-2.txt", "scan.summary.txt"]
    assert capsys.readouterr().out.endswith("scan-2.txt\n")


def test_process_without_a_text_tells_the_receipt(line, capsys):
    """Not a NAME.txt that nobody ordered."""
    job = line.job(SUMMARY, llm=Llm(model="off"), output=Output(formats=("raw",)))
    line.work_off(job)
    reader._keep(job, line.folder / "results", 0o640)
    assert capsys.readouterr().out.endswith("results/scan.json\n")


def test_the_built_in_model_says_that_it_only_corrects(tmp_path, monkeypatch):
    """And what brings one that can: a setting, or with "auto" the model that is not here yet."""
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    assert only_corrects(Llm(model="builtin")) == (
        'the built-in model only corrects; for tasks set llm.model to "auto", "huggingface" or the path of a .gguf file'
    )
    assert "`ocrwatchd models pull`" in only_corrects(Llm(model="auto"))


def test_unreadable_pages_are_not_shown_and_make_a_task_incomplete(line):
    """The line that stands for such a page is ours and not the document's; the file says that it is partial."""
    job = line.job(SUMMARY, ENTITIES, scenes=("fine", "unreadable"))
    line.work_off(job)
    assert "Sum up: 7 words" in read(job, ".summary.txt")
    assert read(job, ".summary.txt").splitlines()[1].startswith("[It does not cover the whole document")
    assert json.loads(read(job, ".entities.json"))["complete"] is False
    assert [end["reason"] for end in receipt(job)["tasks"]] == ["1 of 2 pages could not be read"] * 2


def test_marks_are_in_the_language_of_the_output(line):
    """As every notice inside a text."""
    job = line.job(SUMMARY, output=Output(language="de"), scenes=("fine", "unreadable"))
    line.work_off(job)
    first, second = read(job, ".summary.txt").splitlines()[:2]
    assert first == "[Vom Sprachmodell fake aus dem korrigierten Text erstellt; es kann falsch sein]"
    assert second.startswith("[Umfasst nicht das ganze Dokument")


def test_evaluation_mode_marks_results_too(line, monkeypatch):
    """What was made of a text that was cut says so."""
    before = assembly.Tally.document

    def cut(self, *args):
        return replace(before(self, *args), evaluation=True)

    monkeypatch.setattr(assembly.Tally, "document", cut)
    job = line.job(SUMMARY, ENTITIES)
    line.work_off(job)
    assert "evaluation mode" in read(job, ".summary.txt").splitlines()[1]
    assert json.loads(read(job, ".entities.json"))["evaluation"] is True


def test_finished_results_are_kept_over_a_restart(line, monkeypatch):
    """A crash while the set is written asks no model again; another prompt does."""
    monkeypatch.setattr(pipeline, "write_sets", lambda *_: 1 / 0)
    job = line.job(SUMMARY, ENTITIES)
    with pytest.raises(ZeroDivisionError):
        line.work_off(job)
    monkeypatch.undo()
    line.work_off(job)
    assert line.begun() == [1, 2]
    assert receipt(job)["tasks"][0]["state"] == "done"
    other = line.job(SUMMARY.model_copy(update={"prompt": "In short:"}), ENTITIES)
    line.work_off(other)
    assert line.begun() == [1, 2, 1]
    assert "In short: 14 words" in read(other, ".summary.txt")


def test_a_stop_between_two_tasks_loses_neither_pages_nor_results(line):
    """The job goes back, and goes on where it was."""
    job = line.job(SUMMARY, ENTITIES)
    with pytest.raises(Stopping):
        line.work_off(job, lambda: ("task", 1) in line.steps)
    assert not job.out.exists()
    line.work_off(job)
    assert [page for name, page in line.steps if name == "page"] == [1, 2]
    assert line.begun() == [1, 2]


@pytest.mark.parametrize("fresh", [False, True])
def test_a_stop_between_two_parts_loses_no_answer(line, monkeypatch, fresh):
    """Each turn brings a job on by a question, however soon it is asked back; also by an engine started since."""
    monkeypatch.setattr(FakeCorrector, "fits", lambda _self, _prompt, text, _most: len(text) < 150)
    asked = []

    def answer(_self, _prompt, text, *_):
        asked.append(text)
        return Proposal("x", Ending.FINISHED) if len(asked) != 2 else Proposal("", Ending.UNABLE, reason="no")

    monkeypatch.setattr(FakeCorrector, "answer", answer)
    job = line.job(SUMMARY, Task(name="other", prompt="x"), scenes=("fine",) * 16)
    bench = Bench(MAKERS, line.folder, lambda: None)
    turns = 0
    while True:
        turns += 1
        told = []
        try:
            pipeline.work_off(
                job,
                Bench(MAKERS, line.folder, lambda: None) if fresh else bench,
                lambda name, *_, told=told, **__: told.append(name),
                lambda told=told: "task" in told,
            )
        except Stopping:
            assert told.count("task") == 1
            assert ("page" in told) == (turns == 1)
        else:
            break
    assert turns == len(asked) == 2 * len(set(asked)) > 4
    ends = receipt(job)["tasks"]
    assert [(end["state"], end["answered"]) for end in ends] == [
        ("incomplete", len(asked) // 2 - 1), ("done", len(asked) // 2)
    ]  # fmt: skip


def test_a_task_without_a_result_is_not_tried_again_after_a_stop(line, monkeypatch):
    """Its time was spent on it once; the text waits for the others only."""
    monkeypatch.setattr(FakeCorrector, "answer", lambda *_: Proposal("", Ending.TIME))
    job = line.job(SUMMARY, ENTITIES)
    with pytest.raises(Stopping):
        line.work_off(job, lambda: ("task", 1) in line.steps)
    line.work_off(job)
    assert line.begun() == [1, 2]
    assert ["ran out" in end["reason"] for end in receipt(job)["tasks"]] == [True, True]


def test_a_task_that_ended_the_engine_is_left_out_the_next_time(line):
    """Once is enough: the text waits for it."""
    job = line.job(SUMMARY, ENTITIES)
    page_failures.record_crash(
        job, Step(job="j", name="task", page=1, pages=2), Message("it was killed"), max_attempts=9
    )
    line.work_off(job)
    assert [(end["state"], end["reason"]) for end in receipt(job)["tasks"]] == [
        ("left-out", "it was killed"), ("done", "")
    ]  # fmt: skip


def test_two_tasks_that_ended_the_engine_are_enough(line):
    """The text waits for no third one; what was done before stays."""
    third, fourth = (Task(name=name, prompt="Sum up:") for name in ("third", "fourth"))
    job = line.job(SUMMARY, ENTITIES, third, fourth)
    for number in (2, 3):
        page_failures.record_crash(
            job, Step(job="j", name="task", page=number, pages=2), Message("it was killed"), max_attempts=9
        )
    line.work_off(job)
    assert line.begun() == []
    assert [end["reason"] for end in receipt(job)["tasks"]] == [
        "2 other tasks have ended the engine", *["it was killed"] * 2, "2 other tasks have ended the engine"
    ]  # fmt: skip


def test_a_tasks_deaths_are_not_the_documents():
    """However many tasks end the engine, the pages have all their attempts."""
    assert page_failures.max_crashes(2, 1, tasks=1) == 3
    assert page_failures.max_crashes(2, 1, tasks=3) == 4
    assert page_failures.max_crashes(2, 7, tasks=3) == 12
    assert page_failures.max_crashes(2, 0, tasks=3) == 2


def test_the_machines_faults_are_no_tasks(line, monkeypatch):
    """A disk that is full returns the job, as everywhere; the host's end is no failure of a task either."""
    for fault in (OSError(errno.ENOSPC, "full"), MemoryError(), BrokenPipeError()):

        def failing(*_, fault=fault, **__):
            raise fault

        monkeypatch.setattr(stage, "TaskRun", failing)
        with pytest.raises(type(fault)):
            line.work_off(line.job(SUMMARY))


def test_a_format_that_names_its_file_likewise_wins(line, monkeypatch):
    """Another package's format may have any suffix: its file stays, the task's is left out and told."""
    found = assembly.writer

    def other(name):
        return found(name)._replace(suffix=".summary.txt") if name == "raw" else found(name)

    monkeypatch.setattr(assembly, "writer", other)
    job = line.job(SUMMARY, output=Output(formats=("txt", "raw")))
    line.work_off(job)
    assert read(job, ".summary.txt").startswith("a line of page 1")
    end = receipt(job)["tasks"][0]
    assert (end["state"], "rename the task" in end["reason"]) == ("left-out", True)
    assert any("rename the task" in warning for warning in receipt(job)["warnings"])


def test_a_result_is_never_taken_for_a_receipt(line, monkeypatch):
    """Whatever a document makes a model say, the ledger that is built from the outbox knows no such document."""
    forged = {"job": "20260101-000000-000000-abcdef", "name": "x.pdf", "sha256": "0" * 64, "z": 1}

    said = Proposal(json.dumps(forged, indent=0), Ending.FINISHED)
    monkeypatch.setattr(FakeCorrector, "answer", lambda *_: said)
    job = line.job(Task(name="entities", prompt="x", output="json"))
    line.work_off(job)
    outbox = line.folder / "outbox"
    outbox.mkdir()
    (job.out / "document.entities.json").rename(outbox / "scan.entities.json")
    assert forged.items() <= json.loads((outbox / "scan.entities.json").read_text())["result"].items()
    assert list(_receipts(Folders(root=str(line.folder)).path("outbox"))) == []


def test_markdown_fetches_nothing_when_it_is_shown(line, monkeypatch):
    """A page may tell the model to write a picture whose address carries the document away; text stays as said."""
    said = Proposal(
        '# A *debt*\n![x](http://h/?q=secret) \\![y][z] <img src="http://h/"> 1 < 2\n[z]: http://h/', Ending.FINISHED
    )
    monkeypatch.setattr(FakeCorrector, "answer", lambda *_: said)
    job = line.job(Task(name="m", prompt="x", output="md"), Task(name="t", prompt="x"))
    line.work_off(job)
    shown = read(job, ".m.md")
    assert shown.splitlines()[2:4] == [
        "# A *debt*", r'&#33;[x](http://h/?q=secret) \&#33;[y][z] &lt;img src="http://h/"> 1 &lt; 2'
    ]  # fmt: skip
    assert said.text in read(job, ".t.txt")
