"""What counts as a piece, and what counts as the same word."""

from __future__ import annotations

import re

from ocrwatchd.training.corpus import plain

PIECE = re.compile(r"(?a:[A-Za-z]{2,})|[AIa]")


def same_but_for_style(one: str, other: str) -> bool:
    """True where two words differ in nothing but the shape of their quotes and dashes."""
    return plain(one).replace("\u2014", "-") == plain(other).replace("\u2014", "-")
