"""All kinds of pages by name."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from tests.layouts import books, papers, prose, tables
from tests.layouts.pen import LANGUAGES, Pen

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.layouts.model import Sheet

KINDS: dict[str, Callable[[Pen], Sheet]] = {
    make.__name__.replace("_", "-"): make
    for make in (
        prose.one_column,
        prose.typed,
        prose.two_columns,
        prose.three_columns,
        prose.pictures,
        prose.beside_figures,
        prose.pull_quotes,
        prose.sidebars,
        prose.footnotes,
        prose.newspaper,
        tables.price_list,
        tables.figures,
        tables.wordy_table,
        tables.contents,
        tables.invoice,
        papers.letter,
        papers.form,
        papers.two_column_form,
        papers.lease,
        papers.deposition,
        papers.pleading,
        books.title_page,
        books.facing,
        books.numbered_list,
        books.bibliography,
        books.index,
    )
}


def sheet(kind: str, number: int) -> Sheet:
    """A page; the same for the same kind and number."""
    random = Random(f"{kind} {number}")
    return KINDS[kind](Pen(random, random.choices(LANGUAGES, (4, 1, 1))[0]))
