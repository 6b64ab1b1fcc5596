"""Does the broker answer, and does this machine see what workers have to see?"""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING

from ocrwatchd.core.errors import OcrwatchdError
from ocrwatchd.core.fs import files
from ocrwatchd.core.os_errors import in_words
from ocrwatchd.dispatch.cluster import registry
from ocrwatchd.setup.check.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ocrwatchd.core.config.schema import Config


def look(config: Config) -> Iterator[Finding]:
    """Two findings where a broker is set, else none."""
    if config.queue.broker:
        yield _look_at_broker(config)
        yield _look_at_folder(config.folders.work_path)


def _look_at_broker(config: Config) -> Finding:
    try:
        from ocrwatchd.dispatch.cluster import broker  # noqa: PLC0415  # only here is it known that there is one

        wrong = broker.ping(config.queue)
    except OcrwatchdError as error:
        return Finding("broker", False, str(error))
    where = broker.place(config.queue.broker)
    if wrong:
        return Finding("broker", False, f"{where} does not serve: {wrong}")
    return Finding("broker", True, f"{where} takes messages")


def _look_at_folder(work_path: Path) -> Finding:
    if not os.path.lexists(work_path / registry.TOKEN):  # the supervisor is asked before its first start, too
        return Finding("supervisor", True, f"none with a broker has served {work_path.parent} yet, as seen from here")
    try:
        registry.read_token(work_path)
        _try_to_write(work_path)
    except OcrwatchdError as error:
        return Finding("supervisor", False, str(error))
    except OSError as error:
        words = f"a worker could not write here: {in_words(error)}; see that the share is mounted writable, and ask as"
        return Finding("supervisor", False, f"{words} the user to whom {work_path} belongs")
    words = f"its folder {work_path.parent} is seen and written from here, and has this version"
    return Finding("supervisor", True, words)


def _try_to_write(work_path: Path) -> None:
    workers = work_path / registry.WORKERS  # made by the first worker
    trial = (workers if workers.is_dir() else work_path) / f"{files.TEMPORARY_PREFIX}{secrets.token_hex(8)}"
    files.write_new(trial, b"", lasting=False)
    trial.unlink()
