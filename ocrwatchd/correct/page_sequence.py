"""Whether the pages of a document are all there, once each, in their order.

The pages' own numbers say it; only then how alike two texts are, and whether a sentence runs on. "Page 2 of 5" is
enough to miss a page. A number without a total is not: a blank back that nobody scanned leaves the same gap, but never
within a sentence. What one misread number explains, several letters in one stack, front matter with Roman numerals and
pages without numbers are no faults. Nothing is changed, ever: these are warnings.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from ocrwatchd.core.i18n import Message, say
from ocrwatchd.correct.page_breaks import bodies
from ocrwatchd.correct.page_counts import Numbered, Stretch, stretches_of
from ocrwatchd.correct.page_labels import Form, Label, labels_of
from ocrwatchd.correct.page_runs import Double, Gap, Swap, found_in
from ocrwatchd.correct.same_page import same_page

MOST_WARNINGS: Final = 10
"""Of a document."""

MOST_GAPS: Final = 2
"""More gaps of one letter are told in one warning."""

MOST_LISTED: Final = 20
"""Most numbers of pages in one warning: two pages "of 4999" lack 4,997."""

LEAST_REVERSED: Final = 3
"""Pages in falling order that are a stack scanned from behind; two of them are swapped."""


def sequence_warnings(texts: Sequence[str], languages: Sequence[str]) -> tuple[Message, ...]:
    """What seems wrong with the order of a document's pages: missing, doubled and swapped ones.

    Args:
        texts: of the pages in their order, corrected; "" of an unreadable one.
        languages: of the document, ISO 639-3.
    """
    if len(texts) < 2:
        return ()
    labels = [labels_of(text) for text in texts]
    stretches = stretches_of(texts, labels)
    counted = {place for stretch in stretches for place in stretch.places}
    doubles = [pair for stretch in stretches for pair in stretch.doubled]
    told: list[Message] = []
    for stretch in stretches:
        told += [*_order(stretch), *_missing(stretch, counted, len(texts))]
    others = [[] if place in counted else its for place, its in enumerate(labels)]
    for found in found_in(texts, others, bodies(texts, labels), languages) if any(others) else ():
        match found:
            case Gap(first, last, before, after):
                told.append(_missed([*range(first, last + 1)], 0, _between(before, after)))
            case Swap(one, other):
                told.append(_swapped(one, other))
            case Double(one, other):
                doubles.append((one, other))
    doubles += _neighbours(texts, labels)
    told += [
        say(
            "the same page seems to be there twice: page {one} and page {other} of this document",
            one=one + 1,
            other=other + 1,
        )
        for one, other in dict.fromkeys(doubles)
    ]
    return tuple(dict.fromkeys(told))[:MOST_WARNINGS]


def _order(stretch: Stretch) -> Iterator[Message]:
    numbers, places = [page.number for page in stretch.pages], [page.place for page in stretch.pages]
    wrong = [at for at, (is_, should) in enumerate(zip(numbers, sorted(numbers), strict=True)) if is_ != should]
    if not wrong or not (stretch.doubled or _has_room(sorted(numbers), places)):
        return
    if numbers == sorted(numbers, reverse=True) and len(numbers) >= LEAST_REVERSED:
        yield say(
            "pages {first} to {last} of this document seem to be in reverse order",
            first=places[0] + 1,
            last=places[-1] + 1,
        )
    elif len(wrong) == 2:
        yield _swapped(places[wrong[0]], places[wrong[1]])
    else:
        yield say(
            "pages {first} to {last} of this document seem to be out of order: their numbers are {numbers}",
            first=places[wrong[0]] + 1,
            last=places[wrong[-1]] + 1,
            numbers=_listed(numbers[wrong[0] : wrong[-1] + 1]),
        )


def _has_room(numbers: Sequence[int], places: Sequence[int]) -> bool:
    """Whether the pages between that have no number can have the numbers between."""
    return all(
        number - before >= place - earlier
        for (before, number), (earlier, place) in zip(pairwise(numbers), pairwise(places), strict=True)
    )


def _missing(stretch: Stretch, counted: set[int], count: int) -> Iterator[Message]:
    """The numbers that are missing, where no page without a number can be them."""
    if len(stretch.pages) < 2:
        return
    start, end = min(stretch.places), max(stretch.places)
    while start and start - 1 not in counted:
        start -= 1
    while end + 1 < count and end + 1 not in counted:
        end += 1
    ends = Numbered(start - 1, 0), Numbered(end + 1, stretch.total + 1)
    pages = sorted(stretch.pages, key=lambda page: page.number)
    free = [place for place in range(start, end + 1) if place not in counted]
    disturbed = pages != stretch.pages or any(
        sum(before.place < place < after.place for place in free) >= after.number - before.number
        for before, after in pairwise(pages)
    )
    gaps: list[tuple[list[int], Message]] = []
    for before, after in pairwise((ends[0], *pages, ends[1])):
        numbers = list(range(before.number + 1, after.number))
        anywhere = disturbed or before == ends[0] or after == ends[1]
        if numbers and not [place for place in free if anywhere or before.place < place < after.place]:
            gaps.append((numbers, _somewhere() if disturbed else _where(before.place, after.place, ends)))
    if len(gaps) > MOST_GAPS:
        gaps = [([number for numbers, _ in gaps for number in numbers], _somewhere())]
    for numbers, where in gaps:
        yield _missed(numbers, stretch.total, where)


def _where(before: int, after: int, ends: tuple[Numbered, Numbered]) -> Message:
    if before == ends[0].place:
        return say("before page {page} of this document", page=after + 1)
    if after == ends[1].place:
        return say("after page {page} of this document", page=before + 1)
    return _between(before, after)


def _between(before: int, after: int) -> Message:
    return say("between page {before} and page {after} of this document", before=before + 1, after=after + 1)


def _somewhere() -> Message:
    return say("in this document")


def _missed(numbers: Sequence[int], total: int, where: Message) -> Message:
    shown = _listed(numbers)
    if len(numbers) == 1 and total:
        return say("page {number} of {total} seems to be missing {where}", number=shown, total=total, where=where)
    if len(numbers) == 1:
        return say("page {number} seems to be missing {where}", number=shown, where=where)
    if total:
        return say("pages {numbers} of {total} seem to be missing {where}", numbers=shown, total=total, where=where)
    return say("pages {numbers} seem to be missing {where}", numbers=shown, where=where)


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join([*map(str, numbers[:MOST_LISTED]), *["\N{HORIZONTAL ELLIPSIS}"] * (len(numbers) > MOST_LISTED)])


def _swapped(one: int, other: int) -> Message:
    return say("pages {one} and {other} of this document seem to be swapped", one=one + 1, other=other + 1)


def _neighbours(texts: Sequence[str], labels: Sequence[Sequence[Label]]) -> Iterator[tuple[int, int]]:
    """Pages that follow each other and are the same one; three alike are a form's."""
    alike = [
        _is_same(texts[place], texts[place + 1], labels[place], labels[place + 1]) for place in range(len(texts) - 1)
    ]
    for place, is_same in enumerate(alike):
        if is_same and not any(alike[max(0, place - 1) : place]) and not any(alike[place + 1 : place + 2]):
            yield place, place + 1


def _is_same(one: str, other: str, labels: Sequence[Label], its: Sequence[Label]) -> bool:
    both = {(label.form, label.top): label for label in its}
    pairs = [(label, both[label.form, label.top]) for label in labels if (label.form, label.top) in both]
    sure = [(label, mate) for label, mate in pairs if label.form >= Form.BARE]
    if any((label.number, label.total) != (mate.number, mate.total) for label, mate in sure):
        return False
    return same_page(one, other, numbered=bool(sure))
