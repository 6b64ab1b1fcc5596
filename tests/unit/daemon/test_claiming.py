"""Scans that are taken out of the inbox."""

import math
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from ocrwatchd.arrival.arrivals import Ready
from ocrwatchd.arrival.claim import Seen
from ocrwatchd.arrival.settle import Stamp
from ocrwatchd.core import canary_name
from ocrwatchd.core.config.profile import Output, Paper, Split, Work
from ocrwatchd.core.config.schema import Config, Folders
from ocrwatchd.core.model import Job, Scan, Sheets
from ocrwatchd.daemon.claiming import Claims, recognise
from ocrwatchd.dispatch.priority import AHEAD_S
from ocrwatchd.formats.input.completeness import Examined, Finding
from ocrwatchd.monitoring.canary import page
from ocrwatchd.storage.ledger import Ledger, LedgerFault
from ocrwatchd.storage.work_folder import WorkFolder
from tests.fakes.queue import FakeQueue


@pytest.fixture
def place(tmp_path):
    """A work folder."""
    root = tmp_path / "root"
    root.mkdir()
    with_root = WorkFolder(Config(folders=Folders(root=str(root))))
    with_root.open()
    yield with_root
    with_root.close()


def test_ledger_that_is_locked_holds_up_the_loop_once(tmp_path, place, monkeypatch):
    """Each call may wait a second for it: the scans behind the first one wait in the inbox, not in the loop."""
    tried = []

    def locked(_ledger, job, *_args, **_options):
        tried.append(job)
        raise LedgerFault(16, "the ledger cannot be used: database is locked", str(tmp_path / "ledger"))

    seen = Seen(Stamp(1, 1, 1), 1, Examined(Finding.WHOLE, "PNG"), written=False)
    offers = [Ready(Scan(tmp_path / name, Path(name)), "", seen) for name in ("a.png", "b.png", "c.png")]
    monkeypatch.setattr(Ledger, "claimed", locked)
    with Ledger(tmp_path / "ledger.sqlite3") as ledger:
        arrivals = SimpleNamespace(ready=lambda *_: offers)
        claims = Claims(arrivals, place, ledger, FakeQueue(), SimpleNamespace(parked=0), give_back=None)
        claims.tick(time.monotonic())
    assert len(tried) == 1
    ((kind, words, _file),) = claims.troubles()
    assert kind == "claim"
    assert "locked" in str(words)
    assert not (tmp_path / "root" / ".work" / tried[0]).exists()


def test_a_canary_is_one_document_under_its_own_name(tmp_path):
    """Whoever has sent it looks for that name, whatever the configuration makes of other scans."""
    split, paper = Split(on=("pages:1", "sheet")), Paper(blank="all", duplex="stacks")
    work = Work(output=Output(formats=("pdf",), name="{date} x{counter}"), split=split, pages=paper)
    job = Job("j", tmp_path / "j", Path(canary_name.new_name()), work, sheets=Sheets({"": work}, b"key"))
    job.source.parent.mkdir(parents=True)
    job.source.write_bytes(page.picture())
    found = recognise(job)
    assert (found.canary, found.sheets) == (True, None)
    assert found.work == Work(output=Output(formats=("pdf",)))


@pytest.mark.parametrize(
    ("room", "urgent", "parked", "asked"),
    [
        (3, None, 0, (3, -math.inf)),
        (3, None, 1, (2, -math.inf)),
        (0, 2, 0, (1, 2 * AHEAD_S)),
        (0, 2, 1, (0, -math.inf)),
        (0, None, 0, (0, -math.inf)),
        (-1, None, 0, (0, -math.inf)),
        (1, 2, 4, (0, -math.inf)),
    ],
)
def test_no_more_is_claimed_than_the_queue_has_room_for(place, room, urgent, parked, asked):
    """What waits for a folder takes room too; a full queue has one place more, for an urgent scan, and only then."""
    calls = []
    arrivals = SimpleNamespace(ready=lambda *limits: calls.append(limits) or [])
    queue, completion = FakeQueue(room, urgent), SimpleNamespace(parked=parked)
    Claims(arrivals, place, None, queue, completion, give_back=None).tick(0.0)
    assert calls == [asked]
