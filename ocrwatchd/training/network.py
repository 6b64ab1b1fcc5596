"""The network: llama.cpp's architecture "llama" in PyTorch, with embeddings that serve as output rows too."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from ocrwatchd.llm.builtin.vocabulary import FIRST_PIECE

EPSILON = 1e-5
ROPE_BASE = 10_000.0
HEAD_WIDTH = 64


@dataclass(frozen=True, slots=True)
class Size:
    """Sizes of a network.

    Args:
        width: width of the residual stream; a multiple of ``HEAD_WIDTH``.
        inner: width of the feed-forward part.
    """

    width: int
    layers: int
    inner: int
    vocabulary: int

    @property
    def heads(self) -> int:
        """Attention heads of a layer."""
        return self.width // HEAD_WIDTH


SIZES = {"2m": (256, 3, 640), "3m": (256, 4, 704), "6m": (320, 6, 896), "10m": (384, 6, 1152), "25m": (512, 8, 1408)}
"""Width, layers, inner width; each name is about the number of parameters without the vocabulary."""


class Norm(nn.Module):  # type: ignore[misc, unused-ignore]  # the extra may be missing
    """Root mean square normalisation."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Normalise the last dimension, in 32 bits."""
        return functional.rms_norm(x.float(), (x.shape[-1],), self.weight, EPSILON)


class Layer(nn.Module):  # type: ignore[misc, unused-ignore]
    """Attention and a gated feed-forward part, each behind a norm."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.heads = size.heads
        self.attn_norm, self.ffn_norm = Norm(size.width), Norm(size.width)
        self.attn_q, self.attn_k, self.attn_v, self.attn_output = (
            nn.Linear(size.width, size.width, bias=False) for _ in range(4)
        )
        self.ffn_gate, self.ffn_up = (nn.Linear(size.width, size.inner, bias=False) for _ in range(2))
        self.ffn_down = nn.Linear(size.inner, size.width, bias=False)

    def forward(self, x: torch.Tensor, turns: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        """(rows, tokens, width) → the same."""
        rows, tokens, width = x.shape
        y = self.attn_norm(x)
        parts = (part(y).view(rows, tokens, self.heads, -1).transpose(1, 2) for part in (self.attn_q, self.attn_k))
        q, k = (_turned(part, turns) for part in parts)
        v = self.attn_v(y).view(rows, tokens, self.heads, -1).transpose(1, 2)
        seen = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.attn_output(seen.transpose(1, 2).reshape(rows, tokens, width))
        y = self.ffn_norm(x)
        return x + self.ffn_down(functional.silu(self.ffn_gate(y)) * self.ffn_up(y))


def _turned(x: torch.Tensor, turns: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
    """Rotary positions as llama.cpp's "llama" has them: neighbouring numbers are a pair."""
    cosines, sines = turns
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack((even * cosines - odd * sines, even * sines + odd * cosines), -1).flatten(-2)


class Network(nn.Module):  # type: ignore[misc, unused-ignore]
    """The whole network."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.size = size
        self.token_embd = nn.Embedding(size.vocabulary, size.width)
        self.blk = nn.ModuleList(Layer(size) for _ in range(size.layers))
        self.output_norm = Norm(size.width)
        for name, weight in self.named_parameters():
            if weight.dim() > 1:
                out = name.endswith(("attn_output.weight", "ffn_down.weight"))
                nn.init.normal_(weight, std=0.02 / (2 * size.layers) ** 0.5 if out else 0.02)

    def hidden(self, tokens: torch.Tensor) -> torch.Tensor:
        """(rows, tokens) → (rows, tokens, width), ready for ``logits``."""
        x = self.token_embd(tokens)
        turns = _turns(tokens.shape[1], x.device, torch.get_autocast_dtype(x.device.type))
        for layer in self.blk:
            x = layer(x, turns)
        normed: torch.Tensor = self.output_norm(x)
        return normed

    def logits(self, hidden: torch.Tensor) -> torch.Tensor:
        """(…, width) → (…, bytes and control tokens): pieces are read and never written."""
        return functional.linear(hidden, self.token_embd.weight[:FIRST_PIECE])


def _turns(tokens: int, device: torch.device, kind: torch.dtype) -> tuple[torch.Tensor, torch.Tensor]:
    steps = ROPE_BASE ** (-torch.arange(0, HEAD_WIDTH, 2, device=device).float() / HEAD_WIDTH)
    angles = torch.arange(tokens, device=device).float()[:, None] * steps
    if not torch.is_autocast_enabled(device.type):
        kind = torch.float32
    return angles.cos().to(kind), angles.sin().to(kind)
