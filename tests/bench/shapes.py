"""Write large GGUF models for measuring: Qwen2.5's shapes, random weights in Q8_0, a vocabulary learned from words.

What a forward pass costs does not depend on what the weights are; how an answer falls into tokens depends on the
vocabulary, which is therefore a real one: byte-pair merges (Sennrich et al. 2016, "Neural Machine Translation of Rare
Words with Subword Units") learned from the English words that the package knows, padded to Qwen's size.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import gguf
import numpy as np

from ocrwatchd.llm.builtin.suggestions import WORDS
from tests.gguf_factory import END, START, TEMPLATE, TEXT_END, byte_tokens

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VOCABULARY = 151_936
CONTEXT_TOKENS = 32_768
WORDS_LEARNED, MERGES = 10_000, 8_000
FLATTENING = 10
"""A word's weight is one by its rank and so much."""

CAPITAL, ALONE = 0.1, 0.05
"""How often a word has a capital, and how often no space before it, beside how often it has neither."""

LARGEST_QUANT = 127
BLOCK = 32  # numbers that share a scale in Q8_0


SPELLED = byte_tokens()


class Shape(NamedTuple):
    """What a model's passes cost depends on: numbers of its config.json."""

    width: int
    feed_forward: int
    layers: int
    heads: int
    key_heads: int


SHAPES = {"0.5B": Shape(896, 4864, 24, 14, 2), "3B": Shape(2048, 11008, 36, 16, 2)}


def written(path: Path, shape: Shape) -> Path:
    """Write a model of this shape: half a gigabyte for 0.5B, 3.4 for 3B."""
    merges = learned(WORDS.read_text("utf-8").split()[:WORDS_LEARNED])
    writer = gguf.GGUFWriter(path, "qwen2")
    writer.add_name("random weights")
    writer.add_context_length(CONTEXT_TOKENS)
    writer.add_embedding_length(shape.width)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_block_count(shape.layers)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.key_heads)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_freq_base(1e6)
    writer.add_vocab_size(VOCABULARY)
    _add_vocabulary(writer, merges)
    _add_tensors(writer, shape)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def learned(words: list[str]) -> list[tuple[str, str]]:
    """Byte-pair merges for words, the commonest first, spelled as byte-level tokenizers spell them."""
    return [*_Pairs(_weighted(words)).merges(MERGES)]


def _weighted(words: list[str]) -> dict[str, float]:
    """How often each form of a word comes, by Zipf's law."""
    weights: Counter[str] = Counter()
    for rank, word in enumerate(words):
        weight = 1 / (rank + FLATTENING)
        for form, share in ((f" {word}", 1.0), (f" {word.title()}", CAPITAL), (word, ALONE), (word.title(), ALONE)):
            weights["".join(SPELLED[byte] for byte in form.encode())] += weight * share
    return weights


class _Pairs:
    """Counts neighbours in words while they are merged."""

    def __init__(self, weights: dict[str, float]) -> None:
        self._spellings = [[*word] for word in weights]
        self._weights = [*weights.values()]
        self._counts: Counter[tuple[str, str]] = Counter()
        self._holders: dict[tuple[str, str], set[int]] = defaultdict(set)
        for number in range(len(self._spellings)):
            self._count(number)

    def merges(self, most: int) -> Iterator[tuple[str, str]]:
        """The commonest pair each time, merged wherever it stands."""
        heap = [(-count, pair) for pair, count in self._counts.items()]
        heapq.heapify(heap)
        while heap and most:
            count, pair = heapq.heappop(heap)
            if -count > self._counts[pair] * (1 + 1e-9):
                if self._counts[pair] > 0:
                    heapq.heappush(heap, (-self._counts[pair], pair))
                continue
            most -= 1
            yield pair
            for new in sorted(self._merge(pair)):
                heapq.heappush(heap, (-self._counts[new], new))

    def _merge(self, pair: tuple[str, str]) -> set[tuple[str, str]]:
        changed: set[tuple[str, str]] = set()
        for number in self._holders.pop(pair):
            for old in pairwise(self._spellings[number]):
                self._counts[old] -= self._weights[number]
            _merge(self._spellings[number], pair)
            changed |= self._count(number)
        self._counts[pair] = 0
        return changed

    def _count(self, number: int) -> set[tuple[str, str]]:
        pairs = [*pairwise(self._spellings[number])]
        for pair in pairs:
            self._counts[pair] += self._weights[number]
            self._holders[pair].add(number)
        return {*pairs}


def _merge(spelling: list[str], pair: tuple[str, str]) -> None:
    at = 0
    while at < len(spelling) - 1:
        if (spelling[at], spelling[at + 1]) == pair:
            spelling[at : at + 2] = ["".join(pair)]
        at += 1


def _add_vocabulary(writer: gguf.GGUFWriter, merges: list[tuple[str, str]]) -> None:
    tokens = [*byte_tokens(), START, END, TEXT_END, *dict.fromkeys("".join(pair) for pair in merges)]
    kinds = [gguf.TokenType.NORMAL] * len(tokens)
    kinds[256 : 256 + 3] = [gguf.TokenType.CONTROL] * 3
    unused = range(VOCABULARY - len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list([*tokens, *(f"[unused {number}]" for number in unused)])
    writer.add_token_types([*kinds, *(gguf.TokenType.UNUSED for _ in unused)])
    writer.add_token_merges([" ".join(pair) for pair in merges])
    writer.add_eos_token_id(tokens.index(END))
    writer.add_add_bos_token(False)
    writer.add_chat_template(TEMPLATE)


def _add_tensors(writer: gguf.GGUFWriter, shape: Shape) -> None:
    rng = np.random.default_rng(1)
    width, keys = shape.width, shape.width // shape.heads * shape.key_heads

    def add(name: str, rows: int, columns: int) -> None:
        writer.add_tensor(name, _quants(rng, rows, columns), raw_dtype=gguf.GGMLQuantizationType.Q8_0)

    def add_even(name: str, size: int, value: float) -> None:
        writer.add_tensor(name, np.full(size, value, np.float32))

    add("token_embd.weight", VOCABULARY, width)
    add_even("output_norm.weight", width, 1.0)
    for layer in range(shape.layers):
        block = f"blk.{layer}"
        add_even(f"{block}.attn_norm.weight", width, 1.0)
        add_even(f"{block}.ffn_norm.weight", width, 1.0)
        for part, rows in (("q", width), ("k", keys), ("v", keys)):
            add(f"{block}.attn_{part}.weight", rows, width)
            add_even(f"{block}.attn_{part}.bias", rows, 0.0)
        add(f"{block}.attn_output.weight", width, width)
        add(f"{block}.ffn_gate.weight", shape.feed_forward, width)
        add(f"{block}.ffn_up.weight", shape.feed_forward, width)
        add(f"{block}.ffn_down.weight", width, shape.feed_forward)


def _quants(rng: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    """A matrix in Q8_0: for each 32 numbers a scale in half precision, then one byte each."""
    blocks = np.empty((rows * columns // BLOCK, 2 + BLOCK), np.uint8)
    scale = np.float16(np.sqrt(3 / columns) / LARGEST_QUANT)
    blocks[:, :2] = np.frombuffer(scale.tobytes(), np.uint8)
    blocks[:, 2:] = rng.integers(-LARGEST_QUANT, LARGEST_QUANT, (len(blocks), BLOCK), np.int8, endpoint=True).view(
        np.uint8
    )
    return blocks.reshape(rows, -1)
