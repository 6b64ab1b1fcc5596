"""Group the pages that say "2 of 5" into what is counted together: one letter, one statement, one form.

A stack may hold several. What one misread number explains is mended here, and what contradicts itself counts as a page
without a number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from typing import NamedTuple

from ocrwatchd.correct.page_labels import Form, Label, label_with
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
        return len(self.pages) == self.total

    @property
    def places(self) -> set[int]:
        """Of all pages, also of those that are there twice."""
        return {page.place for page in self.pages} | {place for pair in self.doubled for place in pair}


def stretches_of(texts: Sequence[str], labels: Sequence[Sequence[Label]]) -> list[Stretch]:
    """The pages that bear their number and a total, in stretches; one page alone says nothing, and may be misread.

    Args:
        texts: of all pages of the document.
        labels: of each page.
    """
    counted = _with_one_total(_counted(texts, labels))
    groups = (list(pages) for _, pages in groupby(counted, lambda page: page.total))
    found = [stretch for pages in groups for stretch in _divided(texts, _mended(pages), pages[0].total)]
    return [stretch for stretch in found if len(stretch.pages) > 1 or stretch.complete or stretch.doubled]


def _counted(texts: Sequence[str], labels: Sequence[Sequence[Label]]) -> list[_Counted]:
    best: dict[int, Label] = {}
    for place, its in enumerate(labels):
        if found := [label for label in its if label.form >= Form.OF]:
            best[place] = max(found, key=lambda label: (label.form, not label.top))
    # "3/5" may be a date or a fraction; as a page's number it does not stand alone.
    numbers = {(label.total, label.number) for label in best.values()}
    shared = Counter(total for total, _ in numbers)
    best = {place: label for place, label in best.items() if label.form == Form.WORD_OF or shared[label.total] > 1}
    for (before, one), (after, other) in pairwise(sorted(best.items())):
        if one.total == other.total and one.top == other.top:
            for place in range(before + 1, after):
                if label := label_with(texts[place], one.total, top=one.top):
                    best[place] = label
    return [_Counted(place, label.number, label.total) for place, label in sorted(best.items())]


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
    stretches, seen, before = [Stretch(total)], dict[int, Numbered](), 0
    for page in pages:
        now, earlier = stretches[-1], seen.get(page.number)
        begins = page.number == 1 < total and (now.complete if earlier else before == total)
        if not begins and earlier and same_page(texts[earlier.place], texts[page.place], numbered=True):
            now.doubled.append((earlier.place, page.place))
        elif begins or (earlier and (now.complete or page.number == 1)):
            stretches.append(Stretch(total, [page]))
            seen = {page.number: page}
        elif earlier:
            now.pages.remove(earlier)
        else:
            now.pages.append(page)
            seen[page.number] = page
        before = page.number
    return stretches
