"""What has been done since a moment, in numbers: from the ledger, and from receipts that still lie in the outbox."""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from ocrwatchd.cli.report import ledger_reader, periods, receipts
from ocrwatchd.cli.report.frequent_edits import Pairs
from ocrwatchd.core.fs.tree import Obstacle

if TYPE_CHECKING:
    import datetime as dt
    from pathlib import Path

    from ocrwatchd.cli.report.ledger_reader import Scan
    from ocrwatchd.cli.report.periods import Step
    from ocrwatchd.cli.report.receipts import Receipt
    from ocrwatchd.core.config.schema import Folders

LOW_CONFIDENCE: Final = 0.98
"""Documents that were read with less are told: RapidOCR reads good scans with 0.997 and more, the demo's, a bad one,
with 0.95."""

MOST_LOW: Final = 10
PER_WORDS: Final = 1000


@dataclass(slots=True)
class Sums:
    """What was done, added up.

    Attributes:
        documents: delivered ones.
        copies: of these, how many were copies of earlier ones and not read again.
        unknown: of these, of how many nobody knows any more what was corrected.
        failed: scans that ended in ``failed/``.
        seconds: the engine's wall time.
        edits: admitted ones, by kind.
        refused: proposals, likewise.
        scored: words whose confidence is known.
        scores: these, each with its document's confidence.
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
        """Count a scan."""
        if not scan.delivered:
            self.failed += 1
            return
        self.documents += 1
        self.pages += scan.pages
        self.unreadable += scan.unreadable
        self.seconds += scan.seconds
        if (counts := scan.counts) is None:
            self.unknown += 1
            return
        self.copies += not scan.pages
        self.words += counts.words
        self.edits.update(counts.edits_by_reason)
        self.refused.update(counts.refused_by_reason)
        if counts.confidence is not None:
            scored = counts.words if scan.scored is None else scan.scored
            self.scored += scored
            self.scores += scored * counts.confidence

    @property
    def seconds_a_page(self) -> float | None:
        """How long a page took; None without any."""
        return self.seconds / self.pages if self.pages else None

    @property
    def confidence(self) -> float | None:
        """How sure the engine was of a word, on average; None where it has told of none."""
        return self.scores / self.scored if self.scored else None

    def per_words(self, number: int) -> float | None:
        """So many, among :data:`PER_WORDS` words; None where none were read."""
        return PER_WORDS * number / self.words if self.words else None


@dataclass(slots=True)
class Found:
    """Receipts that were looked for: of documents on which the model proposed something, or nobody knows whether.

    Attributes:
        read: how many were there and could be read.
        gone: how many are no longer in the outbox.
        unusable: how many are not as they were delivered, or cannot be read.
    """

    read: int = 0
    gone: int = 0
    unusable: int = 0

    @property
    def sought(self) -> int:
        """How many were looked for."""
        return self.read + self.gone + self.unusable


@dataclass(slots=True)
class Summary:
    """What was done between two moments.

    Attributes:
        since: Unix time: as asked for, or when the ledger begins.
        until: Unix time.
        step: how long each of the periods is.
        periods: by their beginnings, local time, in order, without a gap.
        repairs: the admitted edits, as far as their receipts are there.
        refusals: what was refused, likewise.
        low: the delivered scans that were read with the least confidence, below :data:`LOW_CONFIDENCE`, least first.
        low_documents: how many are below it.
    """

    since: float
    until: float
    step: Step
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
    """Add everything up.

    Args:
        folders: the root's.
        since: Unix time; 0.0 for all that the ledger knows.
        now: Unix time.

    Raises:
        FolderUnusable: the ledger cannot be read, with what to do about it.
    """
    begin, ended = ledger_reader.since(folders, since, now)
    made = Summary(begin, now, periods.step_of(begin, now))
    made.periods = {each: Sums() for each in periods.between(begin, now, made.step)}
    outbox = folders.path("outbox")
    for each in ended:
        scan = _with_receipt(each, outbox, made) if each.delivered else each
        for sums in (made.total, made.periods[periods.begin_of(periods.local(scan.ended_at), made.step)]):
            sums.add(scan)
        if scan.delivered and _confidence(scan) < LOW_CONFIDENCE:
            made.low_documents += 1
            made.low = heapq.nsmallest(MOST_LOW, [*made.low, scan], key=_confidence)
    return made


def _confidence(scan: Scan) -> float:
    sure = scan.counts.confidence if scan.counts else None
    return 1.0 if sure is None else sure


def _with_receipt(scan: Scan, outbox: Path, made: Summary) -> Scan:
    """The scan, with what only its receipt tells; what the model proposed is counted."""
    if scan.counts and not scan.counts.proposed:
        return scan
    try:
        with receipts.opened(outbox, scan.place, scan.job) as receipt:
            scan = scan if scan.counts else _told(scan, receipt)
            for page in receipt.pages if scan.counts and scan.counts.proposed else ():
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


def _told(scan: Scan, receipt: Receipt) -> Scan:
    head = receipt.head
    return replace(
        scan,
        pages=scan.pages or head.page_count,
        unreadable=head.unreadable_pages,
        seconds=scan.seconds or head.timings.seconds,
        counts=head.totals,
    )
