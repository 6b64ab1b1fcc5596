"""Take out an older invisible text layer, a scanner's or our own: each word would be found twice, once misread."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

import pikepdf
from pikepdf import Array, Dictionary, Name, Operator, Stream

from ocrwatchd.formats.pdf.layer import INVISIBLE, MARK
from ocrwatchd.formats.pdf.pages import contents, inherited

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pikepdf import ContentStreamInlineImage, ContentStreamInstruction, Object, Page, Pdf

    Instruction: TypeAlias = ContentStreamInstruction | ContentStreamInlineImage

MOST_BYTES = 16 << 20
"""A longer content stream than this is no scan's page, and stays as it is."""
MOST_FORMS = 64
DEPTH = 3

_TELLS = re.compile(rb"\b3\s+Tr\b")
_SHOWS = {"Tj", "TJ", "'", '"'}


def take_out(pdf: Pdf, page: Page) -> None:
    """Take out what a page writes invisibly; a page that does not is left as it is, byte for byte.

    Raises:
        pikepdf.PdfError: it cannot be read.
    """
    data = b"\n".join(stream.read_bytes() for stream in contents(page) if _is_short(stream))
    if _TELLS.search(data):
        page.obj[Name.Contents] = Array([Stream(pdf, _without(page))])
    resources = inherited(page, Name.Resources)
    if isinstance(resources, Dictionary):
        _in_forms(pdf, resources, DEPTH)


def _is_short(stream: Object) -> bool:
    return len(stream.read_raw_bytes()) <= MOST_BYTES


def _in_forms(pdf: Pdf, resources: Dictionary, depth: int) -> None:
    forms = resources.get(Name.XObject)
    if not depth or not isinstance(forms, Dictionary):
        return
    for _, form in zip(range(MOST_FORMS), list(forms.as_dict().values()), strict=False):
        if not isinstance(form, Stream) or form.get(Name.Subtype) != Name.Form or not _is_short(form):
            continue
        if _TELLS.search(form.read_bytes()):
            # Several pages may draw it: after the first of them there is nothing left to take out.
            form.write(_without(form))
        if MARK in form:
            del form[MARK]
        if isinstance(inner := form.get(Name.Resources), Dictionary):
            _in_forms(pdf, inner, depth - 1)


def _without(stream: Object | Page) -> bytes:
    return pikepdf.unparse_content_stream(list(_visible(pikepdf.parse_content_stream(stream))))


def _visible(instructions: Iterable[Instruction]) -> Iterator[Instruction]:
    mode = 0
    saved: list[int] = []
    for instruction in instructions:
        operands, operator = instruction.operands, str(instruction.operator)
        if operator == "q":
            saved.append(mode)
        elif operator == "Q":
            mode = saved.pop() if saved else 0
        elif operator == "Tr" and operands:
            mode = int(operands[0])
        if mode != INVISIBLE or operator not in _SHOWS:
            yield instruction
        elif operator in {"'", '"'}:
            yield pikepdf.ContentStreamInstruction([], Operator("T*"))
