"""Export: ``python -m ocrwatchd.training.export CHECKPOINT --out model.gguf``.

Writes GGUF for llama.cpp and compares its logits with PyTorch's on some samples.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import torch

from ocrwatchd.core.config.profile import Llm
from ocrwatchd.llm.builtin.model import CONTEXT_TOKENS, NativeReader
from ocrwatchd.llm.builtin.vocabulary import BYTES, CONTROL, END, FIRST_PIECE, START, Vocabulary
from ocrwatchd.llm.native import Native
from ocrwatchd.training.network import EPSILON, HEAD_WIDTH, ROPE_BASE, Network, Size

NAME = "ocrwatchd builtin"
TEMPLATE = (
    "{% for message in messages %}{% if message['role'] == 'user' %}<|start|>{{ message['content'] }}"
    "{% endif %}{% endfor %}"
)
"""For programs that need a template: without the driver in ``format`` the model answers with its next decision."""

TOLERANCE = 1.0
"""Largest difference of two logits that rounding to Q8_0 may cause."""

SAMPLES = ("Th1s 1s 4 s4mpl3 t3xt w1th s0me OCR err0rs.", "Tho president has appomted John H. Pitts, No. 4711.\nOn tbe")


def loaded(path: Path) -> tuple[Network, Vocabulary]:
    """The network and vocabulary of a checkpoint."""
    held = torch.load(path, map_location="cpu", weights_only=True)
    network = Network(Size(*held["size"]))
    network.load_state_dict(held["weights"])
    return network.eval(), Vocabulary(held["pieces"])


def byte_tokens() -> list[str]:
    """The 256 bytes as GPT-2's byte-level tokenizers spell them."""
    plain = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    shifted = (chr(0x100 + number) for number in range(256))
    return [chr(byte) if byte in plain else next(shifted) for byte in range(256)]


def write(network: Network, known: Vocabulary, path: Path) -> None:
    """Write GGUF with matrices in Q8_0."""
    size = network.size
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name(NAME)
    writer.add_license("MIT")
    writer.add_context_length(CONTEXT_TOKENS)
    writer.add_embedding_length(size.width)
    writer.add_feed_forward_length(size.inner)
    writer.add_head_count(size.heads)
    writer.add_head_count_kv(size.heads)
    writer.add_block_count(size.layers)
    writer.add_rope_dimension_count(HEAD_WIDTH)
    writer.add_rope_freq_base(ROPE_BASE)
    writer.add_layer_norm_rms_eps(EPSILON)
    writer.add_vocab_size(len(known))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("default")
    spelled = byte_tokens()
    writer.add_token_list([*spelled, *CONTROL, *known.spellings])
    kinds = gguf.TokenType
    writer.add_token_types([kinds.NORMAL] * BYTES + [kinds.CONTROL] * len(CONTROL) + [kinds.NORMAL] * len(known.pieces))
    # llama.cpp refuses a byte-level vocabulary without merges; this one can never apply, for its result is no token.
    writer.add_token_merges([f"{spelled[0]} {spelled[0]}"])
    writer.add_bos_token_id(START)
    writer.add_eos_token_id(END)
    writer.add_add_bos_token(False)
    writer.add_chat_template(TEMPLATE)
    for name, weight in network.state_dict().items():
        _add(writer, name, weight.float().numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _add(writer: gguf.GGUFWriter, name: str, values: np.ndarray[Any, Any]) -> None:
    if values.ndim == 1:
        writer.add_tensor(name, values)
    else:
        quantised = gguf.GGMLQuantizationType.Q8_0
        writer.add_tensor(name, gguf.quants.quantize(values, quantised), raw_dtype=quantised)


def difference(network: Network, tokens: Sequence[int], reader: NativeReader) -> float:
    """The largest difference between PyTorch's and llama.cpp's logits after each token."""
    with torch.no_grad():
        ours = network.logits(network.hidden(torch.tensor([list(tokens)])))[0].numpy()
    reader.forget(0)
    return float(np.abs(ours - reader.read(tokens, range(len(tokens)))[:, :FIRST_PIECE]).max())


def main() -> None:
    """Write and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    network, known = loaded(options.checkpoint)
    write(network, known, options.out)
    reader = NativeReader(
        Native(options.out, Llm(context_size=CONTEXT_TOKENS, gpu_layers=0, threads=1)), time.monotonic
    )
    worst = max(difference(network, [START, *known.encode(text)], reader) for text in SAMPLES)
    print(f"{options.out}: {options.out.stat().st_size / 1e6:.1f} MB, logits differ by {worst:.3f} at most")
    if worst > TOLERANCE:
        raise SystemExit("llama.cpp and PyTorch disagree")


if __name__ == "__main__":
    main()
