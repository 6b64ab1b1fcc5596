"""Clean text, of the package and of files that the user names, and the same with known OCR noise in it."""

from __future__ import annotations

import os
import random
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ocrwatchd.cli.calibrate.measure import PAGE_CHARACTERS, Case
from ocrwatchd.core.errors import ConfigError, UnreadableScan
from ocrwatchd.correct.document import pages_of, text_of
from ocrwatchd.correct.noise.generator import Noise
from ocrwatchd.gate import languages
from ocrwatchd.llm.chunks import split

if TYPE_CHECKING:
    from collections.abc import Sequence

ENGLISH: Final = Path(__file__).with_name("english.txt")
"""Business papers of our own; paragraphs of Standard Ebooks (CC0 1.0) that the built-in model was not trained on."""

OWN: Final = {"eng": ENGLISH}
"""Clean text in the package, by language."""

RATES: Final = (0.02, 0.06)
"""Misreadings for each letter, in one text and the next: a good scan's, and a bad one's."""

PARTS: Final = 2
"""A text has so many parts that a model is asked about one by one: it sees lines around them, as on a page."""

LEAST_LATIN: Final = 0.5
"""So large a share of a text's letters must be Latin: how others are misread was not counted."""

BASIS: Final = "misread text"


def cases(files: Sequence[Path], codes: Sequence[str], pages: int) -> list[Case]:
    """The clean texts, misread. The same files give the same.

    Args:
        files: clean texts of the user's, UTF-8; beside them counts what the package has in these languages.
        codes: of the languages.
        pages: so many of a file count at most, drawn evenly from all of it.

    Raises:
        ConfigError: there is no text in these languages, or the noise does not know their letters.
        UnreadableScan: a file cannot be read, is not UTF-8 or holds no text.
    """
    own = [OWN[code] for code in codes if code in OWN]
    if not (files or own):
        known = languages.names(OWN)
        raise ConfigError(
            f"ocr.languages names {languages.names(codes)}, and the package has clean text in {known} only: name files "
            "with clean text like yours (UTF-8, some pages of it, without errors), or scans with their texts by --truth"
        )
    return [case for file in (*own, *files) for case in _cases_of(file, pages)]


def _cases_of(file: Path, pages: int) -> list[Case]:
    text = text_of(file).removeprefix("\ufeff")
    chunks = [chunk.text.strip() for chunk in split(text) if chunk.text.strip()]
    if not chunks:
        raise UnreadableScan(f"{file} holds no text; name one with some pages of clean text")
    if not _is_latin(text):
        raise ConfigError(
            f"{file}: only of Latin letters it is known how they are misread; measure on scans with their texts, by "
            "--truth"
        )
    texts = ["\n\n".join(chunks[at : at + PARTS]) for at in range(0, len(chunks), PARTS)]
    return [_misread(file.name, number, truth) for number, truth in enumerate(_evenly(texts, pages))]


def _is_latin(text: str) -> bool:
    letters = [*filter(str.isalpha, text)]
    latin = sum(unicodedata.name(letter, "").startswith("LATIN") for letter in letters)
    return latin >= LEAST_LATIN * len(letters)


def _evenly(texts: list[str], pages: int) -> list[str]:
    """As many of the texts as make so many pages, from all over."""
    size = sum(map(len, texts))
    wanted = max(1, round(len(texts) * min(1.0, pages * PAGE_CHARACTERS / size)))
    return [texts[number * len(texts) // wanted] for number in range(wanted)]


def _misread(name: str, number: int, truth: str) -> Case:
    noise = Noise(random.Random(os.fsencode(f"{name} {number}")))  # noqa: S311 - for noise, not for secrets
    read = noise.misread_text(truth, noise.even(RATES[number % len(RATES)]))
    return Case(f"{name}, {number + 1}", truth, tuple(pages_of(read)))
