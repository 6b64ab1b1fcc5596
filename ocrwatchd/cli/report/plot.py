"""A summary as a picture: pages, pace, edits and confidence over time, one below the other.

The extra "report" installs Matplotlib, which only this module needs. The colours are Okabe and Ito's, which people with
colour blindness can distinguish; refused edits are hatched too.
"""

from __future__ import annotations

import io
import math
import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from operator import add
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from ocrwatchd.cli.report.periods import Step
from ocrwatchd.cli.report.summary import Summary
from ocrwatchd.core.config.schema import cache_directory
from ocrwatchd.core.errors import ConfigError
from ocrwatchd.core.fs import files

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FILE: Final = "ocrwatchd-report.png"
"""Name of the picture in a given folder."""

READABLE_BY_OWNER: Final = 0o640
BLUE, ORANGE, GREEN = "#0072B2", "#E69F00", "#009E73"
INCHES: Final = (10.0, 10.0)
DOTS_AN_INCH: Final = 120
BAR_SHARE: Final = 0.86
"""Of a period's length."""

HEADROOM: Final = 1.08
USUAL_PERCENT: Final = 95.0
"""The axis of confidence begins here, or lower if a value is lower, so that small differences look small."""

MOST_LABELS: Final = 12
LABELS: Final[dict[Step, str]] = {
    "hour": "%H:%M\n%d %b",
    "day": "%d %b\n%Y",
    "week": "%d %b\n%Y",
    "month": "%b\n%Y",
    "year": "%Y",
}


def target(given: Path) -> Path:
    """The given file, or a file in the given folder.

    Raises:
        ConfigError: the file cannot be written, or Matplotlib is not installed.
    """
    if find_spec("matplotlib") is None:
        raise ConfigError(
            f"the picture needs matplotlib, which is not installed: {sys.executable} -m pip install matplotlib"
        )
    if given.is_dir():
        return given / FILE
    if given.suffix.lower() != ".png":
        raise ConfigError(f"--png {given}: name a file that ends with .png, or a folder that is there")
    if not given.parent.is_dir():
        raise ConfigError(f"--png {given}: there is no folder {given.parent}")
    return given


def write(summary: Summary, path: Path) -> None:
    """Draw the picture, and replace a file of this name.

    Raises:
        OSError: the file cannot be written.
    """
    files.write_new(path, _drawn(summary), READABLE_BY_OWNER, replace=True, lasting=False)


def _drawn(summary: Summary) -> bytes:
    # Else Matplotlib makes folders in the user's home, or warns if there is no home.
    os.environ.setdefault("MPLCONFIGDIR", str(cache_directory() / "matplotlib"))
    from matplotlib.figure import Figure  # only where a picture is wanted

    step, sums = summary.step, list(summary.periods.values())
    figure = Figure(figsize=INCHES, dpi=DOTS_AN_INCH, layout="constrained")
    pages, pace, edits, confidence = figure.subplots(4, 1, sharex=True)
    unreadable = Bars("unreadable", [each.unreadable for each in sums], ORANGE)
    _stack(pages, Bars("read", [each.pages - each.unreadable for each in sums], BLUE), unreadable)
    pages.set_title(f"pages by {step}", loc="left")

    _dot(pace, seconds := [each.seconds_a_page for each in sums])
    pace.set_ylim(0, HEADROOM * max((value for value in seconds if value), default=1.0))
    pace.set_title("seconds a page", loc="left")

    refused = Bars("refused", [each.refused.total() for each in sums], ORANGE)
    _stack(edits, Bars("admitted", [each.edits.total() for each in sums], GREEN), refused)
    edits.set_title(f"proposed edits by {step}", loc="left")

    _dot(confidence, shares := [None if each.confidence is None else 100 * each.confidence for each in sums])
    lowest = min((share for share in shares if share is not None), default=100.0)
    confidence.set_ylim(min(USUAL_PERCENT, lowest - 1), 100.5)
    confidence.set_title("mean confidence of words, %", loc="left")

    labelled = range(0, len(sums), math.ceil(len(sums) / MOST_LABELS))
    begins = list(summary.periods)
    confidence.set_xticks(labelled, [begins[number].strftime(LABELS[step]) for number in labelled])
    confidence.set_xlim(-0.6, len(sums) - 0.4)
    confidence.set_xlabel("weeks from Monday on, local time" if step == "week" else f"{step}s, local time")
    out = io.BytesIO()
    figure.savefig(out, format="png")
    return out.getvalue()


class Bars(NamedTuple):
    """A number a period."""

    name: str
    values: Sequence[int]
    colour: str


def _stack(axes: Axes, lower: Bars, upper: Bars) -> None:
    """Draw two stacked bars for each period."""
    from matplotlib.ticker import MaxNLocator  # only for a picture

    places = range(len(lower.values))
    axes.bar(places, lower.values, BAR_SHARE, color=lower.colour, label=lower.name)
    axes.bar(places, upper.values, BAR_SHARE, lower.values, color=upper.colour, label=upper.name, hatch="///", lw=0)
    axes.set_ylim(0, HEADROOM * max(1, *map(add, lower.values, upper.values)))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    axes.yaxis.set_major_formatter("{x:,.0f}")
    # Outside the axes: inside, the legend would cover a bar.
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, frameon=False)
    _rule(axes)


def _dot(axes: Axes, values: Sequence[float | None]) -> None:
    """Draw a dot for each period with a value; a line joins neighbours."""
    drawn = [math.nan if value is None else value for value in values]
    axes.plot(range(len(drawn)), drawn, color=BLUE, marker="o", markersize=4)
    _rule(axes)


def _rule(axes: Axes) -> None:
    axes.grid(axis="y", alpha=0.4)
    axes.set_axisbelow(True)
