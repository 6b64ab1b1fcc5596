"""Look at everything that has to be in place, a line each: ok, or what to do."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ocrwatchd import status
from ocrwatchd.config import state_directory
from ocrwatchd.configfile import unbuilt
from ocrwatchd.correct import models
from ocrwatchd.errors import ModelUnavailable, OcrwatchdError
from ocrwatchd.ocr import examine
from ocrwatchd.outbox import FOLDERS, group_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ocrwatchd.config import Config

WATCHES_WANTED = 8192
"""One inotify watch is needed for each folder under the inbox; this is Debian's own default limit."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, whether it is in order, and what to do or what was found."""

    what: str
    ok: bool
    words: str


def findings(config: Config) -> list[Finding]:
    """Look at everything; nothing is changed and nothing is made."""
    return [
        *_configuration(config),
        *_folders(config),
        *(Finding(what, ok, words) for what, ok, words in examine.examine(config.ocr)),
        _model(config),
        *_inotify(),
        _daemon(config),
    ]


def _configuration(config: Config) -> Iterator[Finding]:
    notes = unbuilt(config)
    yield Finding("configuration", True, "; ".join(notes) or "every key is understood")


def _folders(config: Config) -> Iterator[Finding]:
    try:
        group_id(config.folders.group)
    except OcrwatchdError as error:
        yield Finding("folders.group", False, str(error))
    named: list[tuple[str, Path]] = [(name, config.folders.path(name)) for name in FOLDERS]
    for name, path in (*named, (".work", config.folders.work_path), ("state", state_directory())):
        yield _folder(name, path)


def _folder(name: str, path: Path) -> Finding:
    # Asked by os.path: Path's questions raise where a folder above may not be entered.
    if os.path.isdir(path):  # noqa: PTH112
        usable = os.access(path, os.R_OK | os.W_OK | os.X_OK)
        remedy = f"{path} is not readable and writable for this user (uid {os.geteuid()}); mend its owner or mode"
        return Finding(name, usable, str(path) if usable else remedy)
    if os.path.lexists(path):
        return Finding(name, False, f"{path} is not a folder; remove it or name another one")
    parent = next(parent for parent in path.parents if os.path.exists(parent))  # noqa: PTH110
    if not os.access(parent, os.X_OK):
        words = (
            f"{path} cannot be reached: this user (uid {os.geteuid()}) may not enter {parent}; mend its owner or mode"
        )
        return Finding(name, False, words)
    if os.access(parent, os.W_OK | os.X_OK):
        return Finding(name, True, f"{path} will be made")
    return Finding(name, False, f"{path} is missing and cannot be made in {parent}; make it, with this user as owner")


def _daemon(config: Config) -> Finding:
    try:
        words, running = status.describe(config.folders, as_json=False)
    except OcrwatchdError as error:
        return Finding("daemon", False, str(error))
    # No daemon is in order: this is asked before the first start. One that hangs is not.
    return Finding("daemon", running or "hanging" not in words, words.splitlines()[0])


def _model(config: Config) -> Finding:
    try:
        path = models.resolve(config.llm)
        meanwhile = models.why_builtin(config.llm)
        return Finding("model", True, f"{path} (built in; {meanwhile})" if meanwhile else str(path))
    except ModelUnavailable as error:
        # Texts stay raw: that is in order where no model was asked for.
        return Finding("model", config.llm.model == "off", str(error))


def _inotify() -> Iterator[Finding]:
    for key in ("max_user_watches", "max_user_instances"):
        value = int(Path("/proc/sys/fs/inotify", key).read_text(encoding="ascii"))
        wanted = WATCHES_WANTED if key == "max_user_watches" else 1
        remedy = f"{value}; raise it: sysctl fs.inotify.{key}={wanted}"
        yield Finding(f"inotify.{key}", value >= wanted, str(value) if value >= wanted else remedy)
