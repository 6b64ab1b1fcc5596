"""The fitted weights, and the figures that they were chosen by: ``weights.toml``; ``training.weights`` writes it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("weights.toml")
MOST_NATS = {"text": 16.0, "picture": 14.0, "context": 10.0}
"""By judge: the most nats for or against a candidate from the probabilities of words or, for "context", from a model.

Letters in no order are no word, and one such word is no better than another. With 7, 10 and 14 nats of context 425, 441
and 434 characters of the pages of ``weights.toml`` are mended, and 15, 13 and 15 words made worse."""


def limited(judge: str, nats: float) -> float:
    """Nats, at most as many as ``MOST_NATS`` has for the judge."""
    return max(-MOST_NATS[judge], min(MOST_NATS[judge], nats))


@cache
def weights(judge: str) -> Mapping[str, float]:
    """Give the weight of each quantity, in nats for each unit of it.

    Args:
        judge: "text" without a picture, "picture" with one, "context" where a language model compared what the picture
            allows.
    """
    told: dict[str, dict[str, dict[str, float]]] = tomllib.loads(FILE.read_text("utf-8"))
    return told[judge]["weights"]
