"""What a loaded model's tokens are and stand for, by llama.cpp's own functions."""

from __future__ import annotations

import ctypes
from typing import Any

import llama_cpp

PIECE_BYTES = 64
_MARKS = llama_cpp.LLAMA_TOKEN_ATTR_CONTROL | llama_cpp.LLAMA_TOKEN_ATTR_USER_DEFINED


class Tokens:
    """The vocabulary of a model in memory; its child loads it."""

    _model: Any = None
    _vocab: Any = None

    @property
    def vocab(self) -> Any:  # noqa: ANN401 - a pointer
        """The vocabulary, as llama.cpp's own functions take it."""
        return self._vocab

    @property
    def template(self) -> str | None:
        """The chat template that the model brings, if any."""
        found = llama_cpp.llama_model_chat_template(self._model, None)
        return found.decode("utf-8", "replace") if found else None

    @property
    def begin(self) -> str:
        """How the token that begins a text is spelled, or ""."""
        return self.spelling(llama_cpp.llama_vocab_bos(self._vocab))

    @property
    def end(self) -> str:
        """How the token that ends a text is spelled, or ""."""
        return self.spelling(llama_cpp.llama_vocab_eos(self._vocab))

    def tokenise(self, text: str, *, control: bool, begin: bool = False) -> list[int]:
        """Turn text into tokens.

        Args:
            text: what lone surrogates it holds become question marks.
            control: take control tokens spelled out in the text for what they spell. Never for a scan's text.
            begin: put the token before it that begins a text, where the model wants one.
        """
        spelled = text.encode("utf-8", "replace")
        # No token stands for less than a byte; two more for the beginning and the end.
        room = len(spelled) + 2
        tokens = (llama_cpp.llama_token * room)()
        count = llama_cpp.llama_tokenize(self._vocab, spelled, len(spelled), tokens, room, begin, control)
        if count < 0:
            tokens = (llama_cpp.llama_token * -count)()
            count = llama_cpp.llama_tokenize(self._vocab, spelled, len(spelled), tokens, -count, begin, control)
        return list(tokens[: max(count, 0)])

    def piece(self, token: int) -> bytes:
        """The bytes that a token stands for, maybe part of a character; none for control tokens."""
        size = PIECE_BYTES
        while True:
            buffer = ctypes.create_string_buffer(size)
            count = llama_cpp.llama_token_to_piece(self._vocab, token, buffer, size, 0, False)
            if count >= 0:
                return buffer.raw[:count]
            size = -count

    def ends(self, token: int) -> bool:
        """True for every token that ends an answer."""
        return bool(llama_cpp.llama_vocab_is_eog(self._vocab, token))

    def spelling(self, token: int) -> str:
        """How the model file spells a token, or ""."""
        if token < 0:
            return ""
        found = llama_cpp.llama_vocab_get_text(self._vocab, token)
        return found.decode("utf-8", "replace") if found else ""

    def mark(self, token: int) -> str:
        """How a token is spelled that stands for something other than text, such as a turn's end; "" for all others."""
        attributes = llama_cpp.llama_vocab_get_attr(self._vocab, token)
        if not attributes & _MARKS and not self.ends(token):
            return ""
        spelled = self.spelling(token)
        # Runs of white space are "user defined" too, for speed; and a single character cannot be spelled otherwise.
        return spelled if len(spelled.strip()) > 1 else ""
