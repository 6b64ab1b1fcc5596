"""Write tiny GGUF models for tests: architecture llama, byte-level vocabulary, a chat template, half a megabyte.

``noise`` has random weights, and so have ``recurrent`` and ``sliding``, of other architectures. ``recital``
always gives one answer, whatever it is asked: each token's embedding is a random direction, the layers add nothing, and
the output row of the token that shall follow points the same way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import gguf
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import TypeAlias

    Token: TypeAlias = tuple[str, gguf.TokenType]

START, END, TEXT_END = "<|im_start|>", "<|im_end|>", "<|endoftext|>"
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
WIDTH, FEED_FORWARD, HEADS, LAYERS = 64, 128, 4, 2


def byte_tokens() -> list[str]:
    """The 256 bytes as GPT-2's byte-level tokenizers spell them."""
    plain = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    shifted = (chr(0x100 + number) for number in range(256))
    return [chr(byte) if byte in plain else next(shifted) for byte in range(256)]


def noise(
    path: Path, *, seed: int = 7, context: int = 4096, template: str | None = TEMPLATE, marks: Sequence[str] = ()
) -> Path:
    """Write a model with random weights: its answers are bytes without sense, and as a rule without end.

    ``marks`` are "user defined" tokens beside the three control tokens, as chat templates have them too.
    """
    tensors = _random_tensors(np.random.default_rng(seed), 256 + 3 + len(marks))
    return _written(path, tensors, context, template, [(mark, gguf.TokenType.USER_DEFINED) for mark in marks])


def recital(path: Path, answer: str, *, context: int = 4096) -> Path:
    """Write a model that answers everything with ``answer``.

    It says an answer byte by byte if its bytes all differ and hold no newline, any other with one token for the whole.
    """
    own = answer.encode()
    whole = len(set(own)) < len(own) or b"\n" in own
    spoken = [256 + 3, 256 + 1] if whole else [*own, 256 + 1]
    chain = dict(zip([ord("\n"), *spoken], spoken, strict=False))
    rng = np.random.default_rng(1)
    vocabulary = 256 + 3 + whole
    tensors = {name: np.zeros_like(tensor) for name, tensor in _random_tensors(rng, vocabulary).items()}
    directions = rng.standard_normal((vocabulary, WIDTH)).astype(np.float32)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    tensors["token_embd.weight"] = directions
    for token, following in chain.items():
        tensors["output.weight"][following] = directions[token]
    for name, tensor in tensors.items():
        if name.endswith("norm.weight"):
            tensor[:] = 1
    return _written(path, tensors, context, TEMPLATE, [(_spelled(own), gguf.TokenType.NORMAL)] if whole else [])


def recurrent(path: Path, *, seed: int = 7, context: int = 4096) -> Path:
    """Write a model of the architecture mamba with random weights, which cannot take back what it has read."""
    rng = np.random.default_rng(seed)
    inner, states, rank = 2 * WIDTH, 16, 4
    tensors = {name: tensor for name, tensor in _random_tensors(rng).items() if not name.startswith("blk.")}
    for layer in range(LAYERS):
        block = f"blk.{layer}"
        tensors[f"{block}.attn_norm.weight"] = np.ones(WIDTH, np.float32)
        for name, rows, columns in (
            ("ssm_in", 2 * inner, WIDTH),
            ("ssm_conv1d", inner, 4),
            ("ssm_x", rank + 2 * states, inner),
            ("ssm_dt", inner, rank),
            ("ssm_out", WIDTH, inner),
        ):
            weights = rng.standard_normal((rows, columns)) / np.sqrt(columns)
            tensors[f"{block}.{name}.weight"] = weights.astype(np.float32)
        for name in ("ssm_conv1d", "ssm_dt"):
            tensors[f"{block}.{name}.bias"] = np.zeros(inner, np.float32)
        tensors[f"{block}.ssm_a"] = -np.tile(np.arange(1, states + 1, dtype=np.float32), (inner, 1))
        tensors[f"{block}.ssm_d"] = np.ones(inner, np.float32)
    return _written(path, tensors, context, TEMPLATE, mamba=(inner, states, rank))


def sliding(path: Path, *, seed: int = 7, context: int = 4096, window: int = 16) -> Path:
    """Write a model of the architecture gemma3 with random weights; its layers see the last ``window`` tokens."""
    tensors = _random_tensors(np.random.default_rng(seed))
    for layer in range(LAYERS):
        for name, size in (
            ("post_attention_norm", WIDTH),
            ("post_ffw_norm", WIDTH),
            ("attn_q_norm", WIDTH // HEADS),
            ("attn_k_norm", WIDTH // HEADS),
        ):
            tensors[f"blk.{layer}.{name}.weight"] = np.ones(size, np.float32)
    return _written(path, tensors, context, TEMPLATE, window=window)


def _spelled(text: bytes) -> str:
    spelled = byte_tokens()
    return "".join(spelled[byte] for byte in text)


def _random_tensors(rng: np.random.Generator, vocabulary: int = 256 + 3) -> dict[str, np.ndarray]:
    def matrix(rows: int, columns: int) -> np.ndarray:
        return (rng.standard_normal((rows, columns)) / np.sqrt(columns)).astype(np.float32)

    tensors = {"token_embd.weight": matrix(vocabulary, WIDTH), "output.weight": 8 * matrix(vocabulary, WIDTH)}
    tensors["output_norm.weight"] = np.ones(WIDTH, np.float32)
    for layer in range(LAYERS):
        block = f"blk.{layer}"
        for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
            tensors[f"{block}.{part}.weight"] = matrix(WIDTH, WIDTH)
        tensors[f"{block}.ffn_gate.weight"] = matrix(FEED_FORWARD, WIDTH)
        tensors[f"{block}.ffn_up.weight"] = matrix(FEED_FORWARD, WIDTH)
        tensors[f"{block}.ffn_down.weight"] = matrix(WIDTH, FEED_FORWARD)
        for part in ("attn_norm", "ffn_norm"):
            tensors[f"{block}.{part}.weight"] = np.ones(WIDTH, np.float32)
    return tensors


def _written(
    path: Path,
    tensors: dict[str, np.ndarray],
    context: int,
    template: str | None,
    more: Sequence[Token] = (),
    *,
    mamba: tuple[int, int, int] | None = None,
    window: int = 0,
) -> Path:
    writer = gguf.GGUFWriter(path, "mamba" if mamba else "gemma3" if window else "llama")
    if window:
        writer.add_sliding_window(window)
        writer.add_key_length(WIDTH // HEADS)
        writer.add_value_length(WIDTH // HEADS)
    if mamba:
        writer.add_ssm_conv_kernel(4)
        writer.add_ssm_inner_size(mamba[0])
        writer.add_ssm_state_size(mamba[1])
        writer.add_ssm_time_step_rank(mamba[2])
    writer.add_name("tiny")
    writer.add_context_length(context)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(FEED_FORWARD)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_block_count(LAYERS)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(256 + 3 + len(more))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("default")
    spelled = byte_tokens()
    writer.add_token_list([*spelled, START, END, TEXT_END, *(text for text, _ in more)])
    own = [gguf.TokenType.NORMAL] * 256 + [gguf.TokenType.CONTROL] * 3
    writer.add_token_types([*own, *(kind for _, kind in more)])
    # llama.cpp refuses a byte-level vocabulary without merges; this one can never apply, for its result is no token.
    writer.add_token_merges([f"{spelled[0]} {spelled[0]}"])
    writer.add_eos_token_id(256 + 1)
    writer.add_bos_token_id(256 + 2)
    writer.add_add_bos_token(False)
    if template is not None:
        writer.add_chat_template(template)
    for name, tensor in tensors.items():
        writer.add_tensor(name, tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
