"""Which accounts may be given to a scanner and to the office: ones with which nothing else can be done."""

from __future__ import annotations

import grp
import os
import pwd
import re
from typing import TYPE_CHECKING, Final

from ocrwatchd.core.errors import ConfigError
from ocrwatchd.core.log import printable

if TYPE_CHECKING:
    from ocrwatchd.setup.share.folders import Places

_NAME: Final = re.compile(r"[a-z_][a-z0-9_-]{0,30}")
"""What useradd takes everywhere."""

_PEOPLE: Final = range(1000, 60001)
"""User ids that are no service's (login.defs(5): UID_MIN, UID_MAX)."""

_NO_SHELLS: Final = frozenset({"nologin", "false"})


def confirm(scanner: str, office: str, found: Places, gate: str) -> None:
    """Make sure that both names may be used.

    Args:
        scanner: puts scans in.
        office: reads what became of them.
        found: the folders, and to whom they belong.
        gate: the folder in which accounts have their homes that an earlier script has made.

    Raises:
        ConfigError: one is no account's name, belongs to somebody who can log in, would be able to do more, or
            may be another service's.
    """
    for option, name in (("--user", scanner), ("--office", office)):
        if not _NAME.fullmatch(name):
            raise ConfigError(
                f"{option} {printable(name)}: not a name for an account: small letters, digits, - and _, 31 at most, a "
                "letter first"
            )
        if name == found.service:
            raise ConfigError(
                f"{option} {name}: that is the user to whom the folders belong; name an account of its own"
            )
        _confirm_shut(option, name)
        _confirm_free(option, name, f"{gate}/{name}")
    if scanner == office:
        raise ConfigError(
            f"--user {scanner} and --office {office}: who puts scans in must not read all results; name two"
        )
    if found.group in _groups(scanner):
        raise ConfigError(
            f"--user {scanner}: belongs to the group {found.group}, and could read and delete all documents; name "
            f"another, or run: gpasswd --delete {scanner} {found.group}"
        )


def _confirm_shut(option: str, name: str) -> None:
    try:
        known = pwd.getpwnam(name)
    except KeyError:
        return  # the script makes it
    if known.pw_uid == 0 or known.pw_shell.rpartition("/")[2] not in _NO_SHELLS:
        shell = printable(known.pw_shell) or "/bin/sh"
        raise ConfigError(
            f"{option} {name}: that account can log in at this machine (shell {shell}), "
            "and a scanner keeps its password where many can read it; name another, which need not exist yet"
        )


def _confirm_free(option: str, name: str, home: str) -> None:
    """No other service's account: it would get a scanner's password, and what runs as it would reach documents."""
    try:
        known = pwd.getpwnam(name)
    except KeyError:
        return
    if known.pw_uid not in _PEOPLE and known.pw_dir != home:
        raise ConfigError(
            f"{option} {name}: that is a system's account (uid {known.pw_uid}), which may be another service's; name "
            f"another, which need not exist yet, or, if nothing else uses it, run: usermod --home {home} {name}"
        )


def _groups(name: str) -> set[str]:
    try:
        known = pwd.getpwnam(name)
    except KeyError:
        return set()
    numbers = set(os.getgrouplist(name, known.pw_gid))
    return {group.gr_name for group in grp.getgrall() if group.gr_gid in numbers}
