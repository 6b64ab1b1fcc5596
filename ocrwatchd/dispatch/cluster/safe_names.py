"""A second, plain name for a scan: some shares do not accept every name of a scanner; SMB accepts no colon."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
from dataclasses import replace
from typing import Final

from ocrwatchd.core.fs import files, safe_open
from ocrwatchd.core.model import Job

_PLAIN: Final = re.compile(
    r"(?!(?:con|prn|aux|nul|com\d|lpt\d)\b)[\w(][\w(),=+@ .-]*(?<![. ])", re.ASCII | re.IGNORECASE
)
"""Names that every file system accepts."""


def lay_out(job: Job) -> None:
    """Link a scan under a plain name in its job's folder if its own name is not plain; workers then read that name.

    Several files are linked into a folder of that name, under their numbers. Without links, only workers that see the
    scan's own name can read it.
    """
    if not all(_PLAIN.fullmatch(part) for part in (*job.relative.parts, *job.members)):
        plain = _renamed(job)
        with contextlib.suppress(OSError):
            if job.members:
                _link_all(job, plain)
            else:
                os.link(job.source, plain.source, follow_symlinks=False)


def seen(job: Job) -> Job:
    """The job as a worker reads it: under the plain name, where there is one."""
    renamed = _renamed(job)
    return renamed if safe_open.lexists_strict(renamed.source) else job


def _renamed(job: Job) -> Job:
    return replace(job, renamed=True, members=tuple(str(number) for number in range(1, len(job.members) + 1)))


def _link_all(job: Job, plain: Job) -> None:
    """Make the folder of links, which appears whole.

    Raises:
        OSError: it is there already, or cannot be made.
    """
    if safe_open.lexists_strict(plain.source):
        return
    making = plain.source.with_name(f"{files.TEMPORARY_PREFIX}{secrets.token_hex(8)}")
    making.mkdir(mode=0o700)
    try:
        for own, other in zip(job.files, plain.members, strict=True):
            os.link(own, making / other, follow_symlinks=False)
        making.rename(plain.source)
    except OSError:
        shutil.rmtree(making, ignore_errors=True)
        raise
