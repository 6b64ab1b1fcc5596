"""Scans that are taken out of the inbox."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from ocrwatchd.arrival.arrivals import Ready
from ocrwatchd.arrival.claim import Seen
from ocrwatchd.arrival.settle import Stamp
from ocrwatchd.core.config.schema import Config, Folders
from ocrwatchd.core.model import Scan
from ocrwatchd.daemon.claiming import Claims
from ocrwatchd.formats.input.completeness import Examined, Finding
from ocrwatchd.storage.ledger import Ledger, LedgerFault
from ocrwatchd.storage.work_folder import WorkFolder


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
    tried, troubles = [], {}

    def locked(_ledger, job, *_args, **_options):
        tried.append(job)
        raise LedgerFault(16, "the ledger cannot be used: database is locked", str(tmp_path / "ledger"))

    seen = Seen(Stamp(1, 1, 1), 1, Examined(Finding.WHOLE, "PNG"), written=False)
    offers = [Ready(Scan(tmp_path / name, Path(name)), "", seen) for name in ("a.png", "b.png", "c.png")]
    monkeypatch.setattr(Ledger, "claimed", locked)
    with Ledger(tmp_path / "ledger.sqlite3") as ledger:
        arrivals = SimpleNamespace(ready=lambda *_: offers)
        reporter = SimpleNamespace(trouble=lambda what, words: troubles.update({what: words}))
        Claims(arrivals, place, ledger, SimpleNamespace(), reporter).turn(9)
    assert len(tried) == 1
    assert "locked" in str(troubles["claim"])
    assert not (tmp_path / "root" / ".work" / tried[0]).exists()
