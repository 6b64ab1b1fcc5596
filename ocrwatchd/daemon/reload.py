"""A SIGHUP: the configuration is read again. A bad one is refused, and the one before it stays in force."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import structlog

from ocrwatchd.core import log as logs
from ocrwatchd.core import systemd
from ocrwatchd.core.errors import ConfigError
from ocrwatchd.core.i18n import NOTHING, say
from ocrwatchd.core.log import printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from ocrwatchd.core.config.schema import Config

log = structlog.get_logger()


class ConfigReload:
    """The configuration in force, and the one before it until the newer has proved that it can be served.

    Args:
        config: the first.
        reread: reads the file again.
    """

    def __init__(self, config: Config, reread: Callable[[], Config]) -> None:
        self.config = config
        self._before: Config | None = None
        self._reread = reread
        self.refused = NOTHING
        """Why the last one that was read is not in force; "" where it is."""

    def advance(self) -> bool:
        """Read the file again; False where it is refused, and all stays as it is."""
        monotonic_us = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        systemd.notify("RELOADING=1", f"MONOTONIC_USEC={monotonic_us}", "STATUS=Reading the configuration")
        try:
            newer = self._reread()
        except (ConfigError, OSError) as error:
            self._refuse(error)
            systemd.notify("READY=1", f"STATUS={printable(str(self.refused))}")
            return False
        self._before, self.config = self.config, newer
        self.refused = NOTHING
        logs.configure(newer.log)
        log.info("config.reread")
        return True

    def commit(self) -> None:
        """The configuration is being served: from now on its troubles are the daemon's."""
        self._before = None

    def tells_where(self, config: Config) -> bool:
        """Whether status and metrics of the configuration in force lie where those of another one lie.

        Then it goes on telling there, and nobody need hear that the daemon has stopped.
        """
        return (self.config.folders, self.config.metrics) == (config.folders, config.metrics)

    def rollback(self, error: Exception) -> bool:
        """Return to the configuration before one that cannot be served; False where there is none.

        Args:
            error: why it cannot be served.
        """
        if self._before is None:
            return False
        self.config, self._before = self._before, None
        logs.configure(self.config.log)
        self._refuse(error)
        return True

    def _refuse(self, error: Exception) -> None:
        self.refused = say("the new configuration is refused, the one before it stays in force: {error}", error=error)
        log.error("config.refused", reason=str(error))
