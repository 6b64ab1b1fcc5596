"""A worker's share: is it mounted, and does the service's user have the ids of its owner?"""

from __future__ import annotations

import pwd
from pathlib import Path
from typing import Final

from ocrwatchd.core.config.schema import Folders
from ocrwatchd.core.errors import FolderUnusable
from ocrwatchd.setup.service.actions import Run
from ocrwatchd.setup.service.managed_files import Standing, standing
from ocrwatchd.setup.service.target import ACCOUNT, Target

NOBODY: Final = 65534
"""The owner of everything on a share that reports no owners."""

_MOUNT: Final = "mount the share that the supervisor serves there, then install again"


def refuse_without(folders: Folders) -> None:
    """Refuse a machine on which the supervisor's root is not mounted.

    Raises:
        FolderUnusable: the message has the remedy.
    """
    root = folders.work_path.parent
    if not root.is_dir():
        raise FolderUnusable(f"{root} is missing: {_MOUNT}")
    if root.stat().st_uid in {0, NOBODY}:
        raise FolderUnusable(
            f"{root} belongs to root or nobody, not to the user {ACCOUNT} of the supervisor's machine: {_MOUNT}"
        )


def account(shipped: str, path: Path, target: Target, folders: Folders) -> str:
    """The sysusers file of the service's user; for a worker with the ids of the owner of the share.

    ``shipped`` is the file for other services, ``path`` its place.
    """
    root = folders.work_path.parent
    if not target.worker or target.base != Path("/") or not root.is_dir():
        return shipped
    owner = root.stat()
    numbered = shipped.replace(f"u {ACCOUNT} -", f"u {ACCOUNT} {owner.st_uid}")
    if not folders.group:  # otherwise this is the share's group, not the user's own group
        numbered += f"g {ACCOUNT} {owner.st_gid}\n"
    # An existing account keeps its ids, and a supervisor on the same machine its own file.
    return numbered if not has_account() or standing(path, numbered) is Standing.SAME else shipped


def has_account() -> bool:
    """Whether the service's user exists."""
    try:
        return pwd.getpwnam(ACCOUNT) is not None
    except KeyError:
        return False


def trial(folders: Folders) -> Run:
    """Whether the service's user may use the share as the supervisor does."""
    root = folders.work_path.parent
    owner = root.stat()
    alike = [] if folders.group else ["-a", "-G", str(root)]  # scans are read by group, whoever has sent them
    return Run(
        ["test", "-w", str(root), "-a", "-x", str(root), *alike],
        account=ACCOUNT,
        group=folders.group,
        failed=f"the user {ACCOUNT} is not the supervisor's, or may not write in {root}: that belongs to uid "
        f"{owner.st_uid} and gid {owner.st_gid}, and `id {ACCOUNT}` has to show both (usermod -u, groupmod -g; "
        "folders.group names the group where it is another one's); then install again",
    )
