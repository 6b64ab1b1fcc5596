"""What reads on this machine, the supervisor's or a worker's: the engine, supplied with the models that it lacks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import structlog

from ocrwatchd.core.errors import EngineUnavailable
from ocrwatchd.engine.host.engine_host import EngineHost
from ocrwatchd.engine.host.model_fetch import Fetch
from ocrwatchd.llm import calibration_store
from ocrwatchd.ocr.selection import choose

if TYPE_CHECKING:
    import selectors
    from collections.abc import Callable
    from pathlib import Path

    from ocrwatchd.core.attempt import Begun, EngineStatus, Outcome, Progress
    from ocrwatchd.core.config.profile import Llm
    from ocrwatchd.core.config.schema import Config
    from ocrwatchd.core.i18n import Message

log = structlog.get_logger()


class EngineHostWithModels(EngineHost):
    """An engine host that has missing models fetched, and takes each between two jobs once it is here.

    Args:
        config: the settings; their profiles name the models.
        selector: the loop's; a key's ``data()`` is to be called.
        hear: called with each step, with each page in work and with each job's one outcome.
        module: what ``python -m`` runs.
        jobs: the folder in which the jobs' folders lie; without it the configured one.
    """

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
        """Why models could not be fetched."""
        return self._fetch.trouble

    @property
    def status(self) -> EngineStatus:
        """The engine's, with what is being fetched."""
        status = super().status
        return replace(status, notes=(*status.notes, *filter(None, [self._fetch.state])))

    def lacks(self, llm: Llm) -> bool:
        """See :meth:`ocrwatchd.engine.host.model_fetch.Fetch.lacks`."""
        return self._fetch.lacks(llm)

    def fetches(self, llm: Llm) -> bool:
        """See :meth:`ocrwatchd.engine.host.model_fetch.Fetch.fetches`."""
        return self._fetch.fetches(llm)

    def start(self) -> None:
        """Say which engine these settings choose, start it, and fetch what is missing."""
        calibration_store.tell(self._config)
        try:
            choice = choose(self._config.ocr)
            if choice.notice:
                (log.info if choice.harmless else log.warning)("engine.chosen", note=choice.notice)
        except EngineUnavailable as error:
            log.error("engine.unavailable", reason=error.message)  # noqa: TRY400 - the message says it all
        super().start()
        self._fetch.start()

    def turn(self) -> None:
        """Do what is due; nothing is given to an engine for which there is something better to load."""
        if not self._finishing:
            self._fetch.turn()
        super().turn()

    def next_due(self) -> float | None:
        """When ``turn`` has something to do, on the monotonic clock; None while only events matter."""
        dues = super().next_due(), None if self._finishing else self._fetch.next_due()
        return min((due for due in dues if due is not None), default=None)

    def stop(self, grace_s: float = 0.0) -> None:
        """End engine and download; what has come of it is kept."""
        super().stop(grace_s)
        self._fetch.stop()

    def _take_model(self) -> None:
        self.renew()
        calibration_store.tell(self._config)
