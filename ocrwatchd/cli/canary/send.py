"""Send a known page through a running daemon, and see whether its text comes out: ``ocrwatchd canary``.

It does what a scanner does: it writes a file into the inbox, and waits for what the outbox gets. It needs no right but
those two, and the daemon clears the result away.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ocrwatchd.core import canary_name
from ocrwatchd.core.errors import FolderUnusable, OcrwatchdError
from ocrwatchd.core.i18n import joined
from ocrwatchd.core.log import printable
from ocrwatchd.monitoring import status
from ocrwatchd.monitoring.canary import page
from ocrwatchd.storage.outbox import REASON, RECEIPT

if TYPE_CHECKING:
    from pathlib import Path

    from ocrwatchd.core.config.schema import Folders
    from ocrwatchd.monitoring.status import Status

LOOK_SECONDS = 0.1
READABLE_BY_ALL = 0o644
"""The page is no secret, and the daemon may be another user's."""


class CanaryFailed(OcrwatchdError):
    """The right text did not come out."""


@dataclass(frozen=True, slots=True)
class _Places:
    """Where the page goes in, and where something comes out."""

    dropped: Path
    receipt: Path
    text: Path
    original: Path
    reason: Path

    @classmethod
    def of(cls, folders: Folders, name: str) -> _Places:
        stem = name.removesuffix(canary_name.SUFFIX)
        outbox, failed = folders.path("outbox"), folders.path("failed")
        return cls(
            folders.path("inbox") / name,
            outbox / f"{stem}{RECEIPT}",
            outbox / f"{stem}.txt",
            failed / name,
            failed / f"{stem}{REASON}",
        )


def send(folders: Folders, timeout_s: float) -> str:
    """Drop the page, wait, and compare.

    Args:
        folders: of the daemon.
        timeout_s: how long it may take, seconds.

    Returns:
        What came out, in words.

    Raises:
        CanaryFailed: no daemon runs, nothing came in time, the page was set aside, or its text is wrong.
        FolderUnusable: the page cannot be dropped, or nobody could see what comes out.
    """
    _refuse_without_daemon(folders)
    places = _Places.of(folders, canary_name.new_name())
    if not os.path.isdir(places.receipt.parent):  # noqa: PTH112 - Path's raises where a folder above may not be entered
        raise FolderUnusable(
            f"there is no outbox {places.receipt.parent}, or it is out of this user's reach (uid {os.geteuid()}): "
            "name the daemon's configuration with --config, or mend the owner or mode of the folders above"
        )
    if not os.access(places.receipt.parent, os.X_OK):
        raise _unreadable(places.receipt.parent)
    begun = time.monotonic()
    try:
        _drop(places.dropped)
        receipt = _await(places, begun + timeout_s)
        if receipt is None:
            raise CanaryFailed(f"nothing came out within {timeout_s:g} s: {_where(places, folders)}")
    finally:
        with contextlib.suppress(OSError):  # mostly it has gone: it was claimed
            places.dropped.unlink()
    return _judge(receipt, places, time.monotonic() - begun)


def _refuse_without_daemon(folders: Folders) -> None:
    known = _status(folders)
    if known is not None and known.state in {"stopped", "gone"}:
        remedy = "start it with `systemctl start ocrwatchd` or `ocrwatchd run`"
        raise CanaryFailed(f"no daemon serves {folders.served_path}: {remedy}")


def _status(folders: Folders) -> Status | None:
    """What the daemon says of itself; None where this user may not know."""
    try:
        return status.read(folders)
    except (OSError, ValueError):
        return None


def _drop(place: Path) -> None:
    try:
        descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, READABLE_BY_ALL)
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, READABLE_BY_ALL)  # whatever this user's umask says
            file.write(page.picture())
    except FileNotFoundError as error:
        raise FolderUnusable(
            f"there is no inbox {place.parent}: name the daemon's configuration with --config"
        ) from error
    except OSError as error:
        raise FolderUnusable(
            f"the page cannot be put into {place.parent}: {error.strerror}; this user (uid {os.geteuid()}) needs "
            "write permission there, and its disk room"
        ) from error


def _await(places: _Places, deadline: float) -> dict[str, Any] | None:
    """The receipt, or None where the time is up.

    Raises:
        CanaryFailed: the page was set aside.
        FolderUnusable: it may not be read.
    """
    while time.monotonic() < deadline:
        try:
            receipt: dict[str, Any] = json.loads(places.receipt.read_text(encoding="utf-8"))
        except FileNotFoundError:
            pass
        except PermissionError:
            raise _unreadable(places.receipt) from None
        else:
            return receipt
        if os.path.lexists(places.original):
            raise CanaryFailed(f"the page was set aside in failed/: {_reason(places.reason)}")
        time.sleep(LOOK_SECONDS)
    return None


def _unreadable(path: Path) -> FolderUnusable:
    return FolderUnusable(
        f"{path} cannot be read by this user (uid {os.geteuid()}): add it to the group of that folder's files, "
        "or see folders.file_mode and folders.group"
    )


def _reason(note: Path) -> str:
    try:
        lines = note.read_text(encoding="utf-8").splitlines()
    except OSError:
        return "its reason lies beside it"
    return next((line.removeprefix("Why: ") for line in lines if line.startswith("Why: ")), "no reason is given")


def _where(places: _Places, folders: Folders) -> str:
    """Where the page is now, and what the daemon says to that."""
    known = _status(folders)
    lies = os.path.lexists(places.dropped)
    if known is None:
        said = "; this user cannot read the daemon's status: ask as its user with `ocrwatchd status`"
    elif known.state == "running":
        busy = f"{known.queued} scans queued, {known.waiting} in the inbox, engine {known.engine.message}"
        said = f" ({printable(str(joined(known.trouble))) or busy})"
    else:
        said = "; the daemon has ended meanwhile: start it" if known.state != "silent" else "; it hangs: restart it"
    if lies:
        return f"the daemon has not taken the page out of the inbox, and it was removed again{said}"
    return f"the daemon has taken the page, and is not done with it{said}; it clears up when it is"


def _judge(receipt: dict[str, Any], places: _Places, seconds: float) -> str:
    try:
        evaluation = bool(receipt["evaluation"])
        text = "\n".join(str(each["text"]) for each in receipt["pages"])
        if "txt" in receipt["formats"]:
            text = places.text.read_text(encoding="utf-8")
        engine = receipt["pages"][0]["engine"]
        model = "corrected" if receipt["corrected"] else f"not corrected: {receipt['reason'] or 'nothing to correct'}"
    except (KeyError, IndexError, TypeError, OSError) as error:
        raise CanaryFailed(f"what came out is no set of ocrwatchd's: {type(error).__name__} {error}") from error
    share = page.share_read(text, evaluation=evaluation)
    if share < page.RIGHT_SHARE:
        raise CanaryFailed(
            f"the text that came out is wrong: {share:.0%} of the page's words are in it; "
            "see that the engine and ocr.languages fit English print, and what the model makes of it: llm.model"
        )
    granted = ", as far as Aspose's evaluation mode grants" if evaluation else ""
    return f"the right text came out after {seconds:.1f} s{granted} ({engine}; {model})"
