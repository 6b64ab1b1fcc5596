"""Cut clean text, from the package and from the user's files, into small pages."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from ocrwatchd.core.errors import ConfigError, UnreadableScan
from ocrwatchd.correct.document import text_of
from ocrwatchd.gate import languages

ENGLISH: Final = Path(__file__).with_name("english.txt")
"""Business papers of our own; paragraphs of Standard Ebooks (CC0 1.0) that the built-in model was not trained on."""

OWN: Final = {"eng": ENGLISH}
"""Clean text in the package, by language."""

SHEET_CHARACTERS: Final = 600
"""Characters of a page; many small pages are worn in many ways."""

LINE_CHARACTERS: Final = 100
"""Longer lines are wrapped."""

LEAST_LATIN: Final = 0.5
"""At least this share of a text's letters is Latin: the picture judges no others."""


class Sheet(NamedTuple):
    """A page to be typeset; its name is for people."""

    name: str
    text: str


def sheets(files: Sequence[Path], codes: Sequence[str], pages: int) -> list[Sheet]:
    """Cut the package's texts in these languages and the user's texts into pages.

    Args:
        files: the user's clean texts, UTF-8.
        codes: of the languages.
        pages: at most this many of each file, spread evenly over the file.

    Raises:
        ConfigError: there is no text in these languages, or none in Latin letters.
        UnreadableScan: a file cannot be read, is not UTF-8 or holds no text.
    """
    own = [OWN[code] for code in codes if code in OWN]
    if not (files or own):
        known = languages.names(OWN)
        raise ConfigError(
            f"ocr.languages names {languages.names(codes)}, and the package has clean text in {known} only: name files "
            "with clean text like yours (UTF-8, some pages of it, without errors), or scans with their texts by --truth"
        )
    return [sheet for file in (*own, *files) for sheet in _sheets_of(file, pages)]


def _sheets_of(file: Path, pages: int) -> Iterator[Sheet]:
    text = text_of(file).removeprefix("\ufeff")
    if not text.strip():
        raise UnreadableScan(f"{file} holds no text; name one with some pages of clean text")
    if not _is_latin(text):
        raise ConfigError(f"{file}: only Latin letters can be set; measure on scans with their texts, by --truth")
    texts = list(_portions(text))
    wanted = min(pages, len(texts))
    for number in range(wanted):
        yield Sheet(f"{file.name}, {number + 1}", texts[number * len(texts) // wanted])


def _is_latin(text: str) -> bool:
    letters = [*filter(str.isalpha, text)]
    latin = sum(unicodedata.name(letter, "").startswith("LATIN") for letter in letters)
    return latin >= LEAST_LATIN * len(letters)


def _portions(text: str) -> Iterator[str]:
    lines: list[str] = []
    for given in text.expandtabs(4).splitlines():
        for line in textwrap.wrap(given.rstrip(), LINE_CHARACTERS) or [""]:
            if lines and sum(map(len, lines)) + len(line) > SHEET_CHARACTERS:
                yield "\n".join(lines).strip("\n")
                lines = []
            if line or lines:
                lines.append(line)
    if any(lines):
        yield "\n".join(lines).strip("\n")
