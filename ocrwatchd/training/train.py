"""Train: ``python -m ocrwatchd.training.train --data DIR --run DIR --size 3m --minutes 60``.

RUN receives ``checkpoint.pt`` every few minutes and ``log.jsonl``. The same command resumes an interrupted training.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import time
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from ocrwatchd.llm.builtin.training_units import NOTHING
from ocrwatchd.llm.builtin.vocabulary import DONE, FIX, JOIN, SAME, Vocabulary
from ocrwatchd.training.network import SIZES, Network, Size

SEED = 17
WARM_UP = 0.02
"""The share of the time in which the rate rises; then it falls by a cosine to ``LAST`` of its peak."""

LAST = 0.02
DECAY = 0.01
CLIP = 1.0
MICRO_ROWS = {"cpu": 16, "cuda": 128}
LOG_SECONDS = 15.0
CHECKED_ROWS = 192


class Rows:
    """Rows of the data, in the order of the training; a resumed training, after ``steps``, sees other rows."""

    def __init__(self, folder: Path, steps: int = 0) -> None:
        self._paths = sorted(folder.glob("part-*.npz"))
        self._rng = np.random.default_rng((SEED, steps))
        self._at = -1
        self._order: list[int] = []

    def draw(self, count: int, progress: float) -> tuple[torch.Tensor, torch.Tensor]:
        """The next ``count`` rows of tokens and targets at this progress, 0 to 1."""
        at = min(len(self._paths) - 1, int(progress * len(self._paths)))
        if at != self._at:
            with np.load(self._paths[at]) as part:
                self._tokens, self._targets = part["tokens"], part["targets"]
            self._at, self._order = at, []
        while len(self._order) < count:
            self._order += self._rng.permutation(len(self._tokens)).tolist()
        taken, self._order = self._order[:count], self._order[count:]
        return torch.from_numpy(self._tokens[taken].astype(np.int64)), torch.from_numpy(
            self._targets[taken].astype(np.int64)
        )


@dataclass
class State:
    """The part of a checkpoint that is not weights or optimisers."""

    seconds: float = 0.0
    steps: int = 0
    tokens: int = 0


def rate(progress: float) -> float:
    """The learning rate as a share of its peak."""
    if progress < WARM_UP:
        return max(progress, 1e-4) / WARM_UP
    return LAST + (1 - LAST) * 0.5 * (1 + math.cos(math.pi * min(1.0, (progress - WARM_UP) / (1 - WARM_UP))))


def optimisers(network: Network, peak: float) -> list[torch.optim.Optimizer]:
    """Muon for the matrices of the layers, Adam for all else."""
    matrices = [weight for weight in network.blk.parameters() if weight.dim() > 1]
    others = [weight for weight in network.parameters() if all(weight is not matrix for matrix in matrices)]
    return [
        torch.optim.Muon(matrices, lr=peak, weight_decay=DECAY, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(others, lr=peak, betas=(0.9, 0.98), weight_decay=0.0),
    ]


def losses(network: Network, tokens: torch.Tensor, targets: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, Any]:
    """Each asked token's loss and target, and whether the answer is right."""
    hidden = network.hidden(tokens)
    asked = targets != NOTHING
    wanted = targets[asked]
    logits = network.logits(hidden[asked])
    return functional.cross_entropy(logits.float(), wanted, reduction="none"), wanted, logits.argmax(-1) == wanted


def checked(network: Network, folder: Path, rows: int, device: str) -> dict[str, float]:
    """Losses and hits on the validation rows."""
    with np.load(folder / "validation.npz") as part:
        tokens = torch.from_numpy(part["tokens"][:rows].astype(np.int64)).to(device)
        targets = torch.from_numpy(part["targets"][:rows].astype(np.int64)).to(device)
    with torch.no_grad(), computing(device):
        found = [losses(network, tokens[at : at + 16], targets[at : at + 16]) for at in range(0, rows, 16)]
    loss, wanted, hit = (torch.cat([each[part] for each in found]) for part in range(3))
    same, change = wanted == SAME, (wanted == FIX) | (wanted == JOIN)
    spelled = ~same & ~change & (wanted != DONE)
    return {
        "validation": float(loss.mean()),
        "kept": float(hit[same].float().mean()),
        "found": float(hit[change].float().mean()),
        "decision": float(loss[same | change].mean()),
        "spelling": float(loss[spelled].mean()),
        "spelled": float(hit[spelled].float().mean()),
    }


def computing(device: str) -> torch.autocast:
    """Compute in 16 bits where that is faster."""
    return torch.autocast(device, torch.bfloat16)


def main() -> None:
    """Train for a while."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--size", choices=list(SIZES), default="3m")
    parser.add_argument("--minutes", type=float, default=60.0, help="of training, pauses not counted")
    parser.add_argument("--pause", type=float, default=math.inf, help="stop after so many minutes, to go on later")
    parser.add_argument("--rows", type=int, default=16, help="of 512 tokens in one step")
    parser.add_argument("--peak", type=float, default=3e-3, help="learning rate")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--from", dest="origin", type=Path, help="checkpoint whose weights to begin with")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--every", type=float, default=3.0, help="minutes between checkpoints")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(SEED)
    random.seed(SEED)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    options.run.mkdir(parents=True, exist_ok=True)
    pieces = json.loads((options.data / "pieces.json").read_text("utf-8"))
    size = Size(*SIZES[options.size], len(Vocabulary(pieces)))
    network = Network(size).to(device)
    tools = optimisers(network, options.peak)
    state = State()
    checkpoint = options.run / "checkpoint.pt"
    if checkpoint.exists():
        held = torch.load(checkpoint, map_location=device, weights_only=True)
        network.load_state_dict(held["weights"])
        for tool, each in zip(tools, held["tools"], strict=True):
            tool.load_state_dict(each)
        state = State(*held["state"])
    elif options.origin:
        network.load_state_dict(torch.load(options.origin, map_location=device, weights_only=True)["weights"])
    if options.compile:
        network.hidden = torch.compile(network.hidden)  # type: ignore[method-assign, unused-ignore]
    rows = Rows(options.data, state.steps)
    with (options.run / "log.jsonl").open("a", encoding="utf-8") as log:
        for line, due in _steps(Setup(network, tools, rows, options, device), state):
            if due:
                torch.save(
                    {
                        "weights": network.state_dict(),
                        "tools": [tool.state_dict() for tool in tools],
                        "state": list(astuple(state)),
                        "size": list(astuple(size)),
                        "pieces": pieces,
                    },
                    checkpoint.with_suffix(".new"),
                )
                checkpoint.with_suffix(".new").replace(checkpoint)
            found = checked(network, options.data, CHECKED_ROWS, device) if due else {}
            log.write(json.dumps(line | found) + "\n")
            log.flush()


@dataclass
class Setup:
    """The network, its optimisers, the data and the options."""

    network: Network
    tools: list[torch.optim.Optimizer]
    rows: Rows
    options: argparse.Namespace
    device: str


def _steps(setup: Setup, state: State) -> Iterator[tuple[dict[str, float], bool]]:
    """Train; yield a line for the log now and then, and whether a checkpoint is due."""
    network, tools, options, device = setup.network, setup.tools, setup.options, setup.device
    whole = options.minutes * 60
    began, base = time.monotonic(), state.seconds
    told = saved = state.seconds
    before, seen = state.tokens, state.steps
    sums: list[float] = []
    paused = base + options.pause * 60
    while state.seconds < min(whole, paused):
        progress = state.seconds / whole
        for tool in tools:
            for group in tool.param_groups:
                group["lr"] = options.peak * rate(progress)
        tokens, targets = setup.rows.draw(options.rows, progress)
        asked = int((targets != NOTHING).sum())
        for first in range(0, options.rows, MICRO_ROWS[device]):
            part = slice(first, first + MICRO_ROWS[device])
            with computing(device):
                loss = losses(network, tokens[part].to(device), targets[part].to(device))[0].sum() / asked
            loss.backward()  # type: ignore[no-untyped-call, unused-ignore]
            sums.append(float(loss.detach()))
        torch.nn.utils.clip_grad_norm_(network.parameters(), CLIP)
        for tool in tools:
            tool.step()
            tool.zero_grad()
        state.steps += 1
        state.tokens += tokens.numel()
        state.seconds = base + time.monotonic() - began
        ending = state.seconds >= min(whole, paused)
        due = ending or state.seconds - saved > options.every * 60
        if due or state.seconds - told > LOG_SECONDS:
            speed = (state.tokens - before) / (state.seconds - told)
            line = {
                "s": round(state.seconds),
                "step": state.steps,
                "tokens": state.tokens,
                "loss": round(sum(sums) / (state.steps - seen), 4),
                "tokens_s": round(speed),
                "progress": round(progress, 3),
            }
            yield line, due
            sums.clear()
            told, before, seen = state.seconds, state.tokens, state.steps
            saved = state.seconds if due else saved


if __name__ == "__main__":
    main()
