"""The known page: its picture and its words."""

from __future__ import annotations

import re
from importlib import resources
from typing import Final

TEXT: Final = """\
This page checks the post.

Seven green boats wait under
a stone bridge while the wind
brings rain from the river.

Count them: 1 2 3 4 5 6 7

When these words come out
as they went in, every part
of the line is in order, from
the inbox to the outbox.
"""
"""What ``page.png`` says."""

EVALUATION_SHARE: Final = 0.5
"""Of the words, from the beginning, that an engine without a licence has to read: it grants 60 % of the characters."""

RIGHT_SHARE: Final = 0.8
"""Of the words that have to come out: a model's slip is no fault of the line, a page of nonsense is."""


def picture() -> bytes:
    """The page as a PNG file, the same each time: nothing else is ever cleared away as a canary."""
    return (resources.files(__package__) / "page.png").read_bytes()


def share_read(text: str, *, evaluation: bool) -> float:
    """The share of the page's words that a text has, in their order, 0-1; with ``evaluation`` the text is cut short."""
    wanted = _words(TEXT)
    if evaluation:
        wanted = wanted[: round(len(wanted) * EVALUATION_SHARE)]
    found, rest = 0, _words(text)
    for word in wanted:
        if word in rest:
            found += 1
            rest = rest[rest.index(word) + 1 :]
    return found / len(wanted)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())
