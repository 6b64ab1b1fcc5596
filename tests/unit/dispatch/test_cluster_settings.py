"""What becomes of attempts when the settings have changed at a reload or a restart."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from ocrwatchd.core.attempt import Ending
from ocrwatchd.core.config.profile import Llm, Ocr, Output, Work
from ocrwatchd.core.i18n import Message
from ocrwatchd.core.model import Job, Sheets
from ocrwatchd.dispatch.cluster import attempts, capabilities
from ocrwatchd.dispatch.cluster.messages import Token, digest
from ocrwatchd.engine import page_failures
from ocrwatchd.engine.protocol import Step
from tests.office import ANY, TOKEN, Hand, Office

CHANGES = {
    "formats": Work(output=Output(formats=("txt", "json", "md"))),
    "a password": Work(ocr=Ocr(pdf_passwords=("secret",))),
    "no model": Work(llm=Llm(model="off")),
}


@pytest.fixture
def office(tmp_path):
    """An office with nothing to do."""
    return Office(tmp_path)


def order_of(work):
    """What stands for it, as a worker sees it."""
    return digest(Work.model_validate_json(capabilities.settled(work).of_the_document.model_dump_json()), None)


def test_an_order_is_another_one_where_the_document_is_to_be_read_otherwise():
    """Neither who goes first nor what a machine has changes it, nor its way over the broker."""
    same = (Work(), Work(priority=7), Work(ocr=Ocr(threads=3, license="/etc/licence", engine="rapidocr")))
    assert len({order_of(work) for work in same[:2]}) == 1
    assert len({order_of(work.model_copy(update={"ocr": Ocr(engine="rapidocr")})) for work in same}) == 1
    assert len({order_of(work) for work in (Work(), *CHANGES.values())}) == 1 + len(CHANGES)
    assert order_of(Work()) == digest(capabilities.settled(Work()).of_the_document, None)


def test_an_order_is_another_one_where_sheets_may_ask_for_something_else():
    """A profile that a sheet may name has changed, or the key; the machine's own settings do not count."""
    job = Job("j", Path("j"), Path("a.pdf"), Work())
    sheets = [
        None,
        Sheets({"notes": Work()}, b"key"),
        Sheets({"notes": Work(llm=Llm(model="off"))}, b"key"),
        Sheets({"notes": Work()}, b"new"),
    ]
    orders = [capabilities.published(replace(job, sheets=each)) for each in sheets]
    assert len({digest(each.work, each.sheets) for each in orders}) == len(orders)
    own = Sheets({"notes": Work(ocr=Ocr(threads=3))}, b"key")
    assert capabilities.published(replace(job, sheets=own)) == orders[1]
    urgent = Sheets({"notes": Work(priority=9)}, b"key")
    assert digest(orders[1].work, urgent.with_works(capabilities.settled)) == digest(orders[1].work, orders[1].sheets)


@pytest.mark.parametrize("ending", ["done", "unreadable", "held"])
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_was_ordered_otherwise_is_read_again(office, ending, change):
    """Before a reload or a restart; with the pages of before, and its worker is called off. The newer one counts."""
    job = office.add(office.job())
    early, late = Hand(office, "early"), Hand(office, "late")
    desk = early.take().desk
    (desk / "pages").mkdir()
    (desk / "pages" / "0001.json").write_text("page", encoding="ascii")
    if ending == "done":
        early.finish("early")
    elif ending == "unreadable":
        early.end("unreadable", reason="it wants a password")
    else:
        assert office.turn() == []
    office.reopen()
    office.add(office.job(work=change))
    assert office.turn() == []
    assert office.lying == [(1, 2)]
    assert (desk / attempts.WANTED_BACK).exists()
    assert (late.take().pages / "0001.json").read_text() == "page"
    if ending == "held":
        early.finish("early")
    assert office.turn() == []
    late.finish("late")
    assert office.turn() == [(job.id, Ending.DONE)]
    assert (job.out / "document.json").read_text() == "late"


def test_an_order_from_before_that_is_begun_late_is_called_off(office):
    """A worker had it in its hands when the settings changed."""
    job = office.add(office.job())
    early, late = Hand(office, "early"), Hand(office, "late")
    (order,) = office.line.lying[ANY]
    office.reopen()
    office.add(office.job(work=CHANGES["formats"]))
    (newer,) = office.line.lying[ANY]
    office.line.lying[ANY] = [order]
    desk = early.take().desk
    assert office.turn() == []
    assert (desk / attempts.WANTED_BACK).exists()
    office.line.lying[ANY] = [newer]
    mine = late.take().desk
    early.finish("early")
    assert office.turn() == []
    assert not (mine / attempts.WANTED_BACK).exists()
    late.finish("late")
    assert office.turn() == [(job.id, Ending.DONE)]
    assert (job.out / "document.json").read_text() == "late"


def test_another_priority_lets_attempts_go_on(office):
    """The text is the same."""
    office.add(office.job())
    hand = Hand(office, "w1")
    hand.take()
    office.turn()
    office.reopen()
    job = office.job(priority=5)
    office.add(job)
    assert office.lying == []
    hand.finish()
    assert office.turn() == [(job.id, Ending.DONE)]


def test_pages_of_attempts_come_home_where_no_broker_is_any_more(office):
    """The last attempt's first; what the machine has read itself stays."""
    job = office.job()
    (job.folder / "pages").mkdir()
    (job.folder / "pages" / "0001.json").write_text("own", encoding="ascii")
    for number, pages in ((1, "123"), (2, "23")):
        folder = job.folder / "attempts" / f"{number}-w1" / "pages"
        folder.mkdir(parents=True)
        for page in pages:
            (folder / f"000{page}.json").write_text(str(number), encoding="ascii")
    attempts.bring_home(job)
    assert [path.read_text() for path in sorted((job.folder / "pages").iterdir())] == ["own", "2", "2"]
    attempts.bring_home(office.job(2))
    assert not (office.job(2).folder / "pages").exists()


def test_what_is_no_file_is_not_taken_for_a_page(office, tmp_path):
    """The engine would wait at a FIFO for ever, and read whatever a link leads to."""
    job = office.job()
    pages = job.folder / "attempts" / "1-w1" / "pages"
    pages.mkdir(parents=True)
    os.mkfifo(pages / "0001.json")
    (pages / "0002.json").symlink_to(tmp_path / "elsewhere")
    (pages / "0003.json").mkdir()
    (pages / "0004.json").write_text("page", encoding="ascii")
    attempts.bring_home(job)
    assert [path.name for path in (job.folder / "pages").iterdir()] == ["0004.json"]


def test_a_page_is_given_up_as_the_supervisor_says(office):
    """Not as each worker's own settings have it."""
    office.token = Token(**(TOKEN.model_dump() | {"max_attempts": 3}))
    office.reopen()
    office.add(office.job())
    job = Hand(office, "w1").take()
    assert job.max_attempts == 3
    step = Step(job=job.id, name="page", page=1, pages=1)
    for _ in range(2):
        page_failures.record_crash(job, step, Message("killed"), job.max_attempts)
    assert not page_failures.skip_reason(job, "page", 1)
