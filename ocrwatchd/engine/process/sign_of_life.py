"""Signs of life during long steps: the host ends an engine that is silent for longer than one page may take."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

SIGN_OF_LIFE_S: Final = 10.0
"""The shortest time between two signs."""


def paced(alive: Callable[[], None]) -> Callable[[], None]:
    """A function that may be called as often as one likes: it calls ``alive`` once in :data:`SIGN_OF_LIFE_S`."""
    told = time.monotonic()

    def maybe() -> None:
        nonlocal told
        if time.monotonic() - told >= SIGN_OF_LIFE_S:
            alive()
            told = time.monotonic()

    return maybe
