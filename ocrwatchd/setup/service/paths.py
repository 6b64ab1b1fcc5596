"""Paths in unit files, and whether a service can reach them."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from ocrwatchd.core.config.schema import Folders
from ocrwatchd.core.errors import ConfigError

HIDDEN = {
    Path("/home"): "ProtectHome",
    Path("/root"): "ProtectHome",
    Path("/run/user"): "ProtectHome",
    Path("/tmp"): "PrivateTmp",  # noqa: S108 - nothing is put there
    Path("/var/tmp"): "PrivateTmp",  # noqa: S108
    Path("/dev"): "PrivateDevices",
}
"""Folders that are empty or private for the system's service, and the setting of the unit that makes them so."""


def quoted(path: Path | str) -> str:
    """A path as one word of a unit or tmpfiles.d file: quotes, backslashes and specifiers escaped.

    Raises:
        ConfigError: the path holds a control character.
    """
    word = str(path)
    if not word.isprintable():
        raise ConfigError(f"{word!r} holds a character that a unit file cannot hold; choose another folder")
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return escaped if escaped == word and " " not in word and "'" not in word else f'"{escaped}"'


def writable(folders: Folders) -> list[Path]:
    """The folders that the service must be able to write: the root, and folders outside the root.

    As few folders as possible, because a rename between two of them becomes a copy.
    """
    named = {folders.path(name) for name in ("inbox", "outbox", "archive", "failed")}
    inside = {path for path in named if path.is_relative_to(folders.root_path)}
    wanted = named | {folders.work_path.parent} | ({folders.root_path} if inside else set())
    return sorted(path for path in wanted if not any(path != other and path.is_relative_to(other) for other in wanted))


def refuse_hidden(paths: Iterable[Path], what: str, remedy: str) -> None:
    """Refuse paths that the system's service could not see.

    Raises:
        ConfigError: names the hidden path and the remedy.
    """
    for path in paths:
        for led_to in dict.fromkeys((path, Path(os.path.realpath(path)))):
            if setting := next((HIDDEN[hidden] for hidden in HIDDEN if led_to.is_relative_to(hidden)), ""):
                raise ConfigError(f"{what} {led_to} is hidden from system services ({setting}); {remedy}")


def refuse_above(paths: Iterable[Path], own: Iterable[Path], remedy: str) -> None:
    """Refuse folders that contain the service's own program or files: the service must not be able to change these.

    Raises:
        ConfigError: names both paths and the remedy.
    """
    for path in paths:
        led_to = Path(os.path.realpath(path))
        if inside := next((each for each in own if each.is_relative_to(led_to)), None):
            raise ConfigError(f"the service would need to write in {path} itself, which contains {inside}; {remedy}")


def refuse_closed(paths: Iterable[Path], what: str, remedy: str) -> None:
    """Refuse paths that only root can reach.

    Raises:
        ConfigError: names the closed folder and the remedy.
    """
    for path in paths:
        for folder in path.parents:
            if folder.exists() and not folder.stat().st_mode & stat.S_IXOTH:
                raise ConfigError(f"other users cannot reach {what} {path}, because {folder} is closed; {remedy}")
