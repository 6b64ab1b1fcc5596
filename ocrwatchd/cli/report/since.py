"""Parse the beginning of a report: a date, or a span back from now."""

from __future__ import annotations

import datetime as dt
import re
from typing import Final

from ocrwatchd.core.errors import ConfigError

SPANS: Final = {"h": dt.timedelta(hours=1), "d": dt.timedelta(days=1), "w": dt.timedelta(weeks=1)}

_SPAN: Final = re.compile(r"([1-9][0-9]{0,5})([hdw])", re.ASCII)


def moment(given: str, now: float) -> float:
    """Return the Unix time of a date's first moment, local time, or of a span before ``now``.

    Args:
        given: as ``2026-11-01``, ``24h``, ``7d`` or ``4w``.
        now: Unix time.

    Raises:
        ConfigError: the text is neither, or the date is in the future.
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
        raise ConfigError(f"--since {given}: this date is in the future")
    return max(0.0, begin)
