"""Print a report."""

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
    """Print a report without disturbing a running daemon; return 0.

    Args:
        folders: of the root.
        begin: a date or a span, see :mod:`ocrwatchd.cli.report.since`; None for the whole ledger.
        as_json: one JSON object instead of tables.
        png: also draw a picture, to this file or into this folder.

    Raises:
        ConfigError: ``begin`` or ``png`` is invalid.
        FolderUnusable: no ledger can be read.
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
