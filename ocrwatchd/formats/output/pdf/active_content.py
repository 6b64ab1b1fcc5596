"""Take out what a PDF would do of itself in a reader: scripts, programs to start, forms to send.

The file in the outbox is one that people trust. Pages, links that lead to pages or addresses, attachments and what was
filled in stay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pikepdf import Array, Dictionary, Name

if TYPE_CHECKING:
    from pikepdf import Object, Pdf

HARMLESS = {Name.GoTo, Name.URI, Name.Named, Name.GoToR, Name.Thread, Name.GoToE, Name.Hide, Name.SetOCGState}
"""Kinds of actions that wait for a click and only lead somewhere or show something (PDF 32000-1, table 198)."""

DEPTH = 32
"""So deep may bookmarks, fields and notes lie in one object; what lies deeper goes."""

_WITHIN = (Name.Outlines, Name.AcroForm, Name.First, Name.Next, Name.Fields, Name.Kids, Name.Annots)
"""Where those lie that are no objects of their own."""


def take_out(pdf: Pdf) -> None:
    """What the document, its bookmarks, the fields of its form, or anything on its pages would do."""
    root = pdf.Root
    opening = root.get(Name.OpenAction)
    # It waits for no click: so it may lead to a page, and nowhere else.
    if isinstance(opening, Dictionary) and (opening.get(Name.S) != Name.GoTo or Name.Next in opening):
        del root[Name.OpenAction]
    names = root.get(Name.Names)
    if isinstance(names, Dictionary):
        _drop(names, Name.JavaScript)
    form = root.get(Name.AcroForm)
    if isinstance(form, Dictionary):
        _drop(form, Name.XFA)
    for thing in pdf.objects:
        _tame(thing, DEPTH)


def _tame(thing: Object, depth: int) -> None:
    if isinstance(thing, Array):
        for inner in thing:
            if isinstance(inner, Dictionary | Array) and not inner.is_indirect and depth:
                _tame(inner, depth - 1)
    elif isinstance(thing, Dictionary):
        _drop(thing, Name.AA)
        if _acts(thing.get(Name.A)):
            del thing[Name.A]
        for name in _WITHIN:
            found = thing.get(name)
            if not isinstance(found, Dictionary | Array) or found.is_indirect:
                continue
            if depth:
                _tame(found, depth - 1)
            else:
                del thing[name]


def _acts(action: Object | None) -> bool:
    """Whether an action does more than to lead somewhere; attributes of a page's structure have the name, no kind."""
    if not isinstance(action, Dictionary):
        return False
    return (Name.S in action and action[Name.S] not in HARMLESS) or Name.Next in action


def _drop(table: Object, name: Name) -> None:
    if name in table:
        del table[name]
