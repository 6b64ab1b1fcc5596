"""A delivered document: its receipt, NAME.json, and the text beside it, NAME.txt, where one was ordered."""

from __future__ import annotations

import errno
import json
import os
from itertools import chain
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ocrwatchd.core.config.profile import SUFFIXES
from ocrwatchd.core.errors import ConfigError, OcrwatchdError, UnreadableScan
from ocrwatchd.core.fs.files import write_new
from ocrwatchd.core.fs.safe_open import lies, open_regular
from ocrwatchd.core.i18n.language import ENGLISH
from ocrwatchd.core.model import Edit
from ocrwatchd.formats.output import receipt, txt
from ocrwatchd.gate.admit import apply

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path


class TextChanged(OcrwatchdError):
    """NAME.txt is not what its receipt says; the message tells how to write it all the same."""

    exit_code = 1


class _Checked(BaseModel):
    """What this module reads of a receipt; everything else in it is carried along."""

    model_config = ConfigDict(strict=True)


class _Refused(_Checked):
    page: int
    line: int
    offset: int = Field(ge=0)
    before: str
    after: str
    why: str


class _Edit(_Refused):
    number: int
    reverted: bool


class _Page(_Checked):
    number: int
    text: str
    raw: str
    edits: list[_Edit]
    refused: list[_Refused]


class _Task(_Checked):
    suffix: str = Field(pattern=r"^\.[a-z0-9-]{1,40}\.[a-z]{2,4}$")


class _Receipt(_Checked):
    evaluation: bool
    notices: Literal["en", "de", "zh"] = "en"
    totals: dict[str, Any]
    pages: list[_Page]
    formats: list[str] = ["txt"]
    tasks: list[_Task] = []


class Delivered:
    """A receipt in memory. The table's own keys and order are kept, those of later versions too.

    Args:
        path: of NAME.json.
        table: its content, checked.
    """

    def __init__(self, path: Path, table: dict[str, Any]) -> None:
        self.path = path
        self._table = table
        self.pages: list[dict[str, Any]] = table["pages"]
        self._delivered = self._text()

    @classmethod
    def opened(cls, path: Path) -> Self:
        """Read and check a receipt.

        Raises:
            UnreadableScan: it cannot be read, is none, or does not agree with itself.
        """
        if path.suffix != SUFFIXES["json"]:
            raise UnreadableScan(f"{path}: name the document's .json file, which lies beside its text")
        try:
            table = json.loads(held(path))
        except OSError as error:
            raise UnreadableScan(f"{path} cannot be read: {error.strerror}") from error
        except (ValueError, RecursionError) as error:
            raise UnreadableScan(
                f"{path} is not valid JSON ({type(error).__name__}); was it changed by hand?"
            ) from error
        _check(path, table)
        return cls(path, table)

    @property
    def text_path(self) -> Path:
        """NAME.txt."""
        return self.path.with_suffix(SUFFIXES["txt"])

    @property
    def results(self) -> tuple[Path, ...]:
        """Where the files of the document's follow-up tasks lie, or would."""
        return tuple(self.path.with_suffix(task["suffix"]) for task in self._table.get("tasks", ()))

    @property
    def has_text(self) -> bool:
        """True where a NAME.txt belongs to the document: ``output.formats`` had it, or the receipt does not say."""
        return "txt" in self.formats

    @property
    def formats(self) -> list[str]:
        """Of the files in the set, by their names in ``output.formats``."""
        formats: list[str] = self._table.get("formats", ["txt"])
        return formats

    @property
    def totals(self) -> dict[str, Any]:
        """The document's counts."""
        totals: dict[str, Any] = self._table["totals"]
        return totals

    @property
    def edits(self) -> list[dict[str, Any]]:
        """The admitted edits of all pages, in order; taken back or not."""
        return list(chain.from_iterable(page["edits"] for page in self.pages))

    @property
    def refused(self) -> list[dict[str, Any]]:
        """The refused proposals of all pages, in order."""
        return list(chain.from_iterable(page["refused"] for page in self.pages))

    def mark(self, numbers: Collection[int] | None, *, reverted: bool) -> int:
        """Note edits as taken back, or not; how many that changed.

        Args:
            numbers: of the edits; None for all.
            reverted: True for taken back.

        Raises:
            ConfigError: there is no edit of such a number.
        """
        known = {edit["number"]: edit for edit in self.edits}
        wanted = known.keys() if numbers is None else set(numbers)
        if unknown := sorted(wanted - known.keys()):
            has = f"its edits are numbered {min(known)} to {max(known)}" if known else "it has no edits"
            raise ConfigError(f"{self.path}: there is no edit {', '.join(map(str, unknown))}; {has}")
        changed = [known[number] for number in wanted if known[number]["reverted"] != reverted]
        for edit in changed:
            edit["reverted"] = reverted
        for page in self.pages:
            page["text"] = _text_of(page)
        self.totals["reverted"] = sum(edit["reverted"] for edit in known.values())
        return len(changed)

    def save(self, *, force: bool) -> bool:
        """Write NAME.txt and NAME.json anew, each whole or not at all; False where both were right already.

        A NAME.txt that was never ordered is not written; one that lies there all the same is somebody else's.

        Args:
            force: also over a text that somebody has changed, or where it is missing.

        Raises:
            TextChanged: nothing was written.
            OSError: a file cannot be written.
        """
        if self.has_text:
            return self._save_with_text(force=force)
        content = self._content()
        if content == held(self.path):
            return False
        replaced(self.path, content, self.path)
        return True

    def _save_with_text(self, *, force: bool) -> bool:
        text, content = self._text(), self._content()
        lying = held(self.text_path) if lies(self.text_path) else None
        # The text that was wanted is there already where an earlier call was interrupted between the two files.
        if lying not in {self._delivered, text} and not force:
            fault = "is missing" if lying is None else "was changed by hand"
            raise TextChanged(f"{self.text_path} {fault}; nothing was written (--force writes it anew)")
        if lying == text and content == held(self.path):
            return False
        replaced(self.text_path, text, self.path)
        replaced(self.path, content, self.path)
        return True

    def _content(self) -> bytes:
        return b"".join(receipt.laid_out(self.head, self.pages))

    @property
    def head(self) -> dict[str, Any]:
        """All that the receipt tells of the document as a whole."""
        return {key: value for key, value in self._table.items() if key != "pages"}

    def _text(self) -> bytes:
        texts = (page["text"] for page in self.pages)
        code = self._table.get("notices", ENGLISH)
        return b"".join(txt.laid_out(texts, evaluation=self._table["evaluation"], code=code))


def _check(path: Path, table: object) -> None:
    schema = table.get("schema") if isinstance(table, dict) else None
    if not isinstance(schema, int):
        raise UnreadableScan(f"{path} is not a document's receipt")
    if schema != receipt.SCHEMA:
        raise UnreadableScan(
            f"{path} was written by another version of ocrwatchd (schema {schema}; this one reads {receipt.SCHEMA})"
        )
    try:
        _Receipt.model_validate(table)
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"]))
        raise UnreadableScan(f"{path} is damaged at {where}; was it changed by hand?") from None
    assert isinstance(table, dict)  # noqa: S101 - for the type checker: seen above
    numbers = [edit["number"] for page in table["pages"] for edit in page["edits"]]
    if len(set(numbers)) != len(numbers):
        raise UnreadableScan(f"{path}: two edits have one number; was it changed by hand?")
    for page in table["pages"]:
        if _text_of(page) != page["text"]:
            raise UnreadableScan(f"{path}: text and edits of page {page['number']} disagree; was it changed by hand?")


def _text_of(page: dict[str, Any]) -> str | None:
    """The page's text with the edits that are not taken back; None where they cannot be of this page."""
    raw: str = page["raw"]
    edits = [Edit(edit["offset"], edit["before"], edit["after"], edit["why"]) for edit in page["edits"]]
    done = 0
    for edit in edits:
        if edit.offset < done or not raw.startswith(edit.before, edit.offset):
            return None
        done = edit.offset + len(edit.before)
    return apply(raw, [edit for edit, told in zip(edits, page["edits"], strict=True) if not told["reverted"]])


def held(path: Path) -> bytes:
    """What a file of the set holds; as :func:`opened`."""
    with opened(path) as file:
        return file.read()


def opened(path: Path) -> BinaryIO:
    """Open a file of the set: no link is followed out of the outbox, no FIFO or device waited for.

    Raises:
        OSError: it cannot be read; with EINVAL: it is no regular file.
    """
    try:
        return os.fdopen(open_regular(path), "rb")
    except OSError as error:
        if error.errno not in {errno.ELOOP, errno.EINVAL}:
            raise
        raise OSError(errno.EINVAL, "a link, or no regular file: move it away", str(path)) from error


def replaced(path: Path, content: bytes, like: Path) -> None:
    """Write a file in place of another, with the permissions and, where we may, the group that it had."""
    was = (path if lies(path) else like).lstat()
    own = os.geteuid() == 0 or was.st_gid in {os.getegid(), *os.getgroups()}
    write_new(path, content, was.st_mode & 0o777, was.st_gid if own else -1, replace=True)
