"""Choose how many of a model's layers go to a GPU whose memory is too small for all of them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from ocrwatchd.core.errors import ModelUnavailable

SHARES = (0.75, 0.5, 0.25)
"""Shares of the configured layers, tried in turn before the CPU alone."""


def placed(layers: int, load: Callable[[int], None], count: Callable[[], int]) -> int:
    """Load a model with as many of its layers on the GPU as fit.

    llama.cpp reports a full GPU like any other failure, so a load on the CPU tells whether the model is sound.

    Args:
        layers: the configured number; more than the model has means all.
        load: loads with this many layers on the GPU.
        count: loads on the CPU alone and returns the number of the model's layers.

    Returns:
        The number of layers on the GPU.

    Raises:
        ModelUnavailable: the model cannot be loaded on the CPU either.
    """
    if layers:
        with contextlib.suppress(ModelUnavailable):
            load(layers)
            return layers
        layers = min(layers, count())
        for fewer in dict.fromkeys(int(layers * share) for share in SHARES):
            with contextlib.suppress(ModelUnavailable):
                load(fewer)
                return fewer
    load(0)
    return 0
