"""The font of the invisible words: no outlines, every character of Unicode, half as wide as high.

As Tesseract's and OCRmyPDF's layers have one: codes are UTF-16 units, ``ToUnicode`` says so, and all of them lead to
one empty glyph. A character beyond U+FFFF would need two units, and readers would copy halves: those of a page get a
font of their own, whose ``ToUnicode`` names each.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from importlib import resources

from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream

NAME = "OcrwatchdGlyphless"
EM = 1000
WIDTH = 500
"""Width of every character, thousandths of the font's size."""
CODES = 1 << 16
MOST_RANGES = 100
"""Most ranges in one section of a CMap (PDF 32000-1, 9.10.3)."""

_SYMBOLIC, _FIXED_PITCH = 4, 1
_SURROGATES = range(0xD8, 0xE0)
_GLYPH = b"\x00\x01"
_HEAD = """/CIDInit /ProcSet findresource begin
12 dict begin
begincmap
/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def
/CMapName /Adobe-Identity-UCS def
/CMapType 2 def
1 begincodespacerange
<0000> <FFFF>
endcodespacerange
"""
_TAIL = """endcmap
CMapName currentdict /CMap defineresource pop
end
end
"""


class Fonts:
    """The fonts of one PDF; what all of them share is put into it once."""

    def __init__(self, pdf: Pdf) -> None:
        self._pdf = pdf
        program = resources.files(__package__).joinpath("glyphless.ttf").read_bytes()
        descriptor = pdf.make_indirect(
            Dictionary(
                Type=Name.FontDescriptor,
                FontName=Name(f"/{NAME}"),
                FontFile2=packed(pdf, program, Length1=len(program)),
                Flags=_SYMBOLIC | _FIXED_PITCH,
                FontBBox=Array([0, 0, WIDTH, EM]),
                Ascent=EM,
                CapHeight=EM,
                Descent=0,
                ItalicAngle=0,
                StemV=80,
            )
        )
        self._descendant = pdf.make_indirect(
            Dictionary(
                Type=Name.Font,
                Subtype=Name.CIDFontType2,
                BaseFont=Name(f"/{NAME}"),
                CIDSystemInfo=Dictionary(Registry=b"Adobe", Ordering=b"Identity", Supplement=0),
                CIDToGIDMap=packed(pdf, _GLYPH * CODES),
                FontDescriptor=descriptor,
                DW=WIDTH,
            )
        )
        ranges = (f"<{high:02X}00> <{high:02X}FF> <{high:02X}00>" for high in range(256) if high not in _SURROGATES)
        self.common = self._font("bfrange", ranges)
        """The font whose codes are the characters up to U+FFFF."""

    def beyond(self, characters: str) -> Object:
        """A font whose code n, from 1, is the n-th of these characters."""
        named = (f"<{code:04X}> <{letter.encode('utf-16-be').hex()}>" for code, letter in enumerate(characters, 1))
        return self._font("bfchar", named)

    def _font(self, section: str, entries: Iterable[str]) -> Object:
        cmap = "".join((_HEAD, *_sections(section, list(entries)), _TAIL)).encode()
        return self._pdf.make_indirect(
            Dictionary(
                Type=Name.Font,
                Subtype=Name.Type0,
                BaseFont=Name(f"/{NAME}"),
                Encoding=Name("/Identity-H"),
                DescendantFonts=Array([self._descendant]),
                ToUnicode=packed(self._pdf, cmap),
            )
        )


def packed(pdf: Pdf, data: bytes, **entries: object) -> Stream:
    """A compressed stream. It stays in memory until the PDF is saved."""
    return Stream(pdf, zlib.compress(data), Filter=Name.FlateDecode, **entries)


def _sections(section: str, entries: list[str]) -> Iterator[str]:
    for start in range(0, len(entries), MOST_RANGES):
        part = entries[start : start + MOST_RANGES]
        yield "\n".join((f"{len(part)} begin{section}", *part, f"end{section}", ""))
