"""What a sheet tells the daemon, and the key that the daemon knows it by."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ocrwatchd.core.config.schema import Config, Folders, state_directory
from ocrwatchd.core.errors import ConfigError, FolderUnusable
from ocrwatchd.core.log import printable
from ocrwatchd.core.sheet_code import LONGEST_NAME_BYTES, MOST_LANGUAGES, SheetSettings
from ocrwatchd.gate import languages
from ocrwatchd.monitoring import status
from ocrwatchd.storage import sheet_key


def checked(profile: str, codes: Sequence[str], priority: int | None, config: Config, *, duplex: bool) -> SheetSettings:
    """The settings of a sheet.

    Raises:
        ConfigError: the configuration has no such profile, or a code is of no language.
    """
    if profile and profile not in config.profiles:
        known = ", ".join(map(printable, config.profiles))
        there = f"the configuration has {known}" if known else "the configuration has none; add a table [profiles.NAME]"
        raise ConfigError(f"there is no profile {printable(profile)}: {there}")
    if len(profile.encode("utf-8", "replace")) > LONGEST_NAME_BYTES:
        raise ConfigError(f"the profile's name is too long for a folder: use at most {LONGEST_NAME_BYTES} bytes")
    for code in codes:
        if len(code) != 3 or not code.islower() or languages.names([code]) == languages.UNKNOWN:
            raise ConfigError(
                f"there is no language {printable(code)}: use a code of three letters (ISO 639-3), such as eng, deu or "
                "zho"
            )
    chosen = tuple(dict.fromkeys(codes))
    if len(chosen) > MOST_LANGUAGES:
        raise ConfigError(f"a sheet names at most {MOST_LANGUAGES} languages")
    return SheetSettings(profile, chosen, priority, duplex)


def key(folders: Folders) -> bytes:
    """The key of the installation that serves this root; it is made if the daemon has not made it yet.

    Raises:
        FolderUnusable: no daemon has served this root yet, or this user may not read its key.
    """
    states = sorted(status.states_of(folders), key=_last_written)
    if not states:
        raise FolderUnusable(
            f"no daemon has served {folders.served_path} yet, whose key would sign the sheet (looked in "
            f"{state_directory()} and {status.SERVICE_STATES[0]}): start it once with `systemctl start ocrwatchd` or "
            "`ocrwatchd run`, name its configuration with --config, or run this as root"
        )
    return sheet_key.read_or_make(states[-1].parent.parent)


def advice(config: Config) -> str:
    """What keeps a daemon with this configuration from heeding any sheet, or ""."""
    if any("sheet" in work.split.on for work in config.works().values()):
        return ""
    return 'this configuration heeds no sheets yet: add on = ["sheet"] to [split], or to the split of a profile'


def _last_written(root_state: Path) -> float:
    """When a daemon last wrote there: a root that another user served before has several such folders."""
    try:
        return (root_state / status.FILE).stat().st_mtime
    except OSError:
        return 0.0
