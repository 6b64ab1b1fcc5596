"""What a figure is, how two sides are measured fairly, and how figures are shown."""

from __future__ import annotations

import argparse
import dataclasses
import gc
import json
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a figure's table.

    Attributes:
        name: what was measured, in a few words.
        value: our side.
        unit: of both sides.
        against: the other side, None where there is none.
        versus: what the other side is.
        ratio: value to against, in the sense that ``goal`` speaks of; :func:`compared` gives it.
        goal: what is to be reached, in words and figures ("at most 0.5", "p95 under 50 ms").
        reached: whether it is, None where no goal is set.
        note: what a reader must know: repetitions, spread, circumstances.
    """

    name: str
    value: float
    unit: str
    against: float | None = None
    versus: str = ""
    ratio: float | None = None
    goal: str = ""
    reached: bool | None = None
    note: str = ""


def compared(
    name: str, value: float, unit: str, against: float, versus: str, *, at_most: float = 0, at_least: float = 0,
    note: str = "",
) -> Row:  # fmt: skip
    """Give the row of two sides, with their ratio and whether it is as low, or as high, as wanted."""
    ratio = value / against
    goal = f"at most {at_most:g}" if at_most else f"at least {at_least:g}" if at_least else ""
    reached = (ratio <= at_most if at_most else ratio >= at_least) if goal else None
    return Row(
        name=name,
        value=value,
        unit=unit,
        against=against,
        versus=versus,
        ratio=ratio,
        goal=goal,
        reached=reached,
        note=note,
    )


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one call, s, with what earlier calls left behind collected beforehand."""
    gc.collect()
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def interleaved(repetitions: int, *sides: Callable[[], object]) -> list[list[float]]:
    """Time all sides in turn, each next round in the other order; wall times in s, a list for each side.

    Noise of the machine then meets every side alike.
    """
    times: list[list[float]] = [[] for _ in sides]
    for round_ in range(repetitions):
        order = range(len(sides)) if round_ % 2 == 0 else reversed(range(len(sides)))
        for side in order:
            times[side].append(seconds(sides[side]))
    return times


def percentile(values: Sequence[float], percent: int) -> float:
    """The smallest value that at least so many percent do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def spread(values: Sequence[float], unit: str = "s") -> str:
    """Say median and range, for a note."""
    return f"median {statistics.median(values):.3g}, {min(values):.3g}-{max(values):.3g} {unit}, n={len(values)}"


def number(value: float | None) -> str:
    """Three significant digits at least, and no exponent."""
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def table(rows: Sequence[Row]) -> str:
    """Show rows as a Markdown table, aligned to be read as it is."""
    head = ("what", "ours", "other", "unit", "other is", "ratio", "goal", "reached", "note")
    cells = [
        (
            row.name,
            number(row.value),
            number(row.against),
            row.unit,
            row.versus,
            "" if row.ratio is None else f"{row.ratio:.2f}",
            row.goal,
            {None: "", True: "yes", False: "no"}[row.reached],
            row.note,
        )
        for row in rows
    ]
    kept = [column for column in range(len(head)) if any(line[column] for line in cells)]
    lines = [head, *cells]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    shown = ["| " + " | ".join(line[column].ljust(widths[column]) for column in kept) + " |" for line in lines]
    rule = "|" + "|".join("-" * (widths[column] + 2) for column in kept) + "|"
    return "\n".join([shown[0], rule, *shown[1:]])


def main(measure: Callable[[bool], list[Row]]) -> None:
    """Run one figure by itself and print its table; the runner also asks for its rows as JSON."""
    parser = argparse.ArgumentParser(description=measure.__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer repetitions, less load")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows there too")
    asked = parser.parse_args()
    rows = measure(asked.quick)
    print(table(rows))  # noqa: T201 - a script talks to a person
    if asked.json:
        asked.json.write_text(json.dumps([dataclasses.asdict(row) for row in rows], indent=1), encoding="utf-8")
