"""Draw a separator sheet: one page A4, or two, with the code and what it does in words.

Both the code and the words are vectors, so every printer and viewer shows them sharp. The fonts are not embedded: every
viewer has Helvetica, and for Chinese takes one of its own. Where it has none, the same words in English are left.
"""

from __future__ import annotations

import io
import re
from collections.abc import Generator, Iterator
from itertools import groupby
from typing import Any

import zxingcpp
from pikepdf import Array, Dictionary, Name, Pdf

from ocrwatchd.core.i18n.language import ENGLISH, Language
from ocrwatchd.core.log import printable
from ocrwatchd.core.sheet_code import SheetSettings

POINTS_A_MM = 72 / 25.4
WIDTH, HEIGHT = 210 * POINTS_A_MM, 297 * POINTS_A_MM
MARGIN = 20 * POINTS_A_MM
"""Also what a scanner may lose at each edge."""
CODE_SIDE = 100 * POINTS_A_MM
"""A usual code has 41 modules of 14 pixels each at 150 dpi, the longest one has 4 pixels each."""
CODE_TOP = HEIGHT - 72 * POINTS_A_MM
DAMAGE = "H"
"""Level of the code's error correction: 30 % may be covered, by a stain, a staple or a fold."""

LONGEST_NAME = 40
"""Characters of a profile's name that are shown."""

_LATIN_EM, _OTHER_EM = 0.53, 1.0
"""Width of a character, in sizes of the font; for Latin letters an average with something to spare."""
_WORDS = re.compile(r"[!-\u024f]+ *|[^!-\u024f][\u3001\u3002\uff0c\uff1a\uff1b]?")


def draw(code: str, settings: SheetSettings, language: Language) -> bytes:
    """The sheet as a PDF.

    Args:
        code: what :func:`ocrwatchd.core.sheet_code.encode` makes of the settings.
        settings: what the words on the sheet say.
        language: of these words.
    """
    pdf = Pdf.new()
    fonts = Dictionary(Latin=_latin("Helvetica"), Bold=_latin("Helvetica-Bold"))
    words = "\n".join(_words(settings, language))
    if "/Chinese " in words:
        fonts.Chinese = _chinese()
    content = pdf.make_stream("\n".join((*_modules(modules(code)), words)).encode("ascii"))
    fonts = pdf.make_indirect(fonts)
    for _side in range(1 + settings.duplex):
        page = pdf.add_blank_page(page_size=(round(WIDTH, 2), round(HEIGHT, 2)))
        page.obj.Contents, page.obj.Resources = content, Dictionary(Font=fonts)
    if settings.duplex:
        pdf.Root.ViewerPreferences = Dictionary(Duplex=Name.DuplexFlipLongEdge)
    out = io.BytesIO()
    pdf.save(out, deterministic_id=True)
    return out.getvalue()


def modules(code: str) -> list[list[bool]]:
    """The square of the QR code without its quiet zone, N rows of N modules; True = black."""
    symbol = zxingcpp.create_barcode(code, zxingcpp.BarcodeFormat.QRCode, ec_level=DAMAGE)
    image: Any = symbol.to_image(scale=1, add_quiet_zones=False)  # its type does not say that it is a buffer
    luminance: Any = memoryview(image).tolist()
    return [[not each for each in row] for row in luminance]


def _modules(square: list[list[bool]]) -> Iterator[str]:
    """Paint the code, each run of black modules as one rectangle of a single path."""
    side = CODE_SIDE / len(square)
    left, top = (WIDTH - CODE_SIDE) / 2, CODE_TOP
    for number, row in enumerate(square, 1):
        column = 0
        for black, run in groupby(row):
            length = len(list(run))
            if black:
                yield f"{left + column * side:.3f} {top - number * side:.3f} {length * side:.3f} {side:.3f} re"
            column += length
    yield "f"


def _words(settings: SheetSettings, language: Language) -> Iterator[str]:
    """The operators that show all words; in smaller print in English too, where a viewer may lack a font."""
    again = () if _is_latin(language.say("Separator sheet")) else (Language(ENGLISH),)
    y = HEIGHT - MARGIN
    for words, title, size in ((language, 30, 16), *((each, 13, 11) for each in again)):
        y = yield from _block(y, title, "Bold", words.say("Separator sheet"))
        y = yield from _block(y, size, "Latin", words.say("Lay this sheet before the documents that it is for."))
    y = CODE_TOP - CODE_SIDE - 18
    for text in _told(settings, language):
        y = yield from _block(y, 14, "Bold", text)
    for words in again if settings != SheetSettings() else ():
        y = yield from _block(y, 11, "Bold", " \N{MIDDLE DOT} ".join(_told(settings, words)))
    for words, size in ((language, 11), *((each, 9) for each in again)):
        y -= 6
        for text in _notes(settings, words):
            y = yield from _block(y, size, "Latin", text)


def _told(settings: SheetSettings, words: Language) -> Iterator[str]:
    """What the documents behind the sheet get."""
    if settings.profile:
        name = printable(settings.profile)
        name = name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}\N{HORIZONTAL ELLIPSIS}"
        yield words.say("Profile: {name}", name=name)
    if settings.languages:
        yield words.say("Languages: {codes}", codes=", ".join(settings.languages))
    if settings.priority is not None:
        yield words.say("Priority: {priority}", priority=settings.priority)
    if settings.duplex:
        yield words.say("Documents printed on both sides")


def _notes(settings: SheetSettings, words: Language) -> Iterator[str]:
    yield words.say(
        "The scan is cut where this sheet lies: what follows, up to the next sheet, becomes a document of its own. The "
        "sheet itself is left out."
    )
    if settings.duplex:
        yield words.say("Print this sheet on both sides of one piece of paper.")
    yield words.say("Use it as often as you like. A photocopy does the same. Keep the code clean.")


def _block(y: float, size: float, font: str, text: str) -> Generator[str, None, float]:
    """The operators that show a paragraph below a height; the height below the paragraph."""
    for line in _broken(text, (WIDTH - 2 * MARGIN) / size):
        y -= size * 1.25
        yield f"BT {MARGIN:.2f} {y:.2f} Td {''.join(_runs(line, font, size))}ET"
    return y - size * 0.4


def _broken(text: str, ems: float) -> Iterator[str]:
    """Lines of a text that are at most so wide; a word that is wider has a line of its own."""
    line, used = "", 0.0
    for word in _WORDS.findall(text):
        width = sum(_LATIN_EM if _is_latin(each) else _OTHER_EM for each in word.rstrip())
        if line and used + width > ems:
            yield line
            line, used = "", 0.0
        line += word
        used += width + _LATIN_EM * (len(word) - len(word.rstrip()))
    if line:
        yield line


def _runs(line: str, font: str, size: float) -> Iterator[str]:
    """The operators for each run of characters that one font has."""
    for latin, run in groupby(line, _is_latin):
        text = "".join(run)
        name, codes = (font, text.encode("cp1252")) if latin else ("Chinese", text.encode("utf-16-be"))
        yield f"/{name} {size} Tf <{codes.hex()}> Tj "


def _is_latin(text: str) -> bool:
    try:
        text.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True


def _latin(name: str) -> Dictionary:
    return Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name(f"/{name}"), Encoding=Name.WinAnsiEncoding)


def _chinese() -> Dictionary:
    """A font of Adobe's collection for Simplified Chinese, for which every viewer has a substitute."""
    name = Name("/STSong-Light")
    box = Array([-25, -254, 1000, 880])
    descriptor = Dictionary(
        Type=Name.FontDescriptor, FontName=name, Flags=6, FontBBox=box, ItalicAngle=0, Ascent=880, Descent=-120,
        CapHeight=880, StemV=93,
    )  # fmt: skip
    inner = Dictionary(
        Type=Name.Font,
        Subtype=Name.CIDFontType0,
        BaseFont=name,
        CIDSystemInfo=Dictionary(Registry=b"Adobe", Ordering=b"GB1", Supplement=4),
        FontDescriptor=descriptor,
        DW=1000,
    )
    return Dictionary(
        Type=Name.Font,
        Subtype=Name.Type0,
        BaseFont=Name("/STSong-Light-UniGB-UTF16-H"),
        Encoding=Name("/UniGB-UTF16-H"),
        DescendantFonts=Array([inner]),
    )
