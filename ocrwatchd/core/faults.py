"""Tell errors of the scan from errors of the machine, for which a scan must never fail."""

from __future__ import annotations

import errno


class Stopping(Exception):
    """A request to stop between two pages, or two questions of a task; finished work is kept."""


_MACHINE = frozenset(
    {
        errno.EIO,
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EROFS,
        errno.ESTALE,
        errno.ENODEV,
        errno.ENXIO,
        errno.ENOENT,
        errno.EACCES,
        errno.EPERM,
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOMEM,
        errno.ENOTCONN,
        errno.ETIMEDOUT,
        errno.EHOSTDOWN,
        errno.EHOSTUNREACH,
    }
)


def is_machines(error: BaseException) -> bool:
    """True for an error of the disk, the network or the system; libraries raise OSError without errno for bad data.

    Too little memory counts: the engine ends and another one, with fresh memory, tries again.
    """
    return isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno in _MACHINE)


def place(error: BaseException) -> str:
    """Where an error was raised, ``module:line``: logs omit the message, which may hold a document's text."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}" if trace else ""
