"""A delivered document: its receipt NAME.json, and the text NAME.txt if the formats include it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection
from itertools import accumulate
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from ocrwatchd.cli.edits.journal import Change
from ocrwatchd.cli.edits.set_folder import held
from ocrwatchd.core.errors import ConfigError, OcrwatchdError, UnreadableScan
from ocrwatchd.core.file_types import OUTPUT_SUFFIXES
from ocrwatchd.core.fs.safe_open import lexists_strict
from ocrwatchd.core.i18n.language import ENGLISH, language
from ocrwatchd.core.model import Edit
from ocrwatchd.core.reason import Reason
from ocrwatchd.formats.output import receipt, txt
from ocrwatchd.gate.verdicts import apply

BY_HAND = "was it changed by hand? Restore it from a backup, or have the scan read again"
"""The remedy for a damaged receipt."""


class TextChanged(OcrwatchdError):
    """NAME.txt differs from its receipt; the message names the option that overwrites it."""

    exit_code = 1


class _Checked(BaseModel):
    """The fields of a receipt that this module reads; it keeps all others."""

    model_config = ConfigDict(strict=True)


class _Refused(_Checked):
    page: int
    line: int
    offset: int = Field(ge=0)
    before: str
    after: str
    why: Reason = Field(strict=False)
    source: str = ""
    terms: dict[str, FiniteFloat] = {}
    sum: FiniteFloat = 0.0


class _Edit(_Refused):
    number: int
    reverted: bool


class _Doubt(_Checked):
    offset: int = Field(ge=0)
    length: int = Field(ge=0)
    wrong: FiniteFloat


class _Page(_Checked):
    number: int
    text: str
    raw: str
    edits: list[_Edit]
    refused: list[_Refused]
    doubts: list[_Doubt] = []


class _Task(_Checked):
    suffix: str = Field(pattern=r"^\.[a-z0-9-]{1,40}\.[a-z]{2,4}$")


class _Receipt(_Checked):
    evaluation: bool
    notices: Literal["en", "de", "zh"] = "en"
    totals: dict[str, Any]
    pages: list[_Page]
    formats: list[str] = ["txt"]
    files: dict[str, str] = {}
    tasks: list[_Task] = []
    part: int = Field(default=1, ge=1)
    parts: int = Field(default=1, ge=1)
    pages_from: list[Annotated[int, Field(ge=1)]] = []


class Delivered:
    """A receipt in memory. Its keys and their order are kept, also those of later versions.

    Args:
        folder: descriptor of its folder; None if nothing is written.
    """

    def __init__(self, path: Path, table: dict[str, Any], folder: int | None = None) -> None:
        self.path = path
        self.folder = folder
        self._table = table
        self.pages: list[dict[str, Any]] = table["pages"]
        self.totals: dict[str, Any] = table["totals"]
        self.formats: list[str] = table.get("formats", ["txt"])
        self.edits: list[dict[str, Any]] = [edit for page in self.pages for edit in page["edits"]]
        self.refused: list[dict[str, Any]] = [edit for page in self.pages for edit in page["refused"]]

    @classmethod
    def opened(cls, path: Path, folder: int | None = None) -> Self:
        """Read and check a receipt.

        Raises:
            UnreadableScan: the file cannot be read, is no receipt, or is inconsistent.
        """
        if not path.name.removesuffix(receipt.SUFFIX) or not path.name.endswith(receipt.SUFFIX):
            raise UnreadableScan(f"{path}: {_right_name(path)}")
        try:
            table = json.loads(held(path, folder))
        except FileNotFoundError as error:
            raise UnreadableScan(f"{path} cannot be read: {error.strerror}; {_right_name(path)}") from error
        except OSError as error:
            raise UnreadableScan(f"{path} cannot be read: {error.strerror}") from error
        except (ValueError, RecursionError) as error:
            raise UnreadableScan(f"{path} is not valid JSON ({type(error).__name__}); {BY_HAND}") from error
        return cls(path, _checked(path, table), folder)

    def beside(self, suffix: str) -> Path:
        """The file of the set with this suffix, such as ".raw.txt"; NAME may contain dots."""
        return self.path.with_name(self.path.name.removesuffix(receipt.SUFFIX) + suffix)

    @property
    def text_path(self) -> Path:
        """NAME.txt."""
        return self.beside(OUTPUT_SUFFIXES["txt"])

    @property
    def results(self) -> tuple[Path, ...]:
        """Paths of the files of the follow-up tasks, whether or not they exist."""
        return tuple(self.beside(task["suffix"]) for task in self._table.get("tasks", ()))

    def changed_by_hand(self, path: Path, lying: bytes) -> str:
        """Why a file of the set must not be overwritten; "" if it is as we last wrote it."""
        written = self._table.get("files", {}).get(self._suffix(path))
        if written is None:
            return f"may have been changed by hand ({self.path.name} has no checksum of it)"
        return "" if written == hashlib.sha256(lying).hexdigest() else "was changed by hand"

    def note(self, path: Path, content: bytes) -> None:
        """Record the content that we write to a file of the set."""
        self._table.setdefault("files", {})[self._suffix(path)] = hashlib.sha256(content).hexdigest()

    def _suffix(self, path: Path) -> str:
        return path.name.removeprefix(self.path.name.removesuffix(receipt.SUFFIX))

    @property
    def has_text(self) -> bool:
        """True if the set has a NAME.txt: ``output.formats`` includes it, or the receipt has no formats."""
        return "txt" in self.formats

    def mark(self, numbers: Collection[int] | None, *, reverted: bool) -> int:
        """Mark edits, or all of them, as reverted or not; return the number of changed ones.

        Raises:
            ConfigError: no edit has such a number.
        """
        known = {edit["number"]: edit for edit in self.edits}
        wanted = known.keys() if numbers is None else set(numbers)
        if unknown := sorted(wanted - known.keys()):
            has = f"its edits are numbered {min(known)} to {max(known)}" if known else "it has no edits"
            raise ConfigError(
                f"{self.path}: there is no edit {', '.join(map(str, unknown))}; {has}; nothing was written "
                "(`ocrwatchd edits NAME.json` shows them)"
            )
        changed = [known[number] for number in wanted if known[number]["reverted"] != reverted]
        for edit in changed:
            edit["reverted"] = reverted
        for page in self.pages:
            page["text"] = _text_of(page)
        self.totals["reverted"] = sum(edit["reverted"] for edit in known.values())
        return len(changed)

    def text_change(self, *, force: bool) -> Change | None:
        """The change of NAME.txt; None if the file is right already.

        A NAME.txt that the formats do not include is not written; such a file belongs to someone else.

        Args:
            force: also overwrite a changed text, or write a missing one.

        Raises:
            TextChanged: the file must not be overwritten.
            OSError: the file cannot be read.
        """
        if not self.has_text:
            return None
        text = self._text()
        there = lexists_strict(self.text_path, self.folder)
        lying = held(self.text_path, self.folder) if there else None
        fault = "is missing" if lying is None else self.changed_by_hand(self.text_path, lying)
        if fault and lying != text and not force:
            raise TextChanged(f"{self.text_path} {fault}; nothing was written (--force overwrites it)")
        self.note(self.text_path, text)
        return None if lying == text else Change(self.text_path, lying, text)

    def receipt_change(self) -> Change | None:
        """The change of NAME.json; None if the file is right already.

        Raises:
            OSError: the file cannot be read.
        """
        lying, content = held(self.path, self.folder), b"".join(receipt.laid_out(self.head, self.pages))
        return None if lying == content else Change(self.path, lying, content)

    @property
    def head(self) -> dict[str, Any]:
        """The fields of the receipt about the whole document."""
        return {key: value for key, value in self._table.items() if key != "pages"}

    def _text(self) -> bytes:
        texts = (page["text"] for page in self.pages)
        code = self._table.get("notices", ENGLISH)
        first = language(code).of(txt.EVALUATION_LINE) if self._table["evaluation"] else ""
        return b"".join(txt.laid_out(texts, first))


def _checked(path: Path, table: object) -> dict[str, Any]:
    if not isinstance(table, dict) or not isinstance(schema := table.get("schema"), int):
        raise UnreadableScan(f"{path} is not a document's receipt; {_right_name(path)}")
    if schema != receipt.SCHEMA:
        raise UnreadableScan(
            f"{path} was written by another version of ocrwatchd (schema {schema}; this one reads {receipt.SCHEMA}): "
            "run `ocrwatchd edits` of that version"
        )
    try:
        _Receipt.model_validate(table)
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"]))
        raise UnreadableScan(f"{path} is damaged at {where}; {BY_HAND}") from None

    numbers = [edit["number"] for page in table["pages"] for edit in page["edits"]]
    if len(set(numbers)) != len(numbers):
        raise UnreadableScan(f"{path}: two edits have one number; {BY_HAND}")
    for page in table["pages"]:
        if _text_of(page) != page["text"]:
            raise UnreadableScan(f"{path}: text and edits of page {page['number']} disagree; {BY_HAND}")
    return table


def _right_name(path: Path) -> str:
    """The file name to use instead: that of the receipt in the folder to which a file seems to belong."""
    names = accumulate(path.name.split("."), "{}.{}".format)
    receipts = [path.with_name(f"{name}{receipt.SUFFIX}") for name in names if name and path.name != ".."]
    found = [each for each in receipts if each != path and os.path.lexists(each)]
    return f"name the document's .json file, {found[-1] if found else 'NAME.json, which lies in the outbox'}"


def edit_of(told: dict[str, Any]) -> Edit:
    """An edit from a receipt."""
    return Edit(told["offset"], told["before"], told["after"], Reason(told["why"]))


def _text_of(page: dict[str, Any]) -> str | None:
    """The page's text with the edits that are not reverted; None if the edits do not fit the page."""
    raw: str = page["raw"]
    edits = [edit_of(told) for told in page["edits"]]
    done = 0
    for edit in edits:
        if edit.offset < done or not raw.startswith(edit.before, edit.offset):
            return None
        done = edit.offset + len(edit.before)
    return apply(raw, [edit for edit, told in zip(edits, page["edits"], strict=True) if not told["reverted"]])
