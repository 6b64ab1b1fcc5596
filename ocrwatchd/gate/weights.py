"""The fitted weights, and the figures that they were chosen by: ``weights.toml``; ``training.weights`` writes it."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE = Path(__file__).with_name("weights.toml")


@cache
def weights(judge: str) -> Mapping[str, float]:
    """Give the weight of each quantity, in nats for each unit of it.

    Args:
        judge: "text" without a picture, "picture" with one, "context" where a language model compared what the picture
            allows.
    """
    told: dict[str, dict[str, dict[str, float]]] = tomllib.loads(FILE.read_text("utf-8"))
    return told[judge]["weights"]
