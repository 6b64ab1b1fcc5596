"""NAME.md: the corrected text as Markdown (CommonMark, GitHub's too), a heading before each page.

The text's lines stay lines, its paragraphs paragraphs; rows of cells are a table, the first one its head, as GitHub's
Markdown wants. Whatever would be markup in Markdown or HTML is escaped: the
page shows what the paper shows, and nothing in it links, loads or runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import BinaryIO

from ocrwatchd.core.file_types import OUTPUT_SUFFIXES
from ocrwatchd.core.i18n.language import language
from ocrwatchd.core.model import Document, FinishedPage
from ocrwatchd.formats.output.part import part_told
from ocrwatchd.formats.output.txt import evaluation_line

SUFFIX = OUTPUT_SUFFIXES["md"]
LINE_BREAK = "  \n"
CELL = "\t"

_ANYWHERE = re.compile(r"[\\`*_\[\]<>&|~$@]|(?<=:)/(?=/)|(?<=\bwww)\.", re.IGNORECASE)
_AT_START = re.compile(r"(?:[#+=-]|\d{1,9}(?=[.)]))")
_FEED = "\f"


def write(document: Document, pages: Iterable[FinishedPage], file: BinaryIO) -> None:
    """Write the Markdown file, page after page."""
    file.writelines(laid_out(document, pages))


def laid_out(document: Document, pages: Iterable[FinishedPage]) -> Iterator[bytes]:
    """The bytes of the file, page after page."""
    yield f"# {_escaped(' '.join(document.source.split()))}\n".encode("utf-8", "replace")
    if part := part_told(document):
        told = language(document.work.output.language).of(part)
        yield f"\n{_escaped(' '.join(told.split()))}\n".encode("utf-8", "replace")
    if line := evaluation_line(document):
        yield f"\n> {_escaped(line)}\n".encode()
    for finished in pages:
        text = finished.correction.text.replace(_FEED, "\n")
        body = "\n\n".join(_paragraph(each) for each in re.split(r"\n\s*\n", text) if each.strip())
        yield f"\n## Page {finished.page.number}\n{f'{chr(10)}{body}{chr(10)}' if body else ''}".encode(
            "utf-8", "replace"
        )


def _paragraph(text: str) -> str:
    blocks = []
    lines = [line for line in text.split("\n") if line.strip()]
    for tabular, group in groupby(lines, key=lambda line: CELL in line):
        some = list(group)
        # White space before a line would make code of it, and behind it a break more.
        plain = LINE_BREAK.join(_escaped(line.strip()) for line in some)
        blocks.append(_table(some) if tabular and len(some) > 1 else plain)
    return "\n\n".join(blocks)


def _table(lines: Sequence[str]) -> str:
    rows = [[_escaped(cell.strip()) for cell in line.split(CELL)] for line in lines]
    width = max(map(len, rows))
    head, *body = (f"| {' | '.join([*row, *[''] * (width - len(row))])} |" for row in rows)
    return "\n".join([head, f"|{' --- |' * width}", *body])


def _escaped(line: str) -> str:
    start = _AT_START.match(line)
    if start is None:
        return _ANYWHERE.sub(r"\\\g<0>", line)
    # Of "1." the point is what makes a list.
    end = start.end()
    head = f"\\{line[:end]}" if not line[0].isdigit() else f"{line[:end]}\\{line[end]}"
    return head + _ANYWHERE.sub(r"\\\g<0>", line[end + line[0].isdigit() :])
