"""`ocrwatchd report` beside the daemon as a process."""

import json
import shutil

import pytest

from tests.e2e.running import Running
from tests.fakes.engine import write_scan


@pytest.mark.slow
def test_what_a_running_daemon_has_done_is_reported(tmp_path):
    """Pages, words, edits by kind and confidence come from the engine through the ledger, repairs from the outbox."""
    with Running(tmp_path, llm={"model": "/m/fake.gguf"}) as daemon:
        write_scan(daemon.inbox / "a.tif", "fine", "fine")
        write_scan(daemon.inbox / "b.tif", "fine", "raise")
        write_scan(daemon.inbox / "c.tif", "raise")
        daemon.await_files("outbox", ["a.json", "b.json"])
        daemon.await_files("failed", ["c.tif"])
        daemon.await_idle()
        told = daemon.ask("report", "--since", "24h", "--json")
        assert told.stderr == ""
        table = json.loads(told.stdout)
        wanted = {"documents": 2, "failed": 1, "pages": 4, "unreadable_pages": 1, "edits": 3, "without_counts": 0}
        assert {key: table["total"][key] for key in wanted} == wanted
        assert table["total"]["edits_by_reason"] == {"similar-word": 3}
        assert table["total"]["confidence"] == pytest.approx(0.7857)
        assert table["receipts"]["read"] == 2
        assert [(each["before"], each["after"], each["times"]) for each in table["repairs"]] == [("teh", "the", 3)]
        assert {each["name"] for each in table["low_confidence"]["lowest"]} == {"a", "b"}
    shutil.rmtree(daemon.root / "outbox")
    said = daemon.ask("report")
    assert (said.returncode, said.stderr) == (0, "")
    assert "receipts   0 of 2 were there (2 no longer in the outbox)" in said.stdout
