"""The engine of this machine, supervisor or worker, with the download of missing models."""

from __future__ import annotations

import selectors
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

import structlog

from ocrwatchd.core.attempt import Begun, EngineStatus, Outcome, Progress
from ocrwatchd.core.config.profile import Llm
from ocrwatchd.core.config.schema import Config
from ocrwatchd.core.errors import EngineUnavailable
from ocrwatchd.core.i18n import Message
from ocrwatchd.engine.host.engine_host import EngineHost
from ocrwatchd.engine.host.model_fetch import Fetch
from ocrwatchd.llm import calibration_store
from ocrwatchd.ocr.selection import choose

log = structlog.get_logger()


class EngineHostWithModels(EngineHost):
    """An engine host that downloads missing models and loads each between two jobs; see :class:`EngineHost`."""

    def __init__(
        self,
        config: Config,
        selector: selectors.BaseSelector,
        hear: Callable[[Outcome | Progress | Begun], None],
        *,
        module: str,
        jobs: Path | None = None,
    ) -> None:
        super().__init__(config, selector, hear, module=module, jobs=jobs)
        self._fetch: Final = Fetch(config, selector, self._take_model)

    @property
    def model_trouble(self) -> Message:
        return self._fetch.trouble

    @property
    def status(self) -> EngineStatus:
        status = super().status
        return replace(status, notes=(*status.notes, *filter(None, [self._fetch.state])))

    def lacks(self, llm: Llm) -> bool:
        return self._fetch.lacks(llm)

    def fetches(self, llm: Llm) -> bool:
        return self._fetch.fetches(llm)

    def start(self) -> None:
        """Report the chosen engine, start it, and download missing models."""
        calibration_store.tell(self._config)
        try:
            choice = choose(self._config.ocr)
            if choice.notice:
                (log.info if choice.harmless else log.warning)("engine.chosen", note=choice.notice)
        except EngineUnavailable as error:
            log.error("engine.unavailable", reason=error.message)  # noqa: TRY400 - the message says it all
        super().start()
        self._fetch.start()

    def tick(self, now: float) -> None:
        """Do what is due; nothing is given to an engine for which there is something better to load."""
        if not self._finishing:
            self._fetch.tick(now)
        super().tick(now)

    def next_due(self) -> float | None:
        dues = super().next_due(), None if self._finishing else self._fetch.next_due()
        return min((due for due in dues if due is not None), default=None)

    def stop(self, grace_s: float = 0.0) -> None:
        super().stop(grace_s)
        self._fetch.stop()

    def _take_model(self) -> None:
        self.renew()
        calibration_store.tell(self._config)
