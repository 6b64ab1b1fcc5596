"""Can the notification command be run, and can nobody else change it?"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from ocrwatchd.core.config.schema import Notify
from ocrwatchd.core.fs import permissions
from ocrwatchd.setup.check.finding import Finding


def look(notify: Notify) -> Iterator[Finding]:
    """One line if a command is configured."""
    if not notify.command:
        return
    program = notify.command[0]
    found = shutil.which(program)
    if found is None:
        words = f"{program} is missing, or not executable for this user; give its whole path, or correct its mode"
        yield Finding("notify.command", False, words)
        return
    doubt = permissions.unsafe_reason(Path(found), "command")
    yield Finding("notify.command", not doubt, doubt or f"{found}, for {', '.join(notify.events) or 'no event'}")
