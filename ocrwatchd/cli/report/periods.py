"""Cut a stretch of time into hours, days, weeks, months or years, local time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Final, Literal

Step = Literal["hour", "day", "week", "month", "year"]

STEPS: Final[dict[Step, dt.timedelta]] = {
    "hour": dt.timedelta(hours=1),
    "day": dt.timedelta(days=1),
    "week": dt.timedelta(weeks=1),
    "month": dt.timedelta(days=31),
    "year": dt.timedelta(days=366),
}
"""The kinds of periods with their longest duration: that long after a beginning lies in the next period."""

MOST_PERIODS: Final = 36
"""About this many fit on a screen, and on a picture."""


def local(moment: float) -> dt.datetime:
    """A Unix time as local time."""
    return dt.datetime.fromtimestamp(moment)  # noqa: DTZ006  # local time is meant


def step_of(first: float, last: float) -> Step:
    """The shortest step with at most :data:`MOST_PERIODS` periods between two Unix times."""
    span = dt.timedelta(seconds=max(0.0, last - first))
    return next((step for step, length in STEPS.items() if span <= MOST_PERIODS * length), "year")


def begin_of(moment: dt.datetime, step: Step) -> dt.datetime:
    """The beginning of the moment's period; weeks begin on Mondays."""
    if step == "hour":
        return moment.replace(minute=0, second=0, microsecond=0)
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    if step == "week":
        return day - dt.timedelta(days=day.weekday())
    if step == "month":
        return day.replace(day=1)
    return day.replace(month=1, day=1) if step == "year" else day


def between(first: float, last: float, step: Step) -> Iterator[dt.datetime]:
    """The beginnings of all periods from one Unix time to another."""
    begin, end = begin_of(local(first), step), local(last)
    while begin <= end:
        yield begin
        begin = begin_of(begin + STEPS[step], step)
