"""Small files that ask for very much: none of them holds up the others."""

import hashlib
import json

import pytest

from tests import hostile
from tests.e2e.running import Running, await_that
from tests.fakes.engine import write_scan

pytestmark = pytest.mark.slow


def drop(daemon, name, content):
    """Put a file into the inbox in one step."""
    written = daemon.base / "dropped"
    written.write_bytes(content)
    written.rename(daemon.inbox / name)


@pytest.mark.parametrize(
    ("name", "content"),
    [("book.pdf", hostile.pdf_of_one_page(50_000)), ("book.tif", hostile.tiff_chain(8_000))],
)
def test_a_small_file_of_fifty_thousand_pages_holds_up_nobody(tmp_path, monkeypatch, name, content):
    """A letter is delivered in between; beyond ocr.max_pages one page stands for the rest, and nothing is complete."""
    monkeypatch.setenv("OCRWATCHD_TEST_TURN_S", "1")
    daemon = Running(tmp_path, output={"formats": ["txt", "json", "pdf"]}, queue={"size": 1}, ocr={"max_pages": 1000})
    with daemon:
        drop(daemon, name, content)
        await_that(lambda: daemon.events("page.done"), 60)
        write_scan(daemon.inbox / "letter.tif", "fine", "fine")
        daemon.await_files("outbox", ["letter.json"])
        assert "book.json" not in daemon.lying("outbox")
        daemon.await_files("outbox", ["book.json"], 240)
        daemon.await_idle()
    receipt = json.loads((daemon.root / "outbox" / "book.json").read_text(encoding="utf-8"))
    assert (receipt["complete"], len(receipt["pages"])) == (False, 1001)
    assert "only the first 1,000 pages" in receipt["pages"][-1]["error"]
    assert sum(bool(page["error"]) for page in receipt["pages"]) == 1
    assert daemon.events("attempt.died") == []


def test_a_ring_of_two_daemons_comes_to_its_end(tmp_path):
    """Each one's outbox is the other's inbox: the second refuses the first one's PDF, and says why."""
    rings = []
    for name, inbox, outbox in (("one", "a", "b"), ("two", "b", "a")):
        (tmp_path / name).mkdir()
        folders = {"root": str(tmp_path / name / "root"), "inbox": str(tmp_path / inbox / "in"),
                   "outbox": str(tmp_path / outbox / "in")}  # fmt: skip
        rings.append(Running(tmp_path / name, folders=folders, output={"formats": ["txt", "json", "pdf"]}))
    first, second = rings
    with first, second:
        write_scan(tmp_path / "scan.tif", "fine")
        (tmp_path / "scan.tif").rename(tmp_path / "a" / "in" / "letter.tif")
        second.await_files("failed", ["letter.pdf", "letter.reason.txt"])
    reason = (second.root / "failed" / "letter.reason.txt").read_text(encoding="utf-8")
    (delivered,) = first.events("job.delivered")
    assert f"written this PDF itself (receipt {delivered['job']})" in reason
    assert second.events("job.delivered") == []
    assert not list((tmp_path / "a" / "in").iterdir())


def test_an_outbox_that_is_the_inbox_by_a_link_is_refused(tmp_path):
    """At the start and by check, with the way out."""
    daemon = Running(tmp_path, module="ocrwatchd")
    (daemon.root / "inbox" / "profile").mkdir(parents=True)
    (daemon.root / "outbox").symlink_to(daemon.root / "inbox" / "profile")
    for ended in (daemon.once(), daemon.ask("check")):
        assert ended.returncode != 0
        assert "or is inside it, by a link or a mount: remove the link or mount, or name another folder" in " ".join(
            (ended.stdout + ended.stderr).split()
        )
    assert daemon.once().returncode == 4


def test_an_uploader_that_keeps_its_file_open_cannot_exchange_the_archived_original(tmp_path):
    """The original in the archive has the receipt's SHA-256; later writes become another scan."""
    daemon = Running(tmp_path)
    with daemon:
        with write_scan(daemon.inbox / ".letter.tif", "fine").open("r+b") as uploader:
            (daemon.inbox / ".letter.tif").rename(daemon.inbox / "letter.tif")
            daemon.await_files("archive", ["letter.tif"])
            daemon.await_idle()
            uploader.write(b"II*\0 another letter")
        daemon.await_files("failed", ["letter.tif", "letter.reason.txt"])
        daemon.await_idle()
    assert (daemon.root / "failed" / "letter.tif").read_bytes().startswith(b"II*\0 another letter")
    receipt = json.loads((daemon.root / "outbox" / "letter.json").read_text(encoding="utf-8"))
    archived = (daemon.root / "archive" / "letter.tif").read_bytes()
    assert hashlib.sha256(archived).hexdigest() == receipt["sha256"]
