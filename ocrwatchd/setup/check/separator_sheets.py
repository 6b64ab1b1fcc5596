"""Can the daemon use the key of separator sheets?"""

from __future__ import annotations

import os
from collections.abc import Iterator

from ocrwatchd.core.config.schema import Config, state_directory
from ocrwatchd.core.errors import FolderUnusable
from ocrwatchd.setup.check.finding import Finding
from ocrwatchd.storage import sheet_key


def look(config: Config) -> Iterator[Finding]:
    """One line if scans are cut at sheets."""
    if not any("sheet" in work.split.on for work in config.works().values()):
        return
    what, state = "separator sheets", state_directory()
    try:
        if not os.path.lexists(state / sheet_key.NAME):
            yield Finding(what, True, "the daemon makes their key when it starts")
            return
        sheet_key.read(state)
    except (FolderUnusable, OSError) as error:
        yield Finding(what, False, str(error))
    else:
        yield Finding(what, True, f"their key is {state / sheet_key.NAME}")
