"""A PDF's page: what of it is seen, and how a form gets under what it shows."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from pikepdf import Array, Dictionary, Name, Object, Page, Pdf, PdfError, Stream

from ocrwatchd.formats.output.pdf.coordinates import View
from ocrwatchd.formats.output.pdf.text_layer import MARK

NAME = "/OcrwatchdText"
"""Name of a layer among a page's forms, followed by a number."""
LETTER = (0.0, 0.0, 612.0, 792.0)
"""The size that PDFium uses for a page without one."""
QUARTER, FULL = 90, 360
MOST_PARENTS = 64
"""Most ancestors of a page; more mean a loop."""


def view_of(page: Page) -> View:
    """What PDFium shows of a page: its crop box within its media box."""
    media = _box(inherited(page, Name.MediaBox)) or LETTER
    crop = _box(inherited(page, Name.CropBox)) or media
    left, bottom = max(media[0], crop[0]), max(media[1], crop[1])
    right, top = min(media[2], crop[2]), min(media[3], crop[3])
    if left >= right or bottom >= top:
        left, bottom, right, top = media
    turned = inherited(page, Name.Rotate)
    try:
        rotate = round(float(turned) / QUARTER) * QUARTER % FULL if turned is not None else 0
    except (TypeError, ValueError, OverflowError):
        rotate = 0
    return View(left, bottom, right, top, rotate)


def inherited(page: Page, name: Name) -> Object | None:
    """An entry of a page, or of the nodes above it that have it."""
    at: Object | None = page.obj
    for _ in range(MOST_PARENTS):
        if not isinstance(at, Dictionary):
            return None
        if name in at:
            return at[name]
        at = at.get(Name.Parent)
    return None


def put_under(pdf: Pdf, page: Page, form: Stream) -> None:
    """Draw a form before all that the page draws: nothing there can have moved it, and what is there stays as it is."""
    resources = _own(inherited(page, Name.Resources))
    forms = _own(resources.get(Name.XObject))
    # A delivered PDF that is scanned again has one already, of which only an empty form is left.
    name = next(name for name in (Name(f"{NAME}{number}") for number in count()) if name not in forms)
    forms[name] = form
    resources[Name.XObject] = forms
    page.obj[Name.Resources] = resources
    drawn = Stream(pdf, f"q {name} Do Q\n".encode())
    page.obj[Name.Contents] = Array([drawn, *contents(page)])


def contents(page: Page) -> Iterator[Object]:
    """A page's content streams."""
    found = page.obj.get(Name.Contents)
    for stream in found if isinstance(found, Array) else (found,):
        if isinstance(stream, Stream):
            yield stream


def _own(shared: Object | None) -> Dictionary:
    """Return a copy, because pages may share the dictionary."""
    return (
        Dictionary({str(key): value for key, value in shared.items()})
        if isinstance(shared, Dictionary)
        else Dictionary()
    )


def _box(found: Object | None) -> tuple[float, float, float, float] | None:
    try:
        sides = [float(value) for value in found] if isinstance(found, Array) else []
    except (TypeError, ValueError, OverflowError, PdfError):
        return None
    if len(sides) != len(LETTER):
        return None
    left, right = sorted(sides[::2])
    bottom, top = sorted(sides[1::2])
    return (left, bottom, right, top) if left < right and bottom < top else None


def layer_of(page: Page) -> Object | None:
    """A page's text layer in a delivered PDF."""
    resources = inherited(page, Name.Resources)
    forms = resources.get(Name.XObject) if isinstance(resources, Dictionary) else None
    for form in forms.as_dict().values() if isinstance(forms, Dictionary) else ():
        if isinstance(form, Stream) and MARK in form:
            return form
    return None
