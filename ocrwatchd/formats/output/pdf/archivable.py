"""Whether a PDF may become a PDF/A-2b (ISO 19005-2): what stands against it, in plain words.

Everything that is drawn is looked through: pages, forms, patterns, appearances. What cannot be looked through counts as
against it. Not looked into: font programs, whether their widths are those that the PDF states.
"""

from __future__ import annotations

from typing import Final

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Page, Pdf, PdfError, Stream

from ocrwatchd.formats.output.pdf.archivable_parts import (
    CMYK,
    Found,
    check_font,
    check_packing,
    check_shading,
    check_space,
    fonts_used,
)
from ocrwatchd.formats.output.pdf.old_text_layer import joined
from ocrwatchd.formats.output.pdf.pages import contents, inherited
from ocrwatchd.formats.output.pdf.pdf_a import HIDDEN

MOST_INSTRUCTIONS = 2_000_000
"""Most instructions of all content: some seconds of work."""
SIDES_PT = (3.0, 14_400.0)
"""Shortest and longest side of a page (likewise)."""

_BLENDS = frozenset(
    ("/Normal", "/Compatible", "/Multiply", "/Screen", "/Overlay", "/Darken", "/Lighten", "/ColorDodge", "/ColorBurn",
     "/HardLight", "/SoftLight", "/Difference", "/Exclusion", "/Hue", "/Saturation", "/Color", "/Luminosity")
)  # fmt: skip

LOCKED: Final = "a password, which PDF/A does not allow"
_LARGE = "more content than is looked through"
_DAMAGED = "content that cannot be looked through"


def why_not(pdf: Pdf) -> str:
    """What stands against a PDF/A-2b; "" where nothing does."""
    try:
        _Look().at(pdf)
    except Found as found:
        return str(found)
    except (PdfError, KeyError, TypeError, ValueError, AttributeError):
        return _DAMAGED
    return ""


class _Look:
    def __init__(self) -> None:
        self._seen: set[tuple[int, int]] = set()
        self._left = MOST_INSTRUCTIONS

    def at(self, pdf: Pdf) -> None:
        if pdf.is_encrypted:
            raise Found(LOCKED)
        names = pdf.Root.get("/Names")
        if "/AF" in pdf.Root or (isinstance(names, Dictionary) and "/EmbeddedFiles" in names):
            raise Found("attached files")
        if "/OCProperties" in pdf.Root:
            raise Found("layers that can be hidden")
        form = pdf.Root.get("/AcroForm")
        if isinstance(form, Dictionary) and form.get("/NeedAppearances"):
            raise Found("a form whose fields do not say how they look")
        for page in pdf.pages:
            self._page(page)
        for thing in pdf.objects:
            if isinstance(thing, Dictionary) and isinstance(thing.get("/A"), Dictionary):
                self._action(thing.A)
            if isinstance(thing, Stream):
                check_packing(thing)

    def _page(self, page: Page) -> None:
        box = inherited(page, Name.MediaBox)
        left, bottom, right, top = (float(side) for side in box) if isinstance(box, Array) else (0, 0, 0, 0)
        if not all(SIDES_PT[0] <= abs(side) <= SIDES_PT[1] for side in (right - left, top - bottom)):
            raise Found("a page of an impossible size")
        self._group(page.obj)
        self._content(joined(contents(page)), page, inherited(page, Name.Resources))
        annotations = page.obj.get("/Annots")
        for annotation in annotations if isinstance(annotations, Array) else ():
            if isinstance(annotation, Dictionary):
                self._annotation(annotation)

    def _annotation(self, annotation: Object) -> None:
        kind, flags = annotation.get("/Subtype"), annotation.get("/F", 0)
        if isinstance(flags, int) and flags & HIDDEN:
            return  # it goes
        if kind == Name.FileAttachment or "/AF" in annotation:
            raise Found("attached files")
        looks = annotation.get("/AP")
        if not isinstance(looks, Dictionary):
            if kind in {Name.Link, Name.Popup} or not any(_sides(annotation)):
                return
            raise Found("comments or fields that do not say how they look")
        if set(looks.keys()) != {"/N"}:
            raise Found("comments or fields with several looks")
        for key in ("/C", "/IC"):
            if isinstance(annotation.get(key), Array) and len(annotation[key]) == 4:
                raise Found(CMYK)
        states = [looks.N] if isinstance(looks.N, Stream) else list(looks.N.as_dict().values())
        for state in states:
            if isinstance(state, Stream):
                self._form(state)

    @staticmethod
    def _action(action: Object) -> None:
        kind = action.get("/S")
        if isinstance(kind, Name) and str(kind) in {"/Hide", "/SetOCGState"}:
            raise Found("buttons that hide or show something")

    def _form(self, form: Stream) -> None:
        if form.objgen in self._seen:
            return
        self._seen.add(form.objgen)
        if "/Ref" in form or form.get("/Subtype2") == Name.PS:
            raise Found("content from elsewhere")
        self._group(form)
        self._content(joined((form,)), form, form.get("/Resources"))

    @staticmethod
    def _group(holder: Object) -> None:
        group = holder.get("/Group")
        if isinstance(group, Dictionary) and "/CS" in group:
            check_space(group.CS)

    def _content(self, data: bytes | None, stream: Page | Stream, resources: Object | None) -> None:
        """Look through content, and through what it draws."""
        if data is None:
            raise Found(_LARGE)
        if not data.strip():
            return
        found = resources if isinstance(resources, Dictionary) else Dictionary()
        instructions = pikepdf.parse_content_stream(stream)
        self._left -= len(instructions)
        if self._left < 0:
            raise Found(_LARGE)
        for font in fonts_used(instructions, found):
            check_font(font)
            if font.get("/Subtype") == Name.Type3:
                for letter in font.CharProcs.as_dict().values():
                    if isinstance(letter, Stream):
                        self._content(joined((letter,)), letter, font.get("/Resources", found))
        for kind, check in (("/XObject", self._drawn), ("/Pattern", self._pattern), ("/ExtGState", self._state),
                            ("/ColorSpace", check_space), ("/Shading", check_shading)):  # fmt: skip
            entries = found.get(kind)
            for each in entries.as_dict().values() if isinstance(entries, Dictionary) else ():
                check(each)

    def _drawn(self, thing: Object) -> None:
        if not isinstance(thing, Stream):
            return
        if thing.get("/Subtype") == Name.Form:
            self._form(thing)
        elif thing.objgen not in self._seen:
            self._seen.add(thing.objgen)
            if "/ColorSpace" in thing:
                check_space(thing.ColorSpace)
            for mask in (thing.get("/SMask"), thing.get("/Mask")):
                if isinstance(mask, Stream):
                    self._drawn(mask)

    def _pattern(self, pattern: Object) -> None:
        if isinstance(pattern, Stream):
            self._form(pattern)
        else:
            check_shading(pattern.get("/Shading"))

    def _state(self, state: Object) -> None:
        if "/TR" in state or state.get("/TR2", Name.Default) != Name.Default or "/HTP" in state:
            raise Found("instructions for a printing press")
        blend = state.get("/BM", Name.Normal)
        if not isinstance(blend, Name) or str(blend) not in _BLENDS:
            raise Found("an unknown way to mix colours")
        mask = state.get("/SMask")
        if isinstance(mask, Dictionary):
            if "/TR" in mask and Name.Identity != mask.TR:
                raise Found("instructions for a printing press")
            if isinstance(form := mask.get("/G"), Stream):
                self._form(form)


def _sides(annotation: Object) -> tuple[float, float]:
    left, bottom, right, top = (float(side) for side in annotation.get("/Rect", Array([0, 0, 0, 0])))
    return right - left, top - bottom
