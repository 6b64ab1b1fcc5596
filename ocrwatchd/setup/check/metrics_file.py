"""Can the daemon write the text file of the metrics?"""

from __future__ import annotations

from collections.abc import Iterator

from ocrwatchd.core.config.schema import Metrics
from ocrwatchd.core.fs.safe_open import is_folder
from ocrwatchd.setup.check import folders
from ocrwatchd.setup.check.finding import Finding


def look(metrics: Metrics) -> Iterator[Finding]:
    """One line if a file is configured."""
    if not metrics.file:
        return
    path, what = metrics.path, "metrics.file"
    if is_folder(path):
        yield Finding(what, False, f"{path} is a folder; remove it or name a file")
    elif (found := folders.look_at(what, path.parent)).ok and not is_folder(path.parent):
        # The daemon makes none: it is the collector's.
        yield Finding(what, False, f"{path.parent} is not there; make it, or name a file in the collector's folder")
    else:
        yield found._replace(words=str(path)) if found.ok else found
