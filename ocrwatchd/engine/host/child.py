"""One engine process, as its host sees it: start, socket, end and cleanup."""

from __future__ import annotations

import contextlib
import os
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from ocrwatchd.core.fs.scratch import clear_stale
from ocrwatchd.core.i18n import Message, say
from ocrwatchd.core.jsonlines import Lines, ProtocolError
from ocrwatchd.core.process import without_secrets
from ocrwatchd.engine.protocol import MAX_ANSWER_BYTES, Answer, Request, decode_answer, encode

SCRATCH_PREFIX = "ocrwatchd-engine-"
READ_BYTES = 1 << 16
UNAVAILABLE_EXIT = 3
INTERNAL_EXIT = 70
"""Exit status of the engine after an error of its own (EX_SOFTWARE)."""

MEMORY_EXIT = 71
"""Exit status of the engine where memory ran out (EX_OSERR)."""


class Child:
    """A running engine process. Create it in the main thread: PDEATHSIG depends on the creating thread.

    Args:
        module: the module that ``python -m`` runs.
        threads: of the numeric libraries; 0 for their own default.
        network: whether the process may use a network.
        selector: where the socket is registered, with ``on_event`` as its data.
        on_event: called without arguments when the socket is ready to read or write.

    Raises:
        OSError: the process cannot be started.
    """

    def __init__(
        self,
        module: str,
        threads: int,
        selector: selectors.BaseSelector,
        on_event: Callable[[], None],
        *,
        network: bool = False,
    ) -> None:
        clear_stale(Path(tempfile.gettempdir()), SCRATCH_PREFIX)
        self._selector = selector
        self._on_event = on_event
        self._lines = Lines(MAX_ANSWER_BYTES)
        self._unsent = b""
        self.closed = False
        self._scratch = Path(tempfile.mkdtemp(prefix=f"{SCRATCH_PREFIX}{os.getpid()}-"))
        self._socket, theirs = socket.socketpair()
        options = ("--fd", theirs.fileno(), "--parent", os.getpid(), "--scratch", self._scratch)
        try:
            with theirs:
                self._process = subprocess.Popen(
                    # -P: import nothing from the current directory.
                    [sys.executable, "-P", "-m", module, *map(str, options)],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,  # libraries print there, perhaps text of a document
                    cwd=self._scratch,
                    env=_environment(threads, network=network),
                    pass_fds=(theirs.fileno(),),
                    start_new_session=True,
                )
        except BaseException:
            self._socket.close()
            shutil.rmtree(self._scratch, ignore_errors=True)
            raise
        self._socket.setblocking(False)
        selector.register(self._socket, selectors.EVENT_READ, on_event)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exited(self) -> bool:
        return self._process.poll() is not None

    def send(self, message: Request) -> None:
        """Send a message; keep for later what the socket does not accept now."""
        self._unsent += encode(message)
        self.flush()

    def flush(self) -> None:
        """Send the rest; the silence of a child that no longer reads is noticed elsewhere."""
        if self.closed:
            return
        try:
            self._unsent = self._unsent[self._socket.send(self._unsent) :] if self._unsent else b""
        except BlockingIOError:
            pass
        except OSError:
            self._unsent = b""
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._unsent else 0)
        self._selector.modify(self._socket, events, self._on_event)

    def receive(self) -> list[Answer]:
        """The messages that have arrived; sets ``closed`` if no more can arrive.

        Raises:
            ProtocolError: a line is no answer.
        """
        try:
            data = self._socket.recv(READ_BYTES)
        except BlockingIOError:
            return []
        except OSError:
            data = b""
        if not data:
            self._close()
            return []
        return [decode_answer(line) for line in self._lines.feed(data)]

    def rest(self) -> list[Answer]:
        """All unread messages of a dead child, up to the first invalid one."""
        answers: list[Answer] = []
        with contextlib.suppress(ProtocolError):
            while not self.closed and (more := self.receive()):
                answers += more
        return answers

    def wait(self, grace_s: float) -> None:
        """Wait at most ``grace_s`` seconds for the process to end by itself."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(grace_s)

    def end(self) -> Message:
        """Kill and reap the process, remove its traces, and describe its end, without a full stop."""
        # Kill the whole session, with everything that a library has started.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        self._close()
        shutil.rmtree(self._scratch, ignore_errors=True)
        return exit_in_words(self._process.returncode)

    @property
    def exit_status(self) -> int | None:
        """As in subprocess; None while the process runs."""
        return self._process.returncode

    def _close(self) -> None:
        if not self.closed:
            self.closed = True
            self._selector.unregister(self._socket)
            self._socket.close()


def exit_in_words(status: int) -> Message:
    """Describe an exit status, negative for a signal, without a full stop."""
    if status == -signal.SIGKILL:
        return say(
            "the engine was killed; where nobody did that by hand, the machine or its memory limit ran out of memory"
        )
    if status < 0:
        name = signal.Signals(-status).name if -status in set(signal.Signals) else f"signal {-status}"
        native = {signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE}
        if -status in native:
            return say("the engine ended with {signal}, a fault in native code", signal=name)
        return say("the engine ended with {signal}", signal=name)
    if status == MEMORY_EXIT:
        return say("the engine needed more memory than there is; lower ocr.max_pixels or ocr.dpi, or give it more")
    if status == INTERNAL_EXIT:
        return say("the engine failed with an internal error; its log names the place")
    return say("the engine ended by itself with exit status {status}", status=status)


def _environment(threads: int, *, network: bool) -> dict[str, str]:
    environment = without_secrets(os.environ, proxies=network) | {
        "PYTHONPATH": os.pathsep.join(map(os.path.abspath, filter(None, sys.path)))
    }
    if threads:
        counted = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
        environment = dict.fromkeys(counted, str(threads)) | environment
    # Idle threads of one library must not take processor time from another.
    environment = {"OMP_WAIT_POLICY": "PASSIVE", "TOKENIZERS_PARALLELISM": "false"} | environment
    # Nothing about a document may leave the machine, not even the usage reports of libraries.
    return environment | {"ORT_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
