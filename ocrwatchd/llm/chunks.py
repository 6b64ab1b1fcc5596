"""Cut a page's text into chunks of whole lines, each short enough for a model to answer in one go."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

CHUNK_MIN_WORDS = 100
"""From here on a blank line ends the chunk."""

CHUNK_MAX_WORDS = 250
"""A line that would take the chunk past this begins the next one."""

CHUNK_MAX_CHARACTERS = 2500
"""The same bound for scripts without spaces and for words without end."""


class Chunk(NamedTuple):
    """A piece of a page's text, ``offset`` code points from its beginning."""

    offset: int
    text: str


def split(text: str) -> tuple[Chunk, ...]:
    """Cut ``text`` into chunks that give it exactly when joined.

    Lines stay whole, except one that is too long for any chunk: that is cut between words, or anywhere at all where
    even a word is too long.
    """
    chunks: list[Chunk] = []
    pieces: list[str] = []
    offset = count = characters = 0
    for piece in _pieces(text):
        size = len(piece.split())
        full = count + size > CHUNK_MAX_WORDS or characters + len(piece) > CHUNK_MAX_CHARACTERS
        paragraph_over = count >= CHUNK_MIN_WORDS and not pieces[-1].strip() and size > 0
        if pieces and (full or paragraph_over):
            chunks.append(Chunk(offset, "".join(pieces)))
            offset += characters
            pieces, count, characters = [], 0, 0
        pieces.append(piece)
        count += size
        characters += len(piece)
    if pieces:
        chunks.append(Chunk(offset, "".join(pieces)))
    return tuple(chunks)


def _pieces(text: str) -> Iterator[str]:
    """Yield the lines with their line breaks, those that fit no chunk in parts."""
    for match in re.finditer(r"[^\n]*\n|[^\n]+", text):
        line = match.group()
        if len(line) <= CHUNK_MAX_CHARACTERS and len(line.split()) <= CHUNK_MAX_WORDS:
            yield line
        else:
            yield from _parts(line)


def _parts(line: str) -> Iterator[str]:
    """Cut one over-long line behind the white space that follows a word."""
    first = words = 0
    for match in re.finditer(r"\s*\S+\s*|\s+", line):
        if first < match.start() and (words == CHUNK_MAX_WORDS or match.end() - first > CHUNK_MAX_CHARACTERS):
            yield line[first : match.start()]
            first, words = match.start(), 0
        while match.end() - first > CHUNK_MAX_CHARACTERS:
            yield line[first : first + CHUNK_MAX_CHARACTERS]
            first += CHUNK_MAX_CHARACTERS
        words += 1
    if first < len(line):
        yield line[first:]
