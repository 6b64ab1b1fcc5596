"""Cut a text into parts that a model has room for, between paragraphs where that can be. Pure."""

from __future__ import annotations

from collections.abc import Callable

LEAST_CHARACTERS = 200
"""Where not even so many fit, the prompt or the answer takes all the room."""

_BOUNDARIES = ("\n\n", "\n", " ")


class NoRoom(Exception):
    """The model has no room for any part."""


def parts(text: str, fits: Callable[[str], bool]) -> tuple[str, ...]:
    """Cut ``text`` in halves, and these again, until each part fits.

    Args:
        text: pages and paragraphs, blank lines between them.
        fits: whether a part does.

    Raises:
        NoRoom: none ever would.
    """
    text = text.strip()
    if not text or fits(text):
        return (text,) if text else ()
    if len(text) <= LEAST_CHARACTERS:
        raise NoRoom
    cut = _middle(text)
    return (*parts(text[:cut], fits), *parts(text[cut:], fits))


def _middle(text: str) -> int:
    """Where to cut: at the best kind of boundary in the text's middle half, at the one nearest to the middle."""
    first, middle, last = len(text) // 4, len(text) // 2, len(text) * 3 // 4
    for boundary in _BOUNDARIES:
        found = (text.rfind(boundary, first, middle), text.find(boundary, middle, last))
        places = [place for place in found if place >= 0]
        if places:
            return min(places, key=lambda place: abs(place - middle)) + len(boundary)
    return middle
