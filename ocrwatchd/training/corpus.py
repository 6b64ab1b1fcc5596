"""English prose in the public domain: the training set and the validation set."""

from __future__ import annotations

import hashlib
import lzma
import os
import sys
from pathlib import Path

CORPUS = "english-cc0.txt.xz"
VALIDATION_SHARE = 0.02
_SHORTEST = 20
"""Paragraphs of fewer characters are mostly cells of tables."""


def data_folder() -> Path:
    """The folder that ``OCRWATCHD_TEST_DATA`` names."""
    folder = os.environ.get("OCRWATCHD_TEST_DATA")
    if not folder:
        sys.exit(f"set OCRWATCHD_TEST_DATA to the folder that holds {CORPUS}")
    return Path(folder)


def is_validation(paragraph: str) -> bool:
    """Whether a paragraph, by its hash, is one of the two in a hundred that no training sees."""
    digest = hashlib.sha256(paragraph.encode()).digest()
    return int.from_bytes(digest[:4]) < VALIDATION_SHARE * 2**32


def paragraphs(*, validation: bool) -> list[str]:
    """The paragraphs of the validation set, or of the training set, in the order of the corpus."""
    with lzma.open(data_folder() / CORPUS, "rt", encoding="utf-8") as file:
        lines = (line.replace("\u21a9", "").strip() for line in file)
        return [line for line in lines if len(line) >= _SHORTEST and is_validation(line) == validation]


_PLAIN = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2013": "-", "\u2011": "-"})


def plain(text: str) -> str:
    """The text with straight quotes and plain hyphens, as most engines write them."""
    return text.translate(_PLAIN).replace("\u2060", "").replace("\u00a0", " ").replace("\u200a", "")


def same_but_for_style(one: str, other: str) -> bool:
    """Whether two words differ only in the shape of their quotes and dashes."""
    return plain(one).replace("\u2014", "-") == plain(other).replace("\u2014", "-")
