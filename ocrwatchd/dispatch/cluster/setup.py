"""Connect a supervisor to its broker."""

from __future__ import annotations

import contextlib
import time
from functools import partial
from itertools import chain, combinations
from typing import TYPE_CHECKING, Final

from ocrwatchd.core.errors import FolderUnusable
from ocrwatchd.core.fs import files
from ocrwatchd.core.os_errors import in_words
from ocrwatchd.dispatch.cluster import capabilities, registry
from ocrwatchd.dispatch.cluster.dispatcher import ClusterQueue

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ocrwatchd.core.config.schema import Config
    from ocrwatchd.dispatch.protocol import Hooks
    from ocrwatchd.storage.work_folder import WorkFolder

LEFT_BEHIND_S: Final = 86400.0
"""A half-written file of this age is abandoned; the clocks of the machines differ by less."""


def join(config: Config, workplace: WorkFolder, wake: Callable[[], None], hooks: Hooks) -> ClusterQueue:
    """Make the dispatcher of several machines, and write the token for its workers.

    Raises:
        ConfigError: the broker cannot be used as configured.
        FolderUnusable: the work folder cannot be written.
    """
    from ocrwatchd.dispatch.cluster import broker, transport  # only here is it known that there is one

    connect = partial(broker.connect, config.queue)
    connect()  # mistakes are told at once
    folder = config.folders.work_path
    try:
        token = registry.write_token(folder, workplace.root_id, config.queue.lease_seconds, config.job.max_attempts)
        _clear_up(folder)
    except OSError as error:
        raise FolderUnusable(f"{folder} cannot be written: {in_words(error)}") from error
    needs = chain.from_iterable(combinations(capabilities.ALL, count) for count in range(len(capabilities.ALL) + 1))
    sender = transport.Sender(connect, [capabilities.queue_name(token.root, each) for each in needs])
    receiver = transport.Receiver(connect, [capabilities.nudges(token.root)], wake, holds=False)
    return ClusterQueue(config.queue, token, folder, (sender, receiver), hooks)


def _clear_up(folder: Path) -> None:
    """Remove half-written tokens of a killed supervisor, but none that is being written now."""
    for each in folder.glob(f"{files.TEMPORARY_PREFIX}*.tmp"):
        with contextlib.suppress(OSError):
            if time.time() - each.lstat().st_mtime > LEFT_BEHIND_S:
                each.unlink()
