"""Who may send scans, who may read texts, and who can exchange or remove documents but should not?"""

from __future__ import annotations

import grp
import os
import pwd
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from ocrwatchd.core.config.schema import Folders
from ocrwatchd.core.fs import mounts
from ocrwatchd.core.fs.safe_open import is_folder
from ocrwatchd.setup.check import acl
from ocrwatchd.setup.check.finding import Finding
from ocrwatchd.setup.check.folders import named

NOBODY: Final = -1
"""A user id that no user has: its rights are the rights of everybody."""

MOST_NAMES: Final = 6
DROP: Final = acl.WRITE | acl.ENTER
TAKE: Final = acl.READ | acl.ENTER

_LASTING: Final = ("outbox", "archive", "failed", ".work", "state")
"""Folders in which only the service, and users with access to it, may change anything."""


def look(folders: Folders) -> Iterator[Finding]:
    """One line for each question; for a missing folder, the rights that the folder will have."""
    inbox, outbox = folders.path("inbox"), folders.path("outbox")
    for what, path, wanted in (("may drop scans", inbox, DROP), ("may read texts", outbox, TAKE)):
        try:
            yield Finding(what, True, _who(path, wanted) + _remote(path))
        except FileNotFoundError:
            mode = folders.mode("inbox" if path == inbox else "outbox")
            yield Finding(what, True, f"{path} will be made with mode {mode:04o}: {_of_mode(mode, wanted)}")
        except OSError as error:
            yield Finding(what, False, f"{path} cannot be examined: {error.strerror}; correct its owner or mode")
    dangers = list(_dangers(folders))
    yield from dangers
    if not dangers:
        known = {name: _groups_that(DROP, folders.path(name)) for name in ("outbox", "failed")}
        given = [f"in {name} {' and '.join(groups)} may" for name, groups in known.items() if groups]
        words = "; ".join(["nobody else may remove or exchange documents", *given])
        yield Finding("safe from others", True, words)


def may(path: Path, user: int, groups: Iterable[int], wanted: int) -> bool:
    """Whether a user who is not root has these rights in a folder and may enter all folders above it; see acl(5).

    Args:
        path: an absolute path.
        user: a user id, or NOBODY for any member of the groups.
        groups: the user's group ids.
        wanted: a sum of rights.

    Raises:
        OSError: the folder cannot be examined.
    """
    return _blocked(path, user, groups, wanted) is None


def _blocked(path: Path, user: int, groups: Iterable[int], wanted: int) -> Path | None:
    """The first folder without the wanted rights, or None."""
    real = Path(os.path.realpath(path, strict=True))  # Path's own question is no OSError where links go in a circle
    for folder in (*reversed(real.parents), real):
        asked = wanted if folder == real else acl.ENTER
        if asked & ~_granted(acl.rights(folder), user, groups):
            return folder
    return None


def _granted(rights: acl.Rights, user: int, groups: Iterable[int]) -> int:
    if user == rights.owner[0]:
        return rights.owner[1]
    if user in rights.users:
        return rights.users[user]
    of_groups = [may for group, may in rights.groups.items() if group in set(groups)]
    if not of_groups:
        return rights.others
    granted = 0
    for each in of_groups:  # by acl(5) one entry must grant all; this sums up the rights of all groups
        granted |= each
    return granted


def _who(path: Path, wanted: int) -> str:
    if may(path, NOBODY, (), wanted):
        return "everybody on this machine"
    rights = acl.rights(path)
    can: list[str] = []
    cannot: list[str] = []
    owner, granted = rights.owner
    for user in (owner, *rights.users):
        may_here = granted if user == owner else rights.users[user]
        if not wanted & ~may_here:
            blocked = _blocked(path, user, _groups_of(user), wanted)
            (can if blocked is None else cannot).append(_told(f"the user {_user(user)}", blocked))
    for group, may_here in rights.groups.items():
        members = [name for name in _members(group) if name != _user(owner)]
        if members and not wanted & ~may_here:
            blocked = _blocked(path, NOBODY, (group,), wanted)
            (can if blocked is None else cannot).append(_told(f"the group {_group(group)} ({_few(members)})", blocked))
    if not rights.others & wanted ^ wanted:
        blocked = _blocked(path, NOBODY, (), wanted)
        cannot.append(_told("everybody else", blocked))
    return "; ".join([", ".join(can) or "nobody but root", *(f"not {words}" for words in cannot)])


def _told(who: str, blocked: Path | None) -> str:
    return who if blocked is None else f"{who}, who may not enter {blocked}"


def _of_mode(mode: int, wanted: int) -> str:
    who = [name for name, shift in (("its owner", 6), ("its group", 3), ("everybody", 0)) if mode >> shift & 7 & wanted]
    return ", ".join(who[-1:] if "everybody" in who else who) or "nobody"


def _remote(path: Path) -> str:
    return " (as this mount shows it; its server decides)" if mounts.is_remote(path.resolve()) else ""


def _dangers(folders: Folders) -> Iterator[Finding]:
    places = named(folders)
    for name in _LASTING:
        path = places[name]
        if not is_folder(path):
            continue
        if _anybody(DROP, path):
            words = f"everybody may remove and exchange what lies in {path}; run: chmod o-w '{path}'"
            yield Finding(name, False, words)
        elif name == "archive" and (groups := _groups_that(DROP, path)):
            words = f"{' and '.join(groups)} may change or remove what lies in {path}; run: chmod -R g-w '{path}'"
            yield Finding(name, False, words)
        elif name == ".work" and (others := ["everybody"] if _anybody(TAKE, path) else _groups_that(TAKE, path)):
            share = "; on a share, mount it with dir_mode=0700" if mounts.is_remote(path.resolve()) else ""
            words = f"{' and '.join(others)} may read the scans in work in {path}; run: chmod 0700 '{path}'{share}"
            yield Finding(name, False, words)
    yield from _inbox(places["inbox"], places[".work"])
    above = {parent for path in places.values() for parent in path.parents}
    for folder in sorted(above):
        if not is_folder(folder) or _sticky(folder):
            continue
        if _anybody(DROP, folder):
            words = f"everybody may rename the folders in {folder}; run: chmod o-w '{folder}'"
            yield Finding("safe from others", False, words)
        elif groups := _groups_that(DROP, folder):
            words = f"{' and '.join(groups)} may rename the folders in {folder}; run: chmod g-w '{folder}'"
            yield Finding("safe from others", False, words)


def _inbox(inbox: Path, work: Path) -> Iterator[Finding]:
    if not is_folder(inbox):
        return
    daemon = work.stat().st_uid if is_folder(work) else os.geteuid()
    if not _sticky(inbox):
        if _anybody(DROP, inbox):
            words = f"everybody may remove other people's scans; run: chmod o-w '{inbox}', or chmod +t '{inbox}'"
            yield Finding("inbox", False, words)
        elif groups := _groups_that(DROP, inbox):
            words = f"{' and '.join(groups)} may remove and exchange other people's scans"
            yield Finding("inbox", False, f"{words}; run: find '{inbox}' -type d -exec chmod +t {{}} +")
    elif daemon not in {0, inbox.stat().st_uid}:
        words = (
            f"it has the sticky bit and belongs to {_user(inbox.stat().st_uid)}: other people's scans cannot be "
            f"taken from it; run: chmod -t '{inbox}', or chown {_user(daemon)} '{inbox}'"
        )
        yield Finding("inbox", False, words)


def _groups_that(wanted: int, folder: Path) -> list[str]:
    """The groups, and the users in an access control list, that have these rights in a folder, as text."""
    try:
        rights = acl.rights(folder)
    except OSError:
        return []
    own = _user(rights.owner[0])
    users = [f"the user {_user(user)}" for user, may_here in rights.users.items() if not wanted & ~may_here]
    groups = {group: _members(group) for group, may_here in rights.groups.items() if not wanted & ~may_here}
    others = {group: [name for name in members if name not in {own, "root"}] for group, members in groups.items()}
    return [*users, *(f"the group {_group(group)} ({_few(names)})" for group, names in others.items() if names)]


def _anybody(wanted: int, path: Path) -> bool:
    try:
        return may(path, NOBODY, (), wanted)
    except OSError:
        return False


def _sticky(path: Path) -> bool:
    return bool(path.stat().st_mode & stat.S_ISVTX)


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def _groups_of(number: int) -> list[int]:
    try:
        known = pwd.getpwuid(number)
    except KeyError:
        return []
    return os.getgrouplist(known.pw_name, known.pw_gid)


def _members(number: int) -> list[str]:
    """The members of a group that the machine lists, with users whose first group this is."""
    first = [known.pw_name for known in pwd.getpwall() if known.pw_gid == number]
    try:
        further = grp.getgrgid(number).gr_mem
    except KeyError:
        further = []
    return sorted({*first, *further})


def _few(names: list[str]) -> str:
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
