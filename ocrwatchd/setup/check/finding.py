"""The result of one examination."""

from __future__ import annotations

from typing import NamedTuple


class Finding(NamedTuple):
    """One line for the user: the subject, whether it is ok, and its state with the remedy."""

    what: str
    ok: bool
    words: str
