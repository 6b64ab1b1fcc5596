"""Wake the supervisor's loop: from watchdog's thread, and by signals, whose handlers only count."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import FrameType

STOPPING = (signal.SIGTERM, signal.SIGINT)


class Waker:
    """A pipe in the loop's selector; while it is entered, SIGTERM and SIGINT write to it and are counted.

    Args:
        selector: the loop's.
    """

    def __init__(self, selector: selectors.BaseSelector) -> None:
        self._selector = selector
        self._out, self._in = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self.stops = 0
        """How many times somebody has asked for a stop."""

    def __enter__(self) -> Self:
        self._selector.register(self._out, selectors.EVENT_READ, self._drain)
        self._before = {number: signal.signal(number, self._flag) for number in STOPPING}
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
        """Wake the loop; from any thread."""
        with contextlib.suppress(BlockingIOError):  # a full pipe wakes just as well
            os.write(self._in, b"\0")

    def _flag(self, _number: int, _frame: FrameType | None) -> None:
        self.stops += 1

    def _drain(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while os.read(self._out, 4096):
                pass
