"""PDF/A-2b (ISO 19005-2, level B): what the claim needs beside a sound PDF, for ``output.pdf = "a-2b"``.

Pages that are made of pictures fulfil it. A PDF that was scanned is looked through before (``archivable``).
"""

from __future__ import annotations

import re
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Final

from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream, String
from pikepdf.models.metadata import decode_pdf_date
from PIL import ImageCms

from ocrwatchd.core.model import Document
from ocrwatchd.gate.languages import short

if TYPE_CHECKING:
    from datetime import datetime

VERSION: Final = "1.7"
"""Of PDF: the highest that PDF/A-2 knows."""
PRINTED, HIDDEN = 4, 1 | 2 | 32 | 256
"""An annotation's flags: Print; Invisible, Hidden, NoView, ToggleNoView (PDF 32000-1, table 165)."""
CONDITION = "sRGB IEC61966-2.1"

_ICC_VERSION, _ICC_DATE, _ICC_END_OF_DATE = 8, 24, 36
_ICC_4_2 = bytes((4, 0x20, 0, 0))
_DAY = b"".join(value.to_bytes(2) for value in (2024, 1, 1, 0, 0, 0))
_ILLEGAL = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LONGEST_LETTERS = 2000
_SAID: Final = {
    "/Title": '<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{}</rdf:li></rdf:Alt></dc:title>',
    "/Author": "<dc:creator><rdf:Seq><rdf:li>{}</rdf:li></rdf:Seq></dc:creator>",
    "/Subject": '<dc:description><rdf:Alt><rdf:li xml:lang="x-default">{}</rdf:li></rdf:Alt></dc:description>',
    "/Keywords": "<pdf:Keywords>{}</pdf:Keywords>",
    "/Producer": "<pdf:Producer>{}</pdf:Producer>",
    "/Creator": "<xmp:CreatorTool>{}</xmp:CreatorTool>",
    "/CreationDate": "<xmp:CreateDate>{}</xmp:CreateDate>",
    "/ModDate": "<xmp:ModifyDate>{}</xmp:ModifyDate>",
}
"""How the entries of the document information are said in XMP (ISO 19005-1, 6.7.3; 19005-2 keeps the names)."""
_DATES = frozenset(("/CreationDate", "/ModDate"))
_PACKET = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:pdf="http://ns.adobe.com/pdf/1.3/" xmlns:xmp="http://ns.adobe.com/xap/1.0/">
<pdfaid:part>2</pdfaid:part>
<pdfaid:conformance>B</pdfaid:conformance>
<dc:format>application/pdf</dc:format>
{}
</rdf:Description>
</rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""


def describe(pdf: Pdf, document: Document) -> None:
    """Give a PDF its title and its language, where it has none."""
    title = pdf.docinfo.get("/Title")
    if not (isinstance(title, String) and str(title).strip()):
        pdf.docinfo["/Title"] = document.source
    languages = document.work.ocr.languages
    code = short(languages[0]) if len(languages) == 1 else ""
    if code and not isinstance(pdf.Root.get("/Lang"), String):
        pdf.Root.Lang = String(code)


def claim(pdf: Pdf) -> None:
    """Make a PDF, in which nothing stands against it, a PDF/A-2b.

    The claim, with what the document information says, goes into the metadata; colours get sRGB as their meaning.
    What has no use there, or would have to conform itself, goes: metadata of pictures, other output intents.
    """
    for thing in pdf.objects:
        if isinstance(thing, Dictionary | Stream):
            _mend(thing)
    for page in pdf.pages:
        _keep_printed(page.obj)
    profile = Stream(pdf, srgb(), N=3)
    intent = Dictionary(
        Type=Name.OutputIntent, S=Name.GTS_PDFA1, OutputConditionIdentifier=String(CONDITION), Info=String(CONDITION),
        DestOutputProfile=pdf.make_indirect(profile),
    )  # fmt: skip
    pdf.Root.OutputIntents = Array([intent])
    pdf.Root.Metadata = Stream(pdf, _metadata(pdf), Type=Name.Metadata, Subtype=Name.XML)
    preferences = pdf.Root.get("/ViewerPreferences")
    pdf.Root.ViewerPreferences = preferences if isinstance(preferences, Dictionary) else Dictionary()
    pdf.Root.ViewerPreferences.DisplayDocTitle = True
    if "/Version" in pdf.Root:
        del pdf.Root["/Version"]


@cache
def srgb() -> bytes:
    """The ICC profile of sRGB: the same bytes each time, though littlecms notes the time and its own newest version."""
    made = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return b"".join((made[:_ICC_VERSION], _ICC_4_2, made[_ICC_VERSION + 4 : _ICC_DATE], _DAY, made[_ICC_END_OF_DATE:]))


def _mend(thing: Object) -> None:
    for key in ("/Metadata", "/Alternates", "/OPI", "/Interpolate"):
        if key in thing and (key != "/Interpolate" or thing.get("/Subtype") == Name.Image):
            del thing[key]


def _keep_printed(page: Object) -> None:
    """Leave of a page's annotations those that are seen, and have them printed."""
    annotations = page.get("/Annots")
    if not isinstance(annotations, Array):
        return
    seen = []
    for annotation in annotations:
        flags = annotation.get("/F", 0) if isinstance(annotation, Dictionary) else HIDDEN
        if isinstance(flags, int) and not flags & HIDDEN:
            annotation.F = flags | PRINTED
            seen.append(annotation)
    page.Annots = Array(seen)


def _metadata(pdf: Pdf) -> bytes:
    """The metadata, which say the same as the document information."""
    said = []
    for key, template in _SAID.items():
        value = pdf.docinfo.get(key)
        text = _ILLEGAL.sub(" ", str(value)[:_LONGEST_LETTERS]).strip() if isinstance(value, String) else ""
        date = _date(text) if key in _DATES else None
        if not text or (key in _DATES and date is None):
            if value is not None:
                del pdf.docinfo[key]
            continue
        if date is None:
            pdf.docinfo[key] = text
        said.append(template.format(date.isoformat() if date else escape(text, quote=False)))
    return _PACKET.format("\n".join(said)).encode()


def _date(text: str) -> datetime | None:
    try:
        date = decode_pdf_date(text)
    except (ValueError, OverflowError):
        return None
    # Without a time zone the two would not be equal.
    return date.replace(microsecond=0) if date.tzinfo else None
