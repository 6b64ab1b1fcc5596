"""Reload the configuration on SIGHUP. An invalid configuration is refused; the previous one stays in force."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

from ocrwatchd.core import log as logs
from ocrwatchd.core import systemd
from ocrwatchd.core.component import Part, Trouble
from ocrwatchd.core.config.schema import Config
from ocrwatchd.core.errors import OcrwatchdError
from ocrwatchd.core.i18n import NOTHING, say, verbatim
from ocrwatchd.core.log import printable

log = structlog.get_logger()


class ConfigReload(Part):
    """The configuration in force, and the previous one until the new one is being served."""

    def __init__(self, config: Config, reread: Callable[[], Config]) -> None:
        self.config = config
        self._before: Config | None = None
        self._reread = reread
        self._refused = NOTHING

    def troubles(self) -> tuple[Trouble, ...]:
        return (Trouble("config", self._refused),)

    def advance(self) -> bool:
        """Read the file again; return False, and change nothing, where the new configuration is refused."""
        monotonic_us = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        systemd.notify("RELOADING=1", f"MONOTONIC_USEC={monotonic_us}", "STATUS=Reading the configuration")
        try:
            newer = self._reread()
        except (OcrwatchdError, OSError) as error:
            self._refuse(error)
            systemd.notify("READY=1", f"STATUS={printable(str(self._refused))}")
            return False
        self._before, self.config = self.config, newer
        self._refused = NOTHING
        logs.configure(newer.log)
        log.info("config.reread")
        return True

    def commit(self) -> None:
        """The configuration is being served: there is no way back to the previous one."""
        self._before = None

    def tells_where(self, config: Config) -> bool:
        """Whether ``config`` has its status and metrics in the same places as the configuration in force.

        Then the daemon continues there, and does not report that it has stopped.
        """
        return (self.config.folders, self.config.metrics) == (config.folders, config.metrics)

    def rollback(self, error: OcrwatchdError | OSError) -> bool:
        """Return to the previous configuration after an error; False where there is none."""
        if self._before is None:
            return False
        self.config, self._before = self._before, None
        logs.configure(self.config.log)
        self._refuse(error)
        return True

    def _refuse(self, error: OcrwatchdError | OSError) -> None:
        reason = error.message if isinstance(error, OcrwatchdError) else verbatim(error)
        self._refused = say("the new configuration is refused; the previous one stays in force: {error}", error=reason)
        log.error("config.refused", reason=reason)
