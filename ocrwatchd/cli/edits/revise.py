"""The command ``edits``: show the edits of a delivered document, revert edits, apply them again."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from ocrwatchd.cli.edits import other_formats
from ocrwatchd.cli.edits.journal import Change, Journal
from ocrwatchd.cli.edits.receipt_edits import Delivered
from ocrwatchd.cli.edits.set_folder import folder_of, locked
from ocrwatchd.cli.edits.show import listing
from ocrwatchd.core.errors import FolderUnusable
from ocrwatchd.core.log import printable


def show(receipt: Path, outbox: Path, *, refused: bool, as_json: bool) -> None:
    """Print a document's edits; symbolic links below ``outbox`` are not followed.

    Raises:
        UnreadableScan: the file is no receipt that this version can read.
        FolderUnusable: an earlier change was interrupted, and another process holds the lock.
    """
    with folder_of(receipt, outbox) as folder:
        journal = Journal(receipt, folder)
        try:
            if journal.pending():
                with locked(receipt, folder):
                    _complete(journal)
        except OSError as error:  # a reader still gets the content of NAME.json
            print(
                printable(
                    "an earlier `ocrwatchd edits` of this document was interrupted, and cannot be completed now "
                    f"({error.strerror}): whoever may write in {receipt.parent} completes it with `ocrwatchd edits "
                    f"{receipt}`"
                ),
                file=sys.stderr,
            )
        delivered = Delivered.opened(receipt, folder)
    if as_json:
        told: dict[str, object] = {"totals": delivered.totals, "edits": delivered.edits}
        if refused:
            told["refused"] = delivered.refused
        sys.stdout.write(json.dumps(told, ensure_ascii=False, indent=1) + "\n")
    else:
        console = Console(highlight=False)
        for each in listing(delivered, refused=refused):
            console.print(each)


def revise(receipt: Path, numbers: Collection[int] | None, outbox: Path, *, reverted: bool, force: bool) -> None:
    """Revert edits, or apply them again, in NAME.json and in the other files of the set with the text.

    Numbers of None stand for all edits. ``force`` writes NAME.txt even if it is missing or a person has changed it.

    Raises:
        ConfigError: no edit has such a number.
        UnreadableScan: NAME.json is no receipt that this version can read.
        TextChanged: NAME.txt is missing, or a person has changed it; nothing was written.
        FolderUnusable: a file cannot be written, and the set is unchanged; or another process holds the lock.
        OSError: a file cannot be read; nothing was written.
    """
    with folder_of(receipt, outbox) as folder, locked(receipt, folder):
        journal = Journal(receipt, folder)
        with _written(receipt):
            _complete(journal)
        delivered = Delivered.opened(receipt, folder)
        changed = delivered.mark(numbers, reverted=reverted)
        text = delivered.text_change(force=force)
        beside = list(other_formats.planned(delivered, force=force))
        receipts = delivered.receipt_change()
        anew = [each for each in beside if isinstance(each, Change)]
        if not changed and not force:  # all files are written: the receipt is written last
            text, anew, receipts = None, [], None
        if changes := [each for each in (text, *anew, receipts) if each]:
            with _written(receipt):
                journal.write(changes)
    done, order = ("reverted", "revert") if reverted else ("applied", "apply")
    print(f"{changed} edit{'' if changed == 1 else 's'} {done}" if changed else f"nothing to {order}")
    names = [*([_told(delivered)] if text or receipts else []), *(str(each.path) for each in anew)]
    print("\n".join(map(printable, names)) or "nothing was written")
    for left in beside:
        if isinstance(left, other_formats.Left):
            print(printable(f"{left.file} was not changed: {left.why}"))


def _complete(journal: Journal) -> None:
    if journal.complete():
        print(
            "an earlier `ocrwatchd edits` of this document was interrupted; this command has completed it",
            file=sys.stderr,
        )


@contextmanager
def _written(receipt: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FolderUnusable(
            f"{error.filename2 or error.filename or receipt} cannot be written: {error.strerror}; fix that, and "
            "repeat the command"
        ) from error


def _told(delivered: Delivered) -> str:
    if delivered.has_text:
        return str(delivered.text_path)
    return f"{delivered.path} (only this file: output.formats does not include {delivered.text_path.name})"
