"""The process that runs the command, one event at a time: ``python -m ocrwatchd.monitoring.notify.runner FD``.

It stands between the supervisor and the command so that nothing that a command does can hold the supervisor up, and so
that whatever the command starts ends with it: this process adopts all its orphans, and ends them when the command has
ended, at the time limit, and when the supervisor's end of the socket closes, as it does when that is killed.

Requests and answers are lines of JSON. A request has ``command``, ``timeout_s`` and ``facts``; an answer ``fault``, a
message that says nothing where the command exited with 0, and ``said``, the end of what it wrote to its standard error.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, NamedTuple

from ocrwatchd.core.i18n import NOTHING, Message, packed, say, verbatim
from ocrwatchd.core.process import give_up_leases, without_secrets

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36

SAID_BYTES = 400
READ_BYTES = 1 << 16
CLEAR_SECONDS = 5.0
"""How long ending what a command has left may take, for a command that forks faster than it can be ended."""

NOT_FOR_COMMANDS = frozenset(
    {b"NOTIFY_SOCKET", b"WATCHDOG_USEC", b"WATCHDOG_PID", b"LISTEN_FDS", b"LISTEN_PID", b"LISTEN_FDNAMES"}
    | {b"PYTHONPATH"}
)
"""Variables that speak to the supervisor; secrets are left out beside."""

_libc = ctypes.CDLL(None, use_errno=True)


class Answer(NamedTuple):
    """How a command has ended: what went wrong, if anything, and the end of its standard error."""

    fault: Message
    said: str = ""


class _SupervisorGone(Exception):
    """The other end of the socket has closed."""


def main() -> None:
    """Take requests until the supervisor's end closes."""
    give_up_leases()
    _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1)
    os.umask(0o077)
    with socket.socket(fileno=int(sys.argv[1])) as supervisor, supervisor.makefile("rb") as requests:
        for line in requests:
            request = json.loads(line)
            try:
                answer = _run(request["command"], request["timeout_s"], request["facts"], supervisor)
            except _SupervisorGone:
                return
            finally:
                _end_children()
            with contextlib.suppress(OSError):  # the next line is the end then
                supervisor.sendall(json.dumps({"fault": packed(answer.fault), "said": answer.said}).encode() + b"\n")


def _run(command: list[str], timeout_s: float, facts: dict[str, str | int], supervisor: socket.socket) -> Answer:
    open_to_all = without_secrets(os.environ, proxies=True)
    inherited = {key: value for key, value in map(_encoded, open_to_all.items()) if key not in NOT_FOR_COMMANDS}
    with _as_file(as_json(facts)) as given:
        try:
            process = subprocess.Popen(
                command,
                stdin=given,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                cwd="/",
                env=inherited | as_environment(facts),
                preexec_fn=_end_with_parent,  # noqa: PLW1509 - there is one thread here
            )
        except (OSError, ValueError) as error:
            fault = verbatim(getattr(error, "strerror", None) or error)
            return Answer(say("cannot be started: {fault}", fault=fault))
    return _await(process, timeout_s, supervisor)


def _encoded(item: tuple[str, str]) -> tuple[bytes, bytes]:
    return os.fsencode(item[0]), os.fsencode(item[1])


def _await(process: subprocess.Popen[bytes], timeout_s: float, supervisor: socket.socket) -> Answer:
    said = b""
    deadline = time.monotonic() + timeout_s
    ended = os.pidfd_open(process.pid)
    if process.stderr is None:
        raise RuntimeError("the command was started without a pipe")
    try:
        with selectors.DefaultSelector() as selector, process.stderr as stderr:
            for source in (supervisor, ended, stderr):
                selector.register(source, selectors.EVENT_READ)
            while (left := deadline - time.monotonic()) > 0:
                ready = [key.fileobj for key, _ in selector.select(left)]
                if supervisor in ready:  # it asks for nothing while a command runs: this is the end
                    raise _SupervisorGone
                if stderr in ready:
                    more = os.read(stderr.fileno(), READ_BYTES)
                    said = (said + more)[-SAID_BYTES:]
                    if not more:
                        selector.unregister(stderr)
                if ended in ready:
                    return Answer(_in_words(process.wait()), said.decode("utf-8", "replace"))
            fault = say("took longer than {seconds} s", seconds=f"{timeout_s:g}")
            return Answer(fault, said.decode("utf-8", "replace"))
    finally:
        os.close(ended)


def _in_words(status: int) -> Message:
    if status < 0:
        name = signal.Signals(-status).name if -status in set(signal.Signals) else f"signal {-status}"
        return say("ended with {signal}", signal=name)
    return say("ended with exit status {status}", status=status) if status else NOTHING


def _as_file(content: bytes) -> IO[bytes]:
    """Something to read from that never makes anyone wait, whether the command reads it or not."""
    file = os.fdopen(os.memfd_create("event"), "w+b")
    file.write(content)
    file.flush()
    file.seek(0)
    return file


def _end_with_parent() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _end_children() -> None:
    """End every descendant: what a child leaves behind is a child of this process the next time round."""
    deadline = time.monotonic() + CLEAR_SECONDS
    while time.monotonic() < deadline:
        for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii").split():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(int(pid), signal.SIGKILL)
        try:
            ended, _status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not ended:
            time.sleep(0.002)


def as_json(facts: dict[str, str | int]) -> bytes:
    """One line of ASCII; bytes of a path that are no UTF-8 stand there as lone surrogates."""
    return json.dumps(facts, ensure_ascii=True).encode() + b"\n"


def as_environment(facts: dict[str, str | int]) -> dict[bytes, bytes]:
    """A variable a fact: ``OCRWATCHD_EVENT`` and so on.

    All values but the path are printable, one line each: nothing in them can begin a header of a mail.
    """
    return {
        f"OCRWATCHD_{key.upper()}".encode(): os.fsencode(str(value))
        if key == "path"
        else str(value).encode("utf-8", "replace")
        for key, value in facts.items()
    }


if __name__ == "__main__":
    main()
