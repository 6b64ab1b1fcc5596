"""Read doubtful lines again, turned and mirrored: print on its head, and print that shows through from the back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

DOUBTFUL = 0.9
"""Lines read with less confidence are read again. A page of clear print has hardly one."""
SURE = 0.95
"""Least confidence of a turned line that is better than the first reading."""
SURE_MIRRORED = 0.9
"""Least confidence of a mirrored line that is better: print that shows through is blurred."""
BETTER = 0.1
"""Such a reading is more confident than the first one by at least this."""
LETTERS = 4
"""Least letters of such a reading: single signs and numbers look alike from several sides ("100" and "001")."""
FIRST = 6
"""Lines that are read again first; the others follow only where one of these lies otherwise. A page of handwriting is
doubtful throughout, and costs so little more."""

VIEWS: tuple[tuple[Any, float, frozenset[str]], ...] = (
    (np.s_[::-1, ::-1], SURE, frozenset()),
    (np.s_[:, ::-1], SURE_MIRRORED, frozenset("AHIMOTUVWXYilovwx")),
    (np.s_[::-1], SURE_MIRRORED, frozenset("BCDEHIKOXcilox")),
)
"""How a line is seen again: on its head; then from behind, the sheet turned over about its long side or its short one.
With each the least confidence, and the letters that count for nothing because they look alike."""

Crop = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Reading:
    """A line as the recogniser read it.

    Args:
        text: as recognised.
        confidence: 0-1.
        steps: the recogniser's time steps and confidences of the letters, as RapidOCR's ``WordInfo`` tells them.
        on_its_head: whether the picture was turned by 180° to read it.
        shows_through: whether the line is print on the back of the sheet, and ``text`` scraps.
    """

    text: str
    confidence: float
    steps: Any
    on_its_head: bool = False
    shows_through: bool = False


def read_again(
    first: Sequence[Reading], crops: Sequence[Crop], recognise: Callable[[list[Crop]], list[Reading]]
) -> list[Reading]:
    """Replace the readings of lines that are clearly read better from another side.

    Args:
        first: what was read, a line each.
        crops: the lines' pictures, (height, width, 3), as they were read.
        recognise: reads pictures of lines.

    Returns:
        As many readings; lines that are clear only in a mirror show through.
    """
    doubtful = [number for number, reading in enumerate(first) if reading.confidence < DOUBTFUL]
    doubtful.sort(key=lambda number: -_length(crops[number]))
    readings = list(first)
    for part in (doubtful[:FIRST], doubtful[FIRST:]):
        changed = _looked(part, readings, crops, recognise)
        if not changed:
            break
        readings = [changed.get(number, reading) for number, reading in enumerate(readings)]
    return readings


def _looked(
    numbers: Sequence[int],
    first: Sequence[Reading],
    crops: Sequence[Crop],
    recognise: Callable[[list[Crop]], list[Reading]],
) -> dict[int, Reading]:
    """The readings that change, by the line's number."""
    if not numbers:
        return {}
    chosen = [crops[number] for number in numbers]
    found = recognise([np.ascontiguousarray(crop[view]) for view, _, _ in VIEWS for crop in chosen])
    count = len(numbers)
    changed: dict[int, Reading] = {}
    for place, number in enumerate(numbers):
        before = first[number]
        head, *mirrored = (
            _is_clear(reading, before, least, alike)
            for reading, (_, least, alike) in zip(found[place::count], VIEWS, strict=True)
        )
        # Capitals such as those of CHECKED look the same in a mirror when they stand on their head.
        if head and not _is_number(before.text):
            changed[number] = replace(found[place], on_its_head=True)
        elif any(mirrored):
            changed[number] = replace(before, shows_through=True)
    return changed


def _is_clear(reading: Reading, before: Reading, least: float, alike: frozenset[str]) -> bool:
    letters = sum(letter.isalpha() and letter not in alike for letter in reading.text)
    return letters >= LETTERS and reading.confidence >= max(least, before.confidence + BETTER)


def _is_number(text: str) -> bool:
    """Numbers on their head look like letters: 7/74197 is LOIVLIL."""
    return any(map(str.isdigit, text)) and not any(map(str.isalpha, text))


def _length(crop: Crop) -> float:
    return float(crop.shape[1] / max(1, crop.shape[0]))
