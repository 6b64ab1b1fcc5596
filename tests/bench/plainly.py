"""The built-in model as it is in use, and beside it a token a pass."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ocrwatchd.llm.builtin import format as asking

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ocrwatchd.llm.builtin.model import BuiltinModel, NativeReader
    from ocrwatchd.llm.prefix_tree import Tree
    from ocrwatchd.llm.tree_pass import Taken

FAR = 1e12


class Answered(NamedTuple):
    """One text asked about: tokens and passes, the share of tokens whose successor was looked up, and seconds."""

    tokens: int
    passes: int
    verified: float
    seconds: float


@contextmanager
def plainly(reader: NativeReader) -> Iterator[None]:
    """Let the built-in model read one token a pass."""
    usual, asking.READ_TOKENS, reader.weigh = asking.READ_TOKENS, 1, partial(_weigh, reader)
    try:
        yield
    finally:
        asking.READ_TOKENS = usual
        del reader.weigh


def _weigh(reader: NativeReader, tree: Tree, length: int) -> np.ndarray:
    """The spellings of a tree, sorted, so that those that begin alike follow each other."""
    rows: dict[int, np.ndarray] = {}
    count = 1 + max(max(leaves) for leaves in tree.leaves)
    paths = [[node for node, leaves in enumerate(tree.leaves) if leaf in leaves] for leaf in range(count)]
    for path in sorted(paths, key=lambda path: [tree.tokens[node] for node in path]):
        new = [node for node in path if node not in rows]
        reader.forget(length + len(path) - len(new))
        for node in new:
            rows[node] = reader.read([tree.tokens[node]], [0])[0]
    reader.forget(length)
    return np.stack([rows[node] for node in range(len(rows))])


def ways_of_builtin(model: BuiltinModel) -> Callable[[str, str, bool], Answered]:
    """Ask the built-in model; what it answers is its own affair, but both ways must answer the same."""
    sizes: list[tuple[int, int]] = []
    run = model._native._run

    def counting(taken: Sequence[Taken]) -> None:
        sizes.append((len(taken), sum(each.row for each in taken)))
        run(taken)

    model._native._run = counting
    answers: dict[str, str] = {}

    def ask(source: str, _answer: str, drafts: bool) -> Answered:
        del sizes[:]
        started = time.perf_counter()
        with nullcontext() if drafts else plainly(model._reader):
            proposal = model.propose("", source, FAR)
        seconds = time.perf_counter() - started
        if answers.setdefault(source, proposal.text) != proposal.text:
            sys.stderr.write("the built-in model answers otherwise with other passes: a tie, or a fault\n")
        tokens, verified = map(sum, zip(*sizes, strict=True))
        return Answered(tokens, len(sizes), verified / tokens, seconds)

    return ask
