"""Take out an older invisible text layer, a scanner's or our own: each word would be found twice, once misread."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import TypeAlias

import pikepdf
from pikepdf import (
    Array,
    ContentStreamInlineImage,
    ContentStreamInstruction,
    Dictionary,
    Name,
    Object,
    Operator,
    Page,
    Pdf,
    Stream,
)

from ocrwatchd.formats.output.pdf.pages import contents, inherited
from ocrwatchd.formats.output.pdf.text_layer import INVISIBLE, MARK

Instruction: TypeAlias = ContentStreamInstruction | ContentStreamInlineImage

MOST_BYTES = 4 << 20
"""Most bytes of unpacked content. Larger content stays as it is: a small file may unpack to gigabytes."""
MOST_PACKED_BYTES = 64 << 10
"""Of a stream in an old packing (LZW is the worst, and makes 1400 bytes of one) whose length is told by no trial."""
MOST_FORMS = 64
DEPTH = 3

_TELLS = re.compile(rb"\b3\s+Tr\b")
_SHRINKING = {Name.ASCIIHexDecode, Name.ASCII85Decode, Name.AHx, Name.A85}
_SHOWS = {"Tj", "TJ", "'", '"'}


Seen: TypeAlias = set[tuple[int, int]]
"""Forms that were looked at, by number and generation: pages share them, hostile ones hold each other in a circle."""


def take_out(pdf: Pdf, page: Page, seen: Seen, *, everything: bool = False) -> None:
    """Take out what a page writes invisibly; a page that does not is left as it is, byte for byte.

    Args:
        pdf: which it is in.
        page: of it.
        seen: the same set for all pages of it, empty at first.
        everything: nothing that the page writes is to be seen, though it does not say so: a picture covers it, or it
            has the colour of what is behind it. What its forms write stays then, for other pages may show it.

    Raises:
        pikepdf.PdfError: it cannot be read.
    """
    data = joined(contents(page))
    if data and (everything or _TELLS.search(data)):
        page.obj[Name.Contents] = Array([Stream(pdf, _without(page, everything=everything))])
    resources = inherited(page, Name.Resources)
    if isinstance(resources, Dictionary):
        _in_forms(resources, DEPTH, seen)


def joined(streams: Iterable[Object]) -> bytes | None:
    """What streams hold, unpacked; None of more than :data:`MOST_BYTES`, or of what cannot be measured."""
    whole = bytearray()
    for stream in streams:
        data = _unpacked(stream, MOST_BYTES - len(whole))
        if data is None:
            return None
        whole += data + b"\n"
    return bytes(whole)


def _unpacked(stream: Object, most: int) -> bytes | None:
    raw = stream.read_raw_bytes()
    packing = stream.get(Name.Filter)
    filters = [packing] if isinstance(packing, Name) else list(packing) if isinstance(packing, Array) else []
    growing = [name for name in filters if name not in _SHRINKING]
    if filters and set(filters) == {Name.FlateDecode} and Name.DecodeParms not in stream:
        return _inflated(raw, len(filters), most)
    if len(raw) > (MOST_PACKED_BYTES if growing else MOST_BYTES) or len(growing) > 1:
        return None
    data = stream.read_bytes()
    return data if len(data) <= most else None


def _inflated(data: bytes, times: int, most: int) -> bytes | None:
    """What was deflated so many times; None where it is damaged or, after any of them, larger than ``most``."""
    for _ in range(times):
        try:
            data = zlib.decompressobj().decompress(data, max(1, most + 1))
        except zlib.error:
            return None
        if len(data) > most:
            return None
    return data


def _in_forms(resources: Dictionary, depth: int, seen: Seen) -> None:
    forms = resources.get(Name.XObject)
    if not depth or not isinstance(forms, Dictionary):
        return
    for _, form in zip(range(MOST_FORMS), list(forms.as_dict().values()), strict=False):
        if not isinstance(form, Stream) or form.get(Name.Subtype) != Name.Form or form.objgen in seen:
            continue
        seen.add(form.objgen)
        data = joined((form,))
        if data and _TELLS.search(data):
            # Several pages may draw it: after the first of them there is nothing left to take out.
            form.write(_without(form))
        if MARK in form:
            del form[MARK]
        if isinstance(inner := form.get(Name.Resources), Dictionary):
            _in_forms(inner, depth - 1, seen)


def _without(stream: Object | Page, *, everything: bool = False) -> bytes:
    instructions = pikepdf.parse_content_stream(stream)
    return pikepdf.unparse_content_stream(list(_visible(instructions, everything=everything)))


def _visible(instructions: Iterable[Instruction], *, everything: bool) -> Iterator[Instruction]:
    mode = 0
    saved: list[int] = []
    for instruction in instructions:
        operands, operator = instruction.operands, str(instruction.operator)
        if operator == "q":
            saved.append(mode)
        elif operator == "Q":
            mode = saved.pop() if saved else 0
        elif operator == "Tr" and operands and isinstance(operands[0], int | float | Decimal):
            mode = int(operands[0])
        if operator not in _SHOWS or not (everything or mode == INVISIBLE):
            yield instruction
        elif operator in {"'", '"'}:
            yield pikepdf.ContentStreamInstruction([], Operator("T*"))
