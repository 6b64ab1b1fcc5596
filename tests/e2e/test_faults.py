"""The daemon as a process, with an engine that fails on purpose."""

import contextlib
import os
import shutil
import signal
import sqlite3
from pathlib import Path

import pytest
from PIL import Image

from tests.e2e.running import Running, await_that
from tests.fakes.engine import PAUSE_FILE, write_scan

pytestmark = pytest.mark.slow


@pytest.fixture
def daemon(tmp_path):
    """A daemon with the fake engine, not started."""
    return Running(tmp_path)


def go_on(daemon):
    """Let the engine's paused page go on."""
    (Path(f"/proc/{daemon.engine_pid}/cwd").resolve() / PAUSE_FILE).touch()


def test_file_that_kills_the_engine_twice_is_set_aside_and_the_rest_goes_on(daemon):
    """One bad file costs two attempts and nothing else."""
    with daemon:
        write_scan(daemon.inbox / "a-bad.tif", "segfault")
        write_scan(daemon.inbox / "b-good.tif", "fine", "fine")
        daemon.await_files("outbox", ["b-good.txt", "b-good.json"])
        daemon.await_files("failed", ["a-bad.tif", "a-bad.reason.txt"])
    note = (daemon.root / "failed" / "a-bad.reason.txt").read_text()
    assert "tried 2 times" in note
    assert "SIGSEGV" in note


def test_full_queue_leaves_files_in_the_inbox(tmp_path):
    """Back-pressure: what finds no place in the queue stays in the inbox, and is read once there is place."""
    daemon = Running(tmp_path, queue={"size": 2})
    with daemon:
        write_scan(daemon.inbox / "0.tif", "pause")
        await_that(lambda: daemon.events("attempt.started"))
        for number in range(1, 7):
            write_scan(daemon.inbox / f"{number}.tif", "fine")
        await_that(lambda: len(daemon.events("scan.claimed")) == 3)
        await_that(lambda: daemon.status()["in_work"] == "0.tif")  # the status is written once a second at most
        assert len(daemon.lying("inbox")) == 4
        go_on(daemon)
        daemon.await_files("outbox", [f"{number}.json" for number in range(7)])
    assert len(daemon.events("scan.claimed")) == 7


def test_killed_supervisor_resumes_at_the_page_and_delivers_once(daemon):
    """After kill -9 the finished pages are not read again, and the scan is delivered exactly once."""
    daemon.start()
    write_scan(daemon.inbox / "book.tif", "fine", "fine", "pause", "fine")
    await_that(lambda: len(daemon.events("page.done")) == 2)
    engine = daemon.engine_pid
    daemon.kill()
    await_that(lambda: not Path(f"/proc/{engine}").exists(), what="the engine's death")
    assert daemon.lying("outbox") == []
    with daemon:
        await_that(lambda: len(daemon.events("attempt.started")) == 2)
        await_that(lambda: Path(f"/proc/{daemon.engine_pid}/cwd").exists())
        go_on(daemon)
        daemon.await_files("outbox", ["book.txt", "book.json"])
        daemon.await_idle()
    done = [event["page"] for event in daemon.events("page.done")]
    assert done == [1, 2, 3, 4]
    assert daemon.lying("outbox") == ["book.json", "book.txt"]
    assert daemon.lying("failed") == []


def test_supervisor_killed_often_never_blames_the_file(daemon):
    """Attempts that end because the supervisor died do not count against the scan."""
    write_scan(daemon.inbox / "scan.tif", "pause")
    for attempt in range(1, 4):
        daemon.start()
        await_that(lambda number=attempt: len(daemon.events("attempt.started")) == number)
        daemon.kill()
    with daemon:
        await_that(lambda: len(daemon.events("attempt.started")) == 4)
        go_on(daemon)
        daemon.await_files("outbox", ["scan.json"])
    assert daemon.lying("failed") == []


def test_stop_completes_the_page_in_work_and_keeps_the_rest(daemon):
    """SIGTERM during page 1 of 2: page 1 is completed, the job goes on at the next start, nothing is delivered half."""
    with daemon:
        write_scan(daemon.inbox / "scan.tif", "pause", "fine")
        await_that(lambda: daemon.events("attempt.started"))
        await_that(lambda: "page 1 of 2" in daemon.ask("status").stdout)
        daemon.process.send_signal(signal.SIGTERM)
        await_that(lambda: daemon.events("daemon.stopping"))
        go_on(daemon)
        assert daemon.process.wait(30) == 0
    assert [event["page"] for event in daemon.events("page.done")] == [1]
    assert daemon.lying("outbox") == []
    with daemon:
        daemon.await_files("outbox", ["scan.json"])
    assert [event["page"] for event in daemon.events("page.done")] == [1, 2]


def test_stop_does_not_wait_longer_than_it_may(tmp_path):
    """A page that does not end is given up after stop_seconds, without blame."""
    daemon = Running(tmp_path, job={"stop_seconds": 0.5})
    with daemon:
        write_scan(daemon.inbox / "scan.tif", "hang")
        await_that(lambda: daemon.events("attempt.started"))
        daemon.process.send_signal(signal.SIGTERM)
        assert daemon.process.wait(20) == 0
    assert [name for name in daemon.lying(".work") if name.endswith("scan.tif")]
    assert daemon.events("attempt.died") == []


def test_page_deadline_ends_a_hanging_engine(tmp_path):
    """A page over which the engine hangs is given up at its deadline, twice, and the file set aside."""
    daemon = Running(tmp_path, ocr={"page_deadline_s": 3.0})
    with daemon:
        write_scan(daemon.inbox / "scan.tif", "hang")
        daemon.await_files("failed", ["scan.tif"])
        write_scan(daemon.inbox / "next.tif", "fine")
        daemon.await_files("outbox", ["next.json"])
    assert "took longer than 3 s" in (daemon.root / "failed" / "scan.reason.txt").read_text()


def test_failed_scan_dragged_back_gets_fresh_attempts(daemon):
    """`retry` moves a failed scan back into the inbox; it is tried as if it were new."""
    with daemon:
        write_scan(daemon.inbox / "scan.tif", "abort")
        daemon.await_files("failed", ["scan.tif", "scan.reason.txt"])
        write_scan(daemon.root / "failed" / "scan.tif", "fine")  # as if the cause had been mended
        retry = daemon.ask("retry", "scan")
        assert retry.returncode == 0, retry.stderr
        daemon.await_files("outbox", ["scan.json"])
    assert daemon.lying("failed") == []


def test_second_daemon_on_a_root_gets_a_message(daemon):
    """Two daemons on one root would read each scan twice: the second one ends at once with exit code 4."""
    with daemon:
        second = daemon.ask("run")
    assert second.returncode == 4
    assert f"another ocrwatchd (process {daemon.process.pid}) already serves" in second.stderr


def test_profile_gets_its_own_settings_and_its_own_folder(tmp_path):
    """A sub-folder of the inbox is read with its profile's settings and mirrored in the outbox."""
    daemon = Running(tmp_path, **{"profiles.raw": {"output": None}})
    daemon.config.write_text(daemon.config.read_text().replace("output = null", 'output = { formats = ["raw"] }'))
    with daemon:
        (daemon.inbox / "raw").mkdir(exist_ok=True)
        write_scan(daemon.inbox / "raw" / "scan.tif", "fine")
        daemon.await_files("outbox", ["raw/scan.json"])
    assert daemon.lying("outbox") == ["raw/scan.json", "raw/scan.raw.txt"]
    assert daemon.lying("archive") == ["raw/scan.tif"]


def test_engine_that_is_not_there_ends_once_with_the_remedy(tmp_path):
    """`run --once` without an engine ends with exit code 3 and loses nothing."""
    daemon = Running(tmp_path, module="ocrwatchd", ocr={"languages": ["amh"], "engine": "rapidocr"})
    write_scan(daemon.inbox / "scan.tif", "fine")
    finished = daemon.once()
    assert finished.returncode == 3, finished.stderr
    assert "aspose" in finished.stderr.splitlines()[-1].lower()
    assert [name for name in (*daemon.lying(".work"), *daemon.lying("inbox")) if name.endswith("scan.tif")]


def test_no_process_or_temporary_file_is_left(daemon):
    """After a stop nothing of the daemon remains: no process, no scratch folder, no litter."""
    with daemon:
        write_scan(daemon.inbox / "scan.tif", "litter")
        daemon.await_files("outbox", ["scan.json"])
        engine = daemon.engine_pid
    assert not Path(f"/proc/{engine}").exists()
    assert list(daemon.temporary.iterdir()) == []
    assert not list(Path.cwd().glob("litter.log"))


def test_names_that_nobody_expects_are_delivered(daemon):
    """Newlines, quotes, dashes, invalid UTF-8 and 255 bytes in a name do no harm."""
    names = [b"a\nb.tif", b"-rf.tif", b"\"quoted'.tif", b"caf\xe9.tif", b"$(touch x).tif", b"n" * 251 + b".tif"]
    with daemon:
        plain = write_scan(daemon.base / "plain.tif", "fine")
        for name in names:
            plain.rename(daemon.inbox / os.fsdecode(name))
            write_scan(plain, "fine")
        await_that(lambda: len(daemon.lying("archive")) == len(names), 60, "every name in the archive")
        daemon.await_idle()
    archived = {os.fsencode(name) for name in daemon.lying("archive")}
    assert archived >= set(names) - {names[-1]}
    assert len(daemon.lying("outbox")) == 2 * len(names)


def test_document_text_is_never_logged(daemon):
    """Neither a page's text nor an exception's words about it reach the log."""
    with daemon:
        write_scan(daemon.inbox / "scan.tif", "fine", "raise")
        daemon.await_files("outbox", ["scan.json"])
    said = daemon.log_path.read_text()
    assert "a line of page" not in said
    assert "secret words" not in said


def test_picture_types_are_all_read(daemon):
    """PNG, JPEG, BMP, GIF, WebP and TIFF go through the line."""
    with daemon:
        for suffix in ("png", "jpg", "bmp", "gif", "webp", "tif"):
            Image.new("L", (100, 40), "white").save(daemon.inbox / f"{suffix}.{suffix}")
        daemon.await_files("outbox", [f"{suffix}.json" for suffix in ("png", "jpg", "bmp", "gif", "webp", "tif")])


def test_name_without_room_for_anything_is_delivered(daemon):
    """A name whose last dot is followed by 250 bytes neither hangs the daemon nor holds up what is behind it."""
    with daemon:
        write_scan(daemon.base / "odd.tif", "fine").rename(daemon.inbox / ("a." + "b" * 253))
        write_scan(daemon.inbox / "behind.tif", "fine")
        await_that(lambda: len(daemon.lying("archive")) == 2, what="both scans in the archive")


def test_locked_ledger_delays_and_loses_nothing(daemon):
    """While another process holds the ledger no scan is claimed; afterwards processing resumes automatically."""
    with daemon:
        with contextlib.closing(sqlite3.connect(daemon.ledger)) as other:
            other.execute("BEGIN IMMEDIATE")
            write_scan(daemon.inbox / "scan.tif", "fine")
            await_that(lambda: [e for e in daemon.events("trouble.begins") if "ledger" in e["reason"]])
            assert daemon.lying("inbox") == ["scan.tif"]
            other.rollback()
        daemon.await_files("outbox", ["scan.json"])
        daemon.await_idle()


def test_engine_that_leaves_quietly_is_blamed(daemon):
    """An engine that exits with status 0 over a page is no reason to try that page for ever."""
    with daemon:
        write_scan(daemon.inbox / "scan.tif", "leave")
        daemon.await_files("failed", ["scan.tif"])


def test_unusable_outbox_stops_the_claiming(tmp_path):
    """Back-pressure reaches the inbox: what cannot be delivered does not fill the work folder without end."""
    daemon = Running(tmp_path, queue={"size": 2})
    with daemon:
        shutil.rmtree(daemon.root / "outbox")
        (daemon.root / "outbox").write_text("in the way")
        for number in range(12):
            write_scan(daemon.inbox / f"{number}.tif", "fine")
        await_that(lambda: len(daemon.status()["trouble"]) >= 2)
        assert len(daemon.events("scan.claimed")) <= 6
        assert len(daemon.lying("inbox")) >= 6
        (daemon.root / "outbox").unlink()
        daemon.await_files("outbox", [f"{number}.json" for number in range(12)], 120)


def test_full_disk_during_recognition_is_told_and_waits(daemon):
    """An engine that finds the disk full gives the scan back; people see it, and nothing is blamed on the file."""
    with daemon:
        write_scan(daemon.inbox / "scan.tif", "disk")
        trouble = await_that(lambda: daemon.status()["trouble"])
        assert "scan.tif: waits:" in trouble[0]
        assert "space" in trouble[0]
        assert daemon.lying("failed") == []


def test_work_folder_that_was_removed_is_made_again(daemon):
    """A vanished .work is made anew, lock and all."""
    with daemon:
        shutil.rmtree(daemon.root / ".work")
        write_scan(daemon.inbox / "scan.tif", "fine")
        daemon.await_files("outbox", ["scan.json"])
        assert (daemon.root / ".work" / "lock").exists()


@pytest.mark.parametrize(
    ("tables", "scene", "code"),
    [
        ({"ocr": {"resources_dir": "/die"}}, "fine", 3),
        ({"ocr": {"resources_dir": "/unavailable"}}, "fine", 3),
        ({}, "disk", 4),
    ],
)
def test_once_ends_where_it_cannot_go_on(tmp_path, tables, scene, code):
    """`run --once` reads what it can, then says what is left and why, and never tries for ever."""
    daemon = Running(tmp_path, **tables)
    write_scan(daemon.inbox / "a.tif", scene)
    write_scan(daemon.inbox / "b.tif", "fine")
    finished = daemon.once()
    assert finished.returncode == code, finished.stderr
    assert "Traceback" not in finished.stderr
    if code == 4:
        assert daemon.lying("outbox") == ["b.json", "b.txt"]
        assert "a.tif was left in" in finished.stderr


def test_picture_that_takes_long_to_refuse_does_not_stop_the_loop(daemon):
    """Hostile files that are costly to look at delay neither a stop nor the other scans for long."""
    segments = b"\xff\xd8" + b"\xff\xe1\x00\x02" * 400_000
    with daemon:
        for number in range(10):
            (daemon.inbox / f"{number}.jpg").write_bytes(segments)
        write_scan(daemon.inbox / "good.tif", "fine")
        daemon.await_files("outbox", ["good.json"])
        daemon.process.send_signal(signal.SIGTERM)
        await_that(lambda: daemon.events("daemon.stopping"), 5, "the stop")


def test_every_way_in_which_an_engine_fails_costs_one_scan(tmp_path):
    """Abort, segfault, hang, endless memory, garbage on the wire: each bad scan is set aside, all behind it go on."""
    daemon = Running(tmp_path, ocr={"page_deadline_s": 3.0, "memory_mb": 64})
    reasons = {
        "abort": "SIGABRT",
        "segfault": "SIGSEGV",
        "hang": "took longer than 3 s",
        "glut": "took more than 192 MiB",
        "garbage": "answered what no engine answers",
        "flood": "answered what no engine answers",
    }
    with daemon:
        for scene in reasons:
            write_scan(daemon.inbox / f"{scene}.tif", scene)
            write_scan(daemon.inbox / f"{scene}-behind.tif", "fine")
        daemon.await_files("failed", [f"{scene}.reason.txt" for scene in reasons], 110)
        daemon.await_files("outbox", [f"{scene}-behind.json" for scene in reasons])
        daemon.await_idle()
    for scene, words in reasons.items():
        note = (daemon.root / "failed" / f"{scene}.reason.txt").read_text()
        assert "tried 2 times" in note, scene
        assert words in note, scene
    assert len(daemon.lying("failed")) == 2 * len(reasons)
    assert len(daemon.lying("outbox")) == 2 * len(reasons)


@pytest.mark.parametrize(("how", "words"), [("dies", "SIGABRT"), ("missing", "the model is missing; install it")])
def test_engine_that_cannot_load_is_told_and_comes_when_it_is_mended(tmp_path, how, words):
    """Death while loading, a missing runtime or model: no scan is blamed, `status` says why, and then all go on."""
    place = tmp_path / how
    place.mkdir()
    daemon = Running(tmp_path, ocr={"resources_dir": str(place)})
    with daemon:
        write_scan(daemon.inbox / "scan.tif", "fine")
        status = await_that(lambda: (said := daemon.status()) and words in said["engine"] and said)
        assert "next try in" in status["engine"]
        assert how == "dies" or words in status["trouble"]
        (place / "mended").touch()
        daemon.await_files("outbox", ["scan.json"], 90)
        daemon.await_idle()
    assert daemon.lying("failed") == []
    assert len(daemon.events("attempt.started")) == 1
