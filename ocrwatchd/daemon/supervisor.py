"""The supervisor: knows every room, does no room's work.

One thread, one loop: sightings, the engine's socket, signals and due times all end in ``_turn``. Signal handlers only
count.

The order of a stop (SIGTERM or SIGINT; a second one skips to 3):
    1. nothing more is claimed; systemd hears STOPPING;
    2. the engine completes the page in work, at most for ``job.stop_seconds``; what it finished is delivered;
    3. the engine ends; jobs that are left stay in ``.work`` with their finished pages, and go on at the next start;
       what is still to be told is told, within seconds, and the command of ``[notify]`` ends;
    4. the watch, the lock and the ledger are closed.

A reload (SIGHUP) is such a stop, after which the same process starts again with the configuration as it is then.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections import deque
from typing import TYPE_CHECKING

import structlog

from ocrwatchd.arrival.arrivals import Arrivals
from ocrwatchd.arrival.late_writes import LateWrites
from ocrwatchd.core import crashpoints, systemd
from ocrwatchd.core.errors import EngineUnavailable, FolderUnusable
from ocrwatchd.core.i18n import NOTHING, Message, joined, say
from ocrwatchd.core.log import told
from ocrwatchd.core.os_errors import in_words
from ocrwatchd.daemon.claiming import Claims
from ocrwatchd.daemon.completion import JobCompletion
from ocrwatchd.daemon.duplicates import Duplicates
from ocrwatchd.daemon.health import Health
from ocrwatchd.daemon.recovery import recover_jobs
from ocrwatchd.daemon.startup import replace_damaged
from ocrwatchd.dispatch.cluster.attempts import bring_home
from ocrwatchd.dispatch.cluster.setup import join
from ocrwatchd.dispatch.local import BoundedQueue
from ocrwatchd.dispatch.priority import AHEAD_S
from ocrwatchd.engine.host.managed import EngineHostWithModels
from ocrwatchd.monitoring.canary.cleanup import Clearing
from ocrwatchd.monitoring.counters import Figures
from ocrwatchd.monitoring.metrics import Metrics
from ocrwatchd.monitoring.notify.event_queue import LAST_WORDS_S, Notices
from ocrwatchd.monitoring.reporter import Reporter, Scene
from ocrwatchd.monitoring.status_page.writer import Keeper
from ocrwatchd.storage import set_names
from ocrwatchd.storage.ledger import LedgerFault
from ocrwatchd.storage.retention import Retention

if TYPE_CHECKING:
    import selectors
    from pathlib import Path

    from ocrwatchd.core.attempt import ScanFigures
    from ocrwatchd.core.config.schema import Event
    from ocrwatchd.core.model import Job, Scan
    from ocrwatchd.daemon.reload import ConfigReload
    from ocrwatchd.daemon.wakeup import SignalWakeup
    from ocrwatchd.dispatch.protocol import Dispatcher
    from ocrwatchd.storage import outbox
    from ocrwatchd.storage.ledger import Ledger
    from ocrwatchd.storage.work_folder import WorkFolder

LEDGER_PAUSE_S = 1.0
"""How long the loop rests while the ledger cannot be written: without it no attempt may start."""

LONGEST_SLEEP_S = 10.0

log = structlog.get_logger()


class Daemon:
    """The loop, and the rooms between which it carries jobs; made by :func:`ocrwatchd.daemon.serve.serve`."""

    def __init__(  # noqa: PLR0913 - the rooms that outlive it
        self,
        succession: ConfigReload,
        rooms: tuple[Ledger, outbox.Outbox, WorkFolder],
        selector: selectors.BaseSelector,
        waker: SignalWakeup,
        *,
        once: bool,
        engine_module: str,
    ) -> None:
        self._succession = succession
        self._config = config = succession.config
        ledger, boxes, self._workplace = rooms
        self._ledger = ledger
        self._selector = selector
        self._waker = waker
        self._once = once
        self._succeeded = False
        self._arrivals = Arrivals(
            config.folders.path("inbox"),
            config.arrival,
            waker.wake,
            once=once,
            ahead_s=self._ahead_s,
            hold=self._hold,
            longest_bytes=set_names.longest_relative_bytes([*boxes.tops, self._workplace.longest_folder]),
        )
        self._duplicates = Duplicates(config.folders, ledger, skip=config.job.duplicates == "skip")
        self._retention = Retention(config.folders, config.retention, ledger)
        self._figures = Figures()
        self._metrics = Metrics(config, self._figures, ledger)
        self._dispatcher: Dispatcher = self._open_queue(engine_module)
        self._backlog: deque[Job] = deque()
        self._notices = Notices(config, selector)
        self._clearing = Clearing(config.folders)
        self._reporter = Reporter(config.folders, ledger, self._notices.hear_trouble, self._figures, Keeper(config))
        attempts = config.job.max_attempts
        self._endings = JobCompletion(
            ledger,
            boxes,
            self._reporter,
            self._backlog.append,
            max_attempts=attempts,
            patient=not once,
            has_lost=self._workplace.has_lost,
            is_canary=self._clearing.has_ended,
            tell=self._tell_end,
        )
        self._claims = Claims(self._arrivals, self._workplace, ledger, self._endings, self._reporter, patient=not once)
        self._health = Health(self._arrivals, self._workplace, self._reporter)
        inbox = config.folders.path("inbox")
        self._late_writes = LateWrites(config.folders.work_path, inbox, config.folders.mode("inbox"))

    def _open_queue(self, engine_module: str) -> Dispatcher:
        if self._config.queue.broker:
            return join(
                self._config,
                self._workplace,
                self._waker.wake,
                self._start_attempt,
                holding=self._duplicates.holds,
                shortcut=self._duplicates.shortcut,
                page_done=self._page_done,
                pages_read=self._figures.pages_read,
                found=self._duplicates.begun,
            )
        return BoundedQueue(
            self._config.queue.size,
            self._start_here,
            lambda hear: EngineHostWithModels(self._config, self._selector, hear, module=engine_module),
            holding=self._duplicates.holds,
            shortcut=self._duplicates.shortcut,
            page_done=self._page_done,
            begun=self._figures.step,
        )

    def run(self) -> bool:
        """Serve; see :func:`ocrwatchd.daemon.serve.serve`. True where another configuration is to be served."""
        self._arrivals.start()
        self._succession.commit()
        log.info("daemon.started", root=str(self._config.folders.root_path), pid=os.getpid())
        systemd.notify("READY=1", "STATUS=Watching the inbox")
        self._dispatcher.start()
        self._clearing.start()
        recover_jobs(self._workplace, self._ledger, self._endings, self._config.folders)
        again = False
        while not (again or self._finished()):
            self._turn()
            again = self._waker.asked_to_reload() and self._succession.advance()
        self._arrivals.stop()
        self._wind_up(stopping=not again)
        if left := [*self._endings.left, *(self._arrivals.stuck.values() if self._once else ())]:
            kind = EngineUnavailable if self._dispatcher.unavailable else FolderUnusable
            raise kind(joined(left))
        again = again and not self._waker.stops
        self._succeeded = again and self._succession.tells_where(self._config)
        return again

    def close(self) -> None:
        """End the engine and what else runs; jobs that are left go on at the next start."""
        self._arrivals.stop()
        self._dispatcher.stop()
        if not self._succeeded:
            self._report("stopped")
        asked = self._waker.stops
        grace_s = self._config.notify.timeout_s if self._once and not asked else LAST_WORDS_S
        self._notices.stop(grace_s, lambda: self._waker.stops > asked)

    # -- the loop ------------------------------------------------------------------------------------------------

    def _finished(self) -> bool:
        if self._waker.stops:
            return True
        if not self._once:
            return False
        busy = self._dispatcher.waiting or self._dispatcher.in_work or self._backlog
        if busy and self._dispatcher.down:
            raise EngineUnavailable(self._why_down())
        return self._arrivals.settled and not busy

    def _why_down(self) -> Message:
        dispatcher = self._dispatcher
        return (
            dispatcher.unavailable
            or dispatcher.trouble
            or say("no engine runs: {reason}", reason=dispatcher.status.message)
        )

    def _turn(self) -> None:
        self._sleep()
        if not self._ledger_fit():
            self._report("running")
            return  # scans in work are not known to it: nothing may be decided over them
        self._late_writes.turn()
        self._arrivals.turn()
        # What waits for a folder lies in .work too: a full disk must not be filled further.
        room = 0 if self._backlog else self._dispatcher.room - self._endings.parked
        urgent = None if room > 0 or self._backlog or self._endings.parked else self._dispatcher.urgent
        if urgent is None:
            self._claims.turn(max(0, room))
        else:
            self._claims.turn(1, urgent * AHEAD_S)
        self._work()
        self._health.turn()
        self._report("running")

    def _sleep(self) -> None:
        now = time.monotonic()
        rooms = (self._arrivals, self._dispatcher, self._reporter, self._endings)
        more = (self._duplicates, self._retention, self._notices, self._clearing, self._metrics, self._late_writes)
        dues = [room.next_due() for room in (*rooms, *more)]
        wakes = [due for due in (*dues, self._health.next_due()) if due is not None]
        if self._backlog and self._dispatcher.room > 0:
            wakes.append(now)
        timeout = min([LONGEST_SLEEP_S, *(max(0.0, due - now) for due in wakes)])
        for key, _events in self._selector.select(timeout):
            key.data()

    def _ledger_fit(self) -> bool:
        """Whether the ledger can be asked; a damaged one is replaced."""
        if not (self._ledger.damaged or self._ledger.bare):
            return True
        try:
            replace_damaged(self._ledger, self._workplace, self._config)
        except (OSError, FolderUnusable) as error:
            if self._once:
                raise
            self._reporter.trouble("ledger", in_words(error))
            time.sleep(LEDGER_PAUSE_S)
            return False
        return True

    def _work(self) -> None:
        while self._backlog and self._dispatcher.submit(self._backlog[0]):
            self._backlog.popleft()
        self._duplicates.turn()
        try:
            if self._config.job.duplicates == "skip":  # what has ended must count as delivered before the next is begun
                self._end_attempts()
            self._dispatcher.turn()  # the engine reads the next scan while the one before it is delivered
            self._retention.turn()
        except LedgerFault as error:
            if self._once and not self._ledger.damaged:
                raise
            self._reporter.trouble("ledger", in_words(error))
            time.sleep(LEDGER_PAUSE_S)
        else:
            self._reporter.trouble("ledger", NOTHING)
        self._reporter.trouble("config", self._succession.refused)
        self._reporter.trouble("model", self._dispatcher.model_trouble)
        self._reporter.trouble("engine", self._dispatcher.trouble)
        self._reporter.trouble("retention", self._retention.trouble)
        self._reporter.trouble("notify", self._notices.trouble)
        self._reporter.trouble("metrics", self._metrics.trouble)
        self._end_attempts()
        self._endings.turn()
        self._clearing.turn()
        self._notices.turn()

    def _end_attempts(self) -> None:
        if outcomes := self._dispatcher.outcomes():
            with self._figures.spent_on("deliver"):
                for outcome in outcomes:
                    self._endings.end(outcome)
                    self._duplicates.ended(outcome.job)

    def _wind_up(self, *, stopping: bool) -> None:
        in_work = self._dispatcher.in_work
        log.info("daemon.stopping" if stopping else "daemon.reloading", in_work=in_work.id if in_work else None)
        # The unit may have been written for an earlier configuration.
        patience = systemd.patience(self._config.job.stop_seconds + systemd.STOP_MARGIN_S)
        systemd.notify(*(["STOPPING=1", patience] if stopping else []), "STATUS=Finishing the page in work")
        self._report("stopping")
        deadline = time.monotonic() + self._config.job.stop_seconds
        self._dispatcher.finish()
        while self._dispatcher.in_work and time.monotonic() < deadline and self._waker.stops <= 1:
            for key, _events in self._selector.select(min(1.0, max(0.0, deadline - time.monotonic()))):
                key.data()
            self._dispatcher.turn()
            for outcome in self._dispatcher.outcomes():
                self._endings.end(outcome, stopping=True)
            self._reporter.beat()
            self._notices.turn()

    # -- scans ---------------------------------------------------------------------------------------------------

    def _ahead_s(self, scan: Scan) -> float:
        return self._config.work(scan.profile).priority * AHEAD_S

    def _hold(self, relative: Path) -> bool:
        return self._endings.obstacles.hold(relative)

    def _page_done(self, job: Job, page: int) -> None:
        with contextlib.suppress(LedgerFault):  # the page itself lies in the job's folder
            self._ledger.page_done(job.id, page)

    def _tell_end(self, event: Event, job: Job, name: str, reason: Message, figures: ScanFigures) -> None:
        self._figures.ended(event, figures)
        self._notices.ended(event, job, name, reason, figures)

    def _start_attempt(self, job: Job) -> int:
        attempt = self._ledger.started(job.id)
        crashpoints.reached("attempt-recorded")
        log.info("attempt.started", job=job.id, file=str(job.relative), attempt=attempt)
        self._duplicates.begun(job)
        return attempt

    def _start_here(self, job: Job) -> int:
        bring_home(job)  # other machines may have read it so far
        return self._start_attempt(job)

    # -- what people and systemd hear ----------------------------------------------------------------------------

    def _report(self, state: str) -> None:
        job, progress = self._dispatcher.in_work, self._dispatcher.progress
        scene = Scene(
            state=state,
            engine=self._dispatcher.status,
            waiting=self._arrivals.waiting,
            incomplete=self._arrivals.incomplete,
            queued=self._dispatcher.waiting + len(self._backlog),
            in_work=told(str(job.relative)) if job else "",
            page=progress.page if progress else 0,
            pages=progress.pages if progress else 0,
            workers=self._dispatcher.workers,
        )
        self._reporter.turn(scene)
        self._metrics.turn(scene, self._reporter.troubles)
