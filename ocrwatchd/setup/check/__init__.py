"""Examine everything that must be in place, one line each: ok, or what to do. One module for each subject."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ocrwatchd.core.config.schema import Config
from ocrwatchd.core.errors import OcrwatchdError
from ocrwatchd.monitoring import status, status_text
from ocrwatchd.ocr import availability
from ocrwatchd.setup.check import (
    access,
    cluster,
    disk_space,
    engine_confinement,
    folders,
    inotify_limits,
    metrics_file,
    model,
    notify_command,
    separator_sheets,
    service_account,
    systemd_unit,
)
from ocrwatchd.setup.check.finding import Finding

__all__ = ["WIDTH", "Finding", "findings"]

WIDTH = 26
"""Columns for the subject: some lines take a while, so lines are printed before all are known."""


def findings(config: Config, source: Path | None = None) -> Iterator[Finding]:
    """Examine everything, without any change; ``source`` is the configuration file."""
    yield from service_account.look(source)
    yield Finding("configuration", True, "every key is understood")
    yield from folders.look(config.folders)
    yield from access.look(config.folders)
    yield from disk_space.look(config.folders)
    yield from (Finding(*found) for found in availability.examine(config.ocr))
    yield engine_confinement.look()
    yield from model.look(config.llm)
    yield from model.look_at_languages(config)
    yield from model.look_for_tasks(config)
    yield from model.look_at_verdicts(config)
    yield from cluster.look(config)
    yield from inotify_limits.look(config, status.running_pid(config.folders))
    yield from notify_command.look(config.notify)
    yield from metrics_file.look(config.metrics)
    yield from separator_sheets.look(config)
    yield from systemd_unit.look()
    yield _daemon(config)


def _daemon(config: Config) -> Finding:
    try:
        words, running = status_text.describe(config.folders, as_json=False)
    except OcrwatchdError as error:
        return Finding("daemon", False, str(error))
    # `check` runs before the first start too, so a daemon that does not run is ok. A daemon that hangs is not.
    return Finding("daemon", running or "hanging" not in words, words.splitlines()[0])
