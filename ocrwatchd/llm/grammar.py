"""Keep an answer to a JSON Schema during decoding: the schema decides which tokens may come next.

llama-cpp-python turns a schema into llama.cpp's grammar. The converter ignores keywords that it does not know, and a
schema that it refuses is used without a grammar: the finished answer is validated against the schema in any case.
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
"""llama.cpp usually refuses a longer grammar, and then writes all of it to standard error."""

_MANY = re.compile(r'(?:Items|Length|Properties)": *\d{4}|\{\d*,?\d{4}')
"""Repetitions that the converter writes out one by one."""

_ROOT = b"root"
_CANDIDATE = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])

log = structlog.get_logger()


class Grammar:
    """The state of an answer in llama.cpp's grammar; ``close`` frees the native ``sampler``."""

    def __init__(self, sampler: Any) -> None:  # noqa: ANN401 - a pointer
        self._sampler = sampler

    @classmethod
    def of(cls, native: Native, schema: Schema) -> Self | None:
        """The grammar of a schema; None for a schema without a grammar."""
        written = _written(json.dumps(schema))
        sampler = llama_cpp.llama_sampler_init_grammar(native.vocab, written.encode(), _ROOT) if written else None
        return cls(sampler) if sampler else None

    def choose(self, logits: npt.NDArray[np.float32]) -> int:
        """Choose the likeliest allowed token by the logits (vocabulary,).

        Raises:
            NativeFailure: no token is allowed.
        """
        # The likeliest token is usually allowed, and checking one token is faster than checking all.
        likeliest = np.array([int(np.argmax(logits))], np.int32)
        allowed = self._allowed(likeliest, logits)
        if allowed is None:
            allowed = self._allowed(np.arange(len(logits), dtype=np.int32), logits)
        if allowed is None:
            raise NativeFailure("none of the model's tokens fits the task's json_schema")
        return allowed

    def accept(self, token: int) -> None:
        """Advance by a token from ``choose``."""
        llama_cpp.llama_sampler_accept(self._sampler, token)

    def close(self) -> None:
        llama_cpp.llama_sampler_free(self._sampler)

    def _allowed(self, tokens: npt.NDArray[np.int32], logits: npt.NDArray[np.float32]) -> int | None:
        """The likeliest allowed token of these."""
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
    """Write a schema as llama.cpp's grammar; "" if the converter refuses it."""
    why = "long"
    try:
        written = "" if _MANY.search(schema) else str(json_schema_to_gbnf(schema))
        if 0 < len(written) <= LONGEST_CHARACTERS:
            return written
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError, AssertionError) as error:
        why = type(error).__name__
    log.info("task.unguided", why=why, note="answers are held against json_schema only once they are there")
    return ""
