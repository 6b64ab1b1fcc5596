"""Group the pages that say "2 of 5" into what is counted together: one letter, one statement, one form.

A stack may hold several. What one misread number explains is mended here, and what contradicts itself counts as a page
without a number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

from ocrwatchd.correct.page_labels import Form, Label
from ocrwatchd.correct.same_page import same_page


class Numbered(NamedTuple):
    """A page by its place in the document, from 0, and the number on it."""

    place: int
    number: int


class _Counted(NamedTuple):
    place: int
    number: int
    total: int


@dataclass(slots=True)
class Stretch:
    """Pages that are counted together, in the order in which they lie.

    Args:
        total: how many there should be.
        doubled: places of pages that are the same: of the first one, of the second one.
    """

    total: int
    pages: list[Numbered] = field(default_factory=list)
    doubled: list[tuple[int, int]] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Every number is there."""
        return len({page.number for page in self.pages}) == self.total

    @property
    def places(self) -> set[int]:
        """Of all pages, also of those that are there twice."""
        return {page.place for page in self.pages} | {place for pair in self.doubled for place in pair}


def stretches_of(texts: Sequence[str], labels: Sequence[Sequence[Label]]) -> list[Stretch]:
    """The pages that bear their number and a total, in stretches.

    Args:
        texts: of all pages of the document.
        labels: of each page.
    """
    counted = _with_one_total(_counted(labels))
    groups = (list(pages) for _, pages in groupby(counted, lambda page: page.total))
    return [stretch for pages in groups for stretch in _divided(texts, _mended(pages), pages[0].total)]


def _counted(labels: Sequence[Sequence[Label]]) -> list[_Counted]:
    best: list[tuple[int, Label]] = []
    for place, its in enumerate(labels):
        if found := [label for label in its if label.form >= Form.OF]:
            best.append((place, max(found, key=lambda label: (label.form, not label.top))))
    # "3/5" may be a date or a fraction; as a page's number it does not stand alone.
    totals = Counter({label.total: 0 for _, label in best})
    totals.update(total for total, _ in {(label.total, label.number) for _, label in best})
    return [
        _Counted(place, label.number, label.total)
        for place, label in best
        if label.form == Form.WORD_OF or totals[label.total] > 1
    ]


def _with_one_total(pages: list[_Counted]) -> list[_Counted]:
    """Mend a total that was misread: both neighbours have another one, and the numbers run on."""
    mended = list(pages)
    for at in range(1, len(mended) - 1):
        before, page, after = mended[at - 1 : at + 2]
        runs_on = any(page.number - each.number == page.place - each.place for each in (before, after))
        if before.total == after.total != page.total and page.number <= before.total and runs_on:
            mended[at] = page._replace(total=before.total)
    return mended


def _mended(pages: list[_Counted]) -> list[Numbered]:
    """Mend a number that was misread: its neighbours say which one it is, and no other page has changed with it."""
    plain = [Numbered(page.place, page.number) for page in pages]
    wrong: dict[int, int] = {}
    for at in range(1, len(plain) - 1):
        before, page, after = plain[at - 1 : at + 2]
        meant = before.number + 1
        if before.place + 2 == after.place and meant + 1 == after.number and page.number != meant:
            wrong[at] = meant
    crossed = {(plain[at].number, meant) for at, meant in wrong.items()}
    for at, meant in wrong.items():
        if (meant, plain[at].number) not in crossed:
            plain[at] = plain[at]._replace(number=meant)
    return plain


def _divided(texts: Sequence[str], pages: Sequence[Numbered], total: int) -> list[Stretch]:
    """Begin a stretch where a number comes again, unless it is the same page."""
    stretches = [Stretch(total)]
    for page in pages:
        now = stretches[-1]
        earlier = next((each for each in now.pages if each.number == page.number), None)
        if earlier is None:
            now.pages.append(page)
        elif now.complete and page.number == 1 < total:
            stretches.append(Stretch(total, [page]))
        elif same_page(texts[earlier.place], texts[page.place], numbered=True):
            now.doubled.append((earlier.place, page.place))
        elif now.complete or page.number == 1:
            stretches.append(Stretch(total, [page]))
        else:
            now.pages.remove(earlier)
    return stretches
