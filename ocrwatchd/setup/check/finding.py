"""What a look at one thing has shown."""

from __future__ import annotations

from typing import NamedTuple


class Finding(NamedTuple):
    """One line for the person who asks.

    Args:
        what: was looked at.
        ok: nothing needs to be done.
        words: how it stands, and what to do where it is not ok.
    """

    what: str
    ok: bool
    words: str
