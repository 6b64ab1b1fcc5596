"""A scan's second name: not every share takes what a scanner calls it, as SMB's take no colon."""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ocrwatchd.core.fs import safe_open

if TYPE_CHECKING:
    from ocrwatchd.core.model import Job

_PLAIN: Final = re.compile(
    r"(?!(?:con|prn|aux|nul|com\d|lpt\d)\b)[\w(][\w(),=+@ .-]*(?<![. ])", re.ASCII | re.IGNORECASE
)
"""What every file system takes as it is."""


def lay_out(job: Job) -> None:
    """Give a scan a second name in its job's folder, where its own is not plain; workers read it under that.

    Where there are no links only those can read it that see its own name.
    """
    if not all(_PLAIN.fullmatch(part) for part in job.relative.parts):
        with contextlib.suppress(OSError):
            os.link(job.source, replace(job, renamed=True).source, follow_symlinks=False)


def seen(job: Job) -> Job:
    """The job as a worker reads it: under the scan's second name where it has one.

    Raises:
        OSError: that cannot be known now.
    """
    renamed = replace(job, renamed=True)
    return renamed if safe_open.lexists_strict(renamed.source) else job
