"""Add up the work since a moment, from the ledger and from the receipts that still lie in the outbox."""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ocrwatchd.cli.report import ledger_reader, periods, receipts
from ocrwatchd.cli.report.frequent_edits import Pairs
from ocrwatchd.cli.report.ledger_reader import Scan
from ocrwatchd.core.config.schema import Folders
from ocrwatchd.core.fs.tree import Obstacle

if TYPE_CHECKING:
    import datetime as dt

LOW_CONFIDENCE: Final = 0.98
"""The report lists documents below this: RapidOCR reads good scans with 0.997 and more, the demo's bad scan with
0.95."""

MOST_LOW: Final = 10
PER_WORDS: Final = 1000


@dataclass(slots=True)
class Sums:
    """The work of a stretch of time.

    Attributes:
        documents: delivered documents.
        copies: those of them that were copies of earlier documents, not read again.
        unknown: those of them without known counts.
        failed: scans that ended in ``failed/``.
        seconds: the engine's wall time.
        edits: admitted edits, by kind.
        refused: refused edits, by kind.
        scored: words with a known confidence.
        scores: sum of these words' confidence, each with the mean of its document.
    """

    documents: int = 0
    copies: int = 0
    unknown: int = 0
    failed: int = 0
    pages: int = 0
    unreadable: int = 0
    seconds: float = 0.0
    words: int = 0
    edits: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    scored: int = 0
    scores: float = 0.0

    def add(self, scan: Scan) -> None:
        if not scan.delivered:
            self.failed += 1
            return
        self.documents += 1
        self.pages += scan.pages
        self.seconds += scan.seconds
        if (counts := scan.counts) is None:
            self.unknown += 1
            return
        self.copies += not scan.pages
        self.unreadable += counts.unreadable
        self.words += counts.words
        self.edits.update(counts.edits_by_reason)
        self.refused.update(counts.refused_by_reason)
        if counts.confidence is not None:
            scored = counts.words if counts.scored_words is None else counts.scored_words
            self.scored += scored
            self.scores += scored * counts.confidence

    @property
    def seconds_a_page(self) -> float | None:
        """None without pages."""
        return self.seconds / self.pages if self.pages else None

    @property
    def confidence(self) -> float | None:
        """The mean confidence of words, 0-1; None without scored words."""
        return self.scores / self.scored if self.scored else None

    def per_words(self, number: int) -> float | None:
        """Divide a number by the words, in units of :data:`PER_WORDS`; None without words."""
        return PER_WORDS * number / self.words if self.words else None


@dataclass(slots=True)
class Found:
    """Numbers of receipts that were sought, those of documents with proposals or without known counts.

    Attributes:
        read: receipts that were read.
        gone: receipts that are no longer in the outbox.
        unusable: receipts that were changed, or cannot be read.
    """

    read: int = 0
    gone: int = 0
    unusable: int = 0

    @property
    def sought(self) -> int:
        """All of them."""
        return self.read + self.gone + self.unusable


@dataclass(slots=True)
class Summary:
    """The work between two moments.

    Attributes:
        since: Unix time, as asked for or the beginning of the ledger.
        until: Unix time.
        step: length of the periods.
        periods: by their beginnings, local time, in order, without a gap.
        repairs: admitted edits, from the receipts.
        refusals: refused edits, from the receipts.
        low: delivered scans with the least confidence, below :data:`LOW_CONFIDENCE`, the least first.
        low_documents: number of all documents below it.
    """

    since: float
    until: float
    step: periods.Step
    total: Sums = field(default_factory=Sums)
    periods: dict[dt.datetime, Sums] = field(default_factory=dict)
    found: Found = field(default_factory=Found)
    repairs: Pairs = field(default_factory=Pairs)
    refusals: Pairs = field(default_factory=Pairs)
    low: list[Scan] = field(default_factory=list)
    low_documents: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether no scan has ended in that time."""
        return not (self.total.documents or self.total.failed)


def of(folders: Folders, since: float, now: float) -> Summary:
    """Add up the work from ``since`` to ``now``, Unix times; from 0.0 on it is the whole ledger.

    Raises:
        FolderUnusable: the ledger cannot be read; the message says what to do.
    """
    begin, ended = ledger_reader.since(folders, since, now)
    made = Summary(begin, now, periods.step_of(begin, now))
    made.periods = {each: Sums() for each in periods.between(begin, now, made.step)}
    outbox = folders.path("outbox")
    for each in ended:
        scan = _with_receipts(each, outbox, made) if each.delivered else each
        for sums in (made.total, made.periods[periods.begin_of(periods.local(scan.ended_at), made.step)]):
            sums.add(scan)
        if scan.delivered and _confidence(scan) < LOW_CONFIDENCE:
            made.low_documents += 1
            made.low = heapq.nsmallest(MOST_LOW, [*made.low, scan], key=_confidence)
    return made


def _confidence(scan: Scan) -> float:
    sure = scan.counts.confidence if scan.counts else None
    return 1.0 if sure is None else sure


def _with_receipts(scan: Scan, outbox: Path, made: Summary) -> Scan:
    """Count the proposals in the scan's receipts; return the scan with the receipt's counts if the ledger has none."""
    if scan.counts and not scan.counts.proposed:
        return scan
    for place in scan.sets or (scan.place,):
        scan = _with_receipt(scan, place, outbox, made)
    return scan


def _with_receipt(scan: Scan, place: Path, outbox: Path, made: Summary) -> Scan:
    try:
        with receipts.opened(outbox, place, scan.job) as (head, pages):
            if not scan.counts:
                scan = scan._replace(
                    pages=scan.pages or head.page_count,
                    seconds=scan.seconds or head.timings.seconds,
                    counts=head.totals.model_copy(update={"unreadable": head.unreadable_pages}),
                )
            for page in pages if scan.counts and scan.counts.proposed else ():
                for edit in page.edits:
                    made.repairs.add(edit)
                for refused in page.refused:
                    made.refusals.add(refused, refused=True)
    except (FileNotFoundError, NotADirectoryError, Obstacle):
        made.found.gone += 1
    except (OSError, receipts.Unusable):
        made.found.unusable += 1
    else:
        made.found.read += 1
    return scan
