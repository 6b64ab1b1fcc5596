"""The lines around a part of a page: the model may read them, and shall not answer them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

from rapidfuzz import fuzz

from ocrwatchd.llm.chunks import Chunk

CONTEXT_LINES = 2
CONTEXT_CHARACTERS = 240
"""Of each side; what is longer is left out by whole lines."""

ECHO_SCORE = 90.0
"""So alike, of 100, are the first or last lines of an answer and the lines around the part, if they repeat them."""


class Context(NamedTuple):
    """Lines before and after, or "" at the page's edges."""

    before: str = ""
    after: str = ""


def around(text: str, chunk: Chunk) -> Context:
    """The nearest lines of ``text`` on both sides of ``chunk``; blank ones do not count."""
    before = _nearest(reversed(text[: chunk.offset].splitlines()))
    after = _nearest(text[chunk.offset + len(chunk.text) :].splitlines())
    return Context("\n".join(reversed(before)), "\n".join(after))


def laid_out(text: str, context: Context) -> str:
    """What follows the prompt: the text last, so that the answer begins right behind it."""
    pieces = []
    if context.before:
        pieces.append(f"Lines before it, for reading only:\n{context.before}")
    if context.after:
        pieces.append(f"Lines after it, for reading only:\n{context.after}")
    if not pieces:
        return text
    return "\n\n".join((*pieces, f"The text:\n{text}"))


def without(answer: str, context: Context, source: str) -> str:
    """Remove lines of the context from the beginning and the end of the answer, unless the source has them too."""
    lines, own = answer.strip().splitlines(), source.strip().splitlines()
    first, last = len(context.before.splitlines()), len(context.after.splitlines())
    begins = first and len(lines) > first and _repeats(lines[:first], own[:first], context.before)
    ends = last and len(lines) > last and _repeats(lines[-last:], own[-last:], context.after)
    if not (begins or ends):
        return answer
    return "\n".join(lines[first if begins else 0 : -last if ends else None])


def _nearest(lines: Iterable[str]) -> list[str]:
    nearest = list(islice(filter(None, map(str.strip, lines)), CONTEXT_LINES))
    while sum(map(len, nearest)) > CONTEXT_CHARACTERS:
        nearest.pop()
    return nearest


def _repeats(lines: list[str], own: list[str], context: str) -> bool:
    return _alike(lines, context) and not _alike(own, context)


def _alike(lines: list[str], context: str) -> bool:
    return fuzz.ratio("\n".join(lines), context) >= ECHO_SCORE
