"""NAME.review.html: the pages' pictures beside their text, with every edit where it happened.

One file that needs no other and no network, and may not use one: a content security policy allows its own style and
script, by their hashes, and pictures inside it. It can be read without script. Document text and names are
hostile: the template escapes everything, and signs that turn the direction of writing are shown as signs.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import resources
from typing import BinaryIO, NamedTuple

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from ocrwatchd.core.file_types import OUTPUT_SUFFIXES
from ocrwatchd.core.i18n import NOTHING, Message, count
from ocrwatchd.core.i18n.language import Language, language
from ocrwatchd.core.model import Box, Document, FinishedPage
from ocrwatchd.formats.output.evidence import request
from ocrwatchd.formats.output.part import left_out_told, part_told
from ocrwatchd.formats.output.review.marks import Marked, marked
from ocrwatchd.formats.output.review.picture import Pictures
from ocrwatchd.gate.languages import short

SUFFIX = OUTPUT_SUFFIXES["review"]

CHUNKS_A_WRITE = 256

_SIGNS = {
    0x200B: "ZWSP", 0x202A: "LRE", 0x202B: "RLE", 0x202C: "PDF", 0x202D: "LRO", 0x202E: "RLO", 0x2060: "WJ",
    0x2066: "LRI", 0x2067: "RLI", 0x2068: "FSI", 0x2069: "PDI", 0xFEFF: "BOM",
}  # fmt: skip
_SHOWN = {
    code: f"\N{MATHEMATICAL LEFT ANGLE BRACKET}{name}\N{MATHEMATICAL RIGHT ANGLE BRACKET}"
    for code, name in _SIGNS.items()
}
"""Invisible characters that change how text is shown."""


class Shown(NamedTuple):
    """A page as the template takes it.

    Args:
        picture: of the page, a data URI.
        edits: pictures of their places, in their order; "" where one is unknown.
        checks: likewise, of the words to check.
    """

    finished: FinishedPage
    marked: Marked
    picture: Markup
    edits: tuple[Markup, ...]
    checks: tuple[Markup, ...]


def write(document: Document, pages: Iterable[FinishedPage], file: BinaryIO) -> None:
    """Write the review, page after page.

    Raises:
        OSError: the file cannot be written, or the disk with the scan cannot be read.
    """
    style, script = _source("review.css"), _source("review.js")
    notices = language(document.work.output.language)
    with Pictures(document) as pictures:
        stream = _template().stream(
            document=document,
            totals=document.totals,
            part=part_told(document),
            left_out=left_out_told(document),
            request=_request(document),
            pages=_shown(pages, pictures, notices),
            language=_language(document),
            notices=notices.code,
            of=notices.of,
            say=notices.say,
            count=count,
            number=notices.number,
            style=style,
            script=script,
            policy=_policy(style, script),
        )
        stream.enable_buffering(CHUNKS_A_WRITE)
        stream.dump(file, encoding="utf-8", errors="replace")


def _request(document: Document) -> Message:
    """How many errors checking the document's most doubtful words corrects; empty where there are none."""
    wrong = [word.wrong for word in document.asked]
    return request(wrong, document.totals.expected_errors) if wrong else NOTHING


def _shown(pages: Iterable[FinishedPage], pictures: Pictures, notices: Language) -> Iterator[Shown]:
    numbers = itertools.count(1)
    for finished in pages:
        marks = marked(finished, numbers, notices)
        places = [check.box for check in marks.checks] + [mark.box for mark in marks.edits]
        pictured = pictures.of(finished.page, places)
        whole, *pieces = map(Markup, (pictured.whole, *pictured.places))  # base 64, too long to be looked through
        count_checks = len(marks.checks)
        yield Shown(finished, marks, whole, tuple(pieces[count_checks:]), tuple(pieces[:count_checks]))


def _language(document: Document) -> str:
    """The code of the document's language where it has but one; "" leaves it to the reader."""
    languages = document.work.ocr.languages
    return short(languages[0]) if len(languages) == 1 else ""


def _policy(style: str, script: str) -> str:
    return (
        f"default-src 'none'; img-src data:; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(source: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(source.encode()).digest()).decode("ascii")


def _source(name: str) -> str:
    return resources.files(__name__).joinpath(name).read_text(encoding="utf-8")


@cache
def _template() -> Template:
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["corners"] = _corners
    return environment.from_string(_source("review.html.jinja"))


def _visible(value: object) -> object:
    return value.translate(_SHOWN) if isinstance(value, str) and not isinstance(value, Markup) else value


def _corners(box: Box) -> str:
    """Left, top, width and height, whole pixels."""
    left, top = round(box.left), round(box.top)
    return f"{left} {top} {max(1, round(box.right) - left)} {max(1, round(box.bottom) - top)}"
