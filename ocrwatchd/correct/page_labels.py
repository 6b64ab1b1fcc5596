"""Read what a page says about its own number: "Page 2 of 5", "Seite 2", "- 2 -", "2", a number beside a running head.

Only the outermost lines of a page are looked at. A digit may be misread as a letter within a label that has a word for
"page" or "of"; a bare number may not.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from rapidfuzz.distance import Levenshtein

OUTER_LINES: Final = 3
"""So many lines that are not blank, at the top and at the bottom, may hold a label."""

BARE_LINES: Final = 2
"""So many of them may hold a number alone."""

LONGEST_LINE: Final = 120
"""Characters; a longer line is running text."""

MOST: Final = 4999
"""The greatest number of a page."""

FUZZY_LETTERS: Final = 4
"""A word for "page" of at least so many letters may have one that is misread."""

_WORDS = """
    page pages pag p pg sheet seite s blatt bl feuille pagina página pág pàgina folha hoja foglio blz bladzijde strona
    str strana stran stranica side sida sid sivu oldal sayfa lk lehekülg lapa lpp puslapis psl orria faqe síða bls
    leathanach страница стр лист сторінка стор страна σελίδα σελ trang halaman hal ページ 頁 页 쪽 페이지 صفحة पृष्ठ
"""
PAGE_WORDS: Final = frozenset(_WORDS.split())
"""Words for "page" and "sheet", and their abbreviations, in the languages that the engines read."""

OF_WORDS: Final = "of von sur de di van z ze av af din od of из з із от από dari trên out_of".replace(
    "_", r"\s+"
).split()

_DIGITS = str.maketrans("OoQDdLlIi|!ZzSsGbBqg", "00000111111225566899")
_DIGIT_LIKE = re.compile(r"\d|^[lI|][lI|Oo]?$")
_N = r"[0-9OoQDlIi|!ZzSsGbBqg]{1,4}"
_OF = "|".join(each.replace("von", r"v\s?on") for each in OF_WORDS)
_LIKE_OF = r"(?!(?:and|und|et|en|to|bis|till|al?|y|e|i|og|och)\b)(?:[^\W\d_]\s?[^\W\d_]{0,2}|0f)"
"""A short word that may be a misread "of", but none for a range of pages."""
_STRAY = r"[\s`'~.,*·•^_]*"
_BEFORE_N = r"(?:[.:]\s*|\s+|(?=\d))(?:n[or°º]\.?\s*)?"
_WORDED_OF = re.compile(
    rf"(?:^|(?<=[\s\-(\[|:.,]))(?P<word>[^\W\d_]{{1,10}}){_BEFORE_N}(?P<n>{_N}?)"
    rf"(?:{_STRAY}(?:{_OF}|{_LIKE_OF}){_STRAY}(?P<t>{_N})|\s*[/|(]\s*(?P<u>{_N}))(?P<m>)(?![\w/])",
    re.IGNORECASE,
)
_BARE_OF = re.compile(
    rf"[\s\-(\[~.*]*(?:(?P<n>{_N})\s*(?:{_OF})\s*(?P<t>{_N})|(?P<m>{_N})\s?[/(]\s?(?P<u>{_N}))"
    r"\.?\s*(?P<word>[^\W\d_]{1,10})?[\s\-)\]~.*]*",
    re.IGNORECASE,
)
_HAN_OF = re.compile(r"第?\s*(?P<n>\d{1,4})\s*[页頁]\s*[,/、]?\s*[共总總]\s*(?P<t>\d{1,4})\s*[页頁]")
_WORDED = re.compile(
    rf"(?:^|\s)[\-(\[]*\s*(?P<word>[^\W\d_]{{1,10}}){_BEFORE_N}(?P<n>{_N})\s*[\-)\].|]*$", re.IGNORECASE
)
_AFTER = re.compile(r"[\s\-(\[]*第?\s*(?P<n>\d{1,4})\s*\.?\s*(?P<word>[^\W\d_]{1,10})[\s\-)\].]*")
_MARKED = re.compile(r"[-~*•·.\[(|]+\s*(?P<n>\d{1,4})\s*[-~*•·.\])|]+")
_BARE = re.compile(r"(?P<n>\d{1,4})\.?")
_ROMAN = re.compile(r"[-~*\[(\s]*(?P<n>[ivxl]{1,8})[-~*\])\s.]*")
_EDGE = re.compile(r"(?P<n>\d{1,4})\s+(?P<head>\D.{3,60})|(?P<before>.{3,60}?\D)\s+(?P<m>\d{1,4})")
_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"), "-")
_CELL = re.compile(r"\t+| {3,}")
_ROMAN_VALUES = {"i": 1, "v": 5, "x": 10, "l": 50}


class Form(IntEnum):
    """How a number is given, the surest form last."""

    EDGE = 1
    """Beside a running head."""
    ROMAN = 2
    BARE = 3
    MARKED = 4
    """Between dashes or brackets."""
    WORD = 5
    """Behind a word for "page"."""
    OF = 6
    """With the number of all pages, without a word for "page"."""
    WORD_OF = 7


@dataclass(frozen=True, slots=True)
class Label:
    """The number of a page by what stands on it; ``total`` is 0 where it does not say of how many.

    Args:
        line: the number of the line in the page's text, from 0.
        top: it stands at the top of the page.
    """

    number: int
    total: int
    form: Form
    line: int
    top: bool


def outer_lines(lines: Sequence[str]) -> Iterator[tuple[int, bool, int]]:
    """The lines that may hold a label: number from 0, at the top or not, and how far from the edge, from 0."""
    filled = [number for number, line in enumerate(lines) if line.strip()]
    for depth, number in enumerate(filled[:OUTER_LINES]):
        yield number, True, depth
    for depth, number in enumerate(reversed(filled[-OUTER_LINES:])):
        yield number, False, depth


def labels_of(text: str) -> list[Label]:
    """Every label that a page may have, at most one for each form and edge."""
    found: dict[tuple[Form, bool], Label] = {}
    lines = text.split("\n")
    for number, top, depth in outer_lines(lines):
        line = _plain(lines[number])
        if len(line) > LONGEST_LINE:
            continue
        if not (read := _read(line, depth)):
            continue
        value, total, form = read
        if 0 < value <= (total if form >= Form.OF else MOST) <= MOST:
            found.setdefault((form, top), Label(value, total, form, number, top))
    return list(found.values())


def label_with(text: str, total: int, *, top: bool) -> Label | None:
    """The label of a page on which the word for "page" cannot be read, where other pages have told the total.

    Args:
        text: of the page.
        total: which other pages bear.
        top: at which edge they bear it.
    """
    behind = re.compile(rf"(?:^|[^\w.,])(?P<n>{_N})\s*\S{{1,4}}(?:\s\S{{1,2}})?\s*{total}[\s\-)\].|~]*$")
    lines = text.split("\n")
    for number, at_top, _ in outer_lines(lines):
        found = behind.search(_plain(lines[number])) if at_top == top else None
        if found and _DIGIT_LIKE.search(found["n"]) and 0 < _value(found["n"]) <= total:
            return Label(_value(found["n"]), total, Form.WORD_OF, number, top)
    return None


def _plain(line: str) -> str:
    return unicodedata.normalize("NFKC", line[: LONGEST_LINE + 1]).translate(_DASHES).strip()


def _read(line: str, depth: int) -> tuple[int, int, Form] | None:
    """Number, total and form, the surest one; each cell of a row is looked at alone too."""
    cells = list(dict.fromkeys((line, *map(str.strip, _CELL.split(line)))))
    for reader in (_with_total, _worded, _marked):
        if found := next(filter(None, map(reader, cells)), None):
            return found
    return _bare(line, depth)


def _with_total(cell: str) -> tuple[int, int, Form] | None:
    if found := _HAN_OF.search(cell):
        return int(found["n"]), int(found["t"]), Form.WORD_OF
    for found in (*_WORDED_OF.finditer(cell), *filter(None, [_BARE_OF.fullmatch(cell)])):
        number, total, word = found["n"] or found["m"], found["t"] or found["u"], found["word"]
        plain = any(map(str.isdigit, number + total)) or (_DIGIT_LIKE.search(number) and _DIGIT_LIKE.search(total))
        if plain and (word is None or _is_page(word)):
            return _value(number), _value(total), Form.WORD_OF if word else Form.OF
    return None


def _worded(cell: str) -> tuple[int, int, Form] | None:
    found = _WORDED.search(cell)
    if not (found and _is_page(found["word"]) and _DIGIT_LIKE.search(found["n"])):
        found = _AFTER.fullmatch(cell)
        if not (found and _is_page(found["word"])):
            return None
    return _value(found["n"]), 0, Form.WORD


def _marked(cell: str) -> tuple[int, int, Form] | None:
    found = _MARKED.fullmatch(cell)
    return (int(found["n"]), 0, Form.MARKED) if found else None


def _bare(line: str, depth: int) -> tuple[int, int, Form] | None:
    if depth < BARE_LINES and (found := _BARE.fullmatch(line)):
        return int(found["n"]), 0, Form.BARE
    if depth < BARE_LINES and (found := _ROMAN.fullmatch(line)):
        return _roman(found["n"]), 0, Form.ROMAN
    if depth == 0 and (found := _EDGE.fullmatch(line)):
        return int(found["n"] or found["m"]), 0, Form.EDGE
    return None


def _is_page(word: str) -> bool:
    word = word.lower()
    return word in PAGE_WORDS or (
        len(word) >= FUZZY_LETTERS
        and any(
            len(each) >= FUZZY_LETTERS and Levenshtein.distance(word, each, score_cutoff=1) <= 1 for each in PAGE_WORDS
        )
    )


def _value(number: str) -> int:
    read = number.translate(_DIGITS)
    return int(read) if read.isdecimal() else 0


def _roman(number: str) -> int:
    """The value of a small Roman numeral; 0 of letters that are none."""
    values = [_ROMAN_VALUES[each] for each in number]
    value = sum(-one if one < after else one for one, after in zip(values, [*values[1:], 0], strict=True))
    return value if _as_roman(value) == number else 0


def _as_roman(value: int) -> str:
    if not 0 < value < 90:
        return ""
    tens = ("", "x", "xx", "xxx", "xl", "l", "lx", "lxx", "lxxx")[value // 10]
    return tens + ("", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix")[value % 10]
