"""Pages whose numbers have no total: what is missing, doubled or swapped among them.

Each way of numbering, such as "- 2 -" at the top, is looked at alone. Numbers that go up with the pages are a run; what
does not fit into a run was misread, unless it fits elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from typing import Final, NamedTuple

from ocrwatchd.correct.page_breaks import Body, broken_off
from ocrwatchd.correct.page_counts import Numbered
from ocrwatchd.correct.page_labels import Form, Label
from ocrwatchd.correct.same_page import same_page

MOST_MISSING: Final = 4
"""A greater gap between two numbers is no page that got lost."""

SURE_PAGES: Final = {Form.EDGE: 3, Form.ROMAN: 3, Form.BARE: 3, Form.MARKED: 2, Form.WORD: 2}
"""So many pages must fit into a run before two that do not fit count as swapped."""


LEAST_CROSSED: Final = 4
"""Two of at least so many pages may be swapped, though they leave no run whole."""

ALIKE: Final = frozenset(map(frozenset, ("17", "14", "27", "35", "38", "49", "56", "06", "08", "09", "68", "89")))
"""Digits of which one is read as the other."""


class Gap(NamedTuple):
    """Numbers that are missing, from ``first`` to ``last``, between two places."""

    first: int
    last: int
    before: int
    after: int


class Swap(NamedTuple):
    """Places of two pages that lie in each other's place."""

    one: int
    other: int


class Double(NamedTuple):
    """Places of two pages that are the same one."""

    one: int
    other: int


class _Run(NamedTuple):
    pages: list[Numbered]

    @property
    def offset(self) -> int:
        return self.pages[0].number - self.pages[0].place

    @property
    def solid(self) -> bool:
        return len(self.pages) > 1


def found_in(
    texts: Sequence[str],
    labels: Sequence[Sequence[Label]],
    bodies: Sequence[Body],
    languages: Sequence[str],
) -> Iterator[Gap | Swap | Double]:
    """What seems wrong with the numbers.

    Args:
        texts: of all pages.
        labels: of each page, without those that have a total.
        bodies: of each page.
        languages: ISO 639-3.
    """
    tracks = _tracks(labels)
    steady = {
        (one.place, other.place)
        for pages in tracks.values()
        for one, other in pairwise(pages)
        if other.number - one.number == other.place - one.place == 1
    }
    for form, pages in tracks.items():
        runs = [_Run(list(each)) for _, each in groupby(pages, lambda page: page.number - page.place)]
        for gap in _gaps(runs, form, len(texts)):
            beside = bodies[gap.before], bodies[gap.after]
            if (gap.before, gap.after) not in steady and broken_off(*beside, languages):
                yield gap
        crossed = _crossed(pages)
        yield from [crossed] if crossed else _strays(runs, form, texts)


def _tracks(labels: Sequence[Sequence[Label]]) -> dict[Form, list[Numbered]]:
    """The numbers of each form, at the edge where they go up with the pages most often."""
    found: dict[tuple[Form, bool], list[Numbered]] = {}
    for place, its in enumerate(labels):
        for label in its:
            if not label.total:
                found.setdefault((label.form, label.top), []).append(Numbered(place, label.number))

    def steps(pages: list[Numbered]) -> int:
        return sum(other.number - one.number == other.place - one.place for one, other in pairwise(pages))

    best: dict[Form, list[Numbered]] = {}
    for (form, _), pages in found.items():
        if form not in best or steps(pages) > steps(best[form]):
            best[form] = pages
    return best


def _gaps(runs: Sequence[_Run], form: Form, count: int) -> Iterator[Gap]:
    for at, (one, other) in enumerate(pairwise(runs)):
        before, after = one.pages[-1], other.pages[0]
        missing = other.offset - one.offset
        if after.place != before.place + 1 or not 0 < missing <= MOST_MISSING:
            continue
        # A single number counts only at an end of the document, where there cannot be more.
        first = one.solid or (at == 0 and before.place == 0 and before.number == 1)
        last = other.solid or (
            len(one.pages) >= SURE_PAGES[form]
            and after.place == count - 1
            and missing == 1
            and not _alike(after.number, before.number + 1)
        )
        if first and last and (one.solid or other.solid):
            yield Gap(before.number + 1, after.number - 1, before.place, after.place)
    if runs and runs[0].solid and form >= Form.BARE and runs[0].pages[0] == Numbered(1, 3):
        yield Gap(2, 2, 0, 1)  # the first page of a letter often has no number


def _alike(one: int, other: int) -> bool:
    """Whether one number may be the other, misread."""
    digits = str(one), str(other)
    return len(digits[0]) == len(digits[1]) and all(
        mine == its or {mine, its} in ALIKE for mine, its in zip(*digits, strict=True)
    )


def _crossed(pages: Sequence[Numbered]) -> Swap | None:
    """Two pages in each other's place, where all numbers and places are there."""
    if len(pages) < LEAST_CROSSED or pages[-1].place - pages[0].place != len(pages) - 1:
        return None
    numbers = [page.number for page in pages]
    first = min(numbers)
    if sorted(numbers) != list(range(first, first + len(pages))):
        return None
    wrong = [page.place for page, number in zip(pages, sorted(numbers), strict=True) if page.number != number]
    return Swap(*wrong) if len(wrong) == 2 else None


def _strays(runs: Sequence[_Run], form: Form, texts: Sequence[str]) -> Iterator[Swap | Double]:
    """Pages that do not fit into the runs around them, but elsewhere in these."""
    solid = [at for at, run in enumerate(runs) if run.solid]
    for offset, group in groupby(solid, lambda at: runs[at].offset):
        members = list(group)
        start = next((at + 1 for at in reversed(solid) if at < members[0]), 0)
        end = next((at for at in solid if at > members[-1]), len(runs))
        fitting = {page.place: page for at in range(start, end) if runs[at].offset == offset for page in runs[at].pages}
        if len(fitting) < SURE_PAGES[form]:
            continue
        strays = {page.place: page for at in range(start, end) if runs[at].offset != offset for page in runs[at].pages}
        for place, page in strays.items():
            meant = page.number - offset
            if meant > place and meant in strays and strays[meant].number - offset == place:
                yield Swap(place, meant)
            elif meant in fitting and same_page(texts[meant], texts[place], numbered=True):
                yield Double(min(meant, place), max(meant, place))
