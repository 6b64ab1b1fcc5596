"""File names in the order in which people count: ``page-2`` before ``page-10``."""

from __future__ import annotations

import re
from typing import Final, TypeAlias

DIGITS: Final = re.compile(r"[0-9]+")

Natural: TypeAlias = tuple[tuple[tuple[str, int, str], ...], str]
"""A value by which names are sorted."""


def natural(name: str) -> Natural:
    """The value by which a name is sorted: its runs of digits as numbers, the rest as text; ties go by the name."""
    parts, end = [], 0
    for run in DIGITS.finditer(name):
        # A number of any length: without leading zeros, the longer one is greater.
        number = run[0].lstrip("0")
        parts.append((name[end : run.start()], len(number), number))
        end = run.end()
    parts.append((name[end:], -1, ""))
    return tuple(parts), name
