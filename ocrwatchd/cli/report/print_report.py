"""The verb ``report``: what has been done over time, as tables, as plain numbers and as a picture."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from rich.console import Console

from ocrwatchd.cli.report import as_json as numbers
from ocrwatchd.cli.report import plot, since, summary
from ocrwatchd.cli.report.as_tables import listing
from ocrwatchd.core.config.schema import Folders


def report(folders: Folders, begin: str | None, *, as_json: bool, png: Path | None) -> int:
    """Print a report; a daemon that runs goes on undisturbed.

    Args:
        folders: whose scans are told of.
        begin: a date or a span, see :mod:`ocrwatchd.cli.report.since`; None for all that the ledger knows.
        as_json: as one JSON object instead of tables.
        png: also draw a picture, to this file or in this folder.

    Returns:
        0.

    Raises:
        ConfigError: ``begin`` or ``png`` cannot be used.
        FolderUnusable: there is no ledger that can be read.
        OSError: the picture cannot be written.
    """
    now = time.time()
    moment = since.moment(begin, now) if begin is not None else 0.0
    picture = plot.target(png) if png else None
    made = summary.of(folders, moment, now)
    if picture:
        plot.write(made, picture)
    if as_json:
        sys.stdout.write(numbers.text(made) + "\n")
        return 0
    console = Console(highlight=False)
    for each in listing(made):
        console.print(each)
    if picture:
        console.print(f"\npicture    {picture}", markup=False, soft_wrap=True)
    return 0
