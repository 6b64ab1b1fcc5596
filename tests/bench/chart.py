"""A chart of what was sampled over time: panels one below the other, with Pillow alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

WIDTH, PANEL_HEIGHT = 1100, 340
LEFT, RIGHT, TOP, BOTTOM = 80, 130, 50, 50
FONT_SIZE = 16
TICKS = 5
"""On each axis, about."""
COLOURS = ("firebrick", "royalblue", "seagreen", "darkorange")
"""Of as many lines as a panel can have."""
MINUTES_FROM_S = 180
"""Longer samplings are labelled in minutes."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One part of a chart.

    Attributes:
        title: what is shown, with its unit.
        lines: values by the name of who has them, as many as there are times.
    """

    title: str
    lines: Mapping[str, Sequence[float]]


def draw(times_s: Sequence[float], panels: Sequence[Panel], path: Path) -> None:
    """Draw panels over the same time.

    Args:
        times_s: of the samples, seconds since the start; at least one.
        panels: from top to bottom.
        path: of a PNG; its folder is made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.new("RGB", (WIDTH, PANEL_HEIGHT * len(panels)), "white")
    for place, panel in enumerate(panels):
        part = Image.new("RGB", (WIDTH, PANEL_HEIGHT), "white")
        _panel(ImageDraw.Draw(part), times_s, panel)
        picture.paste(part, (0, PANEL_HEIGHT * place))
    picture.save(path)


def ticks(highest: float) -> list[float]:
    """Round numbers from 0 to the first one that is not below ``highest``, about :data:`TICKS` of them."""
    rough = max(highest, 1) / TICKS
    power = 10 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
    return [step * number for number in range(max(1, math.ceil(highest / step)) + 1)]


def _panel(canvas: ImageDraw.ImageDraw, times_s: Sequence[float], panel: Panel) -> None:
    font = ImageFont.load_default(FONT_SIZE)
    unit, unit_s = ("min", 60) if max(times_s) > MINUTES_FROM_S else ("s", 1)
    across, upwards = ticks(max(times_s) / unit_s), ticks(max(map(max, panel.lines.values())))
    right, bottom = WIDTH - RIGHT, PANEL_HEIGHT - BOTTOM

    def x(time_s: float) -> float:
        return LEFT + (right - LEFT) * time_s / unit_s / across[-1]

    def y(value: float) -> float:
        return bottom - (bottom - TOP) * value / upwards[-1]

    canvas.text((LEFT, TOP - 14), panel.title, "black", font, anchor="ls")
    for value in upwards:
        canvas.line([(LEFT, y(value)), (right, y(value))], "gainsboro")
        canvas.text((LEFT - 8, y(value)), f"{value:g}", "black", font, anchor="rm")
    for value in across:
        canvas.line([(x(value * unit_s), bottom), (x(value * unit_s), bottom + 5)], "black")
        last = f" {unit}" if value == across[-1] else ""
        canvas.text((x(value * unit_s), bottom + 8), f"{value:g}{last}", "black", font, anchor="ma")
    canvas.line([(LEFT, TOP), (LEFT, bottom), (right, bottom)], "black")
    lines = sorted(zip(panel.lines.items(), COLOURS, strict=False), key=lambda line: -line[0][1][-1])
    above = 0.0
    for (name, values), colour in lines:
        canvas.line([(x(at), y(value)) for at, value in zip(times_s, values, strict=True)], colour, 2)
        # Each line has its name where it ends, or below another one's.
        above = max(y(values[-1]), above + FONT_SIZE)
        canvas.text((x(times_s[-1]) + 8, above), f"{name} {values[-1]:.0f}", colour, font, anchor="lm")
