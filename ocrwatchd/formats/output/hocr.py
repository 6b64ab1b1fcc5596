"""NAME.hocr: the corrected text with the place and the confidence of every word, as hOCR 1.2 in XHTML.

Boxes are pixels of the page's picture as it was opened, upright, from the top left; where a page lay askew, a box holds
the slanted word. ``x_wconf`` (0 to 100) is how sure the engine was of what it read there, before the correction. A word
whose place no engine has told stands in the text without a box: nothing here is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import escape
from itertools import groupby
from typing import BinaryIO
from urllib.parse import quote

from ocrwatchd.core.file_types import OUTPUT_SUFFIXES
from ocrwatchd.core.model import Box, Document, FinishedPage
from ocrwatchd.formats.output.txt import evaluation_line
from ocrwatchd.formats.output.unrotate import Upright
from ocrwatchd.formats.output.word_boxes import PlacedLine, PlacedWord, placed
from ocrwatchd.ocr.rows import around

SUFFIX = OUTPUT_SUFFIXES["hocr"]
CAPABILITIES = "ocr_page ocr_par ocr_line ocrx_word"

_ILLEGAL = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 forbids or discourages."""

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml">
<head>
<title>{name}</title>
<meta http-equiv="Content-Type" content="text/html; charset=utf-8"/>
<meta name="ocr-system" content="{system}"/>
<meta name="ocr-capabilities" content="{capabilities}"/>
<meta name="ocr-number-of-pages" content="{pages}"/>
</head>
<body>
"""
_TAIL = "</body>\n</html>\n"


def write(document: Document, pages: Iterable[FinishedPage], file: BinaryIO) -> None:
    """Write the hOCR file, page after page."""
    file.writelines(laid_out(document, pages))


def laid_out(document: Document, pages: Iterable[FinishedPage]) -> Iterator[bytes]:
    """The bytes of the file, page after page."""
    system = " ".join(f"{name} {version}" for name, version in document.versions.items())
    head = _HEAD.format(
        name=_plain(document.source), system=_plain(system), capabilities=CAPABILITIES, pages=document.pages
    )
    yield head.encode()
    if line := evaluation_line(document):
        yield f"<p>{_plain(line)}</p>\n".encode()
    for finished in pages:
        yield "\n".join(_page(document, finished)).encode()
    yield _TAIL.encode()


def _page(document: Document, finished: FinishedPage) -> Iterator[str]:
    page = finished.page
    upright = Upright.of(page)
    width, height = upright.size
    resolution = f"; scan_res {page.dpi:.0f} {page.dpi:.0f}" if page.dpi else ""
    image = quote(document.source.encode("utf-8", "replace"))
    # Counted in the scan, also where the document is a part of it.
    physical = document.pages_from[page.number - 1] if document.pages_from else page.number
    title = f'image "{image}"; bbox 0 0 {width} {height}; ppageno {physical - 1}{resolution}'
    yield f'<div class="ocr_page" id="page_{page.number}" title=\'{title}\'>'
    for is_text, lines in groupby(placed(finished), key=lambda line: bool(line.words)):
        if is_text:
            yield '<p class="ocr_par" dir="auto">'
            yield from (_line(line, upright) for line in lines)
            yield "</p>"
    yield "</div>\n"


def _line(line: PlacedLine, upright: Upright) -> str:
    words = " ".join(_word(word, upright) for word in line.words)
    told = [_corners(word.box, upright) for word in line.words if word.told]
    if not told:
        return f"{words}<br/>"
    corners = " ".join(map(str, around(told)))
    return f'<span class="ocr_line" dir="auto" title="bbox {corners}">{words}</span><br/>'


def _word(word: PlacedWord, upright: Upright) -> str:
    if not word.told:
        return _plain(word.text)
    corners = " ".join(map(str, _corners(word.box, upright)))
    sure = "" if word.confidence is None else f"; x_wconf {round(100 * min(1.0, max(0.0, word.confidence)))}"
    return f'<span class="ocrx_word" title="bbox {corners}{sure}">{_plain(word.text)}</span>'


def _corners(box: Box, upright: Upright) -> Box:
    """The bounds of a box on the picture as it was opened: whole pixels within it, at least one each way."""
    width, height = upright.size
    points = [upright.share(x, y) for x in (box.left, box.right) for y in (box.top, box.bottom)]
    across = sorted(min(width, max(0, round(x * width))) for x, _ in points)
    down = sorted(min(height, max(0, round(y * height))) for _, y in points)
    left, top = min(across[0], width - 1), min(down[0], height - 1)
    return Box(left, top, max(across[-1], left + 1), max(down[-1], top + 1))


def _plain(text: str) -> str:
    return escape(_ILLEGAL.sub("\N{REPLACEMENT CHARACTER}", text))
