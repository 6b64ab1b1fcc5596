"""Leave some pages of a PDF and nothing of the others: one letter of a stack carries no other one, hidden, with it.

What is no longer reached from the catalogue is not written. So the catalogue keeps only what says how pages are shown,
bookmarks and links keep only places that remain, fields become what they show, and of resources, which pages may share,
each page keeps those that its content names. Names of destinations, page labels, structure, fields, threads, metadata
and attachments of the document as a whole go: nobody can tell which of its parts they belong to.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

from pikepdf import Array, Dictionary, Name, NameTree, Object, OutlineItem, Page, Pdf, PdfError, Stream, String

from ocrwatchd.core.errors import FormatUnusable
from ocrwatchd.formats.output.pdf.old_text_layer import joined
from ocrwatchd.formats.output.pdf.pages import contents, inherited

MOST_BOOKMARKS = 10_000
"""Most bookmarks that are looked at."""
MOST_ANNOTATIONS = 50_000
"""Most annotations of a page."""
MOST_NESTED = 12
"""Most forms within forms, and bookmarks within bookmarks."""
LONGEST_TITLE = 1000

_CATALOGUE = frozenset(
    ("/Type", "/Pages", "/Version", "/Extensions", "/Lang", "/PageLayout", "/OCProperties", "/OutputIntents",
     "/ViewerPreferences")
)  # fmt: skip
_OF_THE_WHOLE = frozenset(("/Metadata", "/Names", "/AF", "/PageMode"))
_TRAILER = frozenset(("/Root", "/Info", "/Size", "/ID", "/Encrypt", "/Prev", "/XRefStm"))
_INFORMATION = frozenset(
    ("/Title", "/Author", "/Subject", "/Keywords", "/Creator", "/Producer", "/CreationDate", "/ModDate")
)
_PAGE = frozenset(
    ("/Type", "/Parent", "/Contents", "/Resources", "/MediaBox", "/CropBox", "/BleedBox", "/TrimBox", "/ArtBox",
     "/Rotate", "/Group", "/UserUnit", "/Annots", "/Tabs")
)  # fmt: skip
_FIELD = frozenset(("/Type", "/Subtype", "/Rect", "/AP", "/AS", "/F", "/P", "/NM", "/M", "/OC"))
_ELSEWHERE = ("/AF", "/StructParent")
_WAITING_FOR_A_CLICK = frozenset(("/URI", "/Named"))
_NAME = re.compile(rb"/([^\x00\t\n\x0c\r ()<>\[\]{}/%]+)")
_BY_NUMBER = re.compile(rb"#([0-9A-Fa-f]{2})")
_FAULTS = (PdfError, KeyError, TypeError, ValueError, IndexError)


class _Bookmark(NamedTuple):
    title: str
    place: Array
    kids: tuple[_Bookmark, ...]


def keep(pdf: Pdf, numbers: Sequence[int], *, alone: bool = False) -> None:
    """Leave the pages with these numbers, from 1 and ascending.

    With ``alone`` the others belong to no document, such as blank ones: metadata and attached files stay then.

    Raises:
        FormatUnusable: what belongs to a page cannot be told from what belongs to others, or there is too much of it.
        pikepdf.PdfError: it is too damaged.
    """
    if isinstance(form := pdf.Root.get("/AcroForm"), Dictionary) and form.get("/NeedAppearances", False):
        pdf.generate_appearance_streams()  # a value would go with its field
    wanted, pages = set(numbers), list(pdf.pages)
    kept = [page for number, page in enumerate(pages, 1) if number in wanted]
    dropped = [page for number, page in enumerate(pages, 1) if number not in wanted]
    places = _Places(pdf, kept)
    bookmarks = tuple(_bookmarks(pdf, places))
    pictures = {each.objgen for page in dropped for each in _things(inherited(page, Name.Resources))} - {(0, 0)}
    for number in range(len(pages), 0, -1):
        if number not in wanted:
            del pdf.pages[number - 1]
    for page in dropped:
        _leave(page.obj, ())  # whatever still leads there finds nothing
    pruning = _Pruning(pictures)
    for page in kept:
        _leave(page.obj, _PAGE)
        _keep_annotations(page, places, pruning)
        pruning.page(page)
    _keep_head(pdf, alone=alone)
    if bookmarks:
        with pdf.open_outline() as outline:
            outline.root.extend(map(_item, bookmarks))


def _keep_head(pdf: Pdf, *, alone: bool) -> None:
    root = pdf.Root
    _leave(root, _CATALOGUE | _OF_THE_WHOLE if alone else _CATALOGUE)
    _leave(pdf.trailer, _TRAILER)
    if isinstance(root.get("/Names"), Dictionary):
        _leave(root.Names, ("/EmbeddedFiles",))
    if isinstance(pdf.trailer.get("/Info"), Dictionary) and not alone:
        _leave(pdf.trailer.Info, _INFORMATION)
    preferences, layers = root.get("/ViewerPreferences"), root.get("/OCProperties")
    if isinstance(preferences, Dictionary) and "/PrintPageRange" in preferences:
        del preferences["/PrintPageRange"]
    if isinstance(layers, Dictionary):
        _leave(layers, ("/OCGs", "/D"))
        if isinstance(layers.get("/D"), Dictionary):
            _leave(layers.D, ("/Name", "/BaseState", "/ON", "/OFF"))


class _Places:
    """The destinations that remain."""

    def __init__(self, pdf: Pdf, kept: Iterable[Page]) -> None:
        self._kept = {page.obj.objgen for page in kept}
        names = pdf.Root.get("/Names")
        self._named = names.get("/Dests") if isinstance(names, Dictionary) else None
        self._old = pdf.Root.get("/Dests")

    def of(self, thing: Object) -> Array | None:
        """Where a link or a bookmark leads, by number of page and not by name; None where that is gone."""
        place = thing.get("/Dest")
        action = thing.get("/A")
        if place is None and isinstance(action, Dictionary) and action.get("/S") == Name.GoTo:
            place = action.get("/D")
        with suppress(*_FAULTS):
            if isinstance(place, String) and isinstance(self._named, Dictionary):
                place = NameTree(self._named).get(str(place))
            elif isinstance(place, Name) and isinstance(self._old, Dictionary):
                place = self._old.get(str(place))
            if isinstance(place, Dictionary):
                place = place.get("/D")
            if isinstance(place, Array) and isinstance(place[0], Dictionary) and place[0].objgen in self._kept:
                return place
        return None


def _bookmarks(pdf: Pdf, places: _Places) -> Iterator[_Bookmark]:
    """The bookmarks that lead to pages that remain; one below another that does not takes its place."""
    outlines = pdf.Root.get("/Outlines")
    seen: set[tuple[int, int]] = set()

    def below(parent: Object, depth: int) -> Iterator[_Bookmark]:
        item = parent.get("/First")
        while isinstance(item, Dictionary) and item.objgen not in seen and len(seen) < MOST_BOOKMARKS:
            seen.add(item.objgen)
            kids = tuple(below(item, depth + 1)) if depth < MOST_NESTED else ()
            place, title = places.of(item), item.get("/Title")
            if place is not None and isinstance(title, String):
                yield _Bookmark(str(title)[:LONGEST_TITLE], place, kids)
            else:
                yield from kids
            item = item.get("/Next")

    return below(outlines, 0) if isinstance(outlines, Dictionary) else iter(())


def _item(bookmark: _Bookmark) -> OutlineItem:
    item = OutlineItem(bookmark.title, destination=bookmark.place)
    item.children.extend(map(_item, bookmark.kids))
    return item


def _keep_annotations(page: Page, places: _Places, pruning: _Pruning) -> None:
    found = page.obj.get("/Annots")
    if not isinstance(found, Array):
        _drop(page.obj, "/Annots")
        return
    if len(found) > MOST_ANNOTATIONS:
        raise FormatUnusable(f"the PDF cannot be cut: a page has more than {MOST_ANNOTATIONS:,} annotations")
    annotations = [each for each in found if isinstance(each, Dictionary)]
    own = {each.objgen for each in annotations} - {(0, 0)}
    remaining = []
    for annotation in annotations:
        kind = annotation.get("/Subtype")
        if kind == Name.Widget:  # its field may have a value for pages that are gone
            annotation.Subtype = Name.Stamp
            _leave(annotation, _FIELD)
        if kind == Name.Link and ("/Dest" in annotation or "/A" in annotation) and not _leads(annotation, places):
            continue
        if kind != Name.Link:
            _drop(annotation, "/A", "/Dest")
        _drop(annotation, *_ELSEWHERE)
        for key in ("/Popup", "/IRT", "/Parent"):
            if key in annotation and not (isinstance(annotation[key], Dictionary) and annotation[key].objgen in own):
                del annotation[key]
        if kind == Name.Popup and "/Parent" not in annotation:
            continue
        annotation.P = page.obj
        pruning.appearance(annotation.get("/AP"))
        remaining.append(annotation)
    page.obj.Annots = Array(remaining)


def _leads(link: Object, places: _Places) -> bool:
    """Whether a link leads somewhere still; it is made to say so by page."""
    place, action = places.of(link), link.get("/A")
    if place is not None:
        _drop(link, "/A")
        link.Dest = place
        return True
    _drop(link, "/Dest")
    return isinstance(action, Dictionary) and str(action.get("/S")) in _WAITING_FOR_A_CLICK


class _Pruning:
    """Takes out of resources what the content that they belong to does not name, and so of what is drawn by it."""

    def __init__(self, of_others: set[tuple[int, int]]) -> None:
        self._of_others = of_others
        self._seen: set[tuple[int, int]] = set()

    def page(self, page: Page) -> None:
        """Leave a page its own resources."""
        resources = inherited(page, Name.Resources)
        if isinstance(resources, Dictionary):
            page.obj.Resources = self._pruned(resources, joined(contents(page)), 0)

    def appearance(self, found: Object | None, depth: int = 0) -> None:
        """Leave an annotation's appearances their own resources."""
        if isinstance(found, Stream):
            self._form(found, 0)
        elif isinstance(found, Dictionary) and depth < MOST_NESTED:
            for each in found.as_dict().values():
                self.appearance(each, depth + 1)

    def _form(self, form: Stream, depth: int) -> None:
        if form.is_indirect and form.objgen in self._seen:
            return
        self._seen.add(form.objgen)
        if depth > MOST_NESTED:
            raise FormatUnusable("the PDF cannot be cut: its pages are nested too deep; scan the letters one by one")
        resources = form.get("/Resources")
        if isinstance(resources, Dictionary):
            form.Resources = self._pruned(resources, joined((form,)), depth)

    def _pruned(self, resources: Dictionary, content: bytes | None, depth: int) -> Dictionary:
        if content is None and any(each.objgen in self._of_others for each in _things(resources)):
            raise FormatUnusable("the PDF cannot be cut: which pictures belong to a page cannot be told; scan the "
                                 "letters one by one")  # fmt: skip
        pruned = resources if content is None else _named(resources, content)
        for thing in _things(pruned):
            self._form(thing, depth + 1)
        return pruned


def _named(resources: Dictionary, content: bytes) -> Dictionary:
    """The entries of resources that content names, or a form that has none of its own."""
    names, forms = _names(content), resources.get("/XObject")
    for _ in range(MOST_NESTED):
        before = len(names)
        for name, form in forms.as_dict().items() if isinstance(forms, Dictionary) else ():
            if name in names and isinstance(form, Stream) and "/Resources" not in form:
                names |= _names(joined((form,)) or b"") if form.get("/Subtype") == Name.Form else set()
        if len(names) == before:
            break
    kept = Dictionary()
    for kind, entries in resources.as_dict().items():
        if isinstance(entries, Dictionary):
            kept[kind] = Dictionary({name: each for name, each in entries.as_dict().items() if name in names})
        elif isinstance(entries, Array):
            kept[kind] = entries
    return kept


def _names(content: bytes) -> set[str]:
    return {
        "/" + _BY_NUMBER.sub(lambda code: bytes.fromhex(code[1].decode()), name).decode("utf-8", "replace")
        for name in _NAME.findall(content)
    }


def _things(resources: Object | None) -> Iterator[Stream]:
    """What resources hold that can be drawn: pictures, forms, patterns, masks."""
    if not isinstance(resources, Dictionary):
        return
    for kind in ("/XObject", "/Pattern"):
        entries = resources.get(kind)
        for each in entries.as_dict().values() if isinstance(entries, Dictionary) else ():
            if isinstance(each, Stream):
                yield each
    states = resources.get("/ExtGState")
    for state in states.as_dict().values() if isinstance(states, Dictionary) else ():
        mask = state.get("/SMask") if isinstance(state, Dictionary) else None
        form = mask.get("/G") if isinstance(mask, Dictionary) else None
        if isinstance(form, Stream):
            yield form


def _leave(table: Object, allowed: Iterable[str]) -> None:
    for key in table.keys() - set(allowed):
        del table[key]


def _drop(table: Object, *names: str) -> None:
    for name in names:
        if name in table:
            del table[name]
