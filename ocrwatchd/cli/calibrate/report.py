"""Report a calibration: small tables for people, the same figures for programs."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Final

from ocrwatchd.cli.calibrate import presets
from ocrwatchd.cli.calibrate.measure import PAGE_CHARACTERS, Case, Measured, Tally
from ocrwatchd.cli.calibrate.residual_errors import Remaining
from ocrwatchd.core.log import printable
from ocrwatchd.gate import languages, scoring
from ocrwatchd.llm.calibration_store import Record

SHOWN: Final = 12
"""At most this many of the most frequent remaining confusions are shown."""

UNGATED: Final = "no gate"
WIDE, NARROW = 20, 14


@dataclass(frozen=True, slots=True)
class Report:
    """The verdict and its figures.

    Args:
        record: the verdict.
        measured: the figures.
        best_gate: name of the best gate for text without a picture, or "".
        cases: the measured texts.
        remaining: the errors that remain in the user's scans; None for typeset pages.
    """

    record: Record
    measured: Measured
    best_gate: str
    cases: list[Case]
    remaining: Remaining | None = None

    @property
    def recognised_s(self) -> float:
        """Mean seconds of recognition a page."""
        return statistics.fmean([page.seconds for case in self.cases for page in case.pages] or [0.0])


def in_lines(report: Report) -> Iterator[str]:
    """For people."""
    record, measured = report.record, report.measured
    ways = {"no model" if way == "none" else way: tally for way, tally in measured.ways.items()}
    gates = {**measured.gates, UNGATED: measured.ungated}
    tally = measured.ungated
    yield f"model      {record.model} (SHA-256 {record.sha256[:16]}…), {languages.names(record.languages)}"
    yield (
        f"measured   on {_counted(tally.texts, 'text')} ({record.basis}), {tally.characters / PAGE_CHARACTERS:.1f} "
        f"pages of {PAGE_CHARACTERS:,} characters"
    )
    yield ""
    yield from _documents(report)
    yield _row("by the picture, with", [*ways])
    yield from _rows(ways)
    yield _row("seconds a page", [f"{each.seconds_a_page:.2f}" for each in ways.values()])
    yield _row("finding", ["", *(record.uses[way] for way in measured.ways if way != "none")])
    yield ""
    yield _row("without picture, gate", [*gates])
    yield from _rows(gates)
    yield _row("finding", [record.uses["text"]])
    yield ""
    yield f"time       recognition {report.recognised_s:.2f} s a page as scanned"
    yield from (f"left raw   {_counted(count, 'part')}: {printable(why)}" for why, count in measured.left.items())
    yield from _remaining(report)
    yield f"verdict    {record.finding}: {record.why}"
    yield from _advice(report)


def in_json(report: Report) -> dict[str, object]:
    """For programs."""
    measured = report.measured
    found: dict[str, object] = report.record.model_dump(mode="json", exclude={"stamps", "prompts"})
    found["best_gate"] = report.best_gate
    found["recognition_seconds_a_page"] = report.recognised_s
    found["ways"] = {name: _figures(tally) for name, tally in measured.ways.items()}
    found["gates"] = {name: _figures(tally) for name, tally in measured.gates.items()}
    found["no_gate"] = _figures(measured.ungated)
    found["compared_words"] = measured.compared
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


def _figures(tally: Tally) -> dict[str, object]:
    return {**asdict(tally), "seconds_a_page": tally.seconds_a_page}


def _counted(count: int, thing: str) -> str:
    return f"{count} {thing}{'' if count == 1 else 's'}"


def _row(name: str, cells: list[str]) -> str:
    return f"{name:{WIDE}}{''.join(f'{cell:>{NARROW}}' for cell in cells)}"


def _rows(tallies: dict[str, Tally]) -> Iterator[str]:
    every = tallies.values()
    yield _row("wrong characters", [f"{each.before} → {each.after}" for each in every])
    yield _row("change", [f"{each.change:+.1%}" for each in every])
    yield _row("texts made worse", [f"{each.worse} of {each.texts}" for each in every])
    yield _row("digits made wrong", [f"{each.digits} of {each.texts}" for each in every])


def _errors(report: Report) -> Iterator[tuple[Case, int, int]]:
    texts = report.measured.texts[report.record.method]
    for case, text in zip(report.cases, texts, strict=True):
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
    gates, best, record = report.measured.gates, report.best_gate, report.record
    wanted = {"none": "nothing", "choose": "it chooses", "rewrite": "it writes", "both": "it writes and chooses"}
    yield f'method     with llm.method = "auto", where there is a picture: {wanted[record.method]}'
    if record.finding == "harm":
        yield (
            'advice     set llm.model to another one, or to "off"; with llm.require_calibration = true a model that '
            "does harm corrects nothing"
        )
    if best and best != presets.YOURS and (gate := presets.PRESETS[best]):
        fewer = gates[presets.YOURS].after - gates[best].after
        what = f"leaves {_counted(fewer, 'error')} fewer" if fewer > 0 else "does no such harm"
        yield f"advice     without a picture the gate {best} {what}; in your configuration, then calibrate again:"
        yield presets.in_toml(gate)
