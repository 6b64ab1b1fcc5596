"""Can the text file of the metrics be written?"""

from __future__ import annotations

import os
from collections.abc import Iterator

from ocrwatchd.core.config.schema import Metrics
from ocrwatchd.setup.check import folders
from ocrwatchd.setup.check.finding import Finding


def look(metrics: Metrics) -> Iterator[Finding]:
    """One line where a file is configured."""
    if not metrics.file:
        return
    path, what = metrics.path, "metrics.file"
    if os.path.isdir(path):  # noqa: PTH112  # unlike Path's it never raises
        yield Finding(what, False, f"{path} is a folder; remove it or name a file")
    elif (found := folders.look_at(what, path.parent)).ok and not os.path.isdir(path.parent):  # noqa: PTH112
        # The daemon makes none: it is the collector's.
        yield Finding(what, False, f"{path.parent} is not there; make it, or name a file in the collector's folder")
    else:
        yield found._replace(words=str(path)) if found.ok else found
