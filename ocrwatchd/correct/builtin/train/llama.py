"""A GGUF model of ours in llama.cpp, as ``format.Reader``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import gguf
import llama_cpp
import numpy as np

from ocrwatchd.correct.builtin.vocabulary import Vocabulary

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt

CONTEXT_TOKENS = 1024
BATCH_TOKENS = 256


@llama_cpp.llama_log_callback  # type: ignore[untyped-decorator]
def _silent(_level: int, _text: bytes, _data: object) -> None:
    """Say nothing."""


class Llama:
    """A model and its context.

    Args:
        path: of the GGUF file.
        threads: for llama.cpp.
    """

    def __init__(self, path: Path, threads: int = 2) -> None:
        llama_cpp.llama_log_set(_silent, None)
        llama_cpp.llama_backend_init()
        self._model = llama_cpp.llama_model_load_from_file(os.fsencode(path), llama_cpp.llama_model_default_params())
        if not self._model:
            raise SystemExit(f"{path}: llama.cpp cannot load it")
        settings = llama_cpp.llama_context_default_params()
        settings.n_ctx, settings.n_batch, settings.n_ubatch = CONTEXT_TOKENS, BATCH_TOKENS, BATCH_TOKENS
        settings.n_threads = settings.n_threads_batch = threads
        self._context = llama_cpp.llama_init_from_model(self._model, settings)
        self._memory = llama_cpp.llama_get_memory(self._context)
        self._batch = llama_cpp.llama_batch_init(BATCH_TOKENS, 0, 1)
        self._size = int(llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(self._model)))
        self._length = 0

    def read(self, tokens: Sequence[int], places: Sequence[int]) -> npt.NDArray[np.float32]:
        """See ``format.Reader``."""
        wanted = set(places)
        batch = self._batch
        batch.n_tokens = len(tokens)
        for index, token in enumerate(tokens):
            batch.token[index], batch.pos[index] = token, self._length + index
            batch.n_seq_id[index], batch.seq_id[index][0] = 1, 0
            batch.logits[index] = index in wanted
        code = llama_cpp.llama_decode(self._context, batch)
        if code:
            raise RuntimeError(f"llama_decode: {code}")
        self._length += len(tokens)
        rows = [
            np.ctypeslib.as_array(llama_cpp.llama_get_logits_ith(self._context, place), shape=(self._size,)).copy()
            for place in places
        ]
        return np.stack(rows) if rows else np.zeros((0, self._size), np.float32)

    def forget(self, length: int) -> None:
        """See ``format.Reader``."""
        if length < self._length:
            llama_cpp.llama_memory_seq_rm(self._memory, 0, length, -1)
            self._length = length


def vocabulary_of(path: Path) -> Vocabulary:
    """The vocabulary that a model brings."""
    field = gguf.GGUFReader(path).fields["tokenizer.ggml.tokens"]
    return Vocabulary.of_tokens([str(spelled) for spelled in field.contents()])
