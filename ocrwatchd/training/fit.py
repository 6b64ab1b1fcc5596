"""Fit weights that make the right text most probable, in a softmax of a reading and its candidates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

RIDGE = 1.0
"""Strength of the penalty on weights, in standard deviations of their quantities."""
FOLDS = 5
"""Cross-validation: each fifth of the documents judges weights that were fitted on the others."""
NONE: Mapping[str, float] = MappingProxyType({})


class Fit:
    """Readings, each with its candidates.

    Args:
        names: of the quantities.
        sides: 1 or -1 for quantities whose weight must have this sign.
    """

    def __init__(self, names: Sequence[str], sides: Mapping[str, int]) -> None:
        self._names = names
        self._sides = sides
        self._rows: list[list[float]] = []
        self._of: list[int] = []
        self._right: list[bool] = []
        self._counts: list[float] = []

    def add(self, candidates: Sequence[Mapping[str, float]], right: Sequence[bool], count: float = 1.0) -> None:
        """Add a reading.

        Args:
            candidates: the quantities of each candidate, at least one; those of the reading are 0.
            right: whether each candidate is right; if none is, the reading is right.
            count: weight of this reading.
        """
        self._rows += [[each[name] for name in self._names] for each in candidates]
        self._of += [len(self._counts)] * len(candidates)
        self._right += right
        self._counts.append(count)

    def weights(self, near: Mapping[str, float] = NONE, fixed: Mapping[str, float] = NONE) -> dict[str, float]:
        """The weight of each quantity, held near the weights of ``near`` or 0; those of ``fixed`` are given."""
        rows, right = np.array(self._rows), np.array(self._right)
        of, counts = np.array(self._of), np.array(self._counts)
        scale = rows.std(axis=0)
        scale[scale == 0] = 1.0
        held = np.array([near.get(name, 0.0) for name in self._names]) * scale
        rows /= scale
        starts = np.flatnonzero(np.diff(of, prepend=-1))
        read = ~np.logical_or.reduceat(right, starts)

        def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            odds = rows @ weights
            highest = np.maximum(0.0, np.maximum.reduceat(odds, starts))
            share, own = np.exp(odds - highest[of]), np.exp(-highest)
            total = np.bincount(of, share) + own
            good = np.maximum(np.where(read, own, np.bincount(of, share * right)), 1e-300)
            slope = counts[of] * (share / total[of] - np.where(right, share / good[of], 0.0))
            cost = counts @ np.log(total / good) + RIDGE / 2 * ((weights - held) ** 2).sum()
            return float(cost), rows.T @ slope + RIDGE * (weights - held)

        sides = {1: (0.0, None), -1: (None, 0.0), 0: (None, None)}
        bounds: Any = [
            (fixed[name] * size, fixed[name] * size) if name in fixed else sides[self._sides.get(name, 0)]
            for name, size in zip(self._names, scale, strict=True)
        ]
        start = np.array([fixed.get(name, near.get(name, 0.0)) for name in self._names]) * scale
        found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 1000})
        return {name: round(float(weight), 3) for name, weight in zip(self._names, found.x / scale, strict=True)}
