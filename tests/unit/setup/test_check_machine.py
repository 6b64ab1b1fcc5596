"""What ``check`` finds on the machine: room, limits, the model's content, the service."""

import hashlib
import os
import shutil
from types import SimpleNamespace

import pytest

from ocrwatchd.core.config.profile import Llm
from ocrwatchd.core.config.schema import Arrival, Config, Folders
from ocrwatchd.llm import identity, models
from ocrwatchd.setup.check import disk_space, inotify_limits, model, systemd_unit


@pytest.fixture
def config(tmp_path):
    """Settings with a root of their own."""
    return Config(folders=Folders(root=str(tmp_path / "root")))


def test_room_is_asked_once_a_disk_and_against_the_largest_scan(config, monkeypatch):
    """With a scan that the disk cannot hold twice, how much room is to be made is said."""
    inbox = config.folders.path("inbox") / "sub"
    inbox.mkdir(parents=True)
    (found,) = disk_space.look(config.folders)
    assert found.ok
    assert "inbox, outbox, archive, failed, .work, state" in found.words
    with (inbox / "book.pdf").open("wb") as scan:
        scan.truncate(500_000_000)
    real = os.statvfs

    def small(path):
        disk = real(path)
        return SimpleNamespace(f_blocks=10**12, f_bavail=600_000_000, f_frsize=1, f_files=disk.f_files, f_favail=10**6)

    monkeypatch.setattr(os, "statvfs", small)
    (found,) = disk_space.look(config.folders)
    assert not found.ok
    assert "largest waiting scan (0.5 GB)" in found.words
    assert "make room for 0.5 GB more" in found.words


def test_a_disk_without_places_for_files_is_to_be_mended(config, monkeypatch):
    """A file system may have room for bytes and none for names."""
    disk = SimpleNamespace(f_blocks=10**12, f_bavail=10**12, f_frsize=1, f_files=10**6, f_favail=3)
    monkeypatch.setattr(os, "statvfs", lambda _: disk)
    (found,) = disk_space.look(config.folders)
    assert not found.ok
    assert "only 3 more files fit" in found.words


def test_folders_of_the_inbox_are_counted_against_the_kernels_limit(config, tmp_path, monkeypatch):
    """Too low a limit is told with the command that raises it far enough, and polling needs none."""
    monkeypatch.setattr(inotify_limits, "LIMITS", tmp_path)
    monkeypatch.setattr(inotify_limits, "_taken", lambda *_: (8000, 3))
    for number in range(6):
        (config.folders.path("inbox") / str(number)).mkdir(parents=True)
    (tmp_path / "max_user_instances").write_text("128\n")
    for limit, ok in ((8007, True), (8006, False)):
        (tmp_path / "max_user_watches").write_text(f"{limit}\n")
        found, instances = inotify_limits.look(config)
        assert (found.ok, instances.ok) == (ok, True)
        assert "7 needed for the inbox's 7 folders, 8000 used" in found.words
    assert "sysctl fs.inotify.max_user_watches=16014" in found.words
    polled = config.model_copy(update={"arrival": Arrival(method="polling")})
    assert [each.words for each in inotify_limits.look(polled)] == ["not needed: the inbox is polled"]


def test_watches_that_are_held_are_counted(tmp_path):
    """What this process watches is found in what the kernel tells, and left out where it is the daemon asked about."""
    from watchdog.events import FileSystemEventHandler
    from watchdog.observers.inotify import InotifyObserver

    before = inotify_limits._taken(os.geteuid(), 0)
    (tmp_path / "sub").mkdir()
    observer = InotifyObserver()
    observer.schedule(FileSystemEventHandler(), str(tmp_path), recursive=True)
    observer.start()
    try:
        own = inotify_limits._taken(os.geteuid(), 0)
        without = inotify_limits._taken(os.geteuid(), os.getpid())
    finally:
        observer.stop()
        observer.join()
    assert own[0] - without[0] >= 2
    assert own[1] > without[1]
    assert before[1] >= 0


def test_a_damaged_model_is_told(tmp_path, monkeypatch):
    """A model whose content is not what was published is to be mended, an untouched one in order."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    base = tmp_path / "models--a--b"
    blob, snapshot = base / "blobs", base / "snapshots" / ("0" * 40)
    blob.mkdir(parents=True)
    snapshot.mkdir(parents=True)
    content = models.BUILTIN.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    (blob / sha256).write_bytes(content)
    (snapshot / "m-q8_0.gguf").symlink_to(blob / sha256)
    llm = Llm(model="huggingface", hugging_face_repo_id="a/b")
    assert [(found.what, found.ok) for found in model.look(llm)] == [("model", True), ("model's hash", True)]
    assert "as it was published" in list(model.look(llm))[1].words
    (blob / sha256).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    damaged = list(model.look(llm))[1]
    assert not damaged.ok
    assert "is damaged" in damaged.words
    assert "models pull" in damaged.words


def test_a_model_put_in_place_by_hand_is_told_by_its_hash(tmp_path):
    """Nobody knows what it should be; whoever put it there can compare."""
    shutil.copyfile(models.BUILTIN, tmp_path / "m.gguf")
    _, found = model.look(Llm(model=str(tmp_path / "m.gguf")))
    assert found.ok
    assert "the published hash is not known" in found.words


def test_the_model_of_the_package_alarms_nobody(monkeypatch):
    """A checkout has no record of the file, and needs none."""
    monkeypatch.setattr(identity, "recorded", lambda _: "")
    _, found = model.look(Llm(model="builtin"))
    assert found.ok
    assert found.words.endswith("\N{HORIZONTAL ELLIPSIS}, a part of this package")


@pytest.fixture
def systemd(tmp_path, monkeypatch):
    """A machine on which systemd runs, and says what its real tools (252) were seen to say."""
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)
    monkeypatch.setattr(systemd_unit, "RUNS", tmp_path)

    def say(units, show, exposure):
        listing = "\n".join(units)
        said = f'case "$2" in list-*) echo "{listing}";; show) echo "{show}";; esac'
        security = f"echo '\u2192 Overall exposure level for ocrwatchd.service: {exposure}'"
        for name, words in (("systemctl", said), ("systemd-analyze", security)):
            (programs / name).write_text(f"#!/bin/sh\n{words}\n")
            (programs / name).chmod(0o755)

    return say


SHOWN = "LoadState=loaded\nActiveState={}\nSubState=x\nUnitFileState={}\nNeedDaemonReload={}\nResult=watchdog"


@pytest.mark.parametrize(
    ("state", "exposure", "ok", "words"),
    [
        (("active", "enabled", "no"), "0.9 SAFE \U0001f600", True, "enabled, active (x), exposure 0.9 (SAFE)"),
        (("active", "enabled", "no"), "7.2 MEDIUM", False, "systemd-analyze --system security ocrwatchd.service"),
        (("failed", "enabled", "no"), "0.9 SAFE", False, "it ended with watchdog: see journalctl"),
        (("active", "enabled", "yes"), "0.9 SAFE", False, "systemctl --system daemon-reload"),
        (("inactive", "disabled", "no"), "0.9 SAFE", True, "systemctl --system enable ocrwatchd.service"),
    ],
)
def test_the_service_is_told_as_systemd_sees_it(systemd, state, exposure, ok, words):
    """Whether it is enabled and runs, how exposed it is, and what to do."""
    systemd(["ocrwatchd.service enabled enabled", "ocrwatchd@.service disabled"], SHOWN.format(*state), exposure)
    (found,) = systemd_unit.look()
    assert found.what == "ocrwatchd.service"
    assert found.ok == ok
    assert words in found.words


@pytest.mark.parametrize(("active", "told"), [("inactive", []), ("active", ["ocrwatchd.service"])])
def test_a_unit_that_only_another_one_names_is_none(systemd, active, told):
    """A worker's starts after a supervisor's, which may not be here; one that runs on without a file is told."""
    loaded = [
        f"ocrwatchd.service not-found {active} x ocrwatchd.service",
        "ocrwatchd-worker.service loaded active running",
    ]
    systemd(loaded, SHOWN.format("active", "enabled", "no"), "0.9 SAFE")
    assert [found.what for found in systemd_unit.look()] == ["ocrwatchd-worker.service", *told]


def test_without_systemd_that_is_said(monkeypatch, tmp_path):
    """Nothing is asked, and nothing is wrong."""
    monkeypatch.setattr(systemd_unit, "RUNS", tmp_path / "missing")
    (found,) = systemd_unit.look()
    assert found.ok
    assert "systemd does not run here" in found.words
