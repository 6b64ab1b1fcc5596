"""The engine process: ``python -m ocrwatchd.engine.process.main --fd N --parent PID --scratch DIR``, run by its host.

It loads the models of the default profile, reports that it is ready, and processes one job at a time. Documents stay in
the job's folder; the socket carries only steps and figures. The process ends when the socket closes, on request, and
with its parent.
"""

from __future__ import annotations

import argparse
import os
import select
import socket
import sys
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from ocrwatchd.core import crashpoints, faults
from ocrwatchd.core import log as logs
from ocrwatchd.core.config.schema import Config, Log
from ocrwatchd.core.errors import EngineUnavailable, ModelUnavailable, UnreadableScan
from ocrwatchd.core.i18n import say
from ocrwatchd.core.jsonlines import Lines
from ocrwatchd.core.model import Job
from ocrwatchd.core.os_errors import in_words
from ocrwatchd.engine.host.child import INTERNAL_EXIT, MEMORY_EXIT, UNAVAILABLE_EXIT
from ocrwatchd.engine.process.confinement import confine
from ocrwatchd.engine.process.isolation import StopSignal, memory_mb, settle_in
from ocrwatchd.engine.protocol import (
    MAX_REQUEST_BYTES,
    Answer,
    Ended,
    Finish,
    Give,
    Hello,
    PutBack,
    Ready,
    Request,
    Step,
    StepName,
    Unavailable,
    decode_request,
    encode,
)

if TYPE_CHECKING:
    from ocrwatchd.engine.process.resources import Bench, Makers

READ_BYTES = 1 << 16

log = logs.get_logger()


def main(makers: Makers | None = None) -> NoReturn:
    """Run the process."""
    parser = argparse.ArgumentParser(prog="ocrwatchd.engine.process.main", allow_abbrev=False)
    parser.add_argument("--fd", type=int, required=True)
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--scratch", type=Path, required=True)
    options = parser.parse_args()
    settle_in(options.parent, options.scratch)
    logs.configure(Log(), documents=True)
    status = INTERNAL_EXIT
    try:
        channel = Channel(socket.socket(fileno=options.fd))
        status = Attendant(channel, options.scratch).serve(makers)
    except SystemExit as ending:
        status = ending.code if isinstance(ending.code, int) else INTERNAL_EXIT
    except MemoryError as error:
        status = MEMORY_EXIT
        log.critical("engine.no_memory", at=faults.place(error))
    except BaseException as error:  # noqa: BLE001  # any error is logged, without its message
        log.critical("engine.broken", error=type(error).__name__, at=faults.place(error))
    sys.stderr.flush()
    # Skip the exit handlers: those of native libraries hang or abort.
    os._exit(status)


class Channel:
    """The engine's end of the socket."""

    def __init__(self, end: socket.socket) -> None:
        self._socket = end
        end.set_inheritable(False)  # a process that a library starts must not keep it open
        end.setblocking(True)
        self._lines = Lines(MAX_REQUEST_BYTES)
        self._requests: deque[Request] = deque()
        self.closed = False

    def send(self, answer: Answer) -> None:
        """Send a message to the host.

        Raises:
            OSError: the host has ended.
        """
        self._socket.sendall(encode(answer))

    def receive(self) -> Request | None:
        """Wait for the next request; None after the host has closed the socket."""
        while True:
            while not self._requests and not self.closed:
                self._read()
            request = self._requests.popleft() if self._requests else None
            if not isinstance(request, PutBack):  # one that arrives now is for a job that has already ended
                return request

    def asked_to(self, what: type[Request]) -> bool:
        """Whether the host has sent such a request since it gave the current job; does not wait."""
        while not self.closed and select.select([self._socket], [], [], 0)[0]:
            self._read()
        return any(isinstance(request, what) for request in self._requests)

    def _read(self) -> None:
        data = self._socket.recv(READ_BYTES)
        self.closed = not data
        self._requests.extend(decode_request(line) for line in self._lines.feed(data))


class Attendant:
    """Handles the host's requests, one after the other; ``scratch`` is the folder of this process."""

    def __init__(self, channel: Channel, scratch: Path) -> None:
        self._channel = channel
        self._scratch = scratch
        self._stop = StopSignal()

    def serve(self, makers: Makers | None) -> int:
        """Load, then process jobs until the end; return the exit status."""
        self._stop.listen()
        hello = self._channel.receive()
        if not isinstance(hello, Hello):
            return 0
        logs.configure(hello.config.log, documents=True)
        confine(hello.access, self._scratch)
        from ocrwatchd.engine.process.resources import Bench, real_makers  # after the logs are set

        bench = Bench(makers or real_makers(), self._scratch, self._stop.listen)
        try:
            self._load(hello.config, bench)
        except EngineUnavailable as error:
            self._channel.send(Unavailable(reason=error.message))
            return UNAVAILABLE_EXIT
        while isinstance(request := self._channel.receive(), Give):
            self._stop.at_work = True
            self._channel.send(self._attempt(request.unpack(), bench))
            crashpoints.reached("engine-told")
            if self._stop.asked:
                break
            self._stop.at_work = False
        return 0

    def _load(self, config: Config, bench: Bench) -> None:
        crashpoints.reached("engine-loading")
        started = time.monotonic()
        work = config.work()
        engine = bench.engine(work.ocr)
        try:
            model = bench.corrector(work).name
        except ModelUnavailable as error:
            log.info("model.none", reason=error.message)
            model = ""
        seconds = time.monotonic() - started
        self._channel.send(
            Ready(engine=f"{engine.name} {engine.version}", model=model, seconds=seconds, rss_mb=memory_mb()[0])
        )

    def _is_stopping(self) -> bool:
        return self._stop.asked or self._channel.asked_to(Finish) or self._channel.closed

    def _attempt(self, job: Job, bench: Bench) -> Ended:
        from ocrwatchd.engine.process.pipeline import work_off  # heavy

        def tell(
            name: StepName, page: int = 0, pages: int = 0, seconds: float = 0.0, priority: int | None = None
        ) -> None:
            step = Step(job=job.id, name=name, page=page, pages=pages, seconds=seconds, priority=priority)
            self._channel.send(step)
            crashpoints.reached(f"engine-{name}")

        def asked() -> bool:
            return self._is_stopping() or self._channel.asked_to(PutBack)

        crashpoints.reached("engine-job")
        ended = Ended(job=job.id, ending="done")
        try:
            ended = ended.model_copy(update={"figures": work_off(job, bench, tell, asked)})
        except UnreadableScan as error:
            ended = ended.model_copy(update={"ending": "unreadable", "reason": error.message})
        except faults.Stopping:
            stopping = {"ending": "returned", "reason": say("ocrwatchd is stopping")}
            ended = ended.model_copy(update=stopping if self._is_stopping() else {"ending": "put-back"})
        except EngineUnavailable as error:
            ended = ended.model_copy(update={"ending": "returned", "reason": error.message, "unavailable": True})
        except OSError as error:
            if self._channel.closed or isinstance(error, BrokenPipeError | ConnectionError):
                raise SystemExit(0) from error  # the host has ended
            log.warning("job.returned", job=job.id, error=error.errno, at=faults.place(error))
            ended = ended.model_copy(
                update={
                    "ending": "returned",
                    "reason": say("the disk failed: {reason}", reason=in_words(error)),
                    "denied": isinstance(error, PermissionError),
                }
            )
        return ended.model_copy(update={"rss_mb": memory_mb()[0], "growth_mb": bench.growth_mb})


if __name__ == "__main__":
    main()
