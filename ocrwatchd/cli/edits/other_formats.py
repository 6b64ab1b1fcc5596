"""The files of a delivered set beside NAME.txt and NAME.json that hold its text: written anew when edits change."""

from __future__ import annotations

import errno
import io
from typing import TYPE_CHECKING, NamedTuple

from ocrwatchd.cli.edits.pages import document, pages
from ocrwatchd.cli.edits.receipt_edits import held, opened, replaced
from ocrwatchd.core.config.profile import SUFFIXES
from ocrwatchd.core.errors import FormatUnusable, UnreadableScan
from ocrwatchd.core.fs.safe_open import lies

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from ocrwatchd.cli.edits.receipt_edits import Delivered
    from ocrwatchd.core.model import Document, FinishedPage

_WITHOUT_EDITS = {"txt", "json", "raw"}
"""NAME.txt and NAME.json are written before these; NAME.raw.txt never holds a correction."""

_MADE_BEFORE = "it was made from the text as it was delivered"


class Told(NamedTuple):
    """What became of a file: written anew, or why it still holds the text that it held."""

    path: Path
    left: str = ""


def rendered(delivered: Delivered) -> dict[str, bytes]:
    """The text formats of the set as they are by its receipt.

    Raises:
        UnreadableScan: the receipt tells too little of the pages.
    """
    writes = {name: write for name, write in _writes().items() if name in delivered.formats}
    about = document(delivered, delivered.path)
    try:
        return {name: b"".join(write(about, pages(delivered))) for name, write in writes.items()}
    except (KeyError, TypeError, ValueError) as error:
        raise UnreadableScan(f"{delivered.path} is damaged ({type(error).__name__}); was it changed by hand?") from None


def rewrite(delivered: Delivered, before: Mapping[str, bytes], *, force: bool) -> Iterator[Told]:
    """Write the other files of the set anew, each whole or not at all.

    Args:
        delivered: the document, with its edits as they shall be.
        before: what :func:`rendered` gave before they were changed.
        force: also over what somebody has changed.

    Raises:
        OSError: a file cannot be written.
    """
    now = rendered(delivered)
    for name in delivered.formats:
        if name in _WITHOUT_EDITS:
            continue
        path = delivered.path.with_suffix(SUFFIXES.get(name, f" ({name})"))
        if name not in {*now, "pdf"}:
            yield Told(path, "it still shows the edits as they were delivered")
        elif not lies(path):
            yield Told(path, "it is no longer there")
        else:
            try:
                if name == "pdf":
                    yield from _searchable(delivered, path)
                elif (lying := held(path)) == now[name]:
                    continue
                elif lying != before[name] and not force:
                    yield Told(path, "it was changed by hand (--force writes it anew)")
                else:
                    replaced(path, now[name], delivered.path)
                    yield Told(path)
            except OSError as error:
                if error.errno != errno.EINVAL:
                    raise
                yield Told(path, f"it is {error.strerror}")
    yield from (Told(path, _MADE_BEFORE) for path in filter(lies, delivered.results))


def _searchable(delivered: Delivered, path: Path) -> Iterator[Told]:
    """The words of a searchable PDF; pages, pictures and what people have added to them stay as they are."""
    from ocrwatchd.formats.output.pdf import reworded  # noqa: PLC0415 - a library of the engine's, loaded where there is one

    file = io.BytesIO()
    try:
        with opened(path) as lying:
            changed = reworded(lying, document(delivered, path), pages(delivered), file)
    except FormatUnusable as error:
        yield Told(path, str(error))
        return
    if changed:
        replaced(path, file.getvalue(), delivered.path)
        yield Told(path)


def _writes() -> dict[str, Callable[[Document, Iterable[FinishedPage]], Iterator[bytes]]]:
    from ocrwatchd.formats.output import hocr, md  # noqa: PLC0415 - only where edits change

    return {"md": md.laid_out, "hocr": hocr.laid_out}
