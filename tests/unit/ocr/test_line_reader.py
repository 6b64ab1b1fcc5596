"""Lines that small errors of calculation could change are known."""

import numpy as np
import pytest

from ocrwatchd.ocr.line_reader import MARGIN, is_doubtful

SURE = {1: 0.9}
"""A step that shows character 1; 0 is a gap."""
GAP = {0: 0.9}
NARROW, WIDE = (1 - MARGIN) / 2 + 0.01, (1 + MARGIN) / 2 - 0.01
"""Two probabilities that lie hardly less than the margin apart."""


def seen(*steps):
    """The probabilities of a line, from those of each step."""
    found = np.zeros((1, len(steps), 5), np.float32)
    for number, step in enumerate(steps):
        found[0, number, list(step)] = list(step.values())
    return found


@pytest.mark.parametrize(
    ("steps", "doubtful"),
    [
        ((SURE, GAP, {2: 0.9}), False),
        ((GAP, {2: WIDE, 3: NARROW}, GAP), True),
        ((GAP, {2: WIDE + MARGIN / 2, 3: NARROW - MARGIN / 2}, GAP), False),
        (({2: WIDE, 3: NARROW}, GAP), True),
        ((GAP, {2: WIDE, 3: NARROW}), True),
        (({2: WIDE, 3: NARROW},), True),
        # Where a character ends, and which of two gaps is the longer, says nothing.
        ((SURE, {1: WIDE, 0: NARROW}, GAP), False),
        ((GAP, {0: WIDE, 1: NARROW}, SURE), False),
        # A character in doubt that may be none; two alike that may be one.
        ((GAP, {2: NARROW, 0: WIDE}, GAP), True),
        ((SURE, {0: WIDE, 1: NARROW}, SURE), True),
        ((GAP, {2: 0.47, 3: 0.47}, GAP), True),
        ((GAP, {2: float("nan")}, GAP), True),
    ],
)
def test_doubt(steps, doubtful):
    """A line is in doubt where the second character of a step, a little more probable, would give another text."""
    assert is_doubtful(seen(*steps)) is doubtful
