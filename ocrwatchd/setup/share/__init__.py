"""Print a script that lets scanners put files into the inbox through a server, and lets the office read the results.

Root reads the shell script, then runs it. The script makes the two accounts, mounts their folders a second time below
``GATE``, and writes the server's configuration. The templates are next to this file.

Two walls stop a scanner: the server's configuration, and the permissions of the files. The servers see only the folders
below ``GATE``, so a path with odd characters never gets into their configurations.
"""

from __future__ import annotations

import shlex
from importlib import resources
from pathlib import Path
from string import Template
from typing import Final

from ocrwatchd.core.config.schema import Config
from ocrwatchd.core.errors import ConfigError
from ocrwatchd.core.log import printable
from ocrwatchd.setup.share.accounts import confirm
from ocrwatchd.setup.share.folders import Places, places

KINDS: Final = {
    "samba": ("SMB", "smbd testparm smbpasswd", "samba samba-vfs-modules"),
    "vsftpd": ("FTP", "vsftpd openssl", "vsftpd openssl"),
    "sftp": ("SFTP", "sshd", "openssh-server"),
}
"""The servers, each with its protocol, the programs that it needs, and their packages."""

NEEDED: Final = ("useradd setpriv setfacl mountpoint", "acl")
"""Programs and packages that every server needs, without those that every Debian has."""

GATE: Final = "/srv/ocrwatchd.gate"
"""All folders above it belong to root, as sshd demands of a chroot."""

SCANNER: Final = "scanner"
OFFICE: Final = "office"


_FSTAB = str.maketrans({char: f"\\{ord(char):03o}" for char in " \t\\"})
"""fstab(5): fields end at blanks, and three octal digits after a backslash stand for a character."""


class _Text(Template):
    """Text with ``@{name}`` in it; the dollar is the shell's."""

    delimiter = "@"


def script(kind: str, config: Config, scanner: str = SCANNER, office: str = OFFICE) -> str:
    """The script for one of ``KINDS``, with the accounts of the scanner and of the office.

    Raises:
        ConfigError: a name or a path cannot be used.
        FolderUnusable: the folders are missing, or belong to root.
    """
    found = places(config)
    confirm(scanner, office, found, GATE)
    protocol, programs, packages = KINDS[kind]
    words = {
        "kind": kind,
        "protocol": protocol,
        "programs": f"{NEEDED[0]} {programs}",
        "packages": f"{packages} {NEEDED[1]}",
        "root_words": printable(str(config.folders.root_path)),
        "scanner": scanner,
        "office": office,
        "service": found.service,
        "group": found.group,
        "gate": GATE,
        "prefix": "" if scanner == SCANNER else f"{scanner}-",
        "inbox": for_shell(found.inbox),
        "make_folders": _make_folders(found),
        **{f"{name}_in_fstab": for_fstab(getattr(found, name)) for name in ("inbox", "outbox", "failed")},
    }
    folder = resources.files(__name__)
    return "".join(
        _Text(folder.joinpath(f"{part}.sh").read_text(encoding="utf-8")).substitute(words) for part in ("head", kind)
    )


def _make_folders(found: Places) -> str:
    """A command that makes the profiles' folders; the daemon also makes them when it starts."""
    if not found.profiles:
        return ""
    folders = " ".join(for_shell(found.inbox / name) for name in found.profiles)
    return f"as_service mkdir -p -m 3770 -- {folders}\n"


def for_shell(path: Path) -> str:
    """A path as one word of a command line.

    Raises:
        ConfigError: the path holds a control character or is not UTF-8.
    """
    return shlex.quote(_plain(path))


def for_fstab(path: Path) -> str:
    """A path as a field of fstab, quoted for the shell that writes it there.

    Raises:
        ConfigError: the path holds a control character or is not UTF-8.
    """
    return shlex.quote(_plain(path).translate(_FSTAB))


def _plain(path: Path) -> str:
    said = str(path)
    if printable(said) != said:
        raise ConfigError(
            f"the path {printable(said)} holds a control character or is not UTF-8, so no server's configuration can "
            "hold it; rename that folder and set folders.root to its new name"
        )
    return said
