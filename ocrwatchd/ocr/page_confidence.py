"""What confidence tells: which lines are no print, and whether much of a page's text is probably wrong."""

from __future__ import annotations

import re
from statistics import fmean, median
from typing import TYPE_CHECKING

from ocrwatchd.core.lexicon import lexicon

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ocrwatchd.core.model import Line
    from ocrwatchd.ocr.layout import RawLine

LEAST_CONFIDENCE = 0.95
"""Of a page's words, on average, from which a page is worth no word. Measured with RapidOCR, and true for it alone:
``python -m tests.bench.confidence``."""

BELOW = 0.2
"""Lines read with so much less confidence than the page's typical one are signatures, handwriting, stamps and logos,
read as scraps of text. Measured with RapidOCR, and true for it alone: ``python -m tests.bench.pages``."""
LETTERS = 4
"""Such lines have so many letters at least: a recogniser is sure of a printed word, not of single signs and amounts."""


READS = 0.5
"""Share of a line's letters in usual words from which a line says something, however unclear."""
_WORD = re.compile(r"[^\W\d_]{2,}")


def clear_lines(lines: Sequence[RawLine], languages: tuple[str, ...]) -> list[RawLine]:
    """The lines of a page but those that are no print: unclear beside the others, and without words.

    Args:
        lines: of the page.
        languages: of the page, ISO 639-3; without a list of words no line is left out.
    """
    least = median(line.confidence or 0.0 for line in lines) - BELOW if lines else 0.0
    return [line for line in lines if (line.confidence or 0.0) >= least or _says_something(line.text, languages)]


def _says_something(text: str, languages: tuple[str, ...]) -> bool:
    if sum(map(str.isalpha, text)) < LETTERS:
        return True
    words = lexicon(languages)
    found = _WORD.findall(text)
    usual = sum(len(word) for word in found if words.is_usual(word))
    return not words or usual >= READS * sum(map(len, found))


def confidences(lines: Iterable[Line | RawLine]) -> Iterator[float]:
    """The confidence of each word whose own is known, or its line's where the line is not told by words."""
    for line in lines:
        told = [word.confidence for word in line.words] or [line.confidence] * max(1, len(line.text.split()))
        yield from (confidence for confidence in told if confidence is not None)


def page_confidence(lines: Iterable[Line | RawLine]) -> float | None:
    """The mean over a page's words; None where nothing is told."""
    told = list(confidences(lines))
    return fmean(told) if told else None


def low_confidence(lines: Iterable[Line | RawLine]) -> tuple[str, ...]:
    """A warning where the page's words are doubtful on the whole; none for a page without words."""
    found = page_confidence(lines)
    if found is None or found >= LEAST_CONFIDENCE:
        return ()
    warning = (
        f"read with {int(100 * found)} % confidence on average, less than {100 * LEAST_CONFIDENCE:.0f} %: "
        "much of the text is probably wrong; compare it with the page, or scan that again, sharper and with contrast"
    )
    return (warning,)
