"""The host's end of one engine process: starting it, its socket, its death and what it leaves behind."""

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
from pathlib import Path
from typing import TYPE_CHECKING

from ocrwatchd.core.fs.scratch import clear_stale
from ocrwatchd.core.i18n import Message, say
from ocrwatchd.core.jsonlines import Lines, ProtocolError
from ocrwatchd.core.process import without_secrets
from ocrwatchd.engine.protocol import MAX_ANSWER_BYTES, decode_answer, encode

if TYPE_CHECKING:
    from collections.abc import Callable

    from ocrwatchd.engine.protocol import Answer, Request

SCRATCH_PREFIX = "ocrwatchd-engine-"
READ_BYTES = 1 << 16
UNAVAILABLE_EXIT = 3
INTERNAL_EXIT = 70
"""Exit status of the engine after an error of its own (EX_SOFTWARE)."""

MEMORY_EXIT = 71
"""Exit status of the engine where memory ran out (EX_OSERR)."""


class Child:
    """A running engine process. Created in the main thread: PDEATHSIG follows the thread that creates it.

    Args:
        module: what ``python -m`` runs.
        threads: for the numeric libraries; 0 leaves the choice to them.
        network: whether the process may use a network.
        selector: where the socket is registered, with ``on_event`` as its data.
        on_event: called, without arguments, when the socket can be read or written.

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
        try:
            with theirs:
                self._process = subprocess.Popen(
                    _command(module, theirs.fileno(), self._scratch),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,  # libraries print there; a document's text is never among it for sure
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
        """Of the process."""
        return self._process.pid

    @property
    def exited(self) -> bool:
        """True once the process has ended."""
        return self._process.poll() is not None

    def send(self, message: Request) -> None:
        """Send, or keep for later what the socket does not take now."""
        self._unsent += encode(message)
        self.flush()

    def flush(self) -> None:
        """Send what is left over; a child that no longer listens is noticed by its silence."""
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
        """What has come in; ``closed`` is set once nothing more can come.

        Raises:
            ProtocolError: it is none of the answers.
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
        """Everything that a dead child has said and nobody has read yet, as far as it makes sense."""
        answers: list[Answer] = []
        with contextlib.suppress(ProtocolError):
            while not self.closed and (more := self.receive()):
                answers += more
        return answers

    def wait(self, grace_s: float) -> None:
        """Let the process end by itself, for ``grace_s`` seconds at most."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(grace_s)

    def end(self) -> Message:
        """End the process, reap it and remove its traces; how it ended, as a sentence without its full stop."""
        # Its whole session goes, so that nothing that a library has started stays behind, whoever ended first.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        self._close()
        shutil.rmtree(self._scratch, ignore_errors=True)
        return exit_in_words(self._process.returncode)

    @property
    def exit_status(self) -> int | None:
        """As subprocess gives it, or None while the process runs."""
        return self._process.returncode

    def _close(self) -> None:
        if not self.closed:
            self.closed = True
            self._selector.unregister(self._socket)
            self._socket.close()


def exit_in_words(status: int) -> Message:
    """Tell what an exit status means, as a sentence without its full stop.

    Args:
        status: as subprocess gives it: negative for a signal.
    """
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


def _command(module: str, descriptor: int, scratch: Path) -> list[str]:
    # -P: the current directory is no place to import from.
    arguments = ["--fd", str(descriptor), "--parent", str(os.getpid()), "--scratch", str(scratch)]
    return [sys.executable, "-P", "-m", module, *arguments]


def _environment(threads: int, *, network: bool) -> dict[str, str]:
    environment = without_secrets(os.environ, proxies=network) | {
        "PYTHONPATH": os.pathsep.join(map(os.path.abspath, filter(None, sys.path)))
    }
    if threads:
        counted = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
        environment = dict.fromkeys(counted, str(threads)) | environment
    # Idle threads of one library must not burn the cores that another works on.
    environment = {"OMP_WAIT_POLICY": "PASSIVE", "TOKENIZERS_PARALLELISM": "false"} | environment
    # Nothing about a document may leave the machine, what libraries report on their use included.
    return environment | {"ORT_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
