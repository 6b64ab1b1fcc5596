"""The supervisor: connects the parts and drives them.

One thread, one loop: sightings, the engine's socket, signals and due times all end in ``_tick``. Signal handlers only
count.

The order of a stop (SIGTERM or SIGINT; a second one skips to 3):
    1. nothing more is claimed; systemd gets STOPPING;
    2. the engine completes the page in work within ``job.stop_seconds``; finished work is delivered;
    3. the engine ends; remaining jobs stay in ``.work`` with their finished pages and continue at the next start;
       remaining notifications are sent within seconds, and the command of ``[notify]`` ends;
    4. the watch, the lock and the ledger are closed.

A reload (SIGHUP) is such a stop; then the same process starts again with the new configuration.
"""

from __future__ import annotations

import contextlib
import os
import time
from functools import partial
from typing import TYPE_CHECKING

import structlog

from ocrwatchd.arrival.arrivals import Arrivals
from ocrwatchd.arrival.group_rules import Rules
from ocrwatchd.arrival.late_writes import LateWrites
from ocrwatchd.core import crashpoints, systemd
from ocrwatchd.core.component import Trouble
from ocrwatchd.core.errors import EngineUnavailable, FolderUnusable
from ocrwatchd.core.i18n import NOTHING, joined, say
from ocrwatchd.core.log import printable, told
from ocrwatchd.core.os_errors import in_words
from ocrwatchd.daemon import group_return
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
from ocrwatchd.dispatch.protocol import Hooks
from ocrwatchd.engine.host.managed import EngineHostWithModels
from ocrwatchd.monitoring.canary.cleanup import Clearing
from ocrwatchd.monitoring.counters import Figures
from ocrwatchd.monitoring.metrics import Metrics
from ocrwatchd.monitoring.notify.event_queue import LAST_WORDS_S, Notices
from ocrwatchd.monitoring.reporter import Reporter
from ocrwatchd.monitoring.snapshot import Snapshot
from ocrwatchd.monitoring.status_page.writer import Keeper
from ocrwatchd.storage import set_names
from ocrwatchd.storage.ledger import LedgerFault
from ocrwatchd.storage.retention import Retention

if TYPE_CHECKING:
    import selectors

    from ocrwatchd.core.component import Component
    from ocrwatchd.core.i18n import Message
    from ocrwatchd.core.model import Job, Scan
    from ocrwatchd.daemon.reload import ConfigReload
    from ocrwatchd.daemon.wakeup import SignalWakeup
    from ocrwatchd.dispatch.protocol import Dispatcher
    from ocrwatchd.monitoring.snapshot import Observer
    from ocrwatchd.storage import outbox
    from ocrwatchd.storage.ledger import Ledger
    from ocrwatchd.storage.work_folder import WorkFolder

LEDGER_PAUSE_S = 1.0
"""The pause of the loop while the ledger cannot be written: no attempt may start then."""

LONGEST_SLEEP_S = 10.0

log = structlog.get_logger()


class Daemon:
    """The loop and its components; made by :func:`ocrwatchd.daemon.serve.serve`."""

    def __init__(
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
        self._ledger, boxes, self._workplace = rooms
        self._selector = selector
        self._waker = waker
        self._once = once
        self._succeeded = False
        self._ledger_trouble = NOTHING
        self._figures = Figures()
        self._duplicates = Duplicates(config.folders, self._ledger, skip=config.job.duplicates == "skip")
        self._dispatcher = self._open_queue(engine_module)
        self._notices = Notices(config, selector)
        self._clearing = Clearing(config.folders)
        self._completion = JobCompletion(
            self._ledger,
            boxes,
            self._dispatcher,
            max_attempts=config.job.max_attempts,
            figures=self._figures,
            patient=not once,
            has_lost=self._workplace.has_lost,
            clear_canary=self._clearing.clear_later,
            attempt_over=self._duplicates.ended,
            notify=self._notices.ended,
        )
        inbox, works = config.folders.path("inbox"), config.works()
        longest_bytes = set_names.longest_relative_bytes([*boxes.tops, self._workplace.longest_folder])
        self._arrivals = Arrivals(
            inbox,
            config.arrival,
            waker.wake,
            once=once,
            ahead_s=self._ahead_s,
            hold=self._completion.obstacles.hold,
            rules=Rules(lambda scan: works.get(scan.profile, works[""]).pages, config.profiles, longest_bytes),
            longest_bytes=longest_bytes,
        )
        give_back = partial(group_return.give_back, ledger=self._ledger, folders=config.folders)
        self._components: tuple[Component, ...] = (
            LateWrites(config.folders.work_path, inbox, config.folders.mode("inbox")),
            self._arrivals,
            Claims(
                self._arrivals,
                self._workplace,
                self._ledger,
                self._dispatcher,
                self._completion,
                give_back=give_back,
                patient=not once,
            ),
            self._duplicates,
            self._dispatcher,  # before the completion: the engine reads the next scan while the last one is delivered
            self._completion,
            Retention(config.folders, config.retention, self._ledger),
            self._clearing,
            Health(self._arrivals, self._workplace),
        )
        self._observers: tuple[Observer, ...] = (
            self._notices,
            Reporter(config.folders, self._ledger, self._figures, Keeper(config)),
            Metrics(config, self._figures, self._ledger),
        )

    def _open_queue(self, engine_module: str) -> Dispatcher:
        hooks = Hooks(
            starting=self._start_attempt,
            holding=self._duplicates.holds,
            shortcut=self._duplicates.shortcut,
            page_done=self._page_done,
            step=self._figures.step,
            pages_read=self._figures.pages_read,
            found=self._duplicates.begun,
        )
        config = self._config
        if config.queue.broker:
            return join(config, self._workplace, self._waker.wake, hooks)
        host = partial(EngineHostWithModels, config, self._selector, module=engine_module)
        return BoundedQueue(config.queue.size, hooks, host)

    def run(self) -> bool:
        """Serve; return True if another configuration is to be served next. Errors: see ``serve``."""
        self._arrivals.start()
        self._succession.commit()
        log.info("daemon.started", root=str(self._config.folders.root_path), pid=os.getpid())
        systemd.notify("READY=1", "STATUS=Watching the inbox")
        self._dispatcher.start()
        self._clearing.start()
        recover_jobs(self._workplace, self._ledger, self._completion, self._dispatcher, self._config.folders)
        again = False
        while not (again or self._finished()):
            self._sleep()
            self._tick()
            again = self._waker.asked_to_reload() and self._succession.advance()
        self._arrivals.stop()
        self._wind_up(stopping=not again)
        if left := [*self._completion.left, *(self._arrivals.stuck.values() if self._once else ())]:
            kind = EngineUnavailable if self._dispatcher.unavailable else FolderUnusable
            raise kind(joined(left))
        again = again and not self._waker.stops
        self._succeeded = again and self._succession.tells_where(self._config)
        return again

    def close(self) -> None:
        """End the engine and all other processes; remaining jobs continue at the next start."""
        self._arrivals.stop()
        self._dispatcher.stop()
        if not self._succeeded:
            self._show("stopped")
        asked = self._waker.stops
        grace_s = self._config.notify.timeout_s if self._once and not asked else LAST_WORDS_S
        self._notices.stop(grace_s, lambda: self._waker.stops > asked)

    # -- the loop ------------------------------------------------------------------------------------------------

    def _finished(self) -> bool:
        if self._waker.stops:
            return True
        if not self._once:
            return False
        busy = self._dispatcher.waiting or self._dispatcher.in_work
        if busy and self._dispatcher.down:
            raise EngineUnavailable(printable(str(self._why_down())))
        return self._arrivals.settled and not busy

    def _why_down(self) -> Message:
        troubles = joined(each.message for each in self._dispatcher.troubles())
        reason = self._dispatcher.unavailable or troubles
        return reason or say("no engine runs: {reason}", reason=self._dispatcher.status.message)

    def _sleep(self) -> None:
        now = time.monotonic()
        dues = [part.next_due() for part in (*self._components, *self._observers)]
        self._listen(min([LONGEST_SLEEP_S, *(max(0.0, due - now) for due in dues if due is not None)]))

    def _listen(self, timeout_s: float) -> None:
        for key, _events in self._selector.select(timeout_s):
            key.data()

    def _tick(self) -> None:
        self._ledger_trouble = NOTHING
        if self._ledger_fit():  # else scans in work are not known to it: nothing may be decided over them
            for component in self._components:
                try:
                    component.tick(time.monotonic())
                except LedgerFault as error:
                    if self._once and not self._ledger.damaged:
                        raise
                    self._ledger_trouble = in_words(error)
        self._show("running")
        if self._ledger_trouble:
            time.sleep(LEDGER_PAUSE_S)

    def _ledger_fit(self) -> bool:
        """Whether the ledger is usable; a damaged one is replaced."""
        if not (self._ledger.damaged or self._ledger.bare):
            return True
        try:
            replace_damaged(self._ledger, self._workplace, self._config)
        except (OSError, FolderUnusable) as error:
            if self._once:
                raise
            self._ledger_trouble = in_words(error)
            return False
        return True

    def _wind_up(self, *, stopping: bool) -> None:
        in_work = self._dispatcher.in_work
        log.info("daemon.stopping" if stopping else "daemon.reloading", in_work=in_work.id if in_work else None)
        # The unit may have been written for an earlier configuration.
        patience = systemd.patience(self._config.job.stop_seconds + systemd.STOP_MARGIN_S)
        systemd.notify(*(["STOPPING=1", patience] if stopping else []), "STATUS=Finishing the page in work")
        self._show("stopping")
        deadline = time.monotonic() + self._config.job.stop_seconds
        self._dispatcher.finish()
        while self._dispatcher.in_work and (left_s := deadline - time.monotonic()) > 0 and self._waker.stops <= 1:
            self._listen(min(1.0, left_s))
            self._dispatcher.tick(time.monotonic())
            for outcome in self._dispatcher.outcomes():
                self._completion.end(outcome, stopping=True)
            self._show("stopping")

    # -- scans ---------------------------------------------------------------------------------------------------

    def _ahead_s(self, scan: Scan) -> float:
        return self._config.work(scan.profile).priority * AHEAD_S

    def _page_done(self, job: Job, page: int) -> None:
        with contextlib.suppress(LedgerFault):  # the page itself lies in the job's folder
            self._ledger.page_done(job.id, page)

    def _start_attempt(self, job: Job) -> int:
        if not self._config.queue.broker:
            bring_home(job)  # other machines may have read it so far
        attempt = self._ledger.started(job.id)
        crashpoints.reached("attempt-recorded")
        log.info("attempt.started", job=job.id, file=str(job.relative), attempt=attempt)
        self._duplicates.begun(job)
        return attempt

    # -- what people and systemd hear ----------------------------------------------------------------------------

    def _show(self, state: str) -> None:
        job, progress = self._dispatcher.in_work, self._dispatcher.progress
        parts = (*self._components, *self._observers, self._succession)
        troubles = [Trouble("ledger", self._ledger_trouble), *(each for part in parts for each in part.troubles())]
        snapshot = Snapshot(
            state=state,
            engine=self._dispatcher.status,
            waiting=self._arrivals.waiting,
            incomplete=self._arrivals.incomplete,
            queued=self._dispatcher.waiting,
            in_work=told(str(job.relative)) if job else "",
            page=progress.page if progress else 0,
            pages=progress.pages if progress else 0,
            workers=self._dispatcher.workers,
            troubles=tuple(each for each in troubles if each.message),
        )
        for observer in self._observers:
            observer.show(snapshot)
