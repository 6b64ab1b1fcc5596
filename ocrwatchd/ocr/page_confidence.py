"""Quality of a page: drop lines that are not print; warn of low confidence and of letters too small to be read."""

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
"""Least mean confidence of a page's words without a warning. Measured for RapidOCR: ``python -m
tests.bench.confidence``."""

BELOW = 0.2
"""Signatures, handwriting, stamps and logos are read as scraps of text, with a confidence this far below that of the
page's typical line. Measured for RapidOCR: ``python -m tests.bench.pages``."""
LETTERS = 4
"""Lines with fewer letters are kept: the confidence of single characters and amounts is low even in print."""
READS = 0.5
"""Least share of a line's letters in usual words for a line that is kept although its confidence is low."""
LEAST_LINE_HEIGHT = 18
"""Least height of a line's box without a warning, pixels: 10-point print at about 110 dpi. Measured for RapidOCR on
reduced scans of tests/data: errors begin between 20 pixels (eurotext) and 12 (phototest)."""
GOOD_DPI = 300
"""The resolution that the warning recommends; scanners offer it."""
LEAST_FINDING_DPI = 50
"""Least resolution to which a page may be reduced and its lines are still found. Measured for RapidOCR on the 12-point
print of tests/data/phototest.tif in a long page: all lines at 50 dpi, few at 40."""
USUAL_DPI = 200
"""Assumed resolution of pages whose file names none."""
_WORD = re.compile(r"[^\W\d_]{2,}")


def clear_lines(lines: Sequence[RawLine], languages: tuple[str, ...]) -> list[RawLine]:
    """Drop the lines that are not print: much less confident than the others, and without usual words.

    Without a word list for the languages (ISO 639-3) all lines are kept.
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
    """The confidence of each word; the line's own for each of its words if the engine gives none by word."""
    for line in lines:
        told = [word.confidence for word in line.words] or [line.confidence] * max(1, len(line.text.split()))
        yield from (confidence for confidence in told if confidence is not None)


def page_confidence(lines: Iterable[Line | RawLine]) -> float | None:
    """The mean confidence of a page's words; None without any."""
    told = list(confidences(lines))
    return fmean(told) if told else None


def low_confidence(lines: Iterable[Line | RawLine]) -> tuple[str, ...]:
    """A warning if the mean confidence of a page's words is low; no warning for a page without words."""
    found = page_confidence(lines)
    if found is None or found >= LEAST_CONFIDENCE:
        return ()
    warning = (
        f"read with {int(100 * found)} % confidence on average, less than {100 * LEAST_CONFIDENCE:.0f} %: much of the "
        "text is probably wrong; compare the text with the page, or scan the page again, sharper and with more contrast"
    )
    return (warning,)


def small_print(lines: Iterable[Line]) -> tuple[str, ...]:
    """A warning if the page's typical line is too low; no warning if no line has a box."""
    heights = [line.box.height for line in lines if line.box]
    height = median(heights) if heights else float(LEAST_LINE_HEIGHT)
    if height >= LEAST_LINE_HEIGHT:
        return ()
    return (f"lines are only {height:.0f} pixels high: characters may be misread; scan with {GOOD_DPI} dpi",)


def shrunk(width: int, height: int, dpi: float, side: int) -> tuple[str, ...]:
    """A warning if a page is so long that its print may not be found at all.

    Args:
        width: of the page, pixels.
        height: of the page, pixels.
        dpi: of the page, 0.0 if unknown.
        side: length to which the engine reduces the longer side before it looks for lines, pixels.
    """
    longer = max(width, height)
    if (dpi or USUAL_DPI) * min(1.0, side / longer) >= min(LEAST_FINDING_DPI, dpi or USUAL_DPI):
        return ()
    return (f"the page is {longer} pixels long: print on it may not have been found; scan it in several parts",)
