"""Print a configuration with which a server lets scanners put files into the inbox and the office read the results.

What is printed is a shell script, to be read and then run by root: it makes the two accounts, gives the scanner its
place at the inbox and both their gates, and writes the server's configuration. The templates lie beside this file.

What the scanner may not do is refused twice: by the server's configuration, and by the permissions of the files, which
hold whatever a server lets through. The servers see no folder of the root, only its second place under ``GATE``; a
path with odd characters never gets into their configurations.
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
"""What can be printed: each one's protocol, the programs that it needs, and the packages that bring them."""

NEEDED: Final = ("useradd setpriv setfacl mountpoint", "acl")
"""Programs and packages that every one needs; what is in any Debian is not named."""

GATE: Final = "/srv/ocrwatchd.gate"
"""Above it all is root's, as sshd demands of whatever it shuts somebody in."""

SCANNER: Final = "scanner"
OFFICE: Final = "office"


_FSTAB = str.maketrans({char: f"\\{ord(char):03o}" for char in " \t\\"})
"""fstab(5): fields end at blanks, and three octal digits after a backslash stand for a character."""


class _Text(Template):
    """Text with ``@{name}`` in it; the dollar is the shell's."""

    delimiter = "@"


def script(kind: str, config: Config, scanner: str = SCANNER, office: str = OFFICE) -> str:
    """What to run as root so that a scanner and the office reach this root's folders.

    Args:
        kind: one of ``KINDS``.
        config: names the folders and the profiles.
        scanner: name of the account that may put files in.
        office: name of the account that may read what became of them.

    Raises:
        ConfigError: a name or a path cannot be used for it.
        FolderUnusable: the folders are not there yet, or belong to somebody for whom no scanner should work.
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
    """A command that makes the profiles' folders; the daemon does so too, when it starts."""
    if not found.profiles:
        return ""
    folders = " ".join(for_shell(found.inbox / name) for name in found.profiles)
    return f"as_service mkdir -p -m 3770 -- {folders}\n"


def for_shell(path: Path) -> str:
    """A path as one word of a command line.

    Raises:
        ConfigError: it holds what no configuration should.
    """
    return shlex.quote(_plain(path))


def for_fstab(path: Path) -> str:
    """A path as a field of fstab, quoted for the shell that writes it there.

    Raises:
        ConfigError: it holds what no configuration should.
    """
    return shlex.quote(_plain(path).translate(_FSTAB))


def _plain(path: Path) -> str:
    said = str(path)
    if printable(said) != said:
        raise ConfigError(
            f"the path {printable(said)} holds a control character or bytes that are no UTF-8, which servers' "
            "configurations cannot hold; rename that folder and set folders.root to its new name"
        )
    return said
