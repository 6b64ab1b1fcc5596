"""The forward passes in which a model scores a tree of spellings behind its trunk. Pure.

A pass costs by its tokens, and by its rows: with a large vocabulary the logits after one token cost as much as many
tokens without them. So each token of the tree is taken in once; none is taken in that ends a spelling, for its
probability is told by the row before it; and what all spellings share gets no row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ocrwatchd.llm.prefix_tree import Tree

MOST_ROWS = 32
"""Rows of logits in a pass, at most."""


class Taken(NamedTuple):
    """A token of a pass: where it stands, the sequences it belongs to, and whether the logits after it are wanted."""

    token: int
    position: int
    sequences: Sequence[int]
    row: bool


class Pass(NamedTuple):
    """One pass: its tokens, and for each token the nodes of the tree whose probabilities its row gives."""

    taken: list[Taken]
    asked: list[list[int]]


def passes(tokens: Sequence[int], tree: Tree, position: int, *, branches: bool) -> Iterator[Pass]:
    """Plan the passes.

    Args:
        tokens: of the trunk, not taken in yet; the last one is the tree's first node.
        tree: its spellings.
        position: of the first token.
        branches: spelling N has sequence 1 + N to itself, and the trunk is sequence 0; else there is one spelling, and
            all is sequence 0.
    """
    spellings = tree.leaves[0]
    asked: list[list[int]] = [[] for _ in tree.tokens]
    inner = {0}
    for node, parent in enumerate(tree.parents[1:], 1):
        inner.add(parent)
        if len(spellings) == 1 or tree.leaves[node] != spellings:
            asked[parent].append(node)
    own = [[1 + leaf for leaf in leaves] if branches else [0] for leaves in tree.leaves]
    trunk = [0, *own[0]] if branches else [0]
    top = position + len(tokens) - 1
    taken = [Taken(token, position + at, trunk, row=False) for at, token in enumerate(tokens[:-1])]
    wanted: list[list[int]] = [[] for _ in taken]
    for node in sorted(inner):
        sequences = own[node] if node else trunk
        taken.append(Taken(tree.tokens[node], top + tree.depths[node], sequences, bool(asked[node])))
        wanted.append(asked[node])
    starts = [0, *range(len(tokens) - 1 + MOST_ROWS, len(taken), MOST_ROWS)]
    for start, end in zip(starts, [*starts[1:], len(taken)], strict=True):
        yield Pass(taken[start:end], wanted[start:end])
