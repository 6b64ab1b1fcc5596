"""Do the inbox's folders fit into what the kernel lets a user watch?"""

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
"""What is proposed at least where a limit is too low: Linux' own former default of each."""

_WATCH = "inotify "


def look(config: Config, daemon: int = 0) -> Iterator[Finding]:
    """A finding a limit.

    Args:
        config: names the inbox and how it is watched.
        daemon: the process of a running daemon, whose watches are the ones that are asked for; 0 without one.
    """
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
    others = f", beside {taken} that this user's other programs hold" if taken else ""
    if wanted + taken <= limit:
        return Finding(f"inotify.{key}", True, f"{limit}; {wanted} wanted {purpose}{others}")
    setting = f"fs.inotify.{key}={max(LEAST[key], 2 * (wanted + taken))}"
    words = (
        f"{limit}, but {wanted} wanted {purpose}{others}; run: sysctl {setting}, and for the next start of the "
        f"machine: echo {setting} > /etc/sysctl.d/60-ocrwatchd.conf"
    )
    return Finding(f"inotify.{key}", False, words)


def _real(path: Path) -> Path:
    with suppress(OSError, RuntimeError):
        return path.resolve()
    return path


def _user_of(inbox: Path) -> int:
    """Limits are a user's: root asks for the service, to which the inbox belongs."""
    if os.geteuid() == 0:
        with suppress(OSError):
            return inbox.stat().st_uid
    return os.geteuid()


def _taken(uid: int, daemon: int) -> tuple[int, int]:
    """How many watches and instances a user's processes hold, one of them and those we may not look into left out."""
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
