"""Split a text into parts that fit into a model's context, between paragraphs if possible. Pure."""

from __future__ import annotations

from collections.abc import Callable

LEAST_CHARACTERS = 200
"""If even this many do not fit, the prompt or the answer fills the context."""

_BOUNDARIES = ("\n\n", "\n", " ")


class NoRoom(Exception):
    """No part fits into the model's context."""


def parts(text: str, fits: Callable[[str], bool]) -> tuple[str, ...]:
    """Split ``text`` in halves, and these again, until each part fits.

    Raises:
        NoRoom: no part would fit.
    """
    text = text.strip()
    if not text or fits(text):
        return (text,) if text else ()
    if len(text) <= LEAST_CHARACTERS:
        raise NoRoom
    cut = _middle(text)
    return (*parts(text[:cut], fits), *parts(text[cut:], fits))


def _middle(text: str) -> int:
    """Where to split: in the middle half, at the best kind of boundary, as close to the middle as possible."""
    first, middle, last = len(text) // 4, len(text) // 2, len(text) * 3 // 4
    for boundary in _BOUNDARIES:
        found = (text.rfind(boundary, first, middle), text.find(boundary, middle, last))
        places = [place for place in found if place >= 0]
        if places:
            return min(places, key=lambda place: abs(place - middle)) + len(boundary)
    return middle
