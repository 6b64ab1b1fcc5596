"""Look at everything that has to be in place, a line each: ok, or what to do. One module a subject."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocrwatchd import status, statuslines
from ocrwatchd.check import access, calibration, cluster, command, figures, folders, model, room, unit, watches, whose
from ocrwatchd.check.finding import Finding
from ocrwatchd.errors import OcrwatchdError
from ocrwatchd.ocr import examine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ocrwatchd.config import Config

__all__ = ["WIDTH", "Finding", "findings"]

WIDTH = 26
"""Columns for what was looked at: lines are printed as they come, for some take a while."""


def findings(config: Config, source: Path | None = None) -> Iterator[Finding]:
    """Look at everything, one after the other; nothing is changed and nothing is made.

    Args:
        config: the settings.
        source: the file that they come from.
    """
    yield from whose.look(source)
    yield Finding("configuration", True, "every key is understood")
    yield from folders.look(config.folders)
    yield from access.look(config.folders)
    yield from room.look(config.folders)
    yield from (Finding(*found) for found in examine.examine(config.ocr))
    yield from model.look(config.llm)
    yield from model.look_for_tasks(config)
    yield from calibration.look(config)
    yield from cluster.look(config)
    yield from watches.look(config, status.running_pid(config.folders))
    yield from command.look(config.notify)
    yield from figures.look(config.metrics)
    yield from unit.look()
    yield _daemon(config)


def _daemon(config: Config) -> Finding:
    try:
        words, running = statuslines.describe(config.folders, as_json=False)
    except OcrwatchdError as error:
        return Finding("daemon", False, str(error))
    # No daemon is in order: this is asked before the first start. One that hangs is not.
    return Finding("daemon", running or "hanging" not in words, words.splitlines()[0])
