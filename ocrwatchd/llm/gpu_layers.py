"""How many of a model's layers go to the GPU, where its memory does not hold them all."""

from __future__ import annotations

from collections.abc import Callable

from ocrwatchd.core.errors import ModelUnavailable

SHARES = (0.75, 0.5, 0.25, 0.0)
"""Of the layers asked for, tried in turn; the last one is the CPU alone."""


def placed(layers: int, load: Callable[[int], None], count: Callable[[], int]) -> int:
    """Load a model with as many of its layers on the GPU as find room there.

    llama.cpp does not tell a full GPU from any other failure, so the CPU is asked whether the model is sound.

    Args:
        layers: that are asked for; more than there are means all.
        load: loads with so many layers on the GPU.
        count: loads on the CPU alone and tells how many layers there are.

    Returns:
        How many went to the GPU.

    Raises:
        ModelUnavailable: it cannot be loaded on the CPU either.
    """
    try:
        load(layers)
    except ModelUnavailable:
        if layers == 0:
            raise
    else:
        return layers
    asked = min(layers, count())
    for fewer in dict.fromkeys(int(asked * share) for share in SHARES):
        try:
            load(fewer)
        except ModelUnavailable:
            if fewer == 0:
                raise
        else:
            return fewer
    raise AssertionError("the last share is 0")
