"""What others write into the share, or say through the broker, ends neither a supervisor nor a worker."""

import errno
import json
import os
from pathlib import Path

import pytest

from ocrwatchd.core.attempt import ScanFigures
from ocrwatchd.core.config.profile import Work
from ocrwatchd.core.jsonlines import ProtocolError
from ocrwatchd.core.model import Job
from ocrwatchd.dispatch.cluster import attempts
from ocrwatchd.dispatch.cluster.attempts import Attempt
from ocrwatchd.dispatch.cluster.messages import Card, Order, Refused, Report, Token, decode
from ocrwatchd.engine.process.assembly import Part, Tally, figures_of
from ocrwatchd.engine.protocol import decode_answer
from tests.fakes.worded import document

TOKEN = Token(root="0123456789abcdef", version="1")
JOB = "20260101-000000-000001-abcdef"


def order(folder: Path, attempt=1):
    """An order for a scan that lies there."""
    source = folder / JOB / "scan" / "a.tif"
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_bytes(b"scan")
    return Order.of(Job(JOB, folder / JOB, Path("a.tif"), Work()), attempt, TOKEN)


def attempt(folder: Path):
    """A worker's first attempt, begun."""
    made = attempts.begin(order(folder), folder, "w1", Work())
    return Attempt(1, "w1", made.desk)


@pytest.mark.parametrize(
    "figures",
    [
        '{"pages": NaN}',
        '{"pages": -1}',
        f'{{"pages": 1{"0" * 400}}}',
        '{"seconds": Infinity}',
        '{"seconds": 1e999}',
        '{"confidence": NaN}',
        '{"words": [1]}',
        '{"sha256": "x"}',
        '{"edits_by_reason": {"why": {"a": 1}}}',
        '{"edits_by_reason": {"why": 1e40}}',
        '{"job": 1}',
        '{"name": true}',
    ],
)
def test_figures_that_no_engine_tells_are_refused(tmp_path, figures):
    """Neither ledger nor log could take them: the attempt counts as returned, and its scan is read again."""
    made = attempt(tmp_path)
    content = f'{{"worker": "w1", "ending": "done", "figures": {figures}}}'
    (made.folder / attempts.ENDED).write_text(content, encoding="ascii")
    report = attempts.ended(made)
    assert (report.ending, report.figures) == ("returned", ScanFigures())
    assert "report is not valid" in str(report.reason)


def test_an_engines_figures_are_taken_whole():
    """All that it tells of a document, and nothing that it has not told."""
    read = Part(document("a.tif", 3, sha256="ab" * 32), Tally(pages=3, words=5, seconds=1.5), lambda: iter([]))
    told = figures_of([read], [read.document])
    sent = Report(worker="w1", ending="done", figures=told)
    assert decode(Report, sent.model_dump_json()).figures == told
    assert Report(worker="w1", ending="died", figures={"pages": 3}).figures == ScanFigures(pages=3)


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (Report, {"worker": "w1", "ending": "done", "\x1b[2J" + "x" * 5000: 1}),
        (Report, {"worker": "w1", "ending": "done", "figures": {"edits_by_reason": {"\x1b[2J" + "x" * 90: "y"}}}),
        (Card, {"name": "w1", "version": "1", "beat": 1, "Mrs Example owes 7 Euro": 1}),
    ],
)
def test_a_refusal_repeats_nothing_that_stood_there(kind, content):
    """A key's own name is content, too: it would go to the log, and be too long for a reason."""
    with pytest.raises(Refused) as refusal:
        decode(kind, json.dumps(content))
    assert str(refusal.value).isprintable()
    assert "xx" not in str(refusal.value)
    assert "Example" not in str(refusal.value)
    assert len(str(refusal.value)) < 200


def test_an_end_with_a_key_that_nobody_knows_is_an_end(tmp_path):
    """However long its name is."""
    made = attempt(tmp_path)
    content = json.dumps({"worker": "w1", "ending": "done", "x" * 5000: 1})
    (made.folder / attempts.ENDED).write_text(content, encoding="ascii")
    assert attempts.ended(made).ending == "returned"


def test_an_attempts_number_is_bounded(tmp_path):
    """In an order, and in a folder's name: a worker's card has to hold it, and the next number, too."""
    sent = order(tmp_path).model_dump(mode="json")
    with pytest.raises(Refused):
        decode(Order, json.dumps(sent | {"attempt": 10**10}))
    for name in ("999999999-w1", "9999999999-w2"):
        (tmp_path / JOB / "attempts" / name).mkdir(parents=True)
    (made,) = attempts.made(tmp_path / JOB)
    following = order(tmp_path, made.number + 1)
    assert Card(name="w1", version="1", beat=1, job=JOB, attempt=following.attempt).attempt == 10**9


@pytest.mark.parametrize("fields", ['"page": -1', '"pages": 9999999999', '"seconds": NaN'])
def test_an_engines_step_is_bounded_where_it_comes_in(fields):
    """What has read a hostile document may say anything, and a worker's card has to hold it."""
    with pytest.raises(ProtocolError):
        decode_answer(f'{{"type": "step", "job": "{JOB}", "name": "page", {fields}}}'.encode())


def as_a_link(path):
    """What lies there leads elsewhere."""
    path.symlink_to("elsewhere")


def as_a_pipe(path):
    """Nobody ever writes to it."""
    os.mkfifo(path)


def as_a_folder(path):
    """With something in it."""
    (path / "x").mkdir(parents=True)


@pytest.mark.parametrize("lay", [as_a_link, as_a_pipe, as_a_folder])
def test_an_end_that_is_no_file_is_an_end(tmp_path, lay):
    """Else its job would lie there for ever: it is read again, and the thing is removed."""
    made = attempt(tmp_path)
    lay(made.folder / attempts.ENDED)
    report = attempts.ended(made)
    assert (report.ending, "cannot be read" in str(report.reason)) == ("returned", True)
    attempts.heed(made)
    assert attempts.ended(made) is None


def test_a_share_that_is_away_is_no_end(tmp_path, monkeypatch):
    """Then nothing is known of the attempt."""
    made = attempt(tmp_path)

    def fail(*_args, **_more):
        raise OSError(errno.ESTALE, "Stale file handle")

    monkeypatch.setattr(attempts, "read", fail)
    with pytest.raises(OSError, match="Stale"):
        attempts.ended(made)


@pytest.mark.parametrize("lay", [as_a_link, as_a_pipe, as_a_folder])
def test_a_finished_set_takes_the_place_of_whatever_lies_there(tmp_path, lay):
    """Nothing of a link's other end is touched."""
    made = attempt(tmp_path)
    (tmp_path / JOB / "elsewhere").mkdir()
    lay(tmp_path / JOB / "out")
    finish(made)
    job = Job(JOB, tmp_path / JOB, Path("a.tif"), Work())
    attempts.take(job, made)
    assert (job.out / "document.json").read_text() == "{}"
    assert not (tmp_path / JOB / "elsewhere" / "document.json").exists()


def finish(made, name="document.json"):
    """Leave a set."""
    (made.folder / "out").mkdir()
    (made.folder / "out" / name).write_text("{}", encoding="ascii")


def test_a_set_lasts_before_it_is_taken(tmp_path, monkeypatch):
    """A worker's mount may have said so without doing it; what a power cut took would be missed only later."""
    made = attempt(tmp_path)
    finish(made)
    job = Job(JOB, tmp_path / JOB, Path("a.tif"), Work())
    synced = []
    monkeypatch.setattr(os, "fsync", lambda file: synced.append((os.fstat(file).st_ino, job.out.exists())))
    out = made.folder / "out"
    written = [(path.stat().st_ino, False) for path in (out / "document.json", out)]
    attempts.take(job, made)
    assert synced[:2] == written


@pytest.mark.parametrize(
    "name", [b"document.\xff", b"document. x", b"document.\x1b[2J", b"x.txt", b"document." + b"x" * 200]
)
def test_a_set_with_a_name_that_no_set_has_is_none(tmp_path, name):
    """The ledger could not take it, and the next start would come upon it again."""
    made = attempt(tmp_path)
    finish(made)
    (made.folder / "out" / os.fsdecode(name)).write_text("{}", encoding="ascii")
    with pytest.raises(attempts.Unusable, match="no file of a set"):
        attempts.take(Job(JOB, tmp_path / JOB, Path("a.tif"), Work()), made)


def test_a_set_without_its_receipt_is_none(tmp_path):
    """It could never be delivered."""
    made = attempt(tmp_path)
    finish(made, "document.txt")
    with pytest.raises(attempts.Unusable, match="receipt"):
        attempts.take(Job(JOB, tmp_path / JOB, Path("a.tif"), Work()), made)


@pytest.mark.parametrize("lay", [as_a_link, as_a_pipe])
def test_what_lies_in_the_place_of_all_attempts_is_told(tmp_path, lay):
    """No worker could begin one, and nothing beyond a link is looked at."""
    sent = order(tmp_path)
    (tmp_path / JOB / "elsewhere" / "1-w1").mkdir(parents=True)
    lay(tmp_path / JOB / "attempts")
    with pytest.raises(NotADirectoryError, match="remove it"):
        attempts.made(tmp_path / JOB)
    with pytest.raises(NotADirectoryError):
        attempts.begin(sent, tmp_path, "w1", Work())


@pytest.mark.parametrize("lay", [as_a_link, as_a_pipe, as_a_folder])
def test_asking_for_a_job_back_makes_nothing_elsewhere(tmp_path, lay):
    """Nor does it wait for a pipe's other end."""
    made = attempt(tmp_path)
    lay(made.folder / attempts.WANTED_BACK)
    attempts.call_off([made])
    assert not (made.folder / "elsewhere").exists()
