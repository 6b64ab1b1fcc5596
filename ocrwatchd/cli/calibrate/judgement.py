"""What the figures mean: gain, harm, or neither; and which gate is best. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ocrwatchd.cli.calibrate.measure import Measured, Tried
    from ocrwatchd.llm.calibration_store import Finding

LEAST_GAIN: Final = 0.01
"""Fewer errors by a smaller share are no gain."""

LEAST_ERRORS: Final = 20
"""In texts with fewer errors a gain cannot be told from chance."""

MOST_CHANGED: Final = 0.002
"""Where a larger share of a clean text's words is changed, that is harm."""

SPOILED: Final = 2.0
"""A model whose answers, taken as they are, would make the errors so many times as many understands nothing."""

WORTH: Final = 0.05
"""Another gate must mend so large a share of the errors more: what it costs elsewhere is not seen here."""

LEAST_FEWER: Final = 5
"""Nor is it worth the change where it leaves fewer errors by less than this, which may be chance."""


class Judgement(NamedTuple):
    """A finding and its reason."""

    finding: Finding
    why: str


def harm(tried: Tried) -> str:
    """What harm a gate lets through, or ""."""
    misread, clean = tried.misread, tried.clean
    if misread.after > misread.before:
        return f"errors grow from {misread.before} to {misread.after}"
    if clean.changed > MOST_CHANGED * clean.words:
        return f"{clean.changed} of {clean.words} words of clean text are changed"
    if spoiled := misread.digits + clean.digits:
        return f"digits are made wrong in {spoiled} of {misread.texts + clean.texts} texts"
    return ""


def judge(measured: Measured, gate: str) -> Judgement:
    """Whether the model does good with a gate.

    A model of which the gate lets nothing good through, and whose answers would spoil the texts, counts as harm: all
    that it does is cost time, and stand behind one guard only.

    Args:
        measured: the figures.
        gate: the gate's name in them.
    """
    tried = measured.tried[gate]
    if wrong := harm(tried):
        return Judgement("harm", wrong)
    misread, ungated = tried.misread, measured.ungated
    if misread.before >= LEAST_ERRORS and misread.change <= -LEAST_GAIN:
        return Judgement("gain", f"errors fall from {misread.before} to {misread.after} ({misread.change:+.1%})")
    spoiled = ungated.misread.after + ungated.clean.after
    if spoiled > SPOILED * max(ungated.misread.before, LEAST_ERRORS):
        return Judgement(
            "harm",
            f"it repairs next to nothing (errors {misread.before} to {misread.after}), and only the gate keeps out its "
            f"answers, with which there would be {spoiled}",
        )
    if not measured.answered:
        return Judgement("unknown", "; ".join(("it had no answer to anything", *measured.left)))
    if misread.before < LEAST_ERRORS:
        return Judgement("unknown", f"{misread.before} errors are too few to tell; take more, or worse, scans")
    return Judgement("none", f"it repairs next to nothing: errors {misread.before} to {misread.after}")


def best(tried: Mapping[str, Tried]) -> str:
    """The gate to be taken: the first, unless another one is worth the change; "" where all do harm.

    It is worth it where the first does harm, or where the other leaves fewer errors by ``WORTH`` and ``LEAST_FEWER``.
    """
    harmless = [name for name, each in tried.items() if not harm(each)]
    if not harmless:
        return ""
    kept = harmless[0]
    least = min(harmless, key=lambda name: _left(tried[name]))
    worth = max(LEAST_FEWER, WORTH * tried[kept].misread.before)
    return least if _left(tried[kept]) - _left(tried[least]) >= worth else kept


def _left(tried: Tried) -> int:
    return tried.misread.after + tried.clean.after
