"""A loaded llama.cpp model and its context, by the low-level functions of llama-cpp-python.

``llama_cpp.Llama`` keeps the logits of a whole batch (300 MB with a 150,000-token vocabulary) and turns control tokens
written in a scan into real ones; this module fetches single rows of logits.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import llama_cpp
import numpy as np
import numpy.typing as npt
import structlog

from ocrwatchd.core.config.profile import Llm
from ocrwatchd.core.errors import ModelUnavailable
from ocrwatchd.llm import complaints
from ocrwatchd.llm.gpu_layers import placed
from ocrwatchd.llm.prefix_tree import Tree
from ocrwatchd.llm.token_cache import Tokens
from ocrwatchd.llm.tree_pass import Taken, passes

BATCH_TOKENS = 256
"""Tokens a forward pass; deadlines are checked between passes, and a pass takes seconds on a slow machine."""

ALL_LAYERS = 0x7FFFFFFF

log = structlog.get_logger()


class NativeFailure(Exception):
    """A forward pass failed; the chunk at hand stays raw."""


class Native(Tokens):
    """One model in memory, with one context.

    Its forward passes raise ``NativeFailure`` if llama.cpp fails.

    Args:
        path: a GGUF file from ``models.resolve``.
        llm: context size, GPU layers, threads.
        sequences: number of sequences in the context; see ``branches`` and ``score``.

    Raises:
        ModelUnavailable: the file is damaged, too large for the memory, or llama.cpp cannot run this kind of model.
    """

    def __init__(self, path: Path, llm: Llm, sequences: int = 1) -> None:
        self._sequences = sequences
        self._threads = llm.threads or len(os.sched_getaffinity(0))
        complaints.listen()
        llama_cpp.llama_backend_init()
        self._context: Any = None
        self._batch: Any = None
        self._on_gpu = False
        try:
            self._place(path, llm)
        except BaseException:
            self.close()
            raise

    def _place(self, path: Path, llm: Llm) -> None:
        """Load with as many layers on the GPU as fit; log once if they are fewer than configured."""

        def load(layers: int) -> None:
            self.close()
            complaints.forget()
            self._load(path, llm, layers)

        def count() -> int:
            load(0)
            return int(llama_cpp.llama_model_n_layer(self._model)) + 1  # the output counts as one

        asked = gpu_layers(llm)
        layers = placed(asked, load, count)
        if layers < asked and str(path) not in _warned:
            _warned.add(str(path))
            log.warning("model.gpu_full", model=path.name, gpu_layers=layers, note="the other layers run on the CPU")
        self._on_gpu = layers > 0
        log.info("model.loaded", model=path.name, context=self.context, threads=self._threads)

    def _load(self, path: Path, llm: Llm, layers: int) -> None:
        settings = llama_cpp.llama_model_default_params()
        settings.n_gpu_layers = layers
        if b"AMX_INT8 = 1" in llama_cpp.llama_print_system_info():
            # GCC 12 keeps 8 of the 64 bytes of the tile configuration of AMX (amxtileintrin.h): the first pass of some
            # tokens ends in SIGILL. Without extra buffers llama.cpp uses AVX-512.
            settings.use_extra_bufts = False
        self._model = llama_cpp.llama_model_load_from_file(os.fsencode(path), settings)
        if not self._model:
            raise ModelUnavailable(
                f"{path}: llama.cpp cannot load this model{complaints.said()}; download it again or use another"
            )
        if not llama_cpp.llama_model_has_decoder(self._model) or llama_cpp.llama_model_has_encoder(self._model):
            raise ModelUnavailable(f"{path}: this model does not write text; use one made for chat or instructions")
        self._vocab = llama_cpp.llama_model_get_vocab(self._model)
        self.vocabulary = int(llama_cpp.llama_vocab_n_tokens(self._vocab))
        self._open_context(path, llm, layers)
        self._batch = llama_cpp.llama_batch_init(BATCH_TOKENS, 0, self._sequences)
        self.context = int(llama_cpp.llama_n_ctx(self._context))
        self._memory: Any = llama_cpp.llama_get_memory(self._context)

    def _open_context(self, path: Path, llm: Llm, layers: int) -> None:
        trained = int(llama_cpp.llama_model_n_ctx_train(self._model))
        settings = llama_cpp.llama_context_default_params()
        settings.n_ctx = min(llm.context_size, trained) if trained else llm.context_size
        settings.n_batch = settings.n_ubatch = min(BATCH_TOKENS, settings.n_ctx)
        # One memory for all sequences holds a shared token once.
        settings.n_seq_max, settings.kv_unified = self._sequences, self._sequences > 1
        # Keep all cells of a sliding window: else llama.cpp rolls back without an error though cells are lost.
        settings.swa_full = True
        settings.n_threads = settings.n_threads_batch = self._threads
        if not layers:
            # Flash attention is no faster on a CPU, and changes logits of passes of 64 tokens and more by up to 0.2.
            settings.flash_attn_type = llama_cpp.LLAMA_FLASH_ATTN_TYPE_DISABLED
        self._context = llama_cpp.llama_init_from_model(self._model, settings)
        if not self._context:
            raise ModelUnavailable(
                f"{path}: no room for a context of {settings.n_ctx} tokens{complaints.said()}; "
                "lower llm.context_size or llm.gpu_layers, or use a smaller model"
            )

    def advance(self, tokens: Sequence[int], position: int) -> int:
        """Decode up to ``BATCH_TOKENS`` tokens at ``position``; return the likeliest next token."""
        last = len(tokens) - 1
        self._decode(tokens, position, {last})
        return int(np.argmax(self._logits(last)))

    def choices(self, tokens: Sequence[int], position: int) -> Iterator[int]:
        """Like ``advance``, but after each token; lazy, so read all results before the next pass."""
        self._decode(tokens, position, set(range(len(tokens))))
        return (int(np.argmax(self._logits(place))) for place in range(len(tokens)))

    def logits(self, tokens: Sequence[int], position: int, places: Sequence[int]) -> npt.NDArray[np.float32]:
        """Decode up to ``BATCH_TOKENS`` tokens at ``position``.

        Returns:
            The logits after the tokens with the indices ``places``: (places, vocabulary).
        """
        self._decode(tokens, position, set(places))
        rows = np.empty((len(places), self.vocabulary), np.float32)
        for row, place in enumerate(places):
            rows[row] = self._logits(place)  # copied: the next pass overwrites llama.cpp's array
        return rows

    def branches(
        self, tokens: Sequence[int], positions: Sequence[int], sequences: Sequence[Sequence[int]], length: int
    ) -> npt.NDArray[np.float32]:
        """Decode a tree of tokens behind the first ``length`` tokens of the context, and forget the tree.

        Args:
            tokens: up to ``BATCH_TOKENS``, each behind its parent.
            positions: of each token, from ``length`` on.
            sequences: of each token, from 1 on.
            length: tokens of the trunk, which is sequence 0.

        Returns:
            The logits after each token: (tokens, vocabulary).
        """
        with self._grown({each for row in sequences for each in row}, length):
            self._run([Taken(*each, row=True) for each in zip(tokens, positions, sequences, strict=True)])
            return np.stack([self._logits(place) for place in range(len(tokens))])

    def score(self, tokens: Sequence[int], tree: Tree, position: int) -> list[float]:
        """Decode tokens at ``position``, score a tree behind them, and forget the tree.

        Args:
            tokens: from 1 to ``BATCH_TOKENS`` less ``MOST_ROWS``; the last one is the tree's first node.
            tree: spellings; for a model without roll-back exactly one, which stays in the context.
            position: number of tokens in the context before them.

        Returns:
            ln P of each node behind its ancestors; 0 for a node that all of several spellings share.
        """
        told = [0.0] * len(tree.tokens)
        with self._grown({1 + leaf for leaf in tree.leaves[0]} if self.rolls_back else set(), position):
            for taken, asked in passes(tokens, tree, position, branches=self.rolls_back):
                self._run(taken)
                for place, nodes in enumerate(asked):
                    if nodes:
                        row = self._logits(place)
                        most = float(row.max())
                        total = most + float(np.log(np.exp(row - most).sum()))
                        for node in nodes:
                            told[node] = float(row[tree.tokens[node]]) - total
        return told

    @contextmanager
    def _grown(self, sequences: set[int], length: int) -> Iterator[None]:
        """Start sequences as copies of the trunk's first tokens; drop them in the end."""
        for each in sequences:
            llama_cpp.llama_memory_seq_cp(self._memory, 0, each, 0, length)
        try:
            yield
        finally:
            for each in sequences:
                llama_cpp.llama_memory_seq_rm(self._memory, each, -1, -1)

    def _decode(self, tokens: Sequence[int], position: int, places: set[int]) -> None:
        self._run([Taken(token, position + at, (0,), at in places) for at, token in enumerate(tokens)])

    def _run(self, taken: Sequence[Taken]) -> None:
        batch = self._batch
        batch.n_tokens = len(taken)
        for index, each in enumerate(taken):
            batch.token[index], batch.pos[index], batch.logits[index] = each.token, each.position, each.row
            batch.n_seq_id[index] = len(each.sequences)
            for number, sequence in enumerate(each.sequences):
                batch.seq_id[index][number] = sequence
        code = llama_cpp.llama_decode(self._context, self._batch)
        if code:
            # -2 and -3 may mean that the GPU's memory is full.
            remedy = "; where this goes on, lower llm.gpu_layers" if code < 0 and self._on_gpu else ""
            raise NativeFailure(f"the model failed (llama_decode: {code}){remedy}")

    def _logits(self, place: int) -> npt.NDArray[np.float32]:
        logits = llama_cpp.llama_get_logits_ith(self._context, place)
        if not logits:
            raise NativeFailure("the model gives no tokens; use one made for chat or instructions")
        return np.ctypeslib.as_array(logits, shape=(self.vocabulary,))

    @property
    def rolls_back(self) -> bool:
        """Whether the context can forget its last tokens alone; a recurrent state cannot."""
        return not (llama_cpp.llama_model_is_recurrent(self._model) or llama_cpp.llama_model_is_hybrid(self._model))

    def forget(self, position: int) -> bool:
        """Drop the tokens from ``position`` on; False if this model can only forget all of them."""
        return bool(llama_cpp.llama_memory_seq_rm(self._memory, 0, position, -1))

    def forget_all(self) -> None:
        """Empty the context."""
        llama_cpp.llama_memory_clear(self._memory, False)

    def close(self) -> None:
        """Free the native memory; a second call does nothing."""
        if self._batch is not None:
            llama_cpp.llama_batch_free(self._batch)
            self._batch = None
        if self._context:
            llama_cpp.llama_free(self._context)
            self._context = None
        if self._model:
            llama_cpp.llama_model_free(self._model)
            self._model = None


_warned: set[str] = set()


def gpu_layers(llm: Llm) -> int:
    """The number of layers for the GPU: all if llama.cpp was built for GPUs, else none."""
    offers = bool(llama_cpp.llama_supports_gpu_offload())
    if llm.gpu_layers == "auto":
        return ALL_LAYERS if offers else 0
    if llm.gpu_layers and not offers:
        if "gpu" not in _warned:
            _warned.add("gpu")
            note = "llm.gpu_layers: llama-cpp-python was built without GPU support; the model runs on the CPU"
            log.warning("config.no_effect", note=note)
        return 0
    return llm.gpu_layers
