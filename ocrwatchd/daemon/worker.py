"""``ocrwatchd worker``: one engine process that reads scans for the supervisor of another machine.

One thread, one loop: the engine's socket, signals, the broker's messages (from a thread of their own) and due times
all end in ``_tick``. The worker handles one message at a time and acknowledges it when the attempt has ended.

The order of a stop (SIGTERM or SIGINT; a second one skips to 3):
    1. the worker takes no more jobs;
    2. the engine completes the page in work within ``job.stop_seconds``, and the job is handed back;
    3. the engine ends; the end of the attempt is written and published, and the worker's card is removed.
"""

from __future__ import annotations

import re
import secrets
import selectors
import socket
import time
from functools import partial
from pathlib import Path
from typing import Any, Final

import structlog

from ocrwatchd.core import systemd
from ocrwatchd.core.attempt import Begun, Ending, Outcome, Progress
from ocrwatchd.core.config.schema import Config
from ocrwatchd.core.errors import ConfigError
from ocrwatchd.core.fs import safe_open
from ocrwatchd.core.i18n import Message, joined, say
from ocrwatchd.core.i18n.wire import bounded
from ocrwatchd.core.model import Job
from ocrwatchd.daemon.wakeup import SignalWakeup
from ocrwatchd.dispatch.cluster import attempts, capabilities, queue_order, registry
from ocrwatchd.dispatch.cluster.heartbeat import Presence
from ocrwatchd.dispatch.cluster.messages import LONGEST_REASON, WORKER_NAME, Nudge, Order, Report, Token
from ocrwatchd.dispatch.cluster.worker_orders import Orders
from ocrwatchd.engine.host.managed import EngineHostWithModels
from ocrwatchd.monitoring.counters import Figures

LOOK_S: Final = 1.0
"""Interval for checking whether the job is still wanted, and for retrying failed writes."""

LAST_WORDS_S: Final = 5.0
"""A stop tries for so long to write the end of an attempt."""

log = structlog.get_logger()


def work(config: Config, name: str = "", *, engine_module: str = "ocrwatchd.engine.process.main") -> None:
    """Read scans until a signal stops the worker.

    Raises:
        ConfigError: the broker is missing or unusable, the name is invalid or in use, or versions differ.
        FolderUnusable: this machine does not see the supervisor's folder, or cannot write there.
    """
    if not config.queue.broker:
        raise ConfigError("a worker takes its work from a broker: set queue.broker to the URL that the supervisor uses")
    name = name or f"{re.sub('[^A-Za-z0-9-]', '-', socket.gethostname())[:40].strip('-') or 'w'}-{secrets.token_hex(3)}"
    if not re.fullmatch(WORKER_NAME, name):
        raise ConfigError(f"--name {name}: use up to 63 letters, digits, dots and hyphens")
    token = registry.read_token(config.folders.work_path)
    with selectors.DefaultSelector() as selector, SignalWakeup(selector, reloads=False) as waker:
        worker = Worker(config, name, token, selector, waker, engine_module=engine_module)
        try:
            worker.run()
        finally:
            worker.close()
    log.info("worker.stopped", worker=name)


class Worker:
    """The loop; made by :func:`work`."""

    def __init__(
        self,
        config: Config,
        name: str,
        token: Token,
        selector: selectors.BaseSelector,
        waker: SignalWakeup,
        *,
        engine_module: str,
    ) -> None:
        from ocrwatchd.dispatch.cluster import broker, transport  # only here is it known that there is one

        connect = partial(broker.connect, config.queue)
        connect()  # mistakes are told at once
        self._config: Final = config
        self._folder: Final = config.folders.work_path
        self._name: Final = name
        self._token: Final = token
        self._selector: Final = selector
        self._waker: Final = waker
        self._offers: Final = capabilities.required(config.work())
        self._host: Final = EngineHostWithModels(config, selector, self._hear, module=engine_module)
        self._sender: Final = transport.Sender(connect)
        queues = capabilities.queues(token.root, self._offers)
        order = partial(queue_order.ordered, self._folder)
        self._receiver: Final = transport.Receiver(connect, queues, waker.wake, holds=True, order=order)
        self._orders: Final = Orders(self._receiver, self._folder, token)
        self._figures: Final = Figures()
        self._order: Order | None = None
        self._job: Job | None = None
        self._page: tuple[int, int] = (0, 0)
        self._report: Report | None = None
        self._look_due = 0.0
        self._presence: Final = Presence(self._folder, name, self._offers, token.lease_s, self._tell)

    def run(self) -> None:
        """Serve until a signal stops the worker.

        Raises:
            FolderUnusable: the supervisor's folder is gone or not writable.
            ConfigError: the supervisor has another version, or another worker has this name.
        """
        self._presence.come()
        log.info("worker.started", worker=self._name, root=str(self._config.folders.root_path), offers=self._offers)
        self._host.start()
        self._sender.start()
        self._receiver.start()
        systemd.notify("READY=1")
        while not self._waker.stops:
            self._tick()
            self._take_next()
        self._hand_back()

    def close(self) -> None:
        """End the engine and send the remaining messages."""
        self._host.stop()
        deadline = time.monotonic() + LAST_WORDS_S
        while self._report is not None and time.monotonic() < deadline:
            time.sleep(LOOK_S)  # the share has failed a moment ago
            self._tell_end()
        self._receiver.hang_up()
        self._sender.close()
        self._receiver.close()
        self._presence.leave()

    def _tick(self) -> None:
        dues = [self._host.next_due(), self._look_due, self._presence.next_due()]
        now = time.monotonic()
        timeout = min(max(0.0, due - now) for due in dues if due is not None)
        for key, _events in self._selector.select(timeout):
            key.data()
        self._host.tick(time.monotonic())
        if time.monotonic() >= self._look_due:
            self._look_due = time.monotonic() + LOOK_S
            self._look()
        self._show_life()

    def _show_life(self) -> None:
        self._presence.tick(time.monotonic())

    def _hand_back(self) -> None:
        systemd.notify("STOPPING=1", systemd.patience(self._config.job.stop_seconds + systemd.STOP_MARGIN_S))
        log.info("worker.stopping", worker=self._name, in_work=self._job.id if self._job else None)
        deadline = time.monotonic() + self._config.job.stop_seconds
        self._host.finish()
        while self._job is not None and time.monotonic() < deadline and self._waker.stops <= 1:
            self._tick()

    def _take_next(self) -> None:
        if self._job is not None or not self._host.idle or self._host.lacks(self._config.llm):
            return
        if (order := self._order or self._orders.take()) is not None:
            self._presence.lease_s = self._orders.lease_s
            self._begin(order)

    def _begin(self, order: Order) -> None:
        self._presence.changed |= self._order is not order
        self._order = order
        if self._host.fetches(order.work.on_machine(self._config.work()).llm):
            return  # as on one machine it waits for its model
        try:
            job = attempts.begin(order, self._folder, self._name, self._config.work(), self._show_life)
        except (FileNotFoundError, NotADirectoryError) as error:  # what is wrong is wrong with this job
            log.warning("attempt.not_begun", job=order.job, reason=error.strerror)
            job = None
        except OSError as error:
            self._order = None
            self._orders.pass_on(order, error)
            return
        self._orders.begun()
        if job is None:
            self._order = None
            log.info("order.dropped", job=order.job, attempt=order.attempt, note="it has ended, or another has it")
            self._orders.settle()
            return
        log.info("attempt.begun", job=job.id, attempt=order.attempt, worker=self._name)
        self._job, self._page = job, (0, 0)
        self._presence.show()
        self._nudge(job.id)
        llm = job.work.llm
        if llm.is_file and llm.model != self._config.llm.model:  # no path of another machine is ever opened
            reason = say("{worker} has no model {model}: set llm.model there", worker=self._name, model=llm.model)
            self._hear(Outcome(job, Ending.RETURNED, reason))
        else:
            self._host.give(job)

    def _hear(self, told: Outcome | Progress | Begun) -> None:
        if isinstance(told, Begun):
            self._figures.step(told.step)
            self._presence.changed |= told.step == "task"
        elif isinstance(told, Progress):
            self._page = told.page, told.pages
            self._presence.changed = True
        else:
            self._figures.step("")
            stopping = bool(self._waker.stops) and told.ending is Ending.RETURNED
            ended = {"ending": told.ending.value, "reason": told.reason, "figures": told.figures}
            self._report = Report(worker=self._name, stopping=stopping, **ended)
            self._tell_end()

    def _tell_end(self) -> None:
        """Write the attempt's end and release the job; retry later where the share fails."""
        job, report = self._job, self._report
        if job is None or job.desk is None or report is None:
            return
        try:
            attempts.end(job.desk, report)
        except OSError as error:
            if not (isinstance(error, FileNotFoundError) or _has_gone(job.desk)):  # a mount may be behind
                log.warning("attempt.end_not_written", job=job.id, reason=error.strerror)
                return
            log.info("attempt.dropped", job=job.id, note="its folder has gone: another one has finished it")
        else:
            log.info("attempt.ended", job=job.id, ending=report.ending, reason=report.reason or None)
        self._order = self._job = self._report = None
        self._page = (0, 0)
        self._presence.changed = True
        self._nudge(job.id)
        self._orders.ended(job.id, report)

    def _look(self) -> None:
        """Check whether the job is still wanted; retry writing the attempt's end."""
        if self._job is None or self._job.desk is None:
            return
        if self._report is not None:
            self._tell_end()
            return
        try:
            wanted = safe_open.lexists_strict(self._job.desk) and not safe_open.lexists_strict(
                self._job.desk / attempts.WANTED_BACK
            )
        except OSError:  # the share is away for the moment
            return
        if not wanted:
            self._host.put_back()

    def _nudge(self, job: str) -> None:
        self._sender.send(capabilities.nudges(self._token.root), Nudge(job=job).model_dump_json())

    @property
    def _state(self) -> Message:
        broken = self._receiver.trouble or self._sender.trouble
        lost = broken and say("the broker cannot be reached: {reason}", reason=broken)
        return joined((self._host.status.message, self._orders.obstacle, lost))

    def _tell(self) -> dict[str, Any]:
        """The variable fields of the card."""
        return {
            "state": bounded(self._state, LONGEST_REASON),
            "cut_off": bool(self._receiver.trouble or self._sender.trouble),
            "trouble": bounded(self._orders.rests or self._host.trouble, LONGEST_REASON),
            "job": self._order.job if self._order else "",
            "attempt": self._order.attempt if self._order else 0,
            "page": self._page[0],
            "pages": self._page[1],
            "asking": self._figures.doing == "task",
            "pages_done": self._figures.pages,
            "seconds_a_page": self._figures.seconds_a_page,
        }


def _has_gone(path: Path) -> bool:
    """Whether the path no longer exists; False while that is unknown."""
    try:
        return not safe_open.lexists_strict(path)
    except OSError:
        return False
