"""A summary as plain numbers: JSON for programs.

``docs/administration.md`` has the keys; :data:`SCHEMA` goes up when they change.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from ocrwatchd.cli.report.frequent_edits import Pairs
from ocrwatchd.cli.report.ledger_reader import Scan
from ocrwatchd.cli.report.summary import LOW_CONFIDENCE, Summary, Sums
from ocrwatchd.core.log import printable

if TYPE_CHECKING:
    from collections import Counter

SCHEMA: Final = 1
MOST_PAIRS: Final = 100


def text(summary: Summary) -> str:
    """The JSON: one object, UTF-8; times are Unix seconds, beginnings of periods local time."""
    return json.dumps(_table(summary), ensure_ascii=False, allow_nan=False, indent=1)


def _table(summary: Summary) -> dict[str, object]:
    found = summary.found
    return {
        "schema": SCHEMA,
        "since": summary.since,
        "until": summary.until,
        "step": summary.step,
        "total": {
            **_sums(summary.total),
            "edits_by_reason": _kinds(summary.total.edits),
            "refused_by_reason": _kinds(summary.total.refused),
        },
        "periods": [{"begin": begin.isoformat(), **_sums(sums)} for begin, sums in summary.periods.items()],
        "receipts": {"sought": found.sought, "read": found.read, "gone": found.gone, "unusable": found.unusable},
        "repairs": [{**pair, "reverted": reverted} for pair, reverted in _pairs(summary.repairs)],
        "refusals": [pair for pair, _ in _pairs(summary.refusals, with_why=True)],
        "low_confidence": {
            "below": LOW_CONFIDENCE,
            "documents": summary.low_documents,
            "lowest": [_document(scan) for scan in summary.low],
        },
    }


def _sums(sums: Sums) -> dict[str, object]:
    return {
        "documents": sums.documents,
        "copies": sums.copies,
        "without_counts": sums.unknown,
        "failed": sums.failed,
        "pages": sums.pages,
        "unreadable_pages": sums.unreadable,
        "seconds": round(sums.seconds, 3),
        "seconds_a_page": _rounded(sums.seconds_a_page, 3),
        "words": sums.words,
        "edits": sums.edits.total(),
        "refused": sums.refused.total(),
        "confidence": _rounded(sums.confidence, 4),
    }


def _kinds(kinds: Counter[str]) -> dict[str, int]:
    return {printable(kind): times for kind, times in kinds.most_common()}


def _pairs(pairs: Pairs, *, with_why: bool = False) -> Iterator[tuple[dict[str, object], int]]:
    for pair, times, reverted in pairs.most(MOST_PAIRS):
        why = {"why": pair.why} if with_why else {}
        yield {"before": pair.before, "after": pair.after, **why, "times": times}, reverted


def _document(scan: Scan) -> dict[str, object]:
    counts = scan.counts
    return {
        "name": printable(str(scan.place)),
        "ended_at": scan.ended_at,
        "pages": scan.pages,
        "words": counts.words if counts else 0,
        "confidence": counts.confidence if counts else None,
    }


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
