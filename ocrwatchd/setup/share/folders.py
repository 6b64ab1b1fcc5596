"""Where scans go in and results lie, and to whom these folders belong."""

from __future__ import annotations

import grp
import pwd
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ocrwatchd.core.config.schema import Config
from ocrwatchd.core.errors import FolderUnusable
from ocrwatchd.core.fs.safe_open import is_folder
from ocrwatchd.core.log import printable

_PLAIN_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


@dataclass(frozen=True, slots=True)
class Places:
    """The folders of one root.

    Args:
        inbox: where scans go in.
        outbox: where texts lie.
        failed: where lies what could not be read.
        profiles: names of the inbox's sub-folders with settings of their own.
        service: the user to whom the inbox belongs: the one under which the daemon runs.
        group: the inbox's group.
    """

    inbox: Path
    outbox: Path
    failed: Path
    profiles: tuple[str, ...]
    service: str
    group: str


def places(config: Config) -> Places:
    """Look at the folders; nothing is changed.

    Raises:
        FolderUnusable: one is missing or belongs to somebody for whom no scanner should work.
    """
    inbox, outbox, failed = (config.folders.path(name) for name in ("inbox", "outbox", "failed"))
    for path in (inbox, outbox, failed):
        if not is_folder(path):
            raise FolderUnusable(
                f"the folder {printable(str(path))} is not there, or this user may not look; start ocrwatchd once, "
                "which makes it, or run this as root; if it is another folder, name the configuration with --config"
            )
    status = inbox.stat()
    if status.st_uid == 0:
        raise FolderUnusable(
            f"the folder {printable(str(inbox))} belongs to root, and what scanners send should not be read by root: "
            "let ocrwatchd run as a user of its own, as systemd/ocrwatchd.service does, and give that user its folders "
            "(chown -R)"
        )
    service = _name("user", status.st_uid, lambda: pwd.getpwuid(status.st_uid).pw_name, inbox)
    group = _name("group", status.st_gid, lambda: grp.getgrgid(status.st_gid).gr_name, inbox)
    return Places(inbox, outbox, failed, tuple(sorted(config.profiles)), service, group)


def _name(kind: str, number: int, ask: Callable[[], str], inbox: Path) -> str:
    try:
        name = ask()
    except KeyError:
        name = ""
    if not _PLAIN_NAME.fullmatch(name):
        known = (
            f"is called {printable(name)}, which cannot be written in every configuration" if name else "has no name"
        )
        raise FolderUnusable(
            f"the {kind} of {printable(str(inbox))}, number {number}, {known} on this machine: run this where "
            f"ocrwatchd runs, or give the folder to another {kind} (chown)"
        )
    return name
