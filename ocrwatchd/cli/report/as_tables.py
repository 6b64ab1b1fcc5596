"""A summary for a terminal: lines of figures, then tables."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from rich.table import Table
from rich.text import Text

from ocrwatchd.cli.report.frequent_edits import Pairs
from ocrwatchd.cli.report.periods import Step
from ocrwatchd.cli.report.summary import LOW_CONFIDENCE, PER_WORDS, Summary, Sums
from ocrwatchd.core.log import printable
from ocrwatchd.core.reason import wording

if TYPE_CHECKING:
    from rich.console import RenderableType

MOST_PAIRS: Final = 10
MOST_KINDS: Final = 12
NOTHING: Final = "-"

FORMATS: Final[dict[Step, str]] = {
    "hour": "%m-%d %H:%M",
    "day": "%Y-%m-%d",
    "week": "%Y-%m-%d",
    "month": "%Y-%m",
    "year": "%Y",
}
"""Formats of a period's beginning."""


def listing(summary: Summary) -> Iterator[RenderableType]:
    """The report from top to bottom."""
    since, until = (time.strftime("%Y-%m-%d %H:%M", time.localtime(at)) for at in (summary.since, summary.until))
    if summary.is_empty:
        span = f"from {since} to {until}" if summary.since < summary.until else "yet"
        yield Text(f"no scan was delivered and none failed {span}")
        return
    yield Text(f"{'from':11}{since} to {until}")
    for key, words in _figures(summary):
        yield Text(f"{key:11}{words}")
    yield from _periods(summary)
    yield from _kinds(summary.total)
    yield from _pairs("most frequent repairs", summary.repairs, "taken back")
    yield from _pairs("most frequent refusals", summary.refusals, "why")
    yield from _low(summary)


def _figures(summary: Summary) -> Iterator[tuple[str, str]]:
    total, found = summary.total, summary.found
    copies = f" ({total.copies:,} of them copies of earlier ones, not read again)" if total.copies else ""
    yield "documents", f"{total.documents:,} delivered{copies}, {total.failed:,} failed"
    pace = f", {_number(total.seconds_a_page, 2)} s each" if total.pages else ""
    yield "pages", f"{total.pages:,} read, {total.unreadable:,} of them unreadable{pace}"
    yield "words", f"{total.words:,}" + (f", read with {_percent(total.confidence)} confidence" if total.scored else "")
    yield "edits", f"{_proposals(total, total.edits.total())} admitted, {total.refused.total():,} refused"
    if total.unknown:
        yield "", f"the edits of {total.unknown:,} of the documents are unknown"
    yield "receipts", _receipts(found.sought, found.read, found.gone, found.unusable)


def _receipts(sought: int, read: int, gone: int, unusable: int) -> str:
    if not sought:
        return "none was needed"
    missing = [f"{gone:,} no longer in the outbox"] * bool(gone) + [f"{unusable:,} unusable"] * bool(unusable)
    return f"{read:,} of {sought:,} were there" + (f" ({', '.join(missing)})" if missing else "")


def _proposals(sums: Sums, number: int) -> str:
    rate = sums.per_words(number)
    return f"{number:,}" + (f" ({rate:.1f} in {PER_WORDS:,} words)" if rate is not None else "")


def _periods(summary: Summary) -> Iterator[RenderableType]:
    yield _title(f"by {summary.step}")
    table = _table()
    table.add_column(summary.step, no_wrap=True)
    for heading in ("documents", "failed", "pages", "s a page", "admitted", "refused", "confidence"):
        table.add_column(heading, justify="right")
    for begin, sums in summary.periods.items():
        told = begin.strftime(FORMATS[summary.step])
        table.add_row(told, *_row(sums), style="" if sums.documents or sums.failed else "dim")
    yield table


def _row(sums: Sums) -> Iterator[str]:
    counted = (sums.documents, sums.failed, sums.pages)
    yield from (f"{number:,}" if number else NOTHING for number in counted)
    yield _number(sums.seconds_a_page, 2)
    known = sums.words > 0
    yield from (f"{kinds.total():,}" if known else NOTHING for kinds in (sums.edits, sums.refused))
    yield _percent(sums.confidence)


def _kinds(total: Sums) -> Iterator[RenderableType]:
    for title, kinds in (("admitted, by kind", total.edits), ("refused, by kind", total.refused)):
        if kinds:
            yield _title(title)
            table = _table()
            table.add_column("times", justify="right")
            table.add_column("kind")
            for kind, times in kinds.most_common(MOST_KINDS):
                table.add_row(f"{times:,}", Text(printable(str(wording(kind)))))
            yield table


def _pairs(title: str, pairs: Pairs, last: str) -> Iterator[RenderableType]:
    most = pairs.most(MOST_PAIRS)
    if not most:
        return
    yield _title(title)
    table = _table()
    table.add_column("times", justify="right")
    for heading in ("as recognised", "as proposed", last):
        table.add_column(heading, overflow="fold")
    for pair, times, reverted in most:
        told = str(pair.why.wording) if pair.why else f"{reverted:,}" if reverted else NOTHING
        table.add_row(f"{times:,}", *(Text(printable(each)) for each in (pair.before, pair.after, told)))
    yield table


def _low(summary: Summary) -> Iterator[RenderableType]:
    if not summary.low:
        return
    documents = "1 document" if summary.low_documents == 1 else f"{summary.low_documents:,} documents"
    these = ", these with the least" if summary.low_documents > len(summary.low) else ""
    yield _title(f"read with less than {_percent(LOW_CONFIDENCE)} confidence: {documents}{these}")
    table = _table()
    table.add_column("confidence", justify="right")
    table.add_column("pages", justify="right")
    table.add_column("document", overflow="fold")
    for scan in summary.low:
        sure = scan.counts.confidence if scan.counts else None
        table.add_row(_percent(sure), f"{scan.pages:,}", Text(printable(str(scan.place))))
    yield table


def _table() -> Table:
    return Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))


def _title(words: str) -> Text:
    return Text(f"\n{words}", style="bold")


def _number(value: float | None, digits: int) -> str:
    return NOTHING if value is None else f"{value:.{digits}f}"


def _percent(share: float | None) -> str:
    return NOTHING if share is None else f"{100 * share:.1f} %"
