"""Take out what a PDF would do of itself in a reader: scripts, programs to start, forms to send.

The file in the outbox is one that people trust. Pages, links that lead to pages or addresses, attachments and what was
filled in stay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pikepdf import Array, Dictionary, Name

if TYPE_CHECKING:
    from pikepdf import Object, Page, Pdf

HARMLESS = {Name.GoTo, Name.URI, Name.Named, Name.GoToR, Name.Thread, Name.GoToE, Name.Hide, Name.SetOCGState}
"""Kinds of actions that wait for a click and only lead somewhere or show something (PDF 32000-1, table 198)."""


def take_out_of_document(pdf: Pdf) -> None:
    """What the document as a whole would do."""
    root = pdf.Root
    if _acts(root.get(Name.OpenAction)):
        del root[Name.OpenAction]
    _drop(root, Name.AA)
    names = root.get(Name.Names)
    if isinstance(names, Dictionary):
        _drop(names, Name.JavaScript)
    form = root.get(Name.AcroForm)
    if isinstance(form, Dictionary):
        _drop(form, Name.XFA)


def take_out_of_page(page: Page) -> None:
    """What a page, or something on it, would do."""
    _drop(page.obj, Name.AA)
    notes = page.obj.get(Name.Annots)
    for note in notes if isinstance(notes, Array) else ():
        if not isinstance(note, Dictionary):
            continue
        _drop(note, Name.AA)
        if _acts(note.get(Name.A)):
            del note[Name.A]


def _acts(action: Object | None) -> bool:
    """Whether an action does more than to lead somewhere; a destination is an array or a name."""
    if not isinstance(action, Dictionary):
        return False
    return action.get(Name.S) not in HARMLESS or Name.Next in action


def _drop(table: Object, name: Name) -> None:
    if name in table:
        del table[name]
