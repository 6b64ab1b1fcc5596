"""The folders of scans and results, and their owners."""

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
    """The folders of one root, the names of its profiles, and the user and group of the inbox."""

    inbox: Path
    outbox: Path
    failed: Path
    profiles: tuple[str, ...]
    service: str
    group: str


def places(config: Config) -> Places:
    """Examine the folders.

    Raises:
        FolderUnusable: a folder is missing, or belongs to root.
    """
    inbox, outbox, failed = (config.folders.path(name) for name in ("inbox", "outbox", "failed"))
    for path in (inbox, outbox, failed):
        if not is_folder(path):
            raise FolderUnusable(
                f"the folder {printable(str(path))} is missing, or this user may not see it; start ocrwatchd once, "
                "which makes the folder, or run this as root; for other folders give the configuration with --config"
            )
    status = inbox.stat()
    if status.st_uid == 0:
        raise FolderUnusable(
            f"the folder {printable(str(inbox))} belongs to root, but root should not read what scanners send: let "
            "ocrwatchd run as a separate user, as systemd/ocrwatchd.service does, and give this user the folders "
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
        known = f"is called {printable(name)}, which not every configuration can hold" if name else "has no name"
        raise FolderUnusable(
            f"the {kind} of {printable(str(inbox))}, number {number}, {known} on this machine: run this where "
            f"ocrwatchd runs, or give the folder to another {kind} (chown)"
        )
    return name
