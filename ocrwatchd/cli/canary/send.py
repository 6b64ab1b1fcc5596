"""Send a known page through a running daemon, and check the text that comes out: ``ocrwatchd canary``.

The canary works like a scanner: it writes a file into the inbox, and waits for the result in the outbox. It needs only
these two rights, and the daemon removes the result.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ocrwatchd.core import canary_name
from ocrwatchd.core.config.schema import Folders
from ocrwatchd.core.errors import FolderUnusable, OcrwatchdError
from ocrwatchd.core.fs.safe_open import is_folder
from ocrwatchd.core.i18n import joined, verbatim
from ocrwatchd.core.log import printable
from ocrwatchd.monitoring import status
from ocrwatchd.monitoring.canary import page
from ocrwatchd.storage.outbox import REASON, RECEIPT

if TYPE_CHECKING:
    from ocrwatchd.monitoring.status import Status

LOOK_SECONDS = 0.1
READABLE_BY_ALL = 0o644
"""The page is no secret, and the daemon may be another user's."""


class CanaryFailed(OcrwatchdError):
    """The right text did not come out."""


@dataclass(frozen=True, slots=True)
class _Places:
    """The places of the page and of its results."""

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
    """Send the page, wait up to ``timeout_s`` seconds, and compare; return the result as text.

    Raises:
        CanaryFailed: no daemon runs, nothing came in time, the page was set aside, or its text is wrong.
        FolderUnusable: this user cannot write the page, or cannot read the outbox.
    """
    _refuse_without_daemon(folders)
    places = _Places.of(folders, canary_name.new_name())
    if not is_folder(places.receipt.parent):
        raise FolderUnusable(
            f"there is no outbox {places.receipt.parent}, or this user (uid {os.geteuid()}) cannot reach it: give the "
            "daemon's configuration with --config, or correct the owner or mode of the folders above"
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
        with contextlib.suppress(OSError):  # usually the daemon has taken the page
            places.dropped.unlink()
    return _judge(receipt, places, time.monotonic() - begun)


def _refuse_without_daemon(folders: Folders) -> None:
    known = _status(folders)
    if known is not None and known.state in {"stopped", "gone"}:
        remedy = "start it with `systemctl start ocrwatchd` or `ocrwatchd run`"
        raise CanaryFailed(f"no daemon serves {folders.served_path}: {remedy}")


def _status(folders: Folders) -> Status | None:
    """The daemon's status; None if this user cannot read it."""
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
            f"there is no inbox {place.parent}: give the daemon's configuration with --config"
        ) from error
    except OSError as error:
        raise FolderUnusable(
            f"the page cannot be put into {place.parent}: {error.strerror}; this user (uid {os.geteuid()}) needs "
            "write permission there, and its disk room"
        ) from error


def _await(places: _Places, deadline: float) -> dict[str, Any] | None:
    """The receipt, or None after the deadline.

    Raises:
        CanaryFailed: the page was set aside.
        FolderUnusable: this user may not read the receipt.
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
    """The place of the page, and the daemon's state."""
    known = _status(folders)
    lies = os.path.lexists(places.dropped)
    if known is None:
        said = "; this user cannot read the daemon's status: run `ocrwatchd status` as the daemon's user"
    elif known.state == "running":
        busy = verbatim(f"{known.queued} scans queued, {known.waiting} in the inbox, engine {known.engine.message}")
        said = f" ({printable(str(joined(known.trouble) or busy))})"
    else:
        said = "; the daemon has ended: start it" if known.state != "silent" else "; the daemon hangs: restart it"
    if lies:
        return f"the daemon has not taken the page from the inbox; the page was removed again{said}"
    return f"the daemon is still working on the page{said}; the daemon removes the result later"


def _judge(receipt: dict[str, Any], places: _Places, seconds: float) -> str:
    try:
        evaluation = bool(receipt["evaluation"])
        text = "\n".join(str(each["text"]) for each in receipt["pages"])
        if "txt" in receipt["formats"]:
            text = places.text.read_text(encoding="utf-8")
        engine = receipt["pages"][0]["engine"]
        model = "corrected" if receipt["corrected"] else f"not corrected: {receipt['reason'] or 'nothing to correct'}"
    except (KeyError, IndexError, TypeError, OSError) as error:
        raise CanaryFailed(f"the result is not a set of ocrwatchd: {type(error).__name__} {error}") from error
    share = page.share_read(text, evaluation=evaluation)
    if share < page.RIGHT_SHARE:
        raise CanaryFailed(
            f"the text that came out is wrong: it has {share:.0%} of the page's words; "
            "check that the engine and ocr.languages suit English print, and that llm.model does no harm"
        )
    granted = ", within the limit of Aspose's evaluation mode" if evaluation else ""
    return f"the right text came out after {seconds:.1f} s{granted} ({engine}; {model})"
