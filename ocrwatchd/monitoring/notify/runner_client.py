"""The supervisor's end of the keeper's socket: starting it, giving it an event, hearing its answer, ending it."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from typing import Final

from ocrwatchd.core.i18n import Message, say, verbatim
from ocrwatchd.core.i18n.wire import unpacked
from ocrwatchd.core.jsonlines import Lines, ProtocolError
from ocrwatchd.core.log import names_are_told

KEEPER_MODULE = "ocrwatchd.monitoring.notify.runner"
SLACK_S = 15.0
"""How much longer than the command's time limit the keeper may take to answer."""

LAST_BREATH_S = 2.0
"""How long the keeper may take to end what it has started."""

REAP_S = 0.5
"""How long a killed keeper is waited for."""

READ_BYTES = 1 << 16
MAX_ANSWER_BYTES = 1 << 16


class Post:
    """One keeper process, started when there is something to give it. Used from the main thread.

    Args:
        selector: the supervisor's; the socket is registered there, its key's ``data()`` is to be called.
        answered: called with what went wrong, if anything, and with what the command said on its standard error.
        clock: monotonic, seconds.
    """

    def __init__(
        self, selector: selectors.BaseSelector, answered: Callable[[Message, str], None], clock: Callable[[], float]
    ) -> None:
        self._selector: Final = selector
        self._answered: Final = answered
        self._clock: Final = clock
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._lines = Lines(MAX_ANSWER_BYTES)
        self._deadline: float | None = None

    def give(self, command: list[str], timeout_s: float, facts: dict[str, str | int]) -> None:
        """Have the command run; its ending is told by ``answered``, also where it cannot be run."""
        self._deadline = self._clock() + timeout_s + SLACK_S
        request = json.dumps({"command": command, "timeout_s": timeout_s, "facts": facts}).encode() + b"\n"
        try:
            if self._socket is None:
                self._start()
            if self._socket is None or self._socket.send(request) != len(request):
                raise BrokenPipeError  # it takes less than one request: it is not reading
        except OSError as error:
            self._drop()
            self._finish(
                say(
                    "cannot be run: {fault}",
                    fault=verbatim(error.strerror) if error.strerror else say("its keeper does not answer"),
                )
            )

    def tick(self, now: float) -> None:
        """Give up a keeper that does not answer in time."""
        if self._deadline is not None and now >= self._deadline:
            self._drop()
            self._finish(say("does not end, and cannot be ended"))

    def next_due(self) -> float | None:
        """When an answer is overdue, by the clock; None where none is expected."""
        return self._deadline

    def listen(self, most_s: float) -> None:
        """Wait for the keeper's answer, or for a time in seconds: for whoever does not run the selector's loop."""
        with selectors.DefaultSelector() as alone:
            if self._socket is not None:
                alone.register(self._socket, selectors.EVENT_READ)
            if alone.select(most_s):
                self._on_answer()

    def stop(self) -> None:
        """End the keeper, and through it the command and all that this has started."""
        self._deadline = None
        self._drop(LAST_BREATH_S)

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                self._process = subprocess.Popen(
                    [sys.executable, "-P", "-m", KEEPER_MODULE, str(theirs.fileno())],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=None if names_are_told() else subprocess.DEVNULL,
                    pass_fds=(theirs.fileno(),),
                    env=os.environ | {"PYTHONPATH": os.pathsep.join(map(os.path.abspath, filter(None, sys.path)))},
                    start_new_session=True,
                )
        except BaseException:
            ours.close()
            raise
        ours.setblocking(False)
        self._socket, self._lines = ours, Lines(MAX_ANSWER_BYTES)
        self._selector.register(ours, selectors.EVENT_READ, self._on_answer)

    def _on_answer(self) -> None:
        if self._socket is None:
            return
        try:
            data = self._socket.recv(READ_BYTES)
            answers = [json.loads(line) for line in self._lines.feed(data)]
            told = [(unpacked(str(answer["fault"])), str(answer["said"])) for answer in answers]
        except BlockingIOError:
            return
        except (OSError, ProtocolError, ValueError, KeyError, TypeError):
            data, told = b"", []
        if not data:
            self._drop()
            if self._deadline is not None:
                self._finish(say("was ended with its keeper"))
        for fault, said in told:
            self._finish(fault, said)

    def _finish(self, fault: Message, said: str = "") -> None:
        self._deadline = None
        self._answered(fault, said)

    def _drop(self, patience_s: float = 0.0) -> None:
        """Close the socket, upon which the keeper ends everything; one that does not is killed with its group."""
        if self._socket is not None:
            self._selector.unregister(self._socket)
            self._socket.close()
            self._socket = None
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience_s)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        # What hangs in the kernel, as on a share that has gone, cannot be ended now: nobody waits for it.
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(REAP_S)
