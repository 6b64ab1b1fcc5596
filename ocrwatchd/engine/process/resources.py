"""Everything that the engine process has loaded: OCR engines, language models, the cleaner."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

import structlog

from ocrwatchd.core import faults
from ocrwatchd.core.config.profile import Llm, Ocr, Work
from ocrwatchd.core.config.schema import cache_directory
from ocrwatchd.core.errors import EngineUnavailable, ModelUnavailable, OcrwatchdError
from ocrwatchd.core.recently_used import RecentlyUsed
from ocrwatchd.engine.process.isolation import memory_mb
from ocrwatchd.engine.process.resume_cache import ResumeCache
from ocrwatchd.llm import calibration_store

if TYPE_CHECKING:
    from ocrwatchd.correct.corrector import Corrector
    from ocrwatchd.ocr import OcrEngine
    from ocrwatchd.ocr.preprocess import Cleaner
    from ocrwatchd.ocr.second_reader import SecondReader
    from ocrwatchd.ocr.selection import Choice

MOST_LOADED = 2
"""Number of OCR engines and of models that stay loaded if profiles differ; the least recently used one is freed."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Makers:
    """Load engines and models; tests replace them."""

    choose: Callable[[Ocr], Choice]
    load: Callable[[str, Ocr, Path], OcrEngine]
    cleaner: Callable[[int], Cleaner]
    second_reader: Callable[[Ocr], SecondReader]
    resolve: Callable[[Llm], Path]
    corrector: Callable[[Path, Llm], Corrector]


def real_makers() -> Makers:
    """The real engines and models; each library is imported when it is first needed."""

    def cleaner(threads: int) -> Cleaner:
        from ocrwatchd.ocr.preprocess import Cleaner as RealCleaner  # heavy

        return RealCleaner(threads)

    def second_reader(ocr: Ocr) -> SecondReader:
        from ocrwatchd.ocr.second_reader import SecondReader as RealSecondReader  # heavy

        return RealSecondReader(ocr)

    def corrector(path: Path, llm: Llm) -> Corrector:
        from ocrwatchd.correct.corrector import Corrector as RealCorrector  # heavy

        return RealCorrector(path, llm)

    from ocrwatchd.llm.models import resolve  # tests do without
    from ocrwatchd.ocr.selection import choose, load  # tests do without

    return Makers(choose, load, cleaner, second_reader, resolve, corrector)


class Closable(Protocol):
    """Anything that holds memory until it is closed."""

    def close(self) -> None:
        """Free the memory."""


_Loaded = TypeVar("_Loaded", bound=Closable)


def _close(thing: Closable) -> None:
    thing.close()


class Bench:
    """Everything that is loaded, shared by the jobs of all profiles.

    Args:
        scratch: the folder of this process, used if the cache directory is not writable.
        after_load: called after each load, because native libraries replace signal handlers.
    """

    def __init__(self, makers: Makers, scratch: Path, after_load: Callable[[], None]) -> None:
        self._makers = makers
        self._scratch = scratch
        self._after_load = after_load
        self._engines: RecentlyUsed[Hashable, OcrEngine] = RecentlyUsed(MOST_LOADED, _close)
        self._correctors: RecentlyUsed[Hashable, Corrector] = RecentlyUsed(MOST_LOADED, _close)
        self._cleaners: dict[int, Cleaner] = {}
        self._second_readers: dict[int, SecondReader] = {}
        self.leavings: Final = ResumeCache()
        """Of scans that have made way."""
        self._baseline_mb = 0.0
        self._warm = False

    def holds(self, work: Work) -> bool:
        """True if everything for this work is loaded."""
        path = self.model_path(work)
        model = path is None or self._model_key(work.llm, path) in self._correctors
        return model and self._engine_key(work.ocr) in self._engines

    def engine(self, ocr: Ocr) -> OcrEngine:
        """The OCR engine for these settings.

        Raises:
            EngineUnavailable: the engine cannot run here.
        """
        name = self._makers.choose(ocr).name
        return self._engines.get(
            self._engine_key(ocr),
            lambda: self._loaded(name, lambda: self._makers.load(name, ocr, self._store()), EngineUnavailable),
        )

    def corrector(self, work: Work) -> Corrector:
        """The language model for this work.

        Raises:
            ModelUnavailable: there is no model, or ``llm.require_calibration`` forbids it.
        """
        path, llm = self._model(work), work.llm
        return self._correctors.get(
            self._model_key(llm, path),
            lambda: self._loaded(path.name, lambda: self._makers.corrector(path, llm), ModelUnavailable),
        )

    def model_path(self, work: Work) -> Path | None:
        """The file of the model for this work; None without a model."""
        try:
            return self._model(work)
        except ModelUnavailable:
            return None

    def cleaner(self, ocr: Ocr) -> Cleaner:
        """The cleaner of pages."""
        if ocr.threads not in self._cleaners:
            self._cleaners[ocr.threads] = self._makers.cleaner(ocr.threads or len(os.sched_getaffinity(0)))
        return self._cleaners[ocr.threads]

    def second_reader(self, ocr: Ocr) -> SecondReader:
        """The second reader of lines.

        Raises:
            EngineUnavailable: the second reader cannot run here.
        """
        if ocr.threads not in self._second_readers:
            self._second_readers[ocr.threads] = self._loaded(
                "second reader", lambda: self._makers.second_reader(ocr), EngineUnavailable
            )
        return self._second_readers[ocr.threads]

    def page_finished(self) -> None:
        """Start measuring memory after the first page, which makes libraries load their late parts."""
        if not self._warm:
            self._warm = True
            self._baseline_mb = memory_mb()[1]

    @property
    def growth_mb(self) -> float:
        """Growth of anonymous memory since the first page, MiB."""
        return max(0.0, memory_mb()[1] - self._baseline_mb) if self._warm else 0.0

    def _model(self, work: Work) -> Path:
        path = self._makers.resolve(work.llm)
        if reason := calibration_store.objection(work, path):
            raise ModelUnavailable(reason)
        return path

    def _loaded(self, name: str, load: Callable[[], _Loaded], refusal: type[OcrwatchdError]) -> _Loaded:
        growth = self.growth_mb
        started = time.monotonic()
        try:
            thing = load()
        except OcrwatchdError:
            raise
        except Exception as error:  # native libraries may raise anything
            log.warning("engine.not_loaded", what=name, error=type(error).__name__, at=faults.place(error))
            raise refusal(f"{name} cannot be loaded ({type(error).__name__}); the log names the place") from error
        finally:
            self._after_load()
            # Memory left by earlier documents counts, memory of loading does not.
            self._baseline_mb = memory_mb()[1] - growth
            self._warm = False
        log.info("engine.loaded", what=name, seconds=round(time.monotonic() - started, 2))
        return thing

    @staticmethod
    def _model_key(llm: Llm, path: Path) -> Hashable:
        return path, llm.context_size, llm.gpu_layers, llm.threads

    def _engine_key(self, ocr: Ocr) -> Hashable:
        # The engine gets all other settings with each page.
        return self._makers.choose(ocr).name, ocr.threads

    def _store(self) -> Path:
        """Where engines keep what they download."""
        store = cache_directory() / "ocr"
        try:
            store.mkdir(parents=True, exist_ok=True)
        except OSError:
            return self._scratch
        return store
