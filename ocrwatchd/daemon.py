"""The supervisor: knows every room, does no room's work.

One thread, one loop: sightings, the engine's socket, signals and due times all end in ``_turn``. Signal handlers only
set a flag.

The order of a stop (SIGTERM or SIGINT; a second one skips to 3):
    1. nothing more is claimed; systemd hears STOPPING;
    2. the engine completes the page in work, at most for ``job.stop_seconds``; what it finished is delivered;
    3. the engine ends; jobs that are left stay in ``.work`` with their finished pages, and go on at the next start;
    4. the ledger, the lock and the watch are closed.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import time
from collections import deque
from typing import TYPE_CHECKING

import structlog

from ocrwatchd import outbox, systemd
from ocrwatchd.arrival.arrivals import Arrivals
from ocrwatchd.config import state_directory
from ocrwatchd.configfile import unbuilt
from ocrwatchd.dispatch import BoundedQueue
from ocrwatchd.endings import Endings
from ocrwatchd.engine.host import EngineHost
from ocrwatchd.errors import EngineUnavailable, FolderUnusable
from ocrwatchd.fetch import Fetch
from ocrwatchd.ledger import Ledger, LedgerFault
from ocrwatchd.log import printable
from ocrwatchd.model import Job
from ocrwatchd.ocr.choice import choose
from ocrwatchd.report import Reporter, Scene
from ocrwatchd.workplace import Workplace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from ocrwatchd.arrival.arrivals import Ready
    from ocrwatchd.config import Config

ENGINE_MODULE = "ocrwatchd.engine.process"
LEDGER_PAUSE_S = 1.0
"""How long the loop rests while the ledger cannot be written: without it no attempt may start."""

LONGEST_SLEEP_S = 10.0
HEALTH_SECONDS = 10.0

log = structlog.get_logger()


class Daemon:
    """One root's supervisor.

    Args:
        config: the settings.
        once: work the inbox off, then end.
        engine_module: what the engine process runs.
    """

    def __init__(self, config: Config, *, once: bool = False, engine_module: str = ENGINE_MODULE) -> None:
        self._config = config
        self._once = once
        self._stop_signals = 0
        self._selector = selectors.DefaultSelector()
        self._wake_out, self._wake_in = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._selector.register(self._wake_out, selectors.EVENT_READ, self._drain)
        self._arrivals = Arrivals(config.folders.path("inbox"), config.arrival, self._wake, once=once)
        self._queue = BoundedQueue(config.queue.size, self._start_attempt, self._waits)
        self._host = EngineHost(config, self._selector, self._queue.hear, module=engine_module)
        self._queue.attach(self._host)
        self._fetch = Fetch(config, self._selector, self._host.renew)
        self._backlog: deque[Job] = deque()
        self._health_due = 0.0
        self._workplace = Workplace(config)
        self._ledger: Ledger
        self._reporter: Reporter
        self._endings: Endings

    def run(self) -> None:
        """Serve until a signal says stop or, with ``once``, until the inbox is worked off.

        Raises:
            FolderUnusable: a folder is not usable at the start, or with ``once`` at all.
            EngineUnavailable: with ``once``: no engine can do the work.
        """
        with contextlib.ExitStack() as stack:
            stack.callback(self._close_pipe)
            self._ledger = stack.enter_context(Ledger(state_directory() / "ledger.sqlite3"))
            boxes = outbox.Outbox(self._config.folders, self._ledger)
            boxes.prepare()
            self._workplace.open()
            stack.callback(self._workplace.close)
            self._reporter = Reporter(self._config.folders.root_path, self._ledger)
            attempts = self._config.job.max_attempts
            self._endings = Endings(
                self._ledger, boxes, self._reporter, self._backlog.append, max_attempts=attempts, patient=not self._once
            )
            stack.callback(self._report, "stopped")
            stack.callback(self._host.stop)
            stack.callback(self._fetch.stop)
            stack.enter_context(self._signals())
            self._arrivals.start()
            stack.callback(self._arrivals.stop)
            self._say_hello()
            self._host.start()
            self._fetch.start()
            self._take_up_what_is_left()
            while not self._finished():
                self._turn()
            self._arrivals.stop()
            self._wind_up()
            if self._once and (stuck := self._arrivals.stuck):
                raise FolderUnusable("; ".join(stuck.values()))
        log.info("daemon.stopped")

    def _say_hello(self) -> None:
        log.info("daemon.started", root=str(self._config.folders.root_path), pid=os.getpid())
        for note in unbuilt(self._config):
            log.warning("config.no_effect", note=note)
        try:
            if notice := choose(self._config.ocr).notice:
                log.warning("engine.chosen", note=notice)
        except EngineUnavailable as error:
            log.error("engine.unavailable", reason=str(error))  # noqa: TRY400 - the message says it all
        systemd.notify("READY=1", "STATUS=Watching the inbox")

    # -- the loop ------------------------------------------------------------------------------------------------

    def _finished(self) -> bool:
        if self._stop_signals:
            return True
        if not self._once:
            return False
        if self._queue.busy and self._host.unavailable:
            raise EngineUnavailable(self._host.unavailable)
        return self._arrivals.settled and not (self._queue.busy or self._backlog or self._endings.parked)

    def _turn(self) -> None:
        self._sleep()
        self._arrivals.turn()
        self._claim_what_is_ready()
        self._work()
        self._look_after_health()
        self._report("running")

    def _work(self) -> None:
        while self._backlog and self._queue.submit(self._backlog[0]):
            self._backlog.popleft()
        self._fetch.turn()
        self._reporter.trouble("model", self._fetch.trouble)
        try:
            self._queue.turn()
        except LedgerFault as error:
            self._reporter.trouble("ledger", str(error))
            time.sleep(LEDGER_PAUSE_S)
        else:
            self._reporter.trouble("ledger", "")
        self._reporter.trouble("engine", self._host.unavailable)
        for outcome in self._queue.outcomes():
            self._endings.end(outcome)
        self._endings.turn()

    def _sleep(self) -> None:
        now = time.monotonic()
        rooms = (self._arrivals, self._queue, self._fetch, self._reporter, self._endings)
        dues = [*(room.next_due() for room in rooms), self._health_due]
        wakes = [due for due in dues if due is not None]
        if self._backlog and self._queue.room:
            wakes.append(now)
        timeout = min([LONGEST_SLEEP_S, *(max(0.0, due - now) for due in wakes)])
        for key, _events in self._selector.select(timeout):
            key.data()

    def _wind_up(self) -> None:
        log.info("daemon.stopping", in_work=self._queue.in_work.id if self._queue.in_work else None)
        systemd.notify("STOPPING=1", "STATUS=Finishing the page in work")
        self._report("stopping")
        deadline = time.monotonic() + self._config.job.stop_seconds
        self._host.finish()
        while self._queue.in_work and time.monotonic() < deadline and self._stop_signals <= 1:
            for key, _events in self._selector.select(min(1.0, max(0.0, deadline - time.monotonic()))):
                key.data()
            self._host.turn()
            for outcome in self._queue.outcomes():
                self._endings.end(outcome, stopping=True)

    # -- scans ---------------------------------------------------------------------------------------------------

    def _room(self) -> int:
        return 0 if self._backlog else self._queue.room

    def _claim_what_is_ready(self) -> None:
        for ready in self._arrivals.ready(self._room()):
            try:
                self._claim(ready)
            except OSError as error:
                # The file stays in the inbox, or in .work where the next start finds it; the sweep offers it again.
                self._reporter.trouble("claim", f"a scan cannot be claimed: {error}")
                self._arrivals.sweep_now()
            else:
                self._reporter.trouble("claim", "")

    def _claim(self, ready: Ready) -> None:
        job = self._workplace.new_job(ready.scan, ready.reason)
        if not self._arrivals.claim(ready, job.folder):
            job.folder.rmdir()
            return
        self._ledger.claimed(job.id, job.relative)
        log.info("scan.claimed", job=job.id, file=job.relative.name, profile=ready.scan.profile)
        if ready.reason:
            self._endings.set_aside(job, ready.reason)
        elif not self._queue.submit(job):
            self._backlog.append(job)

    def _take_up_what_is_left(self) -> None:
        for job in self._workplace.left():
            entry = self._ledger.entry(job.id)
            here = job.relative.name != ""
            if entry is None and not here:
                outbox.clear(job)  # a claim that broke off before its rename
            elif entry is None or (here and entry.state == "claimed"):
                self._ledger.claimed(job.id, job.relative)
                log.info("job.taken_up", job=job.id, file=job.relative.name)
                self._backlog.append(job)
            else:
                self._endings.resume(Job(job.id, job.folder, entry.relative, job.work))

    def _waits(self, job: Job) -> bool:
        return self._fetch.holds(job)

    def _start_attempt(self, job: Job) -> None:
        attempt = self._ledger.started(job.id)
        log.info("attempt.started", job=job.id, file=job.relative.name, attempt=attempt)

    # -- what people and systemd hear ----------------------------------------------------------------------------

    def _look_after_health(self) -> None:
        if time.monotonic() < self._health_due:
            return
        self._health_due = time.monotonic() + HEALTH_SECONDS
        wrong = self._arrivals.health()
        self._reporter.trouble("watch", wrong)
        if wrong:
            self._arrivals.mend()

    def _report(self, state: str) -> None:
        job, progress = self._queue.in_work, self._queue.progress
        self._reporter.turn(
            Scene(
                state=state,
                engine="; ".join(filter(None, (self._host.state, self._fetch.state))),
                waiting=self._arrivals.waiting,
                queued=self._queue.waiting + len(self._backlog),
                in_work=printable(job.relative.name) if job else "",
                page=progress.page if progress else 0,
                pages=progress.pages if progress else 0,
            )
        )

    # -- waking --------------------------------------------------------------------------------------------------

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError):  # a full pipe wakes just as well
            os.write(self._wake_in, b"\0")

    def _drain(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while os.read(self._wake_out, 4096):
                pass

    def _close_pipe(self) -> None:
        self._selector.close()
        os.close(self._wake_out)
        os.close(self._wake_in)

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        def flag(_number: int, _frame: FrameType | None) -> None:
            self._stop_signals += 1

        before = {number: signal.signal(number, flag) for number in (signal.SIGTERM, signal.SIGINT)}
        wakeup = signal.set_wakeup_fd(self._wake_in, warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(wakeup)
            for number, handler in before.items():
                signal.signal(number, handler)
