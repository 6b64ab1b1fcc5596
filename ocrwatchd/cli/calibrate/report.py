"""What is told of a calibration: a small table for people, the same figures for programs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from ocrwatchd.cli.calibrate import presets
from ocrwatchd.cli.calibrate.measure import PAGE_CHARACTERS
from ocrwatchd.core.log import printable
from ocrwatchd.gate import languages, scoring

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ocrwatchd.cli.calibrate.measure import Case, Measured, Tried
    from ocrwatchd.cli.calibrate.residual_errors import Remaining
    from ocrwatchd.llm.calibration_store import Record

SHOWN: Final = 12
"""So many of the commonest remaining confusions are shown."""

UNGATED: Final = "no gate"
COLUMNS: Final = (
    f"{'gate':9}{'errors':>16}{'change':>10}{'made worse':>14}{'clean words changed':>22}{'digits worse':>15}"
)


@dataclass(frozen=True, slots=True)
class Report:
    """All that is told.

    Args:
        record: the verdict.
        measured: the figures.
        best: the best gate's name, or "".
        cases: what was measured on.
        remaining: where errors remain; None where that is not told, for they were made up.
        recognised_s: of recognition for a page of a scan; None where none was read.
    """

    record: Record
    measured: Measured
    best: str
    cases: list[Case]
    remaining: Remaining | None = None
    recognised_s: float | None = None


def in_lines(report: Report) -> Iterator[str]:
    """For people."""
    record, measured = report.record, report.measured
    tally = measured.tried[presets.YOURS].misread
    both = ", each with its errors and without" if measured.ungated.clean.texts else ""
    yield f"model      {record.model} (SHA-256 {record.sha256[:16]}…), {languages.names(record.languages)}"
    yield (
        f"measured   on {_counted(tally.texts, 'text')} ({record.basis}), {tally.characters / PAGE_CHARACTERS:.1f} "
        f"pages of {PAGE_CHARACTERS:,} characters{both}"
    )
    yield ""
    yield from _documents(report)
    yield COLUMNS
    for name, tried in {**measured.tried, UNGATED: measured.ungated}.items():
        yield _row(name, tried)
    yield ""
    recognised = "" if report.recognised_s is None else f", recognition {report.recognised_s:.2f} s a page of a scan"
    yield f"time       correction {record.seconds_a_page:.2f} s a page{recognised}"
    yield from (f"left raw   {_counted(count, 'part')}: {printable(why)}" for why, count in measured.left.items())
    yield from _remaining(report)
    yield f"verdict    {record.finding}: {record.why}"
    yield from _advice(report)


def in_json(report: Report) -> dict[str, object]:
    """For programs."""
    measured = report.measured
    found: dict[str, object] = report.record.model_dump(mode="json", exclude={"stamps", "prompts"})
    found["best"] = report.best
    found["recognition_seconds_a_page"] = report.recognised_s
    found["gates"] = {name: asdict(tried) for name, tried in measured.tried.items()}
    found["no_gate"] = asdict(measured.ungated)
    found["left_raw"] = dict(measured.left)
    found["texts"] = [
        {"name": printable(case.name), "characters": len(scoring.fold(case.truth)), "before": before, "after": after}
        for case, before, after in _errors(report)
    ]
    if report.remaining is not None:
        found["remaining"] = {
            "kinds": dict(report.remaining.kinds.most_common()),
            "letters": [
                {"true": true, "read": read, "count": count}
                for (true, read), count in report.remaining.letters.most_common()
            ],
        }
    return found


def _counted(count: int, thing: str) -> str:
    return f"{count} {thing}{'' if count == 1 else 's'}"


def _row(name: str, tried: Tried) -> str:
    misread, clean = tried.misread, tried.clean
    errors = f"{misread.before} → {misread.after}"
    worse, changed = f"{misread.worse} of {misread.texts}", f"{clean.changed} of {clean.words}" if clean.texts else "-"
    digits = f"{misread.digits + clean.digits} of {misread.texts + clean.texts}"
    return f"{name:9}{errors:>16}{misread.change:>+10.1%}{worse:>14}{changed:>22}{digits:>15}"


def _errors(report: Report) -> Iterator[tuple[Case, int, int]]:
    for case, text in zip(report.cases, report.measured.texts, strict=True):
        yield case, scoring.errors(case.read, case.truth), scoring.errors(text, case.truth)


def _documents(report: Report) -> Iterator[str]:
    if report.remaining is None:
        return
    yield f"{'document':32}{'error rate':>12}{'corrected':>12}"
    for case, before, after in _errors(report):
        size = max(1, len(scoring.fold(case.truth)))
        yield f"{printable(case.name):32}{before / size:>12.2%}{after / size:>12.2%}"
    yield ""


def _remaining(report: Report) -> Iterator[str]:
    if report.remaining is None:
        return
    kinds = ", ".join(f"{kind} {count}" for kind, count in report.remaining.kinds.most_common())
    yield f"remaining  {kinds or 'nothing'}"
    if report.remaining.letters:
        shown = (
            f"{printable(true) or '(nothing)'} read as {printable(read) or '(nothing)'} {count}"
            for (true, read), count in report.remaining.letters.most_common(SHOWN)
        )
        yield f"           {'; '.join(shown)}"


def _advice(report: Report) -> Iterator[str]:
    tried, best = report.measured.tried, report.best
    if report.record.finding == "harm":
        yield (
            'advice     set llm.model to another one, or to "off"; with llm.require_calibration = true a model that '
            "does harm corrects nothing"
        )
    if best and best != presets.YOURS and (gate := presets.PRESETS[best]):
        fewer = tried[presets.YOURS].misread.after - tried[best].misread.after
        what = f"leaves {_counted(fewer, 'error')} fewer" if fewer > 0 else "does no such harm"
        yield f"advice     the gate {best} {what}; in your configuration, then calibrate again:"
        yield presets.in_toml(gate)
