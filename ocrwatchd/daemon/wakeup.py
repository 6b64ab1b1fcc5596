"""Wake the supervisor's loop from other threads and from signals. Signal handlers only count."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
from types import FrameType
from typing import Self

STOPPING = (signal.SIGTERM, signal.SIGINT)
TERMINAL = "/dev/tty"
"""The terminal that this process would lose with SIGHUP, whatever its standard streams are."""


class SignalWakeup:
    """A pipe in the loop's selector. Inside the context, SIGTERM, SIGINT and SIGHUP write to the pipe and are counted.

    SIGHUP asks a daemon to reload its configuration. A daemon that loses its terminal by SIGHUP stops.
    """

    def __init__(self, selector: selectors.BaseSelector, *, reloads: bool = True) -> None:
        self._selector = selector
        self._out, self._in = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self.stops = 0
        """How many stop signals have come."""
        self._reloads = 0
        self._hangup_stops = not reloads

    def __enter__(self) -> Self:
        self._selector.register(self._out, selectors.EVENT_READ, self._drain)
        self._hangup_stops |= signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN and _has_terminal()
        self._before = {number: signal.signal(number, self._flag) for number in (*STOPPING, signal.SIGHUP)}
        self._wakeup = signal.set_wakeup_fd(self._in, warn_on_full_buffer=False)
        return self

    def __exit__(self, *_: object) -> None:
        signal.set_wakeup_fd(self._wakeup)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._selector.unregister(self._out)
        os.close(self._out)
        os.close(self._in)

    def wake(self) -> None:
        """Wake the loop; may be called from any thread."""
        with contextlib.suppress(BlockingIOError):  # a full pipe wakes just as well
            os.write(self._in, b"\0")

    def asked_to_reload(self) -> bool:
        """Whether a reload was requested since the last call."""
        asked, self._reloads = self._reloads > 0, 0
        return asked

    def _flag(self, number: int, _frame: FrameType | None) -> None:
        if number in STOPPING or self._hangup_stops:
            self.stops += 1
        else:
            self._reloads += 1

    def _drain(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while os.read(self._out, 4096):
                pass


def _has_terminal() -> bool:
    try:
        os.close(os.open(TERMINAL, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC))
    except OSError:
        return False
    return True
