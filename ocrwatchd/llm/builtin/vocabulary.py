"""The built-in model's tokens: bytes, control tokens, and pieces, which are common words. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

BYTES = 256
START, END, FIX, JOIN, DONE, SAME = range(BYTES, BYTES + 6)
CONTROL = ("<|start|>", "<|end|>", "<|fix|>", "<|join|>", "<|done|>", "<|same|>", "<|spare1|>", "<|spare2|>")
FIRST_PIECE = BYTES + len(CONTROL)

SPACE, NEWLINE = 0x20, 0x0A

WORD_TOKENS = 48
"""Of longer words only so much is shown, and nothing is asked about them."""

_RUNS = re.compile(r"[^\W\d_]+|.", re.DOTALL)


def spell(text: str) -> list[int]:
    """The tokens of a repair: its bytes."""
    return list(text.encode("utf-8", "replace"))


class Vocabulary:
    """The tokens: 256 bytes, control tokens, pieces.

    Args:
        pieces: runs of letters that are one token each.
    """

    def __init__(self, pieces: Sequence[str]) -> None:
        self.pieces = tuple(pieces)
        self._numbers = {piece: FIRST_PIECE + number for number, piece in enumerate(self.pieces)}

    @classmethod
    def of_tokens(cls, spellings: Sequence[str]) -> Vocabulary:
        """The vocabulary of a model file, by how all its tokens are spelled there; see ``spellings``."""
        return cls([spelled.removeprefix("<|").removesuffix("|>") for spelled in spellings[FIRST_PIECE:]])

    @property
    def spellings(self) -> list[str]:
        """How the pieces are spelled in a model file, where a single letter would look like its byte."""
        return [piece if len(piece) > 1 else f"<|{piece}|>" for piece in self.pieces]

    def __len__(self) -> int:
        return FIRST_PIECE + len(self.pieces)

    def encode(self, text: str) -> list[int]:
        """The tokens of a source text; what lone surrogates it holds become question marks."""
        tokens: list[int] = []
        for run in _RUNS.findall(text):
            piece = self._numbers.get(run)
            tokens += [piece] if piece is not None else spell(run)
        return tokens

    def decode(self, tokens: Iterable[int]) -> str:
        """The text that tokens spell; control tokens spell nothing."""
        spelled = bytearray()
        for token in tokens:
            if token < BYTES:
                spelled.append(token)
            elif token >= FIRST_PIECE:
                spelled += self.pieces[token - FIRST_PIECE].encode()
        return spelled.decode("utf-8", "replace")
