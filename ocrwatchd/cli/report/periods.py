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
"""What periods there are, and how long they last at most: so long after a beginning lies in the next one."""

MOST_PERIODS: Final = 36
"""About so many fit on a screen, and on a picture."""


def local(moment: float) -> dt.datetime:
    """A Unix time as the clock on the wall shows it."""
    return dt.datetime.fromtimestamp(moment)  # noqa: DTZ006  # that is what is meant


def step_of(first: float, last: float) -> Step:
    """The shortest step of which no more than :data:`MOST_PERIODS` lie between two Unix times."""
    span = dt.timedelta(seconds=max(0.0, last - first))
    return next((step for step, length in STEPS.items() if span <= MOST_PERIODS * length), "year")


def begin_of(moment: dt.datetime, step: Step) -> dt.datetime:
    """When the period began that a moment lies in; weeks begin on Mondays."""
    if step == "hour":
        return moment.replace(minute=0, second=0, microsecond=0)
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    if step == "week":
        return day - dt.timedelta(days=day.weekday())
    if step == "month":
        return day.replace(day=1)
    return day.replace(month=1, day=1) if step == "year" else day


def after(begin: dt.datetime, step: Step) -> dt.datetime:
    """When the period that begins then ends, and the next one begins."""
    return begin_of(begin + STEPS[step], step)


def between(first: float, last: float, step: Step) -> Iterator[dt.datetime]:
    """The beginnings of all periods from one Unix time to another."""
    begin, end = begin_of(local(first), step), local(last)
    while begin <= end:
        yield begin
        begin = after(begin, step)
