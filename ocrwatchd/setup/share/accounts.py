"""Check the accounts of the scanner and of the office: nothing else must be possible with them."""

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
"""Names that useradd accepts everywhere."""

_PEOPLE: Final = range(1000, 60001)
"""User ids of people (login.defs(5): UID_MIN, UID_MAX)."""

_NO_SHELLS: Final = frozenset({"nologin", "false"})


def confirm(scanner: str, office: str, found: Places, gate: str) -> None:
    """Make sure that both names may be used; an earlier script has put the homes of its accounts below ``gate``.

    Raises:
        ConfigError: a name is not valid, or its account can log in, has further rights, or may be another service's.
    """
    for option, name in (("--user", scanner), ("--office", office)):
        if not _NAME.fullmatch(name):
            raise ConfigError(
                f"{option} {printable(name)}: not a valid name; use at most 31 lower-case letters, digits, - and _, "
                "with a letter first"
            )
        if name == found.service:
            raise ConfigError(f"{option} {name}: this user owns the folders; name a separate account")
        _confirm_shut(option, name)
        _confirm_free(option, name, f"{gate}/{name}")
    if scanner == office:
        raise ConfigError(
            f"--user {scanner} and --office {office}: a scanner must not read all results; name two accounts"
        )
    if found.group in _groups(scanner):
        raise ConfigError(
            f"--user {scanner}: this account is in the group {found.group}, and could read and delete all documents; "
            f"name another account, or run: gpasswd --delete {scanner} {found.group}"
        )


def _confirm_shut(option: str, name: str) -> None:
    try:
        known = pwd.getpwnam(name)
    except KeyError:
        return  # the script makes it
    if known.pw_uid == 0 or known.pw_shell.rpartition("/")[2] not in _NO_SHELLS:
        shell = printable(known.pw_shell) or "/bin/sh"
        raise ConfigError(
            f"{option} {name}: this account can log in at this machine (shell {shell}), and many people can read the "
            "password that a scanner stores; name another account, which need not exist yet"
        )


def _confirm_free(option: str, name: str, home: str) -> None:
    """Refuse another service's account: it would get the scanner's password, and that service could reach documents."""
    try:
        known = pwd.getpwnam(name)
    except KeyError:
        return
    if known.pw_uid not in _PEOPLE and known.pw_dir != home:
        raise ConfigError(
            f"{option} {name}: this is a system account (uid {known.pw_uid}), perhaps of another service; name another "
            f"account, which need not exist yet, or, if nothing else uses it, run: usermod --home {home} {name}"
        )


def _groups(name: str) -> set[str]:
    try:
        known = pwd.getpwnam(name)
    except KeyError:
        return set()
    numbers = set(os.getgrouplist(name, known.pw_gid))
    return {group.gr_name for group in grp.getgrall() if group.gr_gid in numbers}
