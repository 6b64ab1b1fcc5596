"""Which scan in ``failed/`` a person means."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ocrwatchd.core.errors import ConfigError
from ocrwatchd.core.log import printable
from ocrwatchd.storage.outbox import REASON
from ocrwatchd.storage.set_names import stem_and_suffix


def match(name: str, scans: Sequence[Path], failed: Path) -> Path:
    """Find the one scan with a name; a whole path counts before a name that fits in any folder.

    Args:
        name: a path below ``failed/``, from the current directory or from ``/``; or a name in any folder. Its suffix
            may be missing, or the note's stand in its place.
        scans: all that lie in ``failed/``, by absolute path.
        failed: the folder, by absolute path.

    Raises:
        ConfigError: there is no such scan, or several fit.
    """
    below = {scan.relative_to(failed): scan for scan in scans}
    given = Path(name)
    # The folder above may be reached by a link, the scan itself may be one.
    inside = Path(os.path.realpath(given.parent), given.name)
    paths = {given, Path(os.path.relpath(inside, os.path.realpath(failed)))}
    if whole := [path for path in below if path in paths]:
        return below[given if given in whole else whole[0]]
    fitting = [path for path in below if paths & _short(path)]
    if len(fitting) == 1:
        return below[fitting[0]]
    if fitting:
        several = ", ".join(printable(str(path)) for path in fitting)
        raise ConfigError(f'"{printable(name)}" fits several scans; give the full name of one: {several}')
    if not failed.is_dir():
        raise ConfigError(
            f"there is no folder {failed}; give the configuration of the daemon with --config, or start the daemon"
        )
    raise ConfigError(
        f'there is no scan "{printable(name)}" in {failed}; `ocrwatchd status` shows the failed scans; '
        "to look in another root, give its configuration with --config"
    )


def _short(path: Path) -> set[Path]:
    """What else a scan may be called."""
    stem, suffix = stem_and_suffix(path.name)
    names = {stem, f"{stem}{suffix}", f"{stem}{REASON}"}
    return {place for name in names for place in (Path(name), path.with_name(name))}
