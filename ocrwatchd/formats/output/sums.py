"""Totals that are not the sum of the amounts above them: a sign that a figure was misread. Nothing is mended.

False alarms are worse than silence. A total counts as wrong where its row is known as a sum, no usual way to add gives
it, and the difference looks like one misread digit. A row is known as a sum by its label ("Total", "Summe", "合計"), or
because its other columns add up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from rapidfuzz.distance import Levenshtein

from ocrwatchd.core.i18n import Message, say
from ocrwatchd.core.model import FinishedPage
from ocrwatchd.formats.output.edit_positions import raw_offset

CELL: Final = "\t"

LEAST_ADDENDS: Final = 2
WITNESSES: Final = 2
"""A row without a label counts as a sum if this many other columns add up."""
ROUNDING: Final = 4
"""A difference of up to so many units of the last digit may be rounding: cash is rounded to 0.05 in some countries."""

MOST_PLAIN_LINES: Final = 2
"""Most lines without cells between two rows of a table: a description may continue there."""
MOST_CELLS: Final = 64
"""A line of more cells is no row of amounts. A table takes its width for each row, so this bounds the memory."""
MOST_SIGNS: Final = 5
"""Most amounts before a total that may each be added, subtracted or ignored."""

_TOTALS: Final = frozenset(
    """
    total totals totale totali totaux totales totaal totalt subtotal subtotals subtotale subtotaal subtotales
    sum summe summa somme soma suma sumă сума сумма zwischensumme gesamt gesamtbetrag gesamtsumme endbetrag endsumme
    rechnungsbetrag nettobetrag bruttobetrag netto brutto insgesamt celkem spolu razem ogółem łącznie итого всего разом
    усього общо вкупно ukupno skupaj svega összesen σύνολο σύνολα yhteensä kokku kopā toplam tổng jumlah
    المجموع الإجمالي
    """.split()  # noqa: SIM905  - a list to read
)
_TOTALS_ANYWHERE: Final = (
    "合計", "合计", "小計", "小计", "總計", "总计", "総計", "합계", "총계", "소계", 'סה"כ', "iš viso", "i alt",
)  # fmt: skip

_AMOUNT: Final = re.compile(
    r"""(?P<open>\()? (?P<minus>[-\u2212\u2013])? [ ]? (?:[$€£¥₹₽]|[A-Z]{1,3}\$?)? [ ]? (?P<sign>[-\u2212\u2013])?
        (?P<whole>\d{1,3}(?P<group>[ .,'\u2019\u00a0\u202f])\d{3}(?:(?P=group)\d{3}){0,4}|\d{1,15})
        (?:(?P<point>[.,])(?P<cents>\d{1,2}))?
        [ ]? (?P<behind>[-\u2212\u2013])? (?(open)\)) [ ]? (?:[$€£¥₹₽*]|[A-Za-z]{1,3}\$?|zł|Kč)?""",
    re.VERBOSE,
)
_AT_END: Final = re.compile(rf"(?<=[\s:.]){_AMOUNT.pattern}$", re.VERBOSE)


class WrongSum(NamedTuple):
    """A total that is not the sum of the amounts above it.

    Args:
        offset: of the total in the text, code points.
        added: the amounts above, added up, written as the total is.
    """

    offset: int
    total: str
    added: str


class _Amount(NamedTuple):
    """An amount, in units of its last digit."""

    units: int
    decimals: int
    offset: int
    text: str
    group: str
    point: str


class _Row(NamedTuple):
    """A line of a table; what is no amount is text."""

    is_total: bool
    cells: tuple[_Amount | str, ...]


class SumWarning(NamedTuple):
    """A total of a page that does not add up.

    Args:
        line: of the raw text, from 1, blank lines counted.
    """

    line: int
    told: Message


def sum_warnings(finished: FinishedPage) -> list[SumWarning]:
    """The totals of a page, as delivered, that do not add up."""
    page, correction = finished.page, finished.correction
    found = []
    for wrong in () if page.error else wrong_sums(correction.text):
        line = page.text.count("\n", 0, raw_offset(wrong.offset, correction.edits)) + 1
        told = say(
            "line {line}: the total is {total}, but the amounts above add up to {added}; compare them with the scan",
            line=line,
            total=wrong.total,
            added=wrong.added,
        )
        found.append(SumWarning(line, told))
    return found


def wrong_sums(text: str) -> Iterator[WrongSum]:
    """The totals of a page that are not the sum of the amounts above them, in order; tabs separate cells."""
    for rows in _tables(text):
        columns = [_Column() for _ in rows[0].cells]
        for row in rows:
            pairs = list(zip(columns, row.cells, strict=True))
            amounts = [(column, cell) for column, cell in pairs if isinstance(cell, _Amount)]
            if row.is_total or row is rows[-1]:
                right = sum(column.adds_up(cell.units) for column, cell in amounts)
                if row.is_total or right >= WITNESSES:
                    yield from _wrong(amounts)
            for column, cell in pairs:
                column.take(cell, is_total=row.is_total)


def _wrong(amounts: Iterable[tuple[_Column, _Amount]]) -> Iterator[WrongSum]:
    for column, total in amounts:
        added = column.sum_instead_of(total)
        if added is not None:
            yield WrongSum(total.offset, total.text, _written(added, total))


class _Column:
    """A column of amounts, from the top downwards."""

    def __init__(self) -> None:
        self._addends: list[int] = []  # since the last total
        self._last: int | None = None  # of the totals
        self._totals: set[int] = set()
        self._sum_of_totals = 0
        self._all = 0
        self._count = 0
        self._decimals: int | None = None
        self._sure = True

    def take(self, cell: _Amount | str, *, is_total: bool) -> None:
        """Take the next cell; digits that are no amount, or amounts of two kinds, make the column's sums unsure."""
        if isinstance(cell, str):
            self._sure &= is_total or not self._count or not any(map(str.isdigit, cell))
            return
        self._sure &= self._decimals in {None, cell.decimals}
        self._decimals = cell.decimals
        self._count += 1
        if is_total:
            self._last = cell.units
            self._totals.add(cell.units)
            self._sum_of_totals += cell.units
            self._addends = []
        else:
            self._addends.append(cell.units)
            self._all += cell.units

    def adds_up(self, total: int) -> bool:
        """Whether an amount is the sum of several above it."""
        return self._count >= LEAST_ADDENDS and total in {sum(self._addends), self._all}

    def sum_instead_of(self, total: _Amount) -> int | None:
        """The sum of the amounts above, where the total seems to differ from it by a misread digit; or None."""
        if not self._sure or not total.units or self._decimals != total.decimals or self._count < LEAST_ADDENDS:
            return None
        added = (self._last or 0) + sum(self._addends)
        known = total.units in self._totals or total.units in {*self._addends, self._all, self._sum_of_totals}
        if not self._addends or known or total.units in _reached(self._last or 0, self._addends):
            return None
        return added if _misread(added, total.units, self._count) else None


def _reached(start: int, addends: Sequence[int]) -> set[int]:
    """All sums that result if each amount is added, subtracted (a discount) or ignored (for information)."""
    reached = {0, start, start + sum(addends[:-MOST_SIGNS])}
    for addend in addends[-MOST_SIGNS:]:
        reached |= {sum_ + addend for sum_ in reached} | {sum_ - addend for sum_ in reached}
    return reached


def _misread(added: int, total: int, count: int) -> bool:
    """Whether one digit, misread or lost, in a total or in an addend explains the difference."""
    apart = abs(added - total)
    if apart <= max(ROUNDING, count) or added <= 0:
        return False
    return not int(str(apart)[1:] or "0") or Levenshtein.distance(str(added), str(total)) == 1


def _tables(text: str) -> Iterator[list[_Row]]:
    """Rows of one table, all of one width. Missing cells are added after the label."""
    table: list[_Row] = []
    plain, offset = 0, 0
    for line in text.split("\n"):
        row = _row(offset, line)
        offset += len(line) + 1
        if 1 < len(row.cells) <= MOST_CELLS:
            table.append(row)
            plain = 0
        elif line.strip():
            plain += 1
        if plain > MOST_PLAIN_LINES and table:
            yield _even(table)
            table = []
    if table:
        yield _even(table)


def _even(table: list[_Row]) -> list[_Row]:
    width = max(len(row.cells) for row in table)
    return [row._replace(cells=(row.cells[0], *[""] * (width - len(row.cells)), *row.cells[1:])) for row in table]


def _row(offset: int, text: str) -> _Row:
    parts = text.split(CELL)
    label = " ".join(part for part in parts if not _AMOUNT.fullmatch(part.strip())).casefold()
    is_total = not _TOTALS.isdisjoint(re.findall(r"\w+", label)) or any(each in label for each in _TOTALS_ANYWHERE)
    if is_total and len(parts) == 1 and (found := _AT_END.search(text.rstrip())):
        # "Total: 12.30", without a gap.
        parts = [text[: found.start() - 1], text[found.start() :]]
    cells: list[_Amount | str] = []
    for part in parts:
        stripped = part.strip()
        found = _AMOUNT.fullmatch(stripped)
        cells.append(_amount(found, offset + part.find(stripped)) if found else stripped)
        offset += len(part) + 1
    return _Row(is_total, tuple(cells))


def _amount(found: re.Match[str], offset: int) -> _Amount:
    cents = found["cents"] or ""
    units = int(re.sub(r"\D", "", found["whole"]) + cents)
    negative = found["open"] or found["minus"] or found["sign"] or found["behind"]
    return _Amount(
        -units if negative else units, len(cents), offset, found[0], found["group"] or "", found["point"] or ""
    )


def _written(units: int, like: _Amount) -> str:
    """An amount as another one is written."""
    whole, cents = divmod(abs(units), 10**like.decimals)
    grouped = f"{whole:,}".replace(",", like.group) if like.group else str(whole)
    behind = f"{like.point}{cents:0{like.decimals}}" if like.decimals else ""
    return f"{'-' if units < 0 else ''}{grouped}{behind}"
