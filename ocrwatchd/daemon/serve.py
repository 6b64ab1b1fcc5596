"""Serve one configuration after the other: the first one, and each one that a reload brings."""

from __future__ import annotations

import contextlib
import selectors
from collections.abc import Callable

import structlog

from ocrwatchd.core.config.schema import Config, state_directory
from ocrwatchd.core.errors import OcrwatchdError
from ocrwatchd.daemon.reload import ConfigReload
from ocrwatchd.daemon.startup import open_storage
from ocrwatchd.daemon.supervisor import Daemon
from ocrwatchd.daemon.wakeup import SignalWakeup
from ocrwatchd.storage import outbox

ENGINE_MODULE = "ocrwatchd.engine.process.main"

log = structlog.get_logger()


def serve(
    config: Config,
    *,
    once: bool = False,
    engine_module: str = ENGINE_MODULE,
    reread: Callable[[], Config] | None = None,
) -> None:
    """Serve one root until a signal stops the daemon or, with ``once``, until the inbox is empty.

    Raises:
        FolderUnusable: a folder is not usable at the start, or with ``once`` at any time.
        EngineUnavailable: with ``once``: no engine can do the work.
    """
    succession = ConfigReload(config, reread or (lambda: config))
    with selectors.DefaultSelector() as selector, SignalWakeup(selector, reloads=not once) as waker:
        again = True
        while again:
            try:
                again = _serve_one(succession, selector, waker, once=once, engine_module=engine_module)
            except (OcrwatchdError, OSError) as error:
                if not succession.rollback(error):
                    raise
    log.info("daemon.stopped")


def _serve_one(
    succession: ConfigReload, selector: selectors.BaseSelector, waker: SignalWakeup, *, once: bool, engine_module: str
) -> bool:
    """Serve the configuration in force; return True when another one has come into force."""
    config = succession.config
    with contextlib.ExitStack() as stack:
        ledger, workplace = open_storage(config, state_directory(), stack)
        rooms = ledger, outbox.Outbox(config.folders, ledger), workplace
        daemon = Daemon(succession, rooms, selector, waker, once=once, engine_module=engine_module)
        stack.callback(daemon.close)
        return daemon.run()
