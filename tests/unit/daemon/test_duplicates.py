"""Scans that were delivered before."""

import hashlib
import json
import time
from dataclasses import replace
from pathlib import Path

import pytest

from ocrwatchd.core.attempt import Ending, Outcome, PartFigures, ScanFigures
from ocrwatchd.core.config.profile import Output
from ocrwatchd.core.config.schema import Config, Folders
from ocrwatchd.core.i18n import Message
from ocrwatchd.core.model import Job
from ocrwatchd.daemon import duplicates
from ocrwatchd.daemon.completion import JobCompletion
from ocrwatchd.daemon.duplicates import Duplicates
from ocrwatchd.storage import outbox, root_folders
from ocrwatchd.storage.ledger import Ledger
from ocrwatchd.storage.records import Original
from tests.fakes.planned import planned
from tests.fakes.queue import FakeQueue
from tests.lying import lying

LETTER = b"a letter" * 1000


class House:
    """A root whose scans are read by nobody."""

    def __init__(self, root, ledger):
        self.folders = Folders(root=str(root))
        self.ledger = ledger
        root_folders.prepare(self.folders)
        self.endings = JobCompletion(ledger, outbox.Outbox(self.folders, ledger), FakeQueue(), max_attempts=2)
        self.finder = Duplicates(self.folders, ledger, skip=True)
        self.count = 0

    def claim(self, name, content=LETTER):
        """A claimed scan."""
        self.count += 1
        job = Job(f"j{self.count}", self.folders.work_path / f"j{self.count}", Path(name), Config().work())
        job.source.parent.mkdir(parents=True)
        job.source.write_bytes(content)
        self.ledger.claimed(job.id, job.relative, size=len(content), mtime_ns=0)
        return job

    def deliver(self, name, content=LETTER, *, job=None, parts=1):
        """A scan that the engine has read."""
        job = job or self.claim(name, content)
        job.out.mkdir()
        for part in range(1, parts + 1):
            for suffix in (".txt", ".json"):
                (job.out / f"{outbox.stem_of(part)}{suffix}").write_text("text")
        figures = ScanFigures(sha256=hashlib.sha256(content).hexdigest(), pages=1, parts=(PartFigures(),) * parts)
        self.endings.end(Outcome(job, Ending.DONE, figures=figures))
        return job

    def look(self, job):
        """What is found out about a job once it is its turn."""
        while self.finder.holds(job):
            assert self.finder.next_due() is not None
            self.finder.tick(time.monotonic())
        assert self.finder.next_due() is None
        return self.finder.shortcut(job)

    def lying(self, folder):
        """Every file under a folder."""
        return lying(self.folders.path(folder))


@pytest.fixture
def house(tmp_path):
    """A house with an open ledger."""
    with Ledger(tmp_path / "ledger.sqlite3") as ledger:
        yield House(tmp_path / "root", ledger)


def test_what_may_be_a_copy_waits_until_the_first_has_ended(house):
    """Where several engines read, both would be read else; other sizes, other profiles and canaries do not wait."""
    first, copy = house.claim("letter.pdf"), house.claim("again.pdf")
    assert not house.finder.holds(first)
    house.finder.begun(first)
    assert house.finder.holds(copy)
    assert not house.finder.holds(first)
    canary = replace(house.claim("canary.png"), canary=True)
    others = house.claim("longer.pdf", LETTER * 2), house.claim("de/letter.pdf"), canary
    assert not any(house.finder.holds(other) for other in others)
    first.out.mkdir()
    (first.out / "document.json").write_text("text")
    sha256 = hashlib.sha256(LETTER).hexdigest()
    house.endings.end(Outcome(first, Ending.DONE, figures=ScanFigures(sha256=sha256, pages=1)))
    house.finder.ended(first)
    assert house.look(copy).ending is Ending.KNOWN


def test_the_loop_looks_at_once_after_what_may_go_on(house):
    """A copy whose original has ended does not wait until something else wakes the loop."""
    first, copy = house.claim("letter.pdf"), house.claim("again.pdf")
    house.finder.begun(first)
    assert house.finder.holds(copy)
    assert house.finder.next_due() is None
    house.finder.ended(first)
    assert house.finder.next_due() == 0.0
    house.finder.tick(time.monotonic())
    assert house.finder.next_due() is None
    assert not house.finder.holds(copy)


def test_a_scan_that_waits_is_looked_at_once(house):
    """However often the queue asks: it may lie on a share. Only what could not be looked at is looked at again."""
    first, copy = house.claim("letter.pdf"), house.claim("again.pdf")
    aside = copy.source.with_name("aside")
    copy.source.rename(aside)
    house.finder.begun(first)
    assert not house.finder.holds(copy)
    aside.rename(copy.source)
    assert house.finder.holds(copy)
    copy.source.write_bytes(b"not looked at")
    assert house.finder.holds(copy)
    house.finder.ended(copy)
    assert not house.finder.holds(copy)


def test_second_copy_goes_to_the_archive_with_a_receipt(house):
    """It is not read; its receipt names the first one, and its original is kept under the receipt's name."""
    house.deliver("letter.pdf")
    copy = house.claim("again.pdf")
    outcome = house.look(copy)
    assert outcome.ending is Ending.KNOWN
    house.endings.end(outcome)
    assert house.lying("outbox") == ["again.json", "letter.json", "letter.txt"]
    assert house.lying("archive") == ["again.pdf", "letter.pdf"]
    receipt = json.loads((house.folders.path("outbox") / "again.json").read_text())
    assert (receipt["duplicate_of"], receipt["job"], receipt["pages"]) == ("letter", copy.id, [])
    assert house.ledger.entry(copy.id).state == "delivered"
    assert house.look(house.claim("third.pdf")).figures.duplicate_of == "letter", "the first one, not its copy"


def test_a_receipt_names_the_set_and_not_the_original(house):
    """They differ with ``output.name``, and of a divided stack there are several: the first one counts."""
    job = house.claim("letter.pdf")
    work = job.work.model_copy(update={"output": Output(name="{name} of Monday")})
    house.deliver("", job=replace(job, work=work))
    assert house.look(house.claim("again.pdf")).figures.duplicate_of == "letter of Monday"
    stack = house.deliver("forms/stack.pdf", parts=2)
    assert house.look(house.claim("forms/again.pdf")).figures.duplicate_of == "forms/stack-part-1"
    assert house.ledger.entry(stack.id).name == "stack"


@pytest.mark.parametrize(
    ("name", "content"), [("other.pdf", LETTER[:-1] + b"?"), ("longer.pdf", LETTER + b"."), ("forms/x.pdf", LETTER)]
)
def test_other_content_or_another_profile_is_read(house, name, content):
    """Equal size is not equal content, and another profile may read the same letter otherwise."""
    house.deliver("letter.pdf")
    assert house.look(house.claim(name, content)) is None


def test_only_what_was_delivered_counts(house):
    """A copy of a scan that failed, or that is still waiting, is read."""
    failed = house.claim("failed.pdf")
    house.endings.set_aside(failed, Message("the engine died"))
    house.claim("waiting.pdf")
    assert house.look(house.claim("copy.pdf")) is None


def test_nothing_is_hashed_where_no_scan_has_that_size(house, monkeypatch):
    """A scan of a new size costs no second reading."""
    house.deliver("letter.pdf")
    monkeypatch.setattr(duplicates, "hashing", lambda _files: pytest.fail("hashed"))
    assert house.look(house.claim("other.pdf", b"short")) is None


def test_copy_of_a_scan_on_its_way_out_counts(house):
    """Its twin waits for a full outbox, say: it will be delivered all the same."""
    twin = house.claim("letter.pdf")
    house.ledger.recognised(twin.id, sha256=hashlib.sha256(LETTER).hexdigest(), pages=1, seconds=1)
    house.ledger.delivering(twin.id, "outbox", "letter", (planned("letter", ".json"),), Message(""))
    assert house.look(house.claim("copy.pdf")).figures.duplicate_of == "letter"


def test_archive_is_asked_where_the_ledger_was_rebuilt(house):
    """An original whose receipt has gone is known by its size; its hash is found out once, when it is needed."""
    (house.folders.path("archive") / "old.pdf").write_bytes(LETTER)
    house.ledger.adopt(Original("adopted", Path("old.pdf"), "outbox", "old", "", len(LETTER), 0))
    assert house.look(house.claim("copy.pdf")).figures.duplicate_of == "old"
    assert house.ledger.alike(len(LETTER))[0].sha256


def test_scan_that_cannot_be_read_now_goes_to_the_engine(house):
    """The line knows what to do about a failing disk: that is not for this room to decide."""
    house.deliver("letter.pdf")
    job = house.claim("copy.pdf")
    assert house.finder.holds(job)
    job.source.unlink()
    house.finder.tick(time.monotonic())
    assert house.finder.shortcut(job) is None


def test_by_default_each_scan_is_read(house):
    """Who sends a letter twice gets two texts."""
    house.deliver("letter.pdf")
    finder = Duplicates(house.folders, house.ledger, skip=False)
    job = house.claim("copy.pdf")
    assert not finder.holds(job)
    assert finder.shortcut(job) is None


def test_receipt_is_not_written_again_once_its_delivery_has_begun(house, monkeypatch):
    """A full outbox does not make the set of a copy grow or change."""
    house.deliver("letter.pdf")
    copy = house.claim("again.pdf")
    outcome = house.look(copy)
    with monkeypatch.context() as patched:
        patched.setattr(outbox.files, "move", lambda *_, **__: (_ for _ in ()).throw(OSError(28, "No space left")))
        house.endings.end(outcome)
    monkeypatch.setattr(duplicates, "write_receipt", lambda *_: pytest.fail("written twice"))
    due = house.endings.next_due()
    monkeypatch.setattr("time.monotonic", lambda: due)
    house.endings.tick(due)
    assert house.lying("archive") == ["again.pdf", "letter.pdf"]
