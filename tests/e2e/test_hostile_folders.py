"""Traps in the folders that the daemon writes to, and what it tells of names that nobody may know."""

import grp
import os
import stat

import pytest

from tests import hostile
from tests.e2e.running import Running, await_that
from tests.fakes.engine import write_scan
from tests.programs import needs_root

pytestmark = pytest.mark.slow


def test_nothing_is_written_through_links_in_the_outbox(tmp_path):
    """Planted links, whole, dangling and hard, take names like any file; a linked folder waits until it has gone."""
    daemon = Running(tmp_path)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "victim").write_text("not yours")
    root = daemon.root
    for folder in ("outbox", "archive", "failed"):
        (root / folder).mkdir(parents=True)
        (root / folder / "sub").symlink_to(outside)
    (root / "outbox" / "scan.txt").symlink_to(outside / "victim")
    (root / "outbox" / "scan-2.json").symlink_to(outside / "nowhere")
    (root / "outbox" / "scan-3.txt").hardlink_to(outside / "victim")
    (root / "archive" / "scan-4.tif").symlink_to(outside / "nowhere")
    (root / "failed" / "bad.reason.txt").symlink_to(outside / "nowhere")
    (daemon.inbox / "sub").mkdir()
    with daemon:
        for name in ("scan.tif", "sub/below.tif"):
            write_scan(daemon.inbox / name, "fine")
        for name in ("bad.pdf", "sub/worse.pdf"):
            (daemon.inbox / name).write_bytes(hostile.encrypted(b"unknown"))
        daemon.await_files("outbox", ["scan-5.txt", "scan-5.json"])
        daemon.await_files("archive", ["scan-5.tif"])
        daemon.await_files("failed", ["bad-2.reason.txt", "bad-2.pdf"])
        trouble = await_that(lambda: len(found := daemon.status()["trouble"]) == 2 and found, 60, "two troubles")
        assert all("sub/" in words and "a link where a folder belongs; remove it" in words for words in trouble)
        assert [path.name for path in outside.iterdir()] == ["victim"]
        for folder in ("outbox", "archive", "failed"):
            (root / folder / "sub").unlink()
        daemon.await_files("outbox", ["sub/below.txt", "sub/below.json"])
        daemon.await_files("failed", ["sub/worse.pdf", "sub/worse.reason.txt"])
        daemon.await_idle()
    assert [path.name for path in outside.iterdir()] == ["victim"]
    assert (outside / "victim").read_text() == "not yours"
    assert daemon.lying("archive") == ["scan-4.tif", "scan-5.tif", "sub/below.tif"]


def test_many_scans_without_a_place_hold_up_nobody_else(tmp_path):
    """Whoever makes a folder called like a delivered text, and fills it, stops that folder's scans alone."""
    daemon = Running(tmp_path, queue={"size": 2})
    with daemon:
        write_scan(daemon.inbox / "scan.tif", "fine")
        daemon.await_files("outbox", ["scan.txt"])
        (daemon.inbox / "scan.txt").mkdir()
        for number in range(6):
            write_scan(daemon.inbox / "scan.txt" / f"{number}.tif", "fine")
        await_that(lambda: len(daemon.status()["trouble"]) == 6, 60, "six scans that wait")
        write_scan(daemon.inbox / "good.tif", "fine")
        daemon.await_files("outbox", ["good.json"])
        (daemon.root / "outbox" / "scan.txt").rename(daemon.root / "outbox" / "taken away.txt")
        daemon.await_files("outbox", [f"scan.txt/{number}.json" for number in range(6)])


def test_written_files_and_folders_have_mode_and_group_from_the_settings(tmp_path):
    """Results, notes and folders, whatever the umask and whoever uploaded."""
    needs_root()
    group = grp.getgrnam("users")
    daemon = Running(tmp_path)
    settings = "[folders]\nfile_mode = 0o604\nfolder_mode = 0o2775\ngroup = 'users'\n"
    daemon.config.write_text(daemon.config.read_text().replace("[folders]\n", settings))
    before = os.umask(0o077)
    try:
        with daemon:
            (daemon.inbox / "sub").mkdir()
            write_scan(daemon.inbox / "sub" / "scan.tif", "fine")
            (daemon.inbox / "sub" / "bad.pdf").write_bytes(hostile.encrypted(b"unknown"))
            daemon.await_files("outbox", ["sub/scan.txt", "sub/scan.json"])
            daemon.await_files("failed", ["sub/bad.pdf", "sub/bad.reason.txt"])
            daemon.await_idle()
    finally:
        os.umask(before)
    written = ["outbox/sub/scan.txt", "outbox/sub/scan.json", "failed/sub/bad.reason.txt"]
    made = ["outbox", "outbox/sub", "archive", "archive/sub", "failed", "failed/sub"]
    modes_made = dict.fromkeys(made, 0o2775) | {"archive": 0o2755, "archive/sub": 0o2755, ".work": 0o700}
    modes = {name: stat.S_IMODE((daemon.root / name).stat().st_mode) for name in (*written, *made, ".work")}
    assert modes == dict.fromkeys(written, 0o604) | modes_made
    assert {(daemon.root / name).stat().st_gid for name in (*written, *made)} == {group.gr_gid}


NAME = "Miller"
PRIVATE = (NAME, "Jarndyce")


@pytest.mark.parametrize("names", ["hash", "plain"])
def test_hashed_names_never_reach_the_log(tmp_path, names):
    """Of a run in which much fails, no line tells a name; where names are plain, the same run tells them."""
    daemon = Running(tmp_path, log={"format": "json", "names": names}, job={"max_attempts": 1})
    with daemon:
        inbox = daemon.inbox
        (inbox / f"{NAME} files").mkdir()
        (daemon.root / "outbox" / "Jarndyce").write_text("in the way")
        (inbox / "Jarndyce").mkdir()
        (inbox / f"{NAME} linked").mkdir()
        (daemon.root / "outbox" / f"{NAME} linked").symlink_to(tmp_path)
        write_scan(inbox / f"{NAME} linked" / "scan.tif", "fine")
        write_scan(inbox / f"{NAME}.tif", "fine", "raise")
        write_scan(inbox / f"{NAME} files" / f"letter to Mr. {NAME}", "fine")
        write_scan(inbox / f"{NAME}-2.tif", "segfault")
        write_scan(inbox / "Jarndyce" / f"{NAME}.tif", "fine")
        (inbox / f"{NAME}.png").write_text("no picture")
        (inbox / f"{NAME}.pdf").write_bytes(hostile.encrypted(b"unknown"))
        (inbox / f"{NAME}.gif").write_bytes(hostile.whole()["animated.gif"][:3000])  # in its first picture
        (inbox / f"of.{NAME}").symlink_to(inbox)
        await_that(lambda: len(daemon.lying("failed")) == 8, 60, "four files and their reasons in failed/")
        daemon.await_files("outbox", [f"{NAME}.json", f"{NAME} files/letter to Mr.json"])
        await_that(lambda: len(daemon.status()["trouble"]) == 2, 60, "trouble over two folders")
        daemon.process.kill()
        daemon.process.wait()
    once = daemon.once()
    assert once.returncode == 4, once.stderr
    said = daemon.log_path.read_text(encoding="utf-8") + once.stderr + once.stdout
    assert {"job.delivered", "job.failed", "attempt.died", "trouble.begins"} <= {
        event["event"] for event in daemon.events()
    }
    assert "was left in" in once.stderr
    told = [name for name in PRIVATE if name.lower() in said.lower()]
    assert told == ([] if names == "hash" else [*PRIVATE])


def test_settings_that_others_may_change_stop_the_start(tmp_path):
    """The daemon does not run on anybody's word: it ends with exit code 2 and says what to do."""
    daemon = Running(tmp_path)
    daemon.config.chmod(0o666)
    refused = daemon.ask("run")
    assert refused.returncode == 2
    assert refused.stderr == (
        f"ocrwatchd: the configuration file {daemon.config} can be changed by other users (mode 0666), and so could "
        f"what this service does; run: chmod go-w '{daemon.config}'\n"
    )
