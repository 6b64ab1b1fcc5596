"""Pages as the engine sees them, read once: lines with their boxes, before they are put in order.

What was read is kept in ``.bench/lines/``, by what it depends on: the picture, the engine, and the code that cleans
and reads it. So a change of the order is measured in seconds, over hundreds of pages.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from ocrwatchd.core.config.profile import Ocr
from ocrwatchd.formats.input import open_pages
from ocrwatchd.ocr import preprocess, rapidocr, second_look, show_through
from ocrwatchd.ocr.layout import RawLine  # noqa: TC001 - pydantic reads the type when it runs

CACHE = Path(".bench", "lines")


@dataclass(frozen=True, slots=True)
class Seen:
    """One page.

    Args:
        width: of the picture as it was recognised, pixels.
        height: likewise.
        lines: those that are clear enough to count, in the engine's order.
    """

    width: int
    height: int
    lines: tuple[RawLine, ...]


_SEEN: TypeAdapter[Seen] = TypeAdapter(Seen)


class Reader:
    """Reads pages with RapidOCR, or takes what it has read of them before.

    Args:
        languages: as ``ocr.languages``.
    """

    def __init__(self, languages: tuple[str, ...] = ("eng",)) -> None:
        self._ocr = Ocr(engine="rapidocr", languages=languages)
        self._loaded: tuple[Any, Any] | None = None
        modules = (preprocess, rapidocr, second_look, show_through)
        code = b"".join(Path(module.__file__).read_bytes() for module in modules)
        told = f"{metadata.version('rapidocr')} {languages}".encode()
        self._mark = hashlib.sha256(code + told).digest()

    def read(self, path: Path) -> Seen:
        """The first page of a scan.

        Raises:
            UnreadableScan, UnreadablePage: it cannot be read.
        """
        key = hashlib.sha256(self._mark + path.read_bytes()).hexdigest()
        kept = CACHE / f"{key}.json"
        if kept.exists():
            return _SEEN.validate_json(kept.read_bytes())
        seen = self._recognise(path)
        CACHE.mkdir(parents=True, exist_ok=True)
        fresh = kept.with_suffix(".new")
        fresh.write_bytes(_SEEN.dump_json(seen))
        fresh.rename(kept)
        return seen

    def _recognise(self, path: Path) -> Seen:
        if self._loaded is None:
            self._loaded = rapidocr.RapidEngine(self._ocr), preprocess.Cleaner(self._ocr.threads or 1)
        engine, cleaner = self._loaded
        with open_pages(path, self._ocr) as pages:
            page = cleaner.clean(pages.page(1)).page
        asian = not rapidocr.ASIAN.isdisjoint(self._ocr.languages)
        found = engine._read(page.image, asian=asian)
        clear = tuple(line for line in found if (line.confidence or 0.0) >= rapidocr.CONFIDENCE)
        return Seen(page.image.width, page.image.height, clear)
