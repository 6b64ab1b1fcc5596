"""A page and the order of its text, both from one structure."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from itertools import combinations, product
from typing import TypeAlias


@dataclass(frozen=True, eq=False, slots=True)
class Leaf:
    """Text that stands whole in the result.

    Args:
        text: cells of a table are separated by tabs.
        or_else: other texts that are as right.
    """

    text: str
    or_else: tuple[str, ...] = ()

    def __str__(self) -> str:
        """As HTML."""
        return escape(self.text)


@dataclass(frozen=True, eq=False, slots=True)
class Seq:
    """Each part is read before the next.

    Args:
        whole: whether nothing else may stand between the parts.
    """

    parts: tuple[Order, ...]
    whole: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class Free:
    """Parts in any order; what one part holds may also stand between the leaves of another."""

    parts: tuple[Order, ...]


Order: TypeAlias = "Leaf | Seq | Free"


def seq(*parts: Order) -> Seq:
    """Parts that are read one after the other."""
    return Seq(parts)


def whole(*parts: Order) -> Seq:
    """Parts that are read one after the other, with nothing between them: an article, a sidebar."""
    return Seq(parts, whole=True)


def free(*parts: Order) -> Free:
    """Parts that are read in any order."""
    return Free(parts)


@dataclass(frozen=True, slots=True)
class Truth:
    """Blocks of text and which must stand before which.

    Args:
        blocks: in one of the right orders.
        before: pairs of indices into ``blocks``.
        together: runs of indices into ``blocks``; no other block may stand within one.
        numbered: whether the page's lines are numbered in the margin; the numbers may stand anywhere.
    """

    blocks: tuple[Leaf, ...]
    before: frozenset[tuple[int, int]]
    together: tuple[range, ...] = ()
    numbered: bool = False

    @property
    def text(self) -> str:
        """The page's text in one of the right orders."""
        return "\n".join(block.text for block in self.blocks)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page to print.

    Args:
        html: the page's content.
        order: of its leaves.
        font: CSS families.
        size: of the text, points; smaller where the page would not fit.
        margin: of the page, millimetres.
        wide: whether the page lies on its side.
        numbered: as of :class:`Truth`.
        language: "en", "de" or "fr".
    """

    html: str
    order: Order
    font: str
    size: float = 11
    margin: int = 20
    wide: bool = False
    numbered: bool = False
    language: str = "en"

    @property
    def truth(self) -> Truth:
        """The text in order."""
        blocks: list[Leaf] = []
        before: set[tuple[int, int]] = set()
        together: list[range] = []

        def walk(part: Order) -> range:
            start = len(blocks)
            if isinstance(part, Leaf):
                blocks.append(part)
            else:
                spans = [walk(each) for each in part.parts]
                if isinstance(part, Seq):
                    for first, second in combinations(spans, 2):
                        before.update(product(first, second))
                    if part.whole:
                        together.append(range(start, len(blocks)))
            return range(start, len(blocks))

        walk(self.order)
        return Truth(tuple(blocks), frozenset(before), tuple(together), self.numbered)
