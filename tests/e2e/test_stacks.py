"""Several scans become one document: through the real daemon, the real engine process and the real delivery."""

import json
import shutil
import signal
import subprocess
import time

import pikepdf
import pytest

from ocrwatchd.core import crashpoints
from tests.e2e.running import Running, await_that
from tests.fakes.engine import write_scan
from tests.programs import needs

pytestmark = pytest.mark.slow

PAGES = ("p1.tif", "p2.tif", "p10.tif")
FOLDER = {"join": "folder", "join_wait_s": 1.0}
PREFIX = {"join": "prefix", "join_wait_s": 1.0}
STACKS = {"duplex": "stacks", "duplex_wait_s": 600.0}


def send(daemon, name, *scenes):
    """Move a scan into the inbox, one page a scene; what it contains."""
    made = write_scan(daemon.base / "made.tif", *(scenes or ("fine",)))
    content = made.read_bytes()
    path = daemon.inbox / name
    path.parent.mkdir(parents=True, exist_ok=True)
    made.rename(path)
    return content


def receipt(daemon, name):
    """Of a delivered set."""
    return json.loads((daemon.root / "outbox" / f"{name}.json").read_text(encoding="utf-8"))


def confirm(daemon, name, contents):
    """A document was delivered once, whole, with its originals, and nothing else lies anywhere."""
    daemon.await_idle()
    assert daemon.lying("failed") == []
    assert daemon.lying("outbox") == [f"{name}.json", f"{name}.txt"]
    assert daemon.lying("archive") == sorted(f"{name}/{member}" for member in contents)
    for member, content in contents.items():
        assert (daemon.root / "archive" / name / member).read_bytes() == content
    told = receipt(daemon, name)
    assert told["complete"]
    assert told["page_count"] == len(contents)
    return told


def test_a_folder_becomes_one_document(tmp_path):
    """And other scans do not wait for it."""
    with Running(tmp_path, pages=FOLDER | {"join_wait_s": 20.0}) as daemon:
        contents = {name: send(daemon, f"letter/{name}") for name in PAGES}
        await_that(lambda: daemon.status()["incomplete"], what="a document that waits")
        assert daemon.status()["incomplete"][0][0] == "letter"
        assert "letter: waits" in daemon.ask("status").stdout
        send(daemon, "single.tif")
        daemon.await_files("outbox", ["single.json"])
        assert daemon.lying("inbox") == sorted(f"letter/{name}" for name in PAGES)
        daemon.await_files("outbox", ["letter.json"])
        for path in ("outbox/single.json", "outbox/single.txt", "archive/single.tif"):
            (daemon.root / path).unlink()
        confirm(daemon, "letter", contents)


def test_files_of_one_name_become_one_document(tmp_path):
    """A file without a counter is a document of its own."""
    daemon = Running(tmp_path, pages=PREFIX)
    send(daemon, "single.tif")
    contents = {name: send(daemon, name) for name in ("scan_10.tif", "scan_9.tif")}
    assert daemon.once().returncode == 0
    assert daemon.lying("outbox") == ["scan.json", "scan.txt", "single.json", "single.txt"]
    assert daemon.lying("archive") == ["scan/scan_10.tif", "scan/scan_9.tif", "single.tif"]
    assert (daemon.root / "archive/scan/scan_9.tif").read_bytes() == contents["scan_9.tif"]


def test_two_stacks_become_one_document(tmp_path):
    """At once: nobody waits any longer."""
    with Running(tmp_path, pages=STACKS) as daemon:
        contents = {"a.tif": send(daemon, "a.tif", "fine", "fine")}
        await_that(lambda: daemon.status()["incomplete"], what="a stack that waits")
        contents["b.tif"] = send(daemon, "b.tif", "fine", "fine")
        daemon.await_files("outbox", ["a.json"], seconds=30)
        daemon.await_idle()
        assert daemon.lying("archive") == ["a/a.tif", "a/b.tif"]
        told = receipt(daemon, "a")
        assert told["page_count"] == 4
        assert told["warnings"] == []


def test_a_stack_alone_is_delivered_with_a_warning(tmp_path):
    """After its wait, under its own name."""
    with Running(tmp_path, pages=STACKS | {"duplex_wait_s": 1.0}) as daemon:
        send(daemon, "a.tif")
        daemon.await_files("outbox", ["a.json"])
        daemon.await_idle()
        assert daemon.lying("archive") == ["a.tif"]
        assert receipt(daemon, "a")["warnings"]


def test_a_profile_joins_what_arrives_there(tmp_path):
    """Its own folder is no document, and other folders have their own settings."""
    daemon = Running(tmp_path, **{"profiles.sides.pages": STACKS, "profiles.loose.pages": FOLDER})
    for name in ("a.tif", "sides/1.tif", "sides/2.tif", "loose/b.tif", "loose/letter/1.tif", "loose/letter/2.tif"):
        send(daemon, name)
    assert daemon.once().returncode == 0
    archive = ["loose/letter/1.tif", "loose/letter/2.tif", "sides/1/1.tif", "sides/1/2.tif"]
    assert daemon.lying("archive") == ["a.tif", "loose/b.tif", *archive]
    receipts = [name for name in daemon.lying("outbox") if name.endswith(".json")]
    assert receipts == ["a.json", "loose/b.json", "loose/letter.json", "sides/1.json"]


@pytest.mark.parametrize("pages", [FOLDER | {"join_wait_s": 3000.0}, STACKS | {"duplex_wait_s": 3000.0}])
def test_once_does_not_wait_for_others(tmp_path, pages):
    """`run --once` takes what is there, as one document, and ends."""
    daemon = Running(tmp_path, pages=pages)
    for name in ("1.tif", "2.tif", "3.tif"):
        send(daemon, f"letter/{name}")
    began = time.monotonic()
    assert daemon.once().returncode == 0
    assert time.monotonic() - began < 60
    pair = ["letter/1.json", "letter/1.txt", "letter/3.json", "letter/3.txt"]
    assert daemon.lying("outbox") == (["letter.json", "letter.txt"] if "join" in pages else pair)
    assert daemon.lying("inbox") == daemon.lying_in_jobs() == []


def test_a_failed_document_goes_back_as_a_folder(tmp_path):
    """`ocrwatchd retry` gives all its files a fresh attempt together; so does who drags the folder back."""
    daemon = Running(tmp_path, pages=FOLDER)
    for name in PAGES:
        send(daemon, f"letter/{name}", "unreadable")
    members = sorted(f"letter/{name}" for name in PAGES)
    assert daemon.once().returncode == 0
    assert daemon.lying("failed") == ["letter.reason.txt", *members]
    asked = daemon.ask("retry", "letter")
    assert asked.returncode == 0, asked.stderr
    assert asked.stdout.splitlines() == [f"back in the inbox: {daemon.inbox / 'letter'}"]
    assert daemon.lying("failed") == []
    assert daemon.lying("inbox") == members
    assert daemon.once().returncode == 0
    assert daemon.lying("failed") == ["letter.reason.txt", *members]
    (daemon.root / "failed/letter").rename(daemon.inbox / "dragged")
    (daemon.root / "failed/letter.reason.txt").unlink()
    assert daemon.once().returncode == 0
    assert daemon.lying("failed") == ["dragged.reason.txt", *(f"dragged/{name}" for name in sorted(PAGES))]


def test_a_document_that_was_delivered_before_is_known(tmp_path):
    """``job.duplicates = "skip"``: the same files in the same order, under another name."""
    daemon = Running(tmp_path, pages=FOLDER, job={"duplicates": "skip"})
    for folder in ("one", "two"):
        contents = [send(daemon, f"{folder}/{name}") for name in PAGES]
        assert daemon.once().returncode == 0
    assert receipt(daemon, "two")["duplicate_of"] == "one"
    send(daemon, "three/p1.tif", "fine", "fine")
    assert daemon.once().returncode == 0
    assert "duplicate_of" not in receipt(daemon, "three")
    assert len(contents) == len(PAGES)


STEPS = [
    ("job-made", 1),
    ("claim-recorded", 1),
    *(("member-claimed", number) for number in range(1, len(PAGES) + 1)),
    ("claimed", 1),
    ("attempt-recorded", 1),
    ("result-recorded", 1),
    ("delivery-recorded", 1),
    *(("moved", number) for number in range(1, len(PAGES) + 3)),
    ("end-recorded", 1),
    ("cleared", 1),
]


@pytest.mark.parametrize(("step", "number"), STEPS)
def test_a_document_survives_a_kill_at_each_step(tmp_path, step, number):
    """It is delivered once, whole, with each of its originals."""
    daemon = Running(tmp_path, pages=FOLDER, arrival={"settle_seconds": 0.05})
    contents = {name: send(daemon, f"letter/{name}") for name in PAGES}
    struck = daemon.base / "struck"
    killed = daemon.once(**{crashpoints.VARIABLE: f"{step}:{number}:{struck}"})
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    again = daemon.once()
    assert again.returncode == 0, again.stderr
    confirm(daemon, "letter", contents)


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("call", ["renameat2", "fsync"])
def test_a_document_survives_a_kill_at_each_system_call(tmp_path, pytestconfig, call):
    """SIGKILL at the N-th call, for every N until a run goes through."""
    needs("strace")
    if call == "fsync" and not pytestconfig.getoption("--soak"):
        pytest.skip("a long proof: run with --soak")
    for number in range(1, 200):
        base = tmp_path / str(number)
        base.mkdir()
        daemon = Running(base, pages=FOLDER, arrival={"settle_seconds": 0.05})
        contents = {name: send(daemon, f"letter/{name}") for name in PAGES[:2]}
        strace = ["strace", "-o", str(base / "trace"), "-e", f"inject={call}:signal=KILL:when={number}"]
        command = [*strace, *daemon.command("--once")]
        status = subprocess.run(
            command, env=daemon.environment, capture_output=True, timeout=110, check=False
        ).returncode
        if status:
            assert status == -signal.SIGKILL
            again = daemon.once()
            assert again.returncode == 0, f"{call} {number}: {again.stderr}"
        confirm(daemon, "letter", contents)
        if not status:
            assert number > len(PAGES)
            return
    pytest.fail("no run went through")


def test_a_return_survives_a_kill(tmp_path):
    """The files of a claim that broke off go back to the inbox one by one."""
    daemon = Running(tmp_path, pages=FOLDER, arrival={"settle_seconds": 0.05})
    contents = {name: send(daemon, f"letter/{name}") for name in PAGES}
    for place in (f"member-claimed:2:{daemon.base / 'one'}", f"member-returned:1:{daemon.base / 'two'}"):
        assert daemon.once(**{crashpoints.VARIABLE: place}).returncode == -signal.SIGKILL
    assert daemon.once().returncode == 0
    confirm(daemon, "letter", contents)


def test_a_lost_ledger_is_built_anew_with_documents_of_several_files(tmp_path):
    """Such an original is one original: retention knows it, and its files are not taken for others."""
    daemon = Running(tmp_path, pages=FOLDER)
    for name in PAGES:
        send(daemon, f"letter/{name}")
        send(daemon, f"bad/{name}", "unreadable")
    assert daemon.once().returncode == 0
    shutil.rmtree(daemon.base / "state")
    config = daemon.config.read_text()
    daemon.config.write_text(f"{config}\n[retention]\narchive_days = 1e-9\nfailed_days = 1e-9\n")
    daemon.start()
    try:
        await_that(lambda: not daemon.lying("archive") + daemon.lying("failed"), what="removed originals")
        assert [event["originals"] for event in daemon.events("ledger.rebuilt")] == [2]
    finally:
        daemon.__exit__()
    assert daemon.lying("outbox") == ["letter.json", "letter.txt"]


@pytest.mark.parametrize("names", [["p1.tif"], ["p1.tif", "p2.tif"]])
def test_a_searchable_pdf_shows_every_page(tmp_path, names):
    """Also where the folder holds one page."""
    daemon = Running(tmp_path, pages=FOLDER, output={"formats": ["txt", "json", "pdf"]})
    for name in names:
        send(daemon, f"letter/{name}")
    assert daemon.once().returncode == 0
    assert daemon.lying("outbox") == ["letter.json", "letter.pdf", "letter.txt"]
    assert daemon.lying("archive") == [f"letter/{name}" for name in names]
    with pikepdf.open(daemon.root / "outbox/letter.pdf") as made:
        assert len(made.pages) == len(names)
