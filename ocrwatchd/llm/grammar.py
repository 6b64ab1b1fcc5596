"""Hold an answer to a JSON Schema while it is made: of the next tokens only those count that the schema allows.

llama-cpp-python turns a schema into llama.cpp's grammar, which says of each token whether it may come next. What the
converter does not know of JSON Schema it leaves out, and what it refuses is asked for without a grammar: the finished
answer is held against the schema in any case, so this is a help and no promise.
"""

from __future__ import annotations

import ctypes
import json
import math
import re
from functools import lru_cache
from typing import Any, Self

import llama_cpp
import numpy as np
import numpy.typing as npt
import structlog
from llama_cpp.llama_grammar import json_schema_to_gbnf

from ocrwatchd.llm.native import Native, NativeFailure
from ocrwatchd.llm.protocol import Schema

LONGEST_CHARACTERS = 20_000
"""A longer grammar is refused by llama.cpp as a rule, which writes all of it to standard error then."""

_MANY = re.compile(r'(?:Items|Length|Properties)": *\d{4}|\{\d*,?\d{4}')
"""Repetitions that the converter would write out one by one."""

_ROOT = b"root"
_CANDIDATE = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])

log = structlog.get_logger()


class Grammar:
    """How far an answer has come, by llama.cpp's grammar; see ``of``.

    Args:
        native: the model.
        sampler: llama.cpp's, freed by ``close``.
    """

    def __init__(self, native: Native, sampler: Any) -> None:  # noqa: ANN401 - a pointer
        self._native = native
        self._sampler = sampler

    @classmethod
    def of(cls, native: Native, schema: Schema) -> Self | None:
        """The grammar of a schema; None where there is none for it."""
        written = _written(json.dumps(schema))
        sampler = llama_cpp.llama_sampler_init_grammar(native.vocab, written.encode(), _ROOT) if written else None
        return cls(native, sampler) if sampler else None

    def choose(self, logits: npt.NDArray[np.float32]) -> int:
        """The likeliest token that may come next.

        Args:
            logits: of each token: (vocabulary,).

        Raises:
            NativeFailure: none may.
        """
        # As a rule the likeliest of all may, and looking at one token is faster than at all of them.
        likeliest = np.array([int(np.argmax(logits))], np.int32)
        allowed = self._allowed(likeliest, logits)
        if allowed is None:
            allowed = self._allowed(np.arange(len(logits), dtype=np.int32), logits)
        if allowed is None:
            raise NativeFailure("none of the model's tokens fits the task's json_schema")
        return allowed

    def accept(self, token: int) -> None:
        """A token was said that ``choose`` gave."""
        llama_cpp.llama_sampler_accept(self._sampler, token)

    def close(self) -> None:
        """Free the native memory."""
        llama_cpp.llama_sampler_free(self._sampler)

    def _allowed(self, tokens: npt.NDArray[np.int32], logits: npt.NDArray[np.float32]) -> int | None:
        """The likeliest of these tokens that may come next."""
        candidates = np.zeros(len(tokens), _CANDIDATE)
        candidates["id"], candidates["logit"] = tokens, logits[tokens]
        array = llama_cpp.llama_token_data_array(
            candidates.ctypes.data_as(ctypes.POINTER(llama_cpp.llama_token_data)), len(tokens), -1, False
        )
        llama_cpp.llama_sampler_apply(self._sampler, ctypes.byref(array))
        best = candidates[int(np.argmax(candidates["logit"]))]
        return int(best["id"]) if best["logit"] > -math.inf else None


@lru_cache(maxsize=64)
def _written(schema: str) -> str:
    """A schema as llama.cpp's grammar; "" where it is none."""
    why = "long"
    try:
        written = "" if _MANY.search(schema) else str(json_schema_to_gbnf(schema))
        if 0 < len(written) <= LONGEST_CHARACTERS:
            return written
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError, AssertionError) as error:
        why = type(error).__name__
    log.info("task.unguided", why=why, note="answers are held against json_schema only once they are there")
    return ""
