"""Which accounts may be given to a scanner and to the office: ones with which nothing else can be done."""

from __future__ import annotations

import grp
import os
import pwd
import re
from typing import TYPE_CHECKING, Final

from ocrwatchd.errors import ConfigError
from ocrwatchd.log import printable

if TYPE_CHECKING:
    from ocrwatchd.share.places import Places

_NAME: Final = re.compile(r"[a-z_][a-z0-9_-]{0,30}")
"""What useradd takes everywhere."""

_NO_SHELLS: Final = frozenset({"nologin", "false"})


def confirm(scanner: str, office: str, found: Places) -> None:
    """Make sure that both names may be used.

    Raises:
        ConfigError: one is no account's name, belongs to somebody who can log in, or would be able to do more.
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


def _groups(name: str) -> set[str]:
    try:
        known = pwd.getpwnam(name)
    except KeyError:
        return set()
    numbers = set(os.getgrouplist(name, known.pw_gid))
    return {group.gr_name for group in grp.getgrall() if group.gr_gid in numbers}
