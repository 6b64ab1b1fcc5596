"""Does the kernel let the user watch all folders of the inbox?"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from ocrwatchd.core.config.schema import Config
from ocrwatchd.core.fs import mounts
from ocrwatchd.setup.check.finding import Finding

LIMITS = Path("/proc/sys/fs/inotify")
PROCESSES = Path("/proc")

LEAST = {"max_user_watches": 8192, "max_user_instances": 128}
"""The lowest proposals for limits that are too low: former defaults of Linux."""

_WATCH = "inotify "


def look(config: Config, daemon: int = 0) -> Iterator[Finding]:
    """One finding for each limit; ``daemon`` is the process id of a running daemon, whose watches do not count."""
    inbox = config.folders.path("inbox")
    if config.arrival.method == "polling" or (config.arrival.method == "auto" and mounts.is_remote(_real(inbox))):
        yield Finding("inotify", True, "not needed: the inbox is polled")
        return
    folders = sum(1 for _ in os.walk(inbox)) or 1
    uid = _user_of(inbox)
    watches, instances = _taken(uid, daemon)
    yield _limit("max_user_watches", folders, watches, f"for the inbox's {folders} folders")
    yield _limit("max_user_instances", 1, instances, "for the inbox")


def _limit(key: str, wanted: int, taken: int, purpose: str) -> Finding:
    try:
        limit = int((LIMITS / key).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return Finding(f"inotify.{key}", False, f"{LIMITS / key} cannot be read; set arrival.method to polling")
    others = f", {taken} used by this user's other programs" if taken else ""
    if wanted + taken <= limit:
        return Finding(f"inotify.{key}", True, f"limit {limit}; {wanted} needed {purpose}{others}")
    setting = f"fs.inotify.{key}={max(LEAST[key], 2 * (wanted + taken))}"
    words = (
        f"limit {limit}, but {wanted} needed {purpose}{others}; run: sysctl {setting}, and to keep it after a "
        f"restart: echo {setting} > /etc/sysctl.d/60-ocrwatchd.conf"
    )
    return Finding(f"inotify.{key}", False, words)


def _real(path: Path) -> Path:
    with suppress(OSError, RuntimeError):
        return path.resolve()
    return path


def _user_of(inbox: Path) -> int:
    """The user whose limits count: for root, the owner of the inbox."""
    if os.geteuid() == 0:
        with suppress(OSError):
            return inbox.stat().st_uid
    return os.geteuid()


def _taken(uid: int, daemon: int) -> tuple[int, int]:
    """The watches and instances of a user's processes, without the daemon and processes that we may not examine."""
    watches = instances = 0
    for process in PROCESSES.glob("[0-9]*"):
        with suppress(OSError):
            if process.name == str(daemon) or process.stat().st_uid != uid:
                continue
            for descriptor in (process / "fd").iterdir():
                if str(descriptor.readlink()) != "anon_inode:inotify":
                    continue
                instances += 1
                told = (process / "fdinfo" / descriptor.name).read_text(encoding="ascii")
                watches += sum(line.startswith(_WATCH) for line in told.splitlines())
    return watches, instances
