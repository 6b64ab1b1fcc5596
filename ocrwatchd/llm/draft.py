"""A source text as the draft of its correction: what the model will write next is most likely what stands there.

A correction mostly copies. So a pointer into the source proposes the next tokens, and the model only has to agree,
many tokens in one forward pass, instead of writing them one by one: aggressive decoding (Sun et al. 2021,
"Instantaneous Grammatical Error Correction with Shallow Aggressive Decoding"), inference with reference (Yang et al.
2023, "Inference with Reference: Lossless Acceleration of Large Language Models") and prompt look-up (Saxena 2023,
"Prompt Lookup Decoding"). A draft can only be more or less useful, never wrong.

The pointer counts bytes, for around an edit the answer's tokens are cut differently from the source's. After an edit
it is set where the answer and the source, from where they parted, differ least, if possible at the end of a word; a
longer stretch of the answer that is found again near the pointer outdoes that. Pure: it sees document text and so
never logs.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import NamedTuple

WINDOW_BYTES = 64
"""So far behind the place where answer and source parted it is looked for where the answer goes on."""

ANCHOR_BYTES = 9
"""So many of the answer's last bytes, found again, are no accident."""

ANCHOR_WINDOW_BYTES = 600
"""They are looked for so far from the pointer: some lines, that a model may leave out or repeat."""

LEAST_BYTES = (3.4, 2.2)
"""Bytes a token, in words of several: what real words have, and what some have."""

GRADES = 2 + len(LEAST_BYTES)
"""Kinds of words: of one token, and these."""

INSIDE_A_WORD = 0.6
"""What it counts, in bytes, when the answer would go on within a word of the source."""

SURE_BYTES = 3
"""An edit is over when answer and source have agreed for so long."""

FRESH = 2 * GRADES
"""The kind of the first token after an edit."""

KINDS = FRESH + 1


class Proposed(NamedTuple):
    """A token that may come next, and its kind: those of one kind are right about equally often."""

    token: int
    kind: int


class Draft:
    """One source text and how far its answer has come.

    Args:
        source: its tokens.
        pieces: the bytes that each of them stands for.
        tokenise: the tokens of a part of it; asked where the answer goes on in the midst of a token.
    """

    def __init__(
        self,
        source: Sequence[int],
        pieces: Sequence[bytes],
        tokenise: Callable[[bytes], Sequence[int]] = lambda _: (),
    ) -> None:
        self._source = [Proposed(token, kind) for token, kind in zip(source, _kinds(pieces), strict=True)]
        self._text = b"".join(pieces)
        starts = accumulate(map(len, pieces), initial=0)
        self._numbers = {start: number for number, start in reversed([*enumerate(starts)])}
        self._words = [start for start in self._numbers if self._text[start : start + 1].isspace()][::-1]
        self._tokenise = tokenise
        self._answer = bytearray()
        self._place = self._agreed = 0
        self._parting: _Parting | None = None

    def ahead(self, most: int) -> list[Proposed]:
        """The next tokens if the answer goes on as the source does, up to ``most``; none at the source's end."""
        number = self._numbers.get(self._place)
        found: list[Proposed] = []
        if number is None:
            following = bisect_left(self._words, self._place)
            end = self._words[following] if following < len(self._words) else len(self._text)
            found = [Proposed(token, FRESH) for token in self._tokenise(self._text[self._place : end])]
            number = self._numbers[end]
        if len(found) < most:
            found += self._source[number : number + most - len(found)]
        if found and self._parting:
            found[0] = Proposed(found[0].token, FRESH)
        return found[:most]

    def hear(self, piece: bytes) -> None:
        """The answer goes on with these bytes."""
        self._answer += piece
        if self._text.startswith(piece, self._place):
            self._place += len(piece)
            self._agreed += len(piece)
            # A comma agrees by chance; a word hardly.
            if self._agreed >= SURE_BYTES:
                self._parting = None
            elif self._parting:
                self._parting.write(piece)
            return
        self._agreed = 0
        self._parting = self._parting or _Parting(self._text, self._place)
        self._parting.write(piece)
        anchored = self._anchored()
        self._place = self._parting.place() if anchored is None else anchored

    def _anchored(self) -> int | None:
        """Where the source goes on after what the answer ends with, as near to the pointer as there is."""
        anchor = bytes(self._answer[-ANCHOR_BYTES:])
        if len(anchor) < ANCHOR_BYTES:
            return None
        low, high = max(0, self._place - ANCHOR_WINDOW_BYTES), self._place + ANCHOR_WINDOW_BYTES
        middle = max(0, self._place - ANCHOR_BYTES)
        found = self._text.find(anchor, middle, high), self._text.rfind(anchor, low, middle + ANCHOR_BYTES)
        ends = [at + ANCHOR_BYTES for at in found if at >= 0]
        return min(ends, key=lambda end: abs(end - self._place), default=None)


class _Parting:
    """Aligns what was written since answer and source parted with the source from there: one row of Levenshtein's."""

    def __init__(self, text: bytes, start: int) -> None:
        self._text, self._start = text, start
        self._row = list(range(len(text[start : start + WINDOW_BYTES]) + 1))

    def write(self, piece: bytes) -> None:
        text = self._text[self._start : self._start + WINDOW_BYTES]
        for byte in piece:
            row = [self._row[0] + 1]
            for at, own in enumerate(text):
                row.append(min(self._row[at] + (own != byte), self._row[at + 1] + 1, row[at] + 1))
            self._row = row

    def place(self) -> int:
        """Where in the source the answer goes on, most likely."""
        text, start = self._text, self._start

        def cost(at: int) -> float:
            inside = 0 < start + at < len(text) and _within_word(text, start + at)
            return self._row[at] + INSIDE_A_WORD * inside

        return start + min(range(len(self._row)), key=cost)


def _within_word(text: bytes, at: int) -> bool:
    return _is_letter(text[at - 1]) and _is_letter(text[at])


def _is_letter(byte: int) -> bool:
    return byte >= 0x80 or chr(byte).isalnum()  # a byte of a letter beyond ASCII


def _kinds(pieces: Sequence[bytes]) -> list[int]:
    """By how many bytes a token of their word has, for what was misread falls apart; and whether they begin it."""
    kinds: list[int] = []
    first = 0
    for number in range(1, len(pieces) + 1):
        if number == len(pieces) or not (pieces[number] and _is_letter(pieces[number][0])):
            count = number - first
            size = sum(map(len, pieces[first:number])) / count
            worst = 0 if count == 1 else 1 + sum(size < least for least in LEAST_BYTES)
            kinds += [worst, *[GRADES + worst] * (count - 1)]
            first = number
    return kinds
