"""From when on a report counts, as people say it: a date, or a span back from now."""

from __future__ import annotations

import datetime as dt
import re
from typing import Final

from ocrwatchd.core.errors import ConfigError

SPANS: Final = {"h": dt.timedelta(hours=1), "d": dt.timedelta(days=1), "w": dt.timedelta(weeks=1)}

_SPAN: Final = re.compile(r"([1-9][0-9]{0,5})([hdw])", re.ASCII)


def moment(given: str, now: float) -> float:
    """The Unix time that is meant: a date's first moment, local time, or so many hours, days or weeks before now.

    Args:
        given: as ``2026-11-01``, ``24h``, ``7d`` or ``4w``.
        now: Unix time.

    Raises:
        ConfigError: it is neither, or lies ahead.
    """
    if span := _SPAN.fullmatch(given):
        return max(0.0, now - int(span[1]) * SPANS[span[2]].total_seconds())
    try:
        begin = dt.datetime.strptime(given, "%Y-%m-%d").astimezone().timestamp()
    except (ValueError, OverflowError):
        raise ConfigError(
            f"--since {given!r}: use a date, like 2026-11-01, or a span back from now: 24h, 7d or 4w"
        ) from None
    if begin > now:
        raise ConfigError(f"--since {given}: that day has not come yet")
    return max(0.0, begin)
