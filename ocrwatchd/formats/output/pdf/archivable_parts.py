"""What PDF/A-2b asks of instructions, fonts, colours and packings (ISO 19005-2, 6.1 and 6.2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final

from pikepdf import Array, ContentStreamInlineImage, Dictionary, Name, Object, Stream

from ocrwatchd.formats.output.pdf.image_objects import is_sound
from ocrwatchd.formats.output.pdf.old_text_layer import Instruction, joined
from ocrwatchd.formats.output.pdf.text_layer import INVISIBLE

CMYK: Final = "colours of print (CMYK) without a profile"
MOST_NESTED = 12
"""Most colour spaces within each other."""
MOST_SAVED = 28
"""Most states that content may save (ISO 19005-2, 6.1.13)."""

_INSTRUCTIONS = (
    "b B b* B* BDC BI BMC BT BX c cm CS cs d d0 d1 Do DP EI EMC ET EX f F f* G g gs h i ID j J K k l m M MP n q Q re "
    "RG rg ri s S SC sc SCN scn sh T* Tc Td TD Tf Tj TJ TL Tm Tr Ts Tw Tz v w W W* y ' \""
)
_OPERATORS = frozenset(_INSTRUCTIONS.split())
_SHOWS = frozenset(("Tj", "TJ", "'", '"'))
_FILTERS = frozenset(
    ("/FlateDecode", "/DCTDecode", "/CCITTFaxDecode", "/JBIG2Decode", "/RunLengthDecode", "/ASCIIHexDecode",
     "/ASCII85Decode", "/Fl", "/DCT", "/CCF", "/RL", "/AHx", "/A85")
)  # fmt: skip
_PLAIN_SPACES = frozenset(("/DeviceGray", "/DeviceRGB", "/G", "/RGB", "/Pattern", "/CalGray", "/CalRGB", "/Lab"))
_ENCODINGS = frozenset(("/Identity-H", "/Identity-V"))


class Found(Exception):
    """What stands against PDF/A."""


def fonts_used(instructions: Iterable[Instruction], resources: Object) -> Iterator[Object]:
    """The fonts with which something is written that is seen; each once. Operators are looked at on the way."""
    used: set[str] = set()
    font, mode, saved = "", 0, list[tuple[str, int]]()
    for instruction in instructions:
        if isinstance(instruction, ContentStreamInlineImage):
            _inline(instruction)
            continue
        operator, operands = str(instruction.operator), instruction.operands
        _allowed(operator, operands)
        if len(saved) > MOST_SAVED:
            raise Found("states that are nested too deep")
        if operator == "q":
            saved.append((font, mode))
        elif operator == "Q" and saved:
            font, mode = saved.pop()
        elif operator == "Tf" and operands:
            font = str(operands[0])
        elif operator == "Tr" and operands and isinstance(operands[0], int | Decimal | float):
            mode = int(operands[0])
        elif operator in _SHOWS and mode != INVISIBLE:
            used.add(font)
    yield from _named(used, resources.get("/Font"))


def _named(used: Iterable[str], fonts: Object | None) -> Iterator[Object]:
    for name in used:
        found = fonts.get(name) if isinstance(fonts, Dictionary) and name.startswith("/") else None
        if not isinstance(found, Dictionary):
            raise Found("text in a font that is missing")
        yield found


def _allowed(operator: str, operands: Iterable[Object]) -> None:
    if operator not in _OPERATORS:
        raise Found("unknown instructions")
    if operator in {"k", "K"}:
        raise Found(CMYK)
    if operator in {"cs", "CS"}:
        for space in operands:
            check_space(space, named=True)


def _inline(instruction: ContentStreamInlineImage) -> None:
    entries = instruction.iimage.obj
    packing = entries.get("/F", entries.get("/Filter"))
    for name in packing if isinstance(packing, Array) else [packing] if packing is not None else []:
        if str(name) not in _FILTERS:
            raise Found(f"data in the packing {str(name)[1:]}")
    space = entries.get("/CS", entries.get("/ColorSpace"))
    if space is not None:
        check_space(space, named=True)


def check_packing(stream: Stream) -> None:
    """Look at how a stream's data are packed."""
    packing = stream.get("/Filter")
    for name in packing if isinstance(packing, Array) else [packing] if packing is not None else []:
        if str(name) not in _FILTERS:
            raise Found(f"data in the packing {str(name)[1:]}")


def check_font(font: Object) -> None:
    """Look whether a font is all there."""
    kind = font.get("/Subtype")
    if kind == Name.Type3:
        return
    name = str(font.get("/BaseFont", "/?"))[1:]
    name = (name.partition("+")[2] or name)[:100]
    told = font.DescendantFonts[0] if kind == Name.Type0 else font
    descriptor = told.get("/FontDescriptor")
    if not isinstance(descriptor, Dictionary) or not {"/FontFile", "/FontFile2", "/FontFile3"} & descriptor.keys():
        raise Found(f"a font that is not embedded ({name})")
    if kind != Name.Type0:
        if not {"/Widths", "/FirstChar", "/LastChar"} <= font.keys():
            raise Found(f"a font without the widths of its letters ({name})")
        return
    encoding = font.get("/Encoding")
    if isinstance(encoding, Name) and str(encoding) not in _ENCODINGS:
        raise Found(f"a font with an encoding that is not embedded ({name})")
    numbered = told.get("/Subtype") != Name.CIDFontType2 or "/CIDToGIDMap" in told
    if not numbered or not isinstance(told.get("/CIDSystemInfo"), Dictionary):
        raise Found(f"a font that does not say which letter is which ({name})")


def check_space(space: Object, depth: int = 0, *, named: bool = False) -> None:
    """Look at a colour space; with ``named`` it may be a name in the resources, which are looked at too."""
    if isinstance(space, Name):
        if str(space) in {"/DeviceCMYK", "/CMYK"}:
            raise Found(CMYK)
        if not named and str(space) not in _PLAIN_SPACES:
            raise Found("unknown colours")
        return
    if not isinstance(space, Array) or not len(space) or depth > MOST_NESTED:
        raise Found("unknown colours")
    kind = str(space[0])
    if kind == "/ICCBased":
        if not is_sound(joined((space[1],)) or b"", int(space[1].get("/N", 0))):
            raise Found("a colour profile that PDF/A does not allow")
    elif kind in {"/Indexed", "/I"} or (kind == "/Pattern" and len(space) > 1):
        check_space(space[1], depth + 1)
    elif kind in {"/Separation", "/DeviceN"}:
        check_space(space[2], depth + 1)
    elif kind not in _PLAIN_SPACES:
        raise Found("unknown colours")


def check_shading(shading: Object | None) -> None:
    """Look at the colours of a shading."""
    if isinstance(shading, Dictionary | Stream):
        check_space(shading.ColorSpace)
