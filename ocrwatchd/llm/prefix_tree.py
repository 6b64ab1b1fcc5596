"""Spellings that begin alike, as one tree: a model reads all of them in one pass, each letter once.

Token tree verification, as in Miao et al. 2024, "SpecInfer: Accelerating Large Language Model Serving with Tree-based
Speculative Inference and Verification". Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate

MOST_TOKENS = 192
"""A tree holds as many of its spellings as fit; one pass of llama.cpp takes 256."""

MOST_SPELLINGS = 12
"""Spellings of a tree, at most."""


class Tree:
    """Spellings behind a stream of tokens.

    Args:
        opening: the token that all of them begin with.
        spellings: tokens behind it, the most needed first. What does not fit is left out.

    Attributes:
        tokens: of the nodes; the first one is ``opening``.
        depths: of the nodes, the first one's is 0.
        parents: of the nodes, the first one's is -1.
        leaves: for each node the numbers of the spellings that go through it, from 0.
    """

    def __init__(self, opening: int, spellings: Iterable[Sequence[int]] = ()) -> None:
        self.tokens, self.depths, self.parents = [opening], [0], [-1]
        self.leaves: list[list[int]] = [[]]
        self._children: dict[tuple[int, int], int] = {}
        count = 0
        for spelling in spellings:
            if count == MOST_SPELLINGS or len(self.tokens) + len(spelling) > MOST_TOKENS:
                continue
            for node in accumulate(spelling, self._grown, initial=0):
                self.leaves[node].append(count)
            count += 1
        self.leaves[0] = self.leaves[0] or [0]

    def child(self, node: int, token: int) -> int | None:
        """The node after ``node`` with this token, if any."""
        return self._children.get((node, token))

    def path(self, spelling: Sequence[int]) -> list[int] | None:
        """The nodes of a spelling, the first one included; None if it was left out."""
        nodes = [0]
        for token in spelling:
            node = self.child(nodes[-1], token)
            if node is None:
                return None
            nodes.append(node)
        return nodes

    def _grown(self, node: int, token: int) -> int:
        found = self.child(node, token)
        if found is None:
            found = self._children[node, token] = len(self.tokens)
            self.tokens.append(token)
            self.depths.append(self.depths[node] + 1)
            self.parents.append(node)
            self.leaves.append([])
        return found
