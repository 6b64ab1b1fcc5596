"""A worker's own doings: how it begins an attempt, shows that it lives, and what it does where something fails."""

import os
from pathlib import Path

from ocrwatchd import outbox
from ocrwatchd.cluster import attempts
from ocrwatchd.cluster.messages import Order, Report, Token
from ocrwatchd.model import Job
from ocrwatchd.settings import Work

TOKEN = Token(root="0123456789abcdef", version="1")
JOB = "20260101-000000-000001-abcdef"


def order(folder: Path, attempt=1, name=JOB):
    """An order for a scan that lies there."""
    source = folder / name / "scan" / "a.tif"
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_bytes(b"scan")
    return Order.of(Job(name, folder / name, Path("a.tif"), Work()), attempt, TOKEN)


def test_one_of_two_that_do_not_see_each_other_has_the_attempt(tmp_path, monkeypatch):
    """A share may show a listing that is a minute old; a folder is made but once."""
    first = attempts.begin(order(tmp_path), tmp_path, "w1", Work())
    with monkeypatch.context() as stale:
        stale.setattr(attempts, "made", lambda _: [])
        assert attempts.begin(order(tmp_path), tmp_path, "w2", Work()) is None
    assert [(each.number, each.worker, each.folder) for each in attempts.made(first.folder)] == [(1, "w1", first.desk)]


def test_a_number_that_was_taken_is_an_attempt_though_nothing_came_of_it(tmp_path):
    """Its worker was killed in the middle: a later one gets the next number."""
    sent = order(tmp_path)
    (tmp_path / JOB / "attempts" / "1").mkdir(parents=True)
    (found,) = attempts.made(tmp_path / JOB)
    assert (found.number, found.worker, attempts.ended(found)) == (1, attempts.NOBODY, None)
    assert attempts.begin(sent, tmp_path, "w1", Work()) is None
    assert attempts.begin(order(tmp_path, 2), tmp_path, "w1", Work()) is not None


def test_a_worker_lives_while_it_takes_over_pages(tmp_path, monkeypatch):
    """From the moment that the attempt is its own; also by copy, where the share knows no links."""
    pages = tmp_path / JOB / "pages"
    pages.mkdir(parents=True)
    for page in range(3 * attempts.INHERITED_AT_ONCE):
        (pages / f"{page:04}.json").write_text(str(page), encoding="ascii")
    monkeypatch.setattr(os, "link", fails)
    seen = []
    desk = tmp_path / JOB / "attempts" / "1-w1"
    job = attempts.begin(order(tmp_path), tmp_path, "w1", Work(), lambda: seen.append(len([*desk.rglob("*.json")])))
    assert [seen[0], len(seen)] == [0, 4]
    assert {each.name: each.read_text() for each in job.pages.iterdir()} == {
        each.name: each.read_text() for each in pages.iterdir()
    }


def fails(*_args, **_more):
    """A share without links."""
    raise PermissionError(1, "Operation not permitted")


def test_a_late_worker_does_not_keep_what_is_cleared(tmp_path, monkeypatch):
    """Where it adds pages while all of it goes, it finds nothing to add to."""
    job = attempts.begin(order(tmp_path), tmp_path, "w1", Work())
    job.pages.mkdir()
    job.source.unlink()
    rmtree = outbox.shutil.rmtree
    late = []

    def slowly(path):
        try:
            (job.pages / "0001.json").write_text("late", encoding="ascii")
            attempts.end(job.desk, Report(worker="w1", ending="done"))
        except FileNotFoundError as error:
            late.append(error)
        rmtree(path)

    monkeypatch.setattr(outbox.shutil, "rmtree", slowly)
    outbox.clear(job)
    assert not job.folder.exists()
    assert late
