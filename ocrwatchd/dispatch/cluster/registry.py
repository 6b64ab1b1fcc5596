"""The token, by which machines know that they see the same folder, and the heartbeats of the workers.

A worker replaces its card every few seconds. The supervisor uses its own clock to measure when a card last changed, so
the clocks of the other machines do not matter.
"""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog

from ocrwatchd import __version__
from ocrwatchd.core.errors import ConfigError, FolderUnusable
from ocrwatchd.core.fs import files, safe_open
from ocrwatchd.core.i18n import NOTHING, Message, say, verbatim
from ocrwatchd.core.os_errors import in_words
from ocrwatchd.dispatch.cluster.attempts import NOT_OURS
from ocrwatchd.dispatch.cluster.messages import Card, Refused, Token, TokenFile, read, write
from ocrwatchd.storage.work_folder import known_id

CLUSTER_FILE: Final = ".cluster.json"
"""Holds the token."""

WORKERS: Final = ".workers"
MOST_WORKERS: Final = 1000
MOST_CARD_BYTES: Final = 1 << 15
"""The largest card, with the longest texts; many cards are read each second."""

FORGOTTEN_AFTER: Final = 10
"""A worker's card is removed after so many leases without a heartbeat."""

log = structlog.get_logger()


def write_token(folder: Path, root_id: str, lease_s: float = 60.0, max_attempts: int = 2) -> Token:
    """Write the token: the id of the root and the version that serves it."""
    token = Token(root=root_id, version=__version__, lease_s=lease_s, max_attempts=max_attempts)
    with contextlib.suppress(OSError, Refused):
        if read(Token, folder / CLUSTER_FILE) == token:
            return token  # workers read it with each order, and a full disk has no room for another
    write(token, folder / CLUSTER_FILE, lasting=True)
    return token


def read_token(folder: Path) -> Token:
    """Read the supervisor's token; this machine must see its folder and run its version.

    Raises:
        FolderUnusable: no supervisor with a broker has served this folder, or the share is not mounted.
        ConfigError: the supervisor has another version.
    """
    path = folder / CLUSTER_FILE
    try:
        token = Token(**dict(read(TokenFile, path)))
    except FileNotFoundError:
        raise FolderUnusable(
            f"{path} is not there: mount the share that the supervisor serves, let folders.root lead to it on this "
            "machine, and start the supervisor (`ocrwatchd run`, with queue.broker set) first"
        ) from None
    except Refused as error:
        raise FolderUnusable(f"{path} is damaged ({error}): start the supervisor again, which writes it anew") from None
    except OSError as error:
        raise FolderUnusable(f"{path} cannot be read here: {obstacle(error, path)}") from error
    if token.version != __version__:
        raise ConfigError(
            f"the supervisor of {folder.parent} runs ocrwatchd {token.version}, this worker is {__version__}: "
            "install the same version on all machines, then start it again"
        )
    return token


def obstacle(error: OSError, path: Path) -> Message:
    """Why a worker cannot use a path in the supervisor's folder, with the remedy."""
    if not isinstance(error, PermissionError):
        return in_words(error)
    owner = "?"
    with contextlib.suppress(OSError):
        owner = str(path.stat().st_uid)
    return say(
        "{fault}; run the worker as the user to whom it belongs, with the same number (uid) on all machines: it is "
        "{owner}'s, this one runs as {user}",
        fault=verbatim(error.strerror),
        owner=owner,
        user=str(os.geteuid()),
    )


def card_path(folder: Path, name: str) -> Path:
    """The path of a worker's card."""
    return folder / WORKERS / f"{name}.json"


def show(card: Card, folder: Path) -> None:
    """Replace a worker's card."""
    path = card_path(folder, card.name)
    files.make_inner(path.parent, 0o770)
    write(card, path)


class Roster:
    """The workers with a recent heartbeat."""

    def __init__(
        self, folder: Path, lease_s: float, clock: Callable[[], float] = time.monotonic, token: Token | None = None
    ) -> None:
        self._folder: Final = folder / WORKERS
        self._token: Final = token
        self._lease_s: Final = lease_s
        self._clock: Final = clock
        self._seen: dict[str, tuple[Card, float]] = {}
        self.trouble = NOTHING
        """Why no heartbeat can be read; nothing where they can."""

    def look(self) -> None:
        """Read all cards; an unreadable card counts as unchanged."""
        self._keep_token()
        now = self._clock()
        for card in self._read():
            before = self._seen.get(card.name)
            if before is None:
                log.info("worker.seen", worker=card.name)
            if before is None or before[0] != card:
                self._seen[card.name] = (card, now)
        for name, (card, changed) in [*self._seen.items()]:
            if now - changed > FORGOTTEN_AFTER * self._lease_s:
                with contextlib.suppress(OSError):  # then it stays known: seen anew it would count as alive
                    (self._folder / f"{card.name}.json").unlink(missing_ok=True)
                    del self._seen[name]

    def leave(self, name: str) -> None:
        """A worker has removed its card."""
        self._seen.pop(name, None)

    @property
    def living(self) -> list[Card]:
        """The cards that have changed within a lease."""
        now = self._clock()
        return [card for card, changed in self._seen.values() if now - changed <= self._lease_s]

    def holder(self, job: str, attempt: int) -> tuple[Card, float] | None:
        """The card of the worker that holds an attempt, and when it last changed, by the clock; None without one.

        Of two such workers, the one with the later change: the other may be gone.
        """
        held = [(card, changed) for card, changed in self._seen.values() if (card.job, card.attempt) == (job, attempt)]
        return max(held, key=lambda each: each[1], default=None)

    def _keep_token(self) -> None:
        """Write the token again if the work folder was removed and made anew."""
        home = self._folder.parent
        with contextlib.suppress(OSError):
            if self._token and not safe_open.lexists_strict(home / CLUSTER_FILE) and known_id(home) == self._token.root:
                write(self._token, home / CLUSTER_FILE, lasting=True)

    def _read(self) -> list[Card]:
        self.trouble = NOTHING
        try:
            names = sorted(entry.name for entry in os.scandir(self._folder))
        except FileNotFoundError:  # nobody has been here yet
            return []
        except OSError as error:
            self.trouble = in_words(error)
            return []
        found = self._cards([each for each in names if each.endswith(".json") and each[0] != "."][:MOST_WORKERS])
        gone = {*self._seen} - {name.removesuffix(".json") for name in names}
        for name in gone:
            log.info("worker.left", worker=name)
            self.leave(name)
        return found

    def _cards(self, names: list[str]) -> list[Card]:
        found, faults = [], []
        for name in names:
            try:
                card = read(Card, self._folder / name, MOST_CARD_BYTES)
            except Refused:
                continue
            except OSError as error:
                faults += [error] * (error.errno not in {errno.ENOENT, *NOT_OURS})  # it may have said good-bye
            else:
                if name == f"{card.name}.json":
                    found.append(card)
        if faults and not found:
            self.trouble = in_words(faults[0])
        return found
