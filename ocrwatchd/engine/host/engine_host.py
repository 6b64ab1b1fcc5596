"""The supervisor's side of the engine: one process, one job at a time, watched by deadlines and replaced when it dies.

Answers are read when the selector says so, ``tick`` does what time asks for, reaping takes a second at most.
"""

from __future__ import annotations

import contextlib
import selectors
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

import structlog

from ocrwatchd.core.attempt import Begun, Ending, EngineStatus, Outcome, Progress, ScanFigures
from ocrwatchd.core.backoff import Backoff
from ocrwatchd.core.config.schema import Config
from ocrwatchd.core.i18n import NOTHING, Message, say
from ocrwatchd.core.jsonlines import ProtocolError
from ocrwatchd.core.model import Job
from ocrwatchd.core.process import memory_budget_mb
from ocrwatchd.engine import page_failures
from ocrwatchd.engine.grants import Access, Stamps, needed
from ocrwatchd.engine.host.child import Child
from ocrwatchd.engine.host.deadlines import LOAD_DEADLINE_S, allowance_s
from ocrwatchd.engine.host.limits import Bounds
from ocrwatchd.engine.protocol import Answer, Ended, Finish, Give, Hello, PutBack, Ready, Step, Unavailable

BACKOFF = Backoff(first_s=1.0, cap_s=60.0)
"""Between two starts, after an engine that never became ready."""

LAST_BREATH_S = 1.0
"""How long a process may run after it has closed its socket, seconds."""

log = structlog.get_logger()


class EngineHost:
    """Runs one engine process and hands it jobs.

    Args:
        config: the settings; ``config.ocr.memory_mb`` limits the engine's growth.
        selector: of the supervisor, which calls ``data()`` of a ready key.
        hear: called with each step, each page, and the one outcome of each job.
        module: the module that ``python -m`` runs.
        jobs: the parent of the jobs' folders; None for the configured one.
        clock: monotonic, seconds.
        load_deadline_s: greatest duration of loading.
    """

    def __init__(
        self,
        config: Config,
        selector: selectors.BaseSelector,
        hear: Callable[[Outcome | Progress | Begun], None],
        *,
        module: str = "ocrwatchd.engine.process.main",
        jobs: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
        load_deadline_s: float = LOAD_DEADLINE_S,
    ) -> None:
        self._config: Final = config
        self._selector: Final = selector
        self._hear: Final = hear
        self._module: Final = module
        self._jobs: Final = jobs or config.folders.work_path
        self._access = Access()
        self._stamps: Stamps = {}
        self._clock: Final = clock
        self._load_deadline_s: Final = load_deadline_s
        self._budget_mb: Final = float(memory_budget_mb(config.ocr.memory_mb))
        self._child: Child | None = None
        self._job: Job | None = None
        self._ready = False
        self._asked_back = False
        self._finishing = False
        self._step: Step | None = None
        self._outdated = False
        self._failures = 0
        self._down = say("not started")
        self._bounds: Final = Bounds(clock, self._budget_mb)
        self._next_start: float | None = None
        self._told = EngineStatus()
        """What the engine last said about itself."""
        self.unavailable = NOTHING
        """Why no engine can do the work, with the remedy, where that is known."""

    # -- what the supervisor sees --------------------------------------------------------------------------------

    @property
    def idle(self) -> bool:
        """Loaded and without a job."""
        return self._ready and self._job is None and not self._finishing

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    @property
    def trouble(self) -> Message:
        """Why no engine works, also during the next try; nothing if one works or has not failed yet."""
        failing = self._failures and not self._ready and not self._finishing
        return self.unavailable or (say("no engine runs: {reason}", reason=self._down) if failing else NOTHING)

    @property
    def resting(self) -> bool:
        """No engine runs, and the next start waits for a pause. An engine that died over a page is replaced at once."""
        return self._child is None and (self._next_start is None or self._next_start > self._clock())

    @property
    def status(self) -> EngineStatus:
        """How the engine is; where it is down, why, and when it is tried again."""
        if self._child is None:
            wait_s = None if self._next_start is None else max(0.0, self._next_start - self._clock())
            again = () if wait_s is None else (say("next try in {seconds} s", seconds=round(wait_s)),)
            return replace(self._told, state="down", notes=(self._down, *again))
        if self._finishing:
            return replace(self._told, state="finishing")
        if not self._ready:
            return replace(self._told, state="loading")
        return replace(self._told, state="working" if self._job else "ready")

    def start(self) -> None:
        """Start the engine. To be called, like ``tick``, from the main thread."""
        self._next_start = self._clock()
        self.tick(self._next_start)

    def give(self, job: Job) -> None:
        """Hand over a job; allowed only while ``idle``."""
        if not self.idle or self._child is None:
            raise RuntimeError("the engine takes a job only while it is idle")
        self._job = job
        self._asked_back = False
        self._step = None
        wanted = self._access | needed((job.work,), self._jobs)
        if (wanted, wanted.stamps()) != (self._access, self._stamps):
            self._access = wanted
            log.info(
                "engine.renewed", job=job.id, note="it needs files that were not there, or not needed, at its start"
            )
            self._drop()
            self._start()
        else:
            self._hand_over(self._child, job)

    def _hand_over(self, child: Child, job: Job) -> None:
        self._bounds.expect("hash", job.work.ocr.page_deadline_s)
        child.send(Give.of(job))

    def put_back(self) -> None:
        """Ask the engine to return its job after the current page and to stay ready."""
        if self._job is not None and self._child is not None:
            self._asked_back = True
            self._child.send(PutBack())

    def renew(self) -> None:
        """Replace the engine between two jobs, so that it loads new models."""
        self._outdated = True

    def tick(self, now: float) -> None:
        """End what passes its bounds or is outdated, notice what died, start what is due."""
        if self._child is not None and self._child.exited:
            self._take_rest(self._child)
            self._bury(self._child)
        if self._child is not None and self._bounds.passed():
            self._on_event()  # unread messages count, however late they are read
        if self._child is not None and (reason := self._bounds.passed()):
            self._bury(self._child, reason)
        if self._outdated and self.idle:
            log.info("engine.renewed")
            self._drop()
            self._next_start = now
        if self._child is None and self._next_start is not None and now >= self._next_start:
            self._start()

    def next_due(self) -> float | None:
        dues = [self._bounds.next_due(), self._next_start if self._child is None else None]
        return min((due for due in dues if due is not None), default=None)

    def finish(self) -> None:
        """Ask the engine to complete the current page, return its job and exit; no other is started."""
        self._finishing = True
        self._next_start = None
        if self._child is not None:
            self._child.send(Finish())

    def stop(self, grace_s: float = 0.0) -> None:
        """End and reap the engine, after ``grace_s`` seconds at most; its job counts as returned."""
        self.finish()
        self._down = say("stopped")
        if self._child is None:
            return
        if grace_s > 0:
            self._child.wait(grace_s)
            self._take_rest(self._child)
        self._drop()
        self._finish_job(Ending.RETURNED, say("ocrwatchd was stopped"))

    # -- the process ---------------------------------------------------------------------------------------------

    def _start(self) -> None:
        self._next_start = None
        self._ready = self._outdated = False
        self._access |= needed(self._config.works().values(), self._jobs)
        self._stamps = self._access.stamps()
        threads, network = self._config.ocr.threads, self._access.network
        try:
            self._child = Child(self._module, threads, self._selector, self._on_event, network=network)
        except OSError as error:
            self._pause(say("the engine process cannot be started: {error}", error=error))
            self._finish_job(Ending.RETURNED, self._down)
            return
        self._told = EngineStatus(starts=self._told.starts + 1)
        self._bounds.expect("load", self._load_deadline_s)
        log.info("engine.started", pid=self._child.pid)
        self._child.send(Hello.of(self._config, self._access))

    def _on_event(self) -> None:
        child = self._child
        if child is None:
            return
        child.flush()
        try:
            for answer in child.receive():
                self._take(answer)
        except ProtocolError as error:
            self._bury(child, say("the engine answered what no engine answers ({error})", error=error))
        else:
            if child.closed:
                child.wait(LAST_BREATH_S)
                self._bury(child)

    def _take_rest(self, child: Child) -> None:
        with contextlib.suppress(ProtocolError):
            for answer in child.rest():
                self._take(answer)

    def _bury(self, child: Child, reason: Message = NOTHING) -> None:
        """Reap a dead process, or end one for a reason; report the outcome of its job."""
        if child is not self._child:
            return  # replaced meanwhile
        was_ready = self._ready
        ending = self._drop()
        reason = reason or ending
        if self._finishing:
            self._down = say("stopped")
            log.info("engine.ended", pid=child.pid, reason=reason)
        elif was_ready and self._job is not None:
            self._next_start = self._clock()
            self._down = reason
            log.warning("engine.died", pid=child.pid, reason=reason, job=self._job.id)
        else:
            self._pause(self.unavailable or reason)
        if self._step is None or (self._finishing and child.exit_status == 0):
            self._finish_job(Ending.RETURNED, say("the engine ended before it had read the scan"))
        else:
            self._note_death(self._step, reason)
            self._finish_job(Ending.DIED, reason, ScanFigures(pages=self._step.pages))

    def _note_death(self, step: Step, reason: Message) -> None:
        if self._job is None or self._finishing:
            return
        max_attempts = self._job.max_attempts or self._config.job.max_attempts
        try:
            page_failures.record_crash(self._job, step, reason, max_attempts)
        except OSError as error:  # the attempt still counts against the document
            log.warning("engine.death_not_noted", job=self._job.id, error=error.errno)

    def _drop(self) -> Message:
        """End the process, if any, without blame; describe its end."""
        child, self._child = self._child, None
        self._bounds.lift()
        self._ready = False
        return child.end() if child else NOTHING

    def _pause(self, reason: Message) -> None:
        self._failures += 1
        pause = BACKOFF.pause_s(self._failures)
        self._down = reason
        self._next_start = self._clock() + pause
        log.warning("engine.down", reason=reason, next_try_s=round(pause, 1))

    # -- its answers ---------------------------------------------------------------------------------------------

    def _take(self, answer: Answer) -> None:
        match answer:
            case Ready():
                self._take_ready(answer)
            case Unavailable():
                self.unavailable = answer.reason
            case Step():
                self._take_step(answer)
            case Ended():
                self._take_ended(answer)

    def _take_ready(self, ready: Ready) -> None:
        if self._ready:
            raise ProtocolError("ready, twice")
        self._ready = True
        self._bounds.lift()
        self.unavailable = NOTHING
        starts = self._told.starts
        self._told = EngineStatus("ready", (), starts, ready.engine, ready.model, ready.seconds, ready.rss_mb)
        log.info("engine.ready", engine=ready.engine, model=ready.model, seconds=round(ready.seconds, 2))
        if self._job is not None and self._child is not None:
            self._hand_over(self._child, self._job)

    def _take_step(self, step: Step) -> None:
        job = self._own(step.job)
        if step.name != "task" or step != self._step:  # the next question of a task gets the rest of its time
            self._bounds.expect(step.name, allowance_s(step.name, job, self._load_deadline_s, step.page))
        self._step = step
        self._hear(Begun(job, step.name, step.priority))
        if step.name == "open" and self._child is not None:
            self._bounds.weigh(self._child.pid)
        if step.name == "page":
            self._hear(Progress(job, step.page, step.pages))
        elif step.name == "page-done":
            self._failures = 0
            self._hear(Progress(job, step.page, step.pages, done=True))

    def _take_ended(self, ended: Ended) -> None:
        self._own(ended.job)
        if ended.ending == "put-back" and not self._asked_back:
            raise ProtocolError("a job back that nobody has asked for")
        self._told = replace(self._told, rss_mb=ended.rss_mb, growth_mb=ended.growth_mb)
        self.unavailable = ended.reason if ended.unavailable else NOTHING
        self._outdated |= ended.denied
        self._finish_job(Ending(ended.ending), ended.reason, ended.figures)
        if ended.growth_mb > self._budget_mb and not self._finishing:
            log.warning("engine.outgrown", growth_mb=round(ended.growth_mb), budget_mb=round(self._budget_mb))
            self._drop()
            self._next_start = self._clock()

    def _own(self, job: str) -> Job:
        if self._job is None or self._job.id != job:
            raise ProtocolError("an answer about a job that it does not have")
        return self._job

    def _finish_job(self, ending: Ending, reason: Message, figures: ScanFigures | None = None) -> None:
        job, self._job = self._job, None
        if job is not None:
            self._bounds.lift()
            self._hear(Outcome(job, ending, reason, figures or ScanFigures()))
