"""The steps of an installation; each announces itself first."""

from __future__ import annotations

import grp
import os
import pwd
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ocrwatchd.core.errors import OcrwatchdError
from ocrwatchd.core.fs import files
from ocrwatchd.setup.service.managed_files import Standing, signed, standing
from ocrwatchd.setup.service.target import ACCOUNT

READABLE = 0o644
FOLDER_MODE = 0o755


class ActFailed(OcrwatchdError):
    """A step failed; the message says what to do."""


class Act(Protocol):
    """One step."""

    def words(self) -> str:
        """The announcement: a line, and further lines for generated text."""

    def do(self) -> None:
        """Carry out the step.

        Raises:
            OSError: a file or folder cannot be made or removed.
            ActFailed: a program failed.
        """


@dataclass(frozen=True, slots=True)
class Place:
    """Writes a file of ours; keeps a file that somebody has changed, or that is not ours."""

    path: Path
    text: str
    show: bool = False

    def words(self) -> str:
        match standing(self.path, self.text):
            case Standing.SAME:
                return f"as it is  {self.path}"
            case Standing.CHANGED:
                return f"KEEP      {self.path}: changed by hand; move it away and install again for the new one"
            case Standing.FOREIGN:
                return f"KEEP      {self.path}: not ours; move it away and install again for ours"
            case _:
                shown = "".join(f"\n          | {line}" for line in self.text.splitlines()) if self.show else ""
                return f"write     {self.path}{shown}"

    def do(self) -> None:
        if standing(self.path, self.text) in {Standing.ABSENT, Standing.OURS}:
            write(self.path, signed(self.text))


@dataclass(frozen=True, slots=True)
class Configure:
    """Writes a first configuration, which belongs to the administrator from then on."""

    path: Path
    text: str

    def words(self) -> str:
        shown = "".join(f"\n          | {line}" for line in self.text.splitlines())
        return f"write     {self.path}{shown}" if self.text else f"as it is  {self.path}"

    def do(self) -> None:
        if self.text:
            write(self.path, self.text)


@dataclass(frozen=True, slots=True)
class Remove:
    """Removes a file of ours, and its folder if empty; keeps a changed file."""

    path: Path

    def words(self) -> str:
        match standing(self.path):
            case Standing.CHANGED:
                return f"KEEP      {self.path}: changed by hand; remove it yourself"
            case Standing.FOREIGN:
                return f"KEEP      {self.path}: not ours"
            case Standing.ABSENT:
                return f"not there {self.path}"
            case _:
                return f"remove    {self.path}"

    def do(self) -> None:
        if standing(self.path) is Standing.OURS:
            self.path.unlink()
        if self.path.parent.name.endswith(".service.d") and self.path.parent.is_dir():
            try:
                self.path.parent.rmdir()
            except OSError:  # the folder holds an administrator's own drop-ins
                return


@dataclass(frozen=True, slots=True)
class Unlink:
    """Removes a link of `systemctl enable` if no systemd runs."""

    path: Path

    def words(self) -> str:
        return f"remove    {self.path}" if self.path.is_symlink() else f"not there {self.path}"

    def do(self) -> None:
        if self.path.is_symlink():
            self.path.unlink()


@dataclass(frozen=True, slots=True)
class Run:
    """Runs a program.

    Args:
        failed: the remedy if the program fails.
        account: user of the program; "" for the present user.
        group: a further group of that user, as the service has.
    """

    command: list[str]
    failed: str = ""
    account: str = ""
    group: str = ""
    environment: dict[str, str] = field(default_factory=dict)

    def words(self) -> str:
        who = f" (as {self.account})" if self.account else ""
        return f"run       {' '.join(self.command)}{who}"

    def do(self) -> None:
        more: dict[str, int | str | list[int]] = {}
        environment = os.environ | self.environment
        if self.account:
            account = pwd.getpwnam(self.account)
            groups = os.getgrouplist(self.account, account.pw_gid)
            groups += [grp.getgrnam(self.group).gr_gid] if self.group else []
            more = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": groups, "cwd": "/"}
            mine = [name for name in environment if name.startswith(("HF_HOME", "HF_HUB_CACHE", "XDG_"))]
            environment = {name: environment[name] for name in environment if name not in mine}
            environment |= {"HOME": account.pw_dir}
        try:
            done = subprocess.run(  # type: ignore[call-overload]  # user and group stand in a table
                self.command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace",
                env=environment, check=False, **more,
            )  # fmt: skip
        except FileNotFoundError:
            raise ActFailed(f"{self.command[0]} is not installed; install systemd's programs") from None
        if done.returncode != 0:
            said = done.stderr.strip() or f"it ended with status {done.returncode}"
            raise ActFailed("; ".join(filter(None, [f"{' '.join(self.command)}: {said}", self.failed])))


@dataclass(frozen=True, slots=True)
class Give:
    """Makes a folder for the service's account."""

    path: Path

    def words(self) -> str:
        return f"as it is  {self.path}/" if self.path.is_dir() else f"make      {self.path}/ for {ACCOUNT}"

    def do(self) -> None:
        if not self.path.is_dir():
            account = pwd.getpwnam(ACCOUNT)
            self.path.mkdir(parents=True, mode=FOLDER_MODE)
            os.chown(self.path, account.pw_uid, account.pw_gid)


def write(path: Path, text: str) -> None:
    """Replace a file as a whole, readable by all."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
    files.write_new(path, text.encode(), READABLE, replace=True)
