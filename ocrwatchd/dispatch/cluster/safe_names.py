"""A second, plain name for a scan: some shares do not accept every name of a scanner; SMB accepts no colon."""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import replace
from typing import Final

from ocrwatchd.core.fs import safe_open
from ocrwatchd.core.model import Job

_PLAIN: Final = re.compile(
    r"(?!(?:con|prn|aux|nul|com\d|lpt\d)\b)[\w(][\w(),=+@ .-]*(?<![. ])", re.ASCII | re.IGNORECASE
)
"""Names that every file system accepts."""


def lay_out(job: Job) -> None:
    """Link a scan under a plain name in its job's folder if its own name is not plain; workers then read that name.

    Without links, only workers that see the scan's own name can read it.
    """
    if not all(_PLAIN.fullmatch(part) for part in job.relative.parts):
        with contextlib.suppress(OSError):
            os.link(job.source, replace(job, renamed=True).source, follow_symlinks=False)


def seen(job: Job) -> Job:
    """The job as a worker reads it: under the plain name, where there is one."""
    renamed = replace(job, renamed=True)
    return renamed if safe_open.lexists_strict(renamed.source) else job
