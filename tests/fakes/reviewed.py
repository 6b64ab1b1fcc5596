"""A document to review, with everything that a page may have: its scan is drawn, its edits and words are made up."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import count
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from ocrwatchd.core.config.profile import Work
from ocrwatchd.core.i18n import Message
from ocrwatchd.core.model import (
    Box,
    Correction,
    Document,
    Doubt,
    DoubtfulWord,
    Edit,
    FinishedPage,
    Line,
    PageText,
    Term,
    Totals,
    Word,
)
from ocrwatchd.core.reason import Reason

if TYPE_CHECKING:
    from pathlib import Path

WIDTH, HEIGHT = 850, 1100
LINE_PX, LETTER_PX, MARGIN_PX = 40, 12, 60

HOSTILE_NAME = "\"><script>document.title='owned'</script>&amp;\u202efdp.tif"
HOSTILE_TEXT = (
    "</div></script><script>document.title='owned'</script>\n"
    "<img src=x onerror=\"document.title='owned'\"> &lt;b&gt; {{ 7*7 }} {% raw %}\n"
    "invoice \u202etxt.exe\u202c and \u2067isolated\n"
    "\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd 12\n"
    "it's \"quoted\" ' onmouseover='document.title=1"
)
HOSTILE_WORD = "onerror=\"document.title='owned'\">"
HOSTILE_EDITS = (
    ("<img", "<svg onload=alert(1)>", Reason.MISREAD_WORD),
    ("\u05e2\u05d5\u05dc\u05dd", "\u05e2\u05d5\u05dc\u05dd\u202e", Reason.SIMILAR_WORD),
)


def lines_of(text, confidences=()):
    """Lines with words in letters of one width, as :func:`drawn` draws them; ``confidences`` by word's text."""
    known = dict(confidences)
    lines, offset = [], 0
    for row, line in enumerate(text.split("\n")):
        words, at = [], 0
        top = MARGIN_PX + row * LINE_PX
        for part in line.split():
            at = line.index(part, at)
            left = MARGIN_PX + at * LETTER_PX
            box = Box(left, top, left + len(part) * LETTER_PX, top + LINE_PX * 0.6)
            words.append(Word(part, offset + at, box, known.get(part, 0.99)))
            at += len(part)
        if words:
            box = Box(words[0].box.left, top, words[-1].box.right, words[-1].box.bottom)
            lines.append(Line(line, offset, box, 0.97, tuple(words)))
        offset += len(line) + 1
    return tuple(lines)


def drawn(text):
    """A page on which each word stands in its box."""
    image = Image.new("L", (WIDTH, HEIGHT), 255)
    draw = ImageDraw.Draw(image)
    for line in lines_of(text):
        for word in line.words:
            for index, letter in enumerate(word.text):
                draw.text((word.box.left + index * LETTER_PX, word.box.top), letter, 0, font_size=20)
    return image


def read(number, text, edits=(), refused=(), confidences=(), **figures):
    """A finished page; edits are given as :func:`placed` takes them."""
    page = PageText(number, text, WIDTH, HEIGHT, 100.0, engine="rapidocr", lines=lines_of(text, confidences))
    page = replace(page, **figures)
    admitted = placed(text, edits)
    corrected = text
    for edit in reversed(admitted):
        corrected = corrected[: edit.offset] + edit.after + corrected[edit.offset + len(edit.before) :]
    correction = Correction(
        corrected, admitted, placed(text, refused), corrected=bool(edits), model="builtin", seconds=0.2
    )
    return FinishedPage(page, correction)


def doubted(finished, *words):
    """The page, with doubts about some words of its raw text, given as (word, probability)."""
    text = finished.page.text
    doubts = tuple(Doubt(text.index(word), len(word), wrong) for word, wrong in words)
    return replace(finished, correction=replace(finished.correction, doubts=doubts))


def placed(text, edits):
    """Edits as (before, after, why), and perhaps source and terms, found in the text in their order."""
    found, at = [], 0
    for before, after, why, *weighed in edits:
        at = text.index(before, at)
        found.append(Edit(at, before, after, why, *weighed))
        at += len(before)
    return tuple(found)


@dataclass
class Reviewed:
    """A document, its pages, and the pictures that lie in its scan."""

    document: Document
    pages: tuple[FinishedPage, ...]


LETTER = (
    "Dear neighbouar,\n\nthe old apple tree behnd our house\ncame down in the stormlast night. Nobody\n"
    "was hurt, but a beavy branch lies across\nyour garden fence, and 24 of the boards\nare br0ken.\n\n"
    "with kind regards,\nMargaret Whitfield"
)
BOUGHT = "Item\tQty\tPrice\nNails\t200\t4.50\nBoards\t24\t96.00\nPaint\t2\t31.80\nTotal\t\t132.80"
"""The amounts add up to 132.30."""

WEIGHED = ("picture", (Term("picture", -0.42), Term("words", 6.14), Term("prior", -0.5)))
REFUSED_FOR = ("model", (Term("picture", -9.31), Term("digits", -3.0)))


def reviewed(folder: Path, name: str = HOSTILE_NAME) -> Reviewed:
    """The document; its scan is written into ``folder``."""
    numbers = count(1)
    pages = (
        doubted(read(
            next(numbers), LETTER,
            (("neighbouar", "neighbour", Reason.SIMILAR_WORD), ("behnd", "behind", Reason.SIMILAR_WORD, *WEIGHED),
             ("stormlast", "storm last", Reason.WORDS_RUN_TOGETHER), ("beavy", "heavy", Reason.SIMILAR_WORD)),
            (("24", "42", Reason.NUMBER, *REFUSED_FOR),
             ("br0ken", "broken or worse. " * 60, Reason.ANSWER_LONG)),
            {"fence,": 0.71, "Whitfield": 0.83},
            warnings=("scanned at 100 dpi: characters may be misread; scan with 300 dpi",),
        ), ("behnd", 0.2), ("24", 0.03), ("br0ken.", 0.65)),
        read(next(numbers), "upside\ndown werld", (("werld", "world", Reason.SIMILAR_WORD),), rotation=180),
        FinishedPage(
            PageText(next(numbers), "[page 3 could not be read]", 0, 0, 0.0, error=Message("page 3 is <b>damaged</b>")),
            Correction("[page 3 could not be read]", reason=Message("the page could not be read")),
        ),
        doubted(read(next(numbers), HOSTILE_TEXT, HOSTILE_EDITS, lines=()), (HOSTILE_WORD, 0.3)),
        read(next(numbers), BOUGHT, evaluation=True),
        read(next(numbers), "", width=WIDTH),
    )  # fmt: skip
    scan = folder / "scan.tif"
    shown = [drawn(page.page.text) for page in pages]
    shown[1] = shown[1].transpose(Image.Transpose.ROTATE_180)
    shown[0].save(scan, save_all=True, append_images=shown[1:], dpi=(100, 100))
    document = Document(
        job="j", source=name, sha256="ab" * 32, pages=len(pages), unreadable=1, corrected=True,
        reason=Message("<no> reason"),
        evaluation=True, versions={"ocrwatchd": "1.0", "rapidocr": "3.10.0", "model": "built<in>"},
        warnings=("a <warning>",), seconds=12.3,
        totals=Totals(90, {Reason.SIMILAR_WORD: 4, Reason.WORDS_RUN_TOGETHER: 1, Reason.MISREAD_WORD: 2},
                      {Reason.NUMBER: 1, Reason.ANSWER_LONG: 1}, expected_errors=1.18),
        asked=(DoubtfulWord(1, LETTER.index("br0ken."), "br0ken.", 0.65),
               DoubtfulWord(4, HOSTILE_TEXT.index(HOSTILE_WORD), HOSTILE_WORD, 0.3),
               DoubtfulWord(1, LETTER.index("behnd"), "behind", 0.2)),
        formats=("review", "json"), scan=scan, work=Work(),
    )  # fmt: skip
    return Reviewed(document, pages)
