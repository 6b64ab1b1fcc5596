"""Judge the figures: gain, harm or neither, and the best task for the model. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple, TypeVar

from ocrwatchd.cli.calibrate.measure import Measured, Tally
from ocrwatchd.cli.calibrate.presets import YOURS
from ocrwatchd.llm.calibration_store import Finding, Method, Use

LEAST_GAIN: Final = 0.01
"""Without a picture, a smaller relative reduction of errors is no gain."""

LEAST_ERRORS: Final = 20
"""With fewer errors in the texts a gain may be chance."""

SPOILED: Final = 2.0
"""A model harms if its answers, all admitted, would multiply the errors by more than this."""

WORTH: Final = 0.05
"""A more expensive task must repair this share of the remaining errors: its costs elsewhere are not measured."""

LEAST_FEWER: Final = 5
"""A more expensive task must also repair this many errors; fewer may be chance."""

Name = TypeVar("Name", bound=str)


class Judgement(NamedTuple):
    """A finding and its reason."""

    finding: Finding
    why: str


class Verdict(NamedTuple):
    """The verdict on a model: its best method where there is a picture, the finding of each use and of the best."""

    method: Method
    uses: dict[Use, Finding]
    finding: Finding
    why: str


def verdict(measured: Measured) -> Verdict:
    """Find the model's best task: the cheapest, unless a more expensive one is worth its cost."""
    text = of_text(measured)
    found = {way: _of_way(measured, way, text) for way in measured.ways if way != "none"}
    uses: dict[Use, Finding] = {**{way: each.finding for way, each in found.items()}, "text": text.finding}
    gains = {way: measured.ways[way] for way in measured.ways if way == "none" or uses[way] == "gain"}
    method = _worth(gains)
    if method != "none":
        return Verdict(method, uses, *found[method])
    # For a model without any gain, the verdict gives the least bad finding.
    order: tuple[Finding, ...] = ("none", "unknown", "harm")
    return Verdict("none", uses, *min(found.values(), key=lambda each: order.index(each.finding)))


def of_text(measured: Measured) -> Judgement:
    """Judge a model that writes without a picture.

    A model counts as harm if its admitted edits repair nothing and all its answers together would spoil the texts:
    only the gate stands between these answers and the documents.
    """
    tally, ungated = measured.gates[YOURS], measured.ungated
    if wrong := harm(tally):
        return Judgement("harm", wrong)
    if tally.before >= LEAST_ERRORS and tally.change <= -LEAST_GAIN:
        return Judgement("gain", f"errors fall from {tally.before} to {tally.after} ({tally.change:+.1%})")
    if ungated.after > SPOILED * max(ungated.before, LEAST_ERRORS):
        return Judgement(
            "harm",
            f"it repairs next to nothing (errors {tally.before} to {tally.after}), and only the gate keeps out its "
            f"answers, with which there would be {ungated.after}",
        )
    if unknown := _unknown(measured, "rewrite"):
        return Judgement("unknown", unknown)
    return Judgement("none", f"it repairs next to nothing: errors {tally.before} to {tally.after}")


def harm(tally: Tally) -> str:
    """Say which harm a gate admits, or ""."""
    if tally.after > tally.before:
        return f"errors grow from {tally.before} to {tally.after}"
    return f"digits are made wrong in {tally.digits} of {tally.texts} texts" if tally.digits else ""


def best_gate(gates: Mapping[str, Tally]) -> str:
    """Choose the first gate, unless another one is worth the change; "" if all do harm."""
    harmless = {name: each for name, each in gates.items() if not harm(each)}
    return _worth(harmless) if harmless else ""


def _of_way(measured: Measured, way: Method, text: Judgement) -> Judgement:
    """Judge a model's task where there is a picture, which repairs many errors without a model."""
    alone, tally = measured.ways["none"], measured.ways[way]
    told = f"errors {alone.after} without it, {tally.after} with it"
    worth = _margin(alone)
    if tally.after >= alone.after + worth:
        return Judgement("harm", f"more errors are left: {told}")
    if tally.digits > alone.digits:
        return Judgement("harm", f"digits are made wrong in {tally.digits - alone.digits} of {tally.texts} texts more")
    if unknown := _unknown(measured, way):
        return Judgement("unknown", unknown)
    if tally.after <= alone.after - worth:
        return Judgement("gain", f"fewer errors are left: {told}")
    if way != "choose" and text.finding == "harm":
        return text
    return Judgement("none", f"it mends next to nothing: {told}")


def _unknown(measured: Measured, way: Method) -> str:
    """Say why there is not enough evidence, or ""."""
    if way == "rewrite" and not measured.answered:
        return "; ".join(("it had no answer to anything", *measured.left))
    if way == "choose" and not measured.compared:
        return "it compared nothing: no word was in doubt by a picture, or there was no time"
    before = measured.ways["none"].before
    return f"{before} errors are too few to tell; take more, or worse, scans" if before < LEAST_ERRORS else ""


def _worth(tallies: Mapping[Name, Tally]) -> Name:
    """Return the first, unless a later one leaves fewer errors by ``WORTH`` and ``LEAST_FEWER``."""
    kept, *others = tallies
    for name in others:
        if tallies[name].after <= tallies[kept].after - _margin(tallies[kept]):
            kept = name
    return kept


def _margin(tally: Tally) -> float:
    return max(LEAST_FEWER, WORTH * tally.after)
