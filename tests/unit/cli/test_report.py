"""What has been done over time: from the ledger and from receipts that anybody may have changed."""

import os
import sqlite3
import threading
from pathlib import Path

import pytest

from ocrwatchd.cli.report import as_json, as_tables, frequent_edits, receipts, summary
from ocrwatchd.cli.report.frequent_edits import Pair
from ocrwatchd.cli.report.receipts import PAGE_BYTES
from ocrwatchd.core.errors import FolderUnusable
from ocrwatchd.core.reason import Reason
from ocrwatchd.monitoring import status
from ocrwatchd.storage.delivery_plan import sets_packed
from ocrwatchd.storage.ledger import Ledger
from ocrwatchd.storage.ledger_file import LEDGER
from tests.fakes.past import counts, edit
from tests.fakes.planned import planned

NOW = 1_800_000_000.0
DAY = 86_400.0


def told(past, since=0.0):
    """The summary of a root's past."""
    return summary.of(past.folders, since, NOW)


def test_everything_is_added_up_in_total_and_by_day(past):
    """Documents, pages, seconds, words, edits and refusals by kind, and confidence by words; failed scans apart."""
    past.scan("a", NOW - 2 * DAY, pages=2, seconds=3.0, counts=counts(100, {"similar word": 2}, confidence=1.0))
    past.scan("b", NOW, pages=1, seconds=3.0, counts=counts(300, {"stray": 1}, {"too different": 4}, 0.9, unreadable=1))
    past.scan("c", NOW, outcome="failed")
    past.scan("d", NOW, pages=0, seconds=0.0, counts={})
    found = told(past)
    total = found.total
    assert (total.documents, total.copies, total.failed, total.unknown) == (3, 1, 1, 0)
    assert (total.pages, total.unreadable, total.seconds_a_page, total.words) == (3, 1, 2.0, 400)
    assert (total.edits, total.refused) == ({"similar word": 2, "stray": 1}, {"too different": 4})
    assert total.confidence == pytest.approx(0.925)
    assert total.per_words(4) == 10
    assert found.step == "day"
    assert [(sums.documents, sums.failed, sums.pages) for sums in found.periods.values()] == [
        (1, 0, 2), (0, 0, 0), (2, 1, 1)
    ]  # fmt: skip


def test_words_without_confidence_do_not_weigh(past):
    """Of a PDF with text of its own only the words of its pictures were read with any."""
    past.scan("mixed", NOW, counts=counts(1000, confidence=0.5, scored_words=100))
    past.scan("read", NOW, counts=counts(300, confidence=0.9, scored_words=300))
    assert told(past).total.confidence == pytest.approx(0.8)


def test_only_what_has_ended_since_counts(past):
    """What ended before is left out; what a wrong clock has put ahead counts as of now."""
    past.scan("old", NOW - 8 * DAY, counts=counts())
    past.scan("new", NOW - 6 * DAY, counts=counts())
    past.scan("ahead", NOW + 400 * DAY, counts=counts())
    past.ledger.claimed("work", past.outbox)
    found = told(past, NOW - 7 * DAY)
    assert (found.total.documents, found.since, found.until) == (2, NOW - 7 * DAY, NOW)
    assert [sums.documents for sums in found.periods.values()][-1] == 1
    assert told(past).since == NOW - 8 * DAY, "without a beginning it is the ledger's"
    assert told(past, 1.0).since == NOW - 8 * DAY, "before it nothing can be known"


def test_a_ledger_without_scans_is_an_empty_time(past):
    """Nothing has ended: that is no error."""
    assert told(past).is_empty
    assert told(past, NOW - DAY).is_empty


def test_the_sets_of_a_scan_may_have_other_names(past):
    """By `output.name`, and each part of a divided stack has a receipt."""
    past.scan("letter", NOW, counts=counts(9, {"similar word": 1}, confidence=0.5), sets=["2027-01-15 letter"])
    past.receipt("2027-01-15 letter", ([edit("tlie", "the")], []), job="letter")
    parts = ["stack-part-1", "bills/stack-part-2", "stack-part-3"]
    past.scan("stack", NOW, counts=counts(9, {"similar word": 2}, confidence=0.6), sets=parts)
    for part in parts[:2]:
        past.receipt(part, ([edit("tlie", "the")], []), job="stack")
    found = told(past)
    assert found.repairs.most(1) == [(Pair("tlie", "the", None), 3, 0)]
    assert (found.found.read, found.found.gone, found.found.unusable) == (3, 1, 0)
    assert [str(scan.place) for scan in found.low] == ["2027-01-15 letter", "stack"]


def test_most_frequent_repairs_and_refusals_come_from_the_receipts(past):
    """Over all pages of all receipts that are there, reverted ones too; those that are gone are counted."""
    for name in ("a", "in/b", "gone"):
        past.scan(name, NOW, counts=counts(9, {"similar word": 2}, {"digits": 1}))
    past.scan("clean", NOW, counts=counts(9))
    past.receipt("a", ([edit("tlie", "the")], []), ([edit("tlie", "the", reverted=True), edit("0f", "of")], []))
    past.receipt("in/b", ([edit("tlie", "the")], [edit("cat", "dog", Reason.TOO_DIFFERENT)] * 2))
    found = told(past)
    assert found.repairs.most(2) == [(Pair("tlie", "the", None), 3, 1), (Pair("0f", "of", None), 1, 0)]
    assert found.refusals.most(2) == [(Pair("cat", "dog", Reason.TOO_DIFFERENT), 2, 0)]
    assert (found.found.sought, found.found.read, found.found.gone, found.found.unusable) == (3, 2, 1, 0)


def test_a_receipt_tells_what_the_ledger_does_not_know(past):
    """After an upgrade, or where the ledger was built from the folders, figures come from the receipts' heads."""
    past.scan("a", NOW, pages=0, seconds=0.0)
    past.scan("gone", NOW, pages=7)
    totals = counts(50, {"similar word": 1}, confidence=0.5)
    past.receipt("a", ([edit("0f", "of")], []), page_count=4, unreadable_pages=1, totals=totals, timings={"seconds": 8})
    total = told(past).total
    assert (total.pages, total.unreadable, total.seconds, total.words, total.edits) == (
        11, 1, 9.0, 50, {"similar word": 1}
    )  # fmt: skip
    assert total.unknown == 1
    assert [scan.job for scan in told(past).low] == ["a"]


def hostile(past, name):
    """Receipts' files that somebody has put in their places."""
    whole = past.receipt("whole", ([edit("cat", "dog")], []), job=name)
    content, path = whole.read_bytes(), past.outbox / f"{name}.json"
    page = content.index(b'"pages": [\n') + len(b'"pages": [\n')
    yield lambda: path.symlink_to(whole)
    yield lambda: os.mkfifo(path)
    yield path.mkdir
    yield lambda: path.write_bytes(b"")
    yield lambda: path.write_bytes(os.urandom(5000))
    yield lambda: path.write_bytes(content.replace(f'"{name}"'.encode(), b'"other"'))
    yield lambda: path.write_bytes(b"{\n" + b"\n" * (1 << 17) + content[2:])
    yield lambda: path.write_bytes(content.replace(b'"page_count": 1', b'"page_count": 1e999'))
    yield lambda: path.write_bytes(content.replace(b'"page_count": 1', b'"page_count": -1'))
    yield lambda: path.write_bytes(content.replace(b'"totals": {}', b'"totals": {"confidence": NaN}'))
    yield lambda: path.write_bytes(content[:page] + b"[" * 100_000 + b"\n]}\n")
    yield lambda: path.write_bytes(content[:page] + b" " * (PAGE_BYTES + 1) + content[page:])
    yield lambda: path.write_bytes(content[: page + 20])
    yield lambda: path.write_bytes(content.replace(b'"edits": [', b'"edits": [7, '))
    yield lambda: path.write_bytes(content.replace(b'"similar-word"', b'"of another version"'))
    yield lambda: (path.write_bytes(content), os.truncate(path, 1 << 40))


@pytest.mark.timeout(60)
def test_hostile_receipts_cost_nothing_and_tell_nothing(past):
    """Links, FIFOs, folders, other documents', damaged and endless ones are counted as unusable, each of them."""
    past.scan("a", NOW, counts=counts(9, {"similar word": 1}))
    for put in hostile(past, "a"):
        put()
        found = told(past)
        assert (found.found.unusable, found.repairs.counted, found.total.documents) == (1, {}, 1)
        path = past.outbox / "a.json"
        path.rmdir() if path.is_dir() else path.unlink()


def test_no_folder_of_the_outbox_is_reached_through_a_link(past, tmp_path):
    """A sub-folder that was exchanged for a link leads nowhere."""
    past.scan("in/a", NOW, counts=counts(9, {"similar word": 1}))
    past.receipt("in/a", ([edit("cat", "dog")], []))
    assert told(past).found.read == 1
    (past.outbox / "in").rename(tmp_path / "elsewhere")
    (past.outbox / "in").symlink_to(tmp_path / "elsewhere")
    assert (told(past).found.read, told(past).found.gone) == (0, 1)


def test_a_long_receipt_is_read_a_page_at_a_time(past):
    """No more than one page of it is there at once."""
    pages = 50
    past.receipt("a", *[([edit("x" * 50_000, "y")], [])] * pages)
    with receipts.opened(past.outbox, past.outbox.relative_to(past.outbox) / "a", "a") as (head, read):
        assert head.page_count == pages
        assert sum(len(page.edits) for page in read) == pages


def test_rare_pairs_are_forgotten_where_there_are_too_many(monkeypatch):
    """Memory stays bounded; what is frequent stays counted; long proposals are cut."""
    monkeypatch.setattr(frequent_edits, "MOST_PAIRS", 10)
    counted = frequent_edits.Pairs()
    for number in range(100):
        counted.add(receipts.Proposal(before=f"w{number}", after="x", why="too-different", reverted=True))
        counted.add(receipts.Proposal(before="tlie" + "e" * 100, after="the", why="too-different"))
    assert len(counted.counted) <= 11
    assert len(counted.reverted) <= 11
    ((pair, times, _),) = counted.most(1)
    assert (len(pair.before), pair.before[-1], times) == (40, "…", 100)


def test_documents_with_the_least_confidence_are_told(past):
    """At most ten, the worst first; how many there are is told; none that failed, none without any."""
    for number in range(15):
        past.scan(f"low{number}", NOW, counts=counts(confidence=0.5 + number / 100))
    past.scan("good", NOW, counts=counts(confidence=0.999))
    past.scan("none", NOW, counts=counts())
    past.scan("failed", NOW, counts=counts(confidence=0.1))
    past.ledger._run("UPDATE scan SET state = 'failed' WHERE job = 'failed'", ())  # it was read, and put back
    found = told(past)
    assert [scan.job for scan in found.low] == [f"low{number}" for number in range(10)]
    assert found.low_documents == 15


def test_a_running_daemon_is_not_disturbed(past):
    """While somebody reads, and between two readings, the ledger takes what the daemon writes, at once."""
    stop, failed = threading.Event(), []

    def read():
        while not stop.is_set():
            try:
                told(past)
            except Exception as error:  # noqa: BLE001  # whatever it is
                failed.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        with Ledger(past.ledger.path, patience_s=0.0) as daemon:
            for number in range(200):
                daemon.claimed(f"j{number}", past.outbox)
    finally:
        stop.set()
        reader.join()
    assert failed == []


def test_a_ledger_that_nobody_has_open_is_left_as_it_lies(past):
    """No file appears beside it, as one could in a folder in which this user may not write."""
    past.scan("a", NOW, counts=counts())
    past.ledger.close()
    before = sorted(past.ledger.path.parent.iterdir())
    assert told(past).total.documents == 1
    assert sorted(past.ledger.path.parent.iterdir()) == before == [past.ledger.path]


def damaged(path):
    """As a copy that broke off."""
    os.truncate(path, 5000)


def foreign(path):
    """As a picture of that name."""
    path.write_bytes(os.urandom(20_000))


def of_version(version):
    """As another ocrwatchd wrote it."""

    def become(path):
        database = sqlite3.connect(path)
        database.execute(f"PRAGMA user_version = {version}")
        database.close()

    return become


@pytest.mark.parametrize(
    ("become", "words"),
    [
        (os.unlink, "there is no ledger of .* start one with `ocrwatchd run`"),
        (damaged, "is damaged .* builds it anew"),
        (foreign, "is damaged .*not a database"),
        (of_version(2), "another version of ocrwatchd .*schema 2, here 5.* restart the daemon"),
        (of_version(99), "schema 99, here 5"),
    ],
)
def test_a_ledger_that_cannot_be_read_gets_a_plain_message(past, become, words):
    """Missing, damaged, older, newer: what it is, and what to do."""
    past.ledger.close()
    become(past.ledger.path)
    with pytest.raises(FolderUnusable, match=words):
        told(past)


def test_a_ledger_that_may_not_be_read_says_who_may(past, monkeypatch):
    """Another user is told whom to ask as."""
    real = os.open

    def denied(path, *rest, **more):
        if os.fspath(path).endswith(LEDGER):  # root may open everything: so the kernel's answer is played
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *rest, **more)

    monkeypatch.setattr(os, "open", denied)
    with pytest.raises(FolderUnusable, match="as root, or as the user that the daemon runs as"):
        told(past)


@pytest.mark.parametrize("place", ["service", "without the root"])
def test_the_root_s_own_ledger_is_found(past, tmp_path, monkeypatch, place):
    """That of a service on this machine, and with the root out of reach the one whose status names it."""
    past.scan("a", NOW, counts=counts())
    past.ledger.close()
    home = past.ledger.path.parent
    if place == "service":
        (tmp_path / "roots").mkdir()
        home.rename(tmp_path / "roots" / home.name)
        monkeypatch.setattr(status, "SERVICE_STATES", (str(tmp_path),))
    else:
        with Ledger(home.with_name("f" * 16) / LEDGER) as other:
            other.claimed("other", Path("b.pdf"))
        told_last = status.Status(
            "running", pid=1, version="1", root=str(past.folders.root_path), started_at=NOW, written_at=NOW
        )
        status.write(past.folders, told_last, home)
        past.folders.work_path.rename(tmp_path / "away")
    assert told(past).total.documents == 1


def test_what_people_put_into_the_archive_is_no_scan_of_ours(past):
    """A ledger that was built from the folders knows such files, with any date; a report does not tell of them."""
    past.scan("theirs", -1e11, counts=counts())
    past.ledger._run("UPDATE scan SET kept_from = NULL", ())
    assert told(past).is_empty


def test_counts_that_somebody_has_changed_are_unknown(past):
    """A ledger is a file, too."""
    past.scan("a", NOW, counts=counts(9))
    past.ledger._run("UPDATE scan SET counts = ?", ('{"words": -1}',))
    assert (told(past).total.unknown, told(past).total.words) == (1, 0)


def test_each_document_of_a_cut_scan_has_a_receipt(past):
    """The edits of all of them count; the scan is one."""
    past.scan("a", NOW, counts=counts(9, {"similar word": 2}))
    sets = (planned("x", ".json", folder="notes"), planned("a-part-2", ".json"))
    past.ledger._run("UPDATE scan SET sets = ? WHERE job = 'a'", (sets_packed(sets),))
    past.receipt("notes/x", ([edit("tlie", "the")], []), job="a")
    past.receipt("a-part-2", ([edit("tlie", "the")], []), job="a")
    summed = told(past)
    assert (summed.found.read, summed.total.documents) == (2, 1)
    assert summed.repairs.counted.total() == 2


@pytest.mark.parametrize(
    "values",
    [
        (b"", None),
        (b"/etc/a.pdf", None),
        (b"../a.pdf", None),
        (b"a\0.pdf", None),
        (None, b""),
        (None, b"\0/"),
        (None, b"../a"),
    ],
)
def test_a_scan_whose_name_somebody_has_changed_has_no_usable_receipt(past, values):
    """Its figures count, and so do all other scans."""
    for name in ("a", "b"):
        past.scan(name, NOW, counts=counts(9, {"similar word": 1}, confidence=0.5))
        past.receipt(name, ([edit("tlie", "the")], []))
    past.ledger._run(
        "UPDATE scan SET relative = coalesce(?, relative), name = coalesce(?, name), sets = '[[' WHERE job = 'a'",
        values,
    )
    summed = told(past)
    assert (summed.found.read, summed.found.gone, summed.found.unusable) == (1, 0, 1)
    assert (summed.total.documents, summed.total.words) == (2, 18)
    assert '"name": "b"' in as_json.text(summed)
    assert list(as_tables.listing(summed))
