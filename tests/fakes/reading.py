"""Trees for fakes of the built-in model that answer about one stream at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ocrwatchd.llm.prefix_tree import Tree


class Weighing:
    """Weighs a tree by asking about each node's own stream. Its child has ``stream`` and ``_row``."""

    stream: list[int]

    def _row(self, stream: list[int]) -> np.ndarray:
        raise NotImplementedError

    def weigh(self, tree: Tree, length: int) -> np.ndarray:
        """A row for each node."""
        return np.stack([self._row([*self.stream[:length], *path(tree, node)]) for node in range(len(tree.tokens))])


def path(tree: Tree, node: int) -> Sequence[int]:
    """The tokens from the first node to this one."""
    leaf = tree.leaves[node][0]
    above = [each for each in range(node + 1) if leaf in tree.leaves[each] and tree.depths[each] <= tree.depths[node]]
    return [tree.tokens[each] for each in above]
