"""Take out what a PDF would do of itself in a reader: scripts, programs to start, forms to send, other machines to ask.

The file in the outbox is one that people trust. Pages, links that lead to pages or to the web, bookmarks, comments,
attachments and what was filled in stay: ``harmless`` lists what may. Readers take a stream for the dictionary at its
head, so here a stream is looked at like a dictionary.
"""

from __future__ import annotations

import codecs
from collections.abc import Collection
from typing import TypeGuard

from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream, String

from ocrwatchd.core.errors import FormatUnusable
from ocrwatchd.core.legible import legible_text
from ocrwatchd.formats.output.pdf.harmless import (
    ACTIONS,
    ADDRESS,
    ANNOTATIONS,
    MODES,
    NAMED,
    OUTSIDE,
    PARTS,
    STREAM,
)

MOST_LOOKED_AT = 500_000
"""Most pages, annotations, fields, bookmarks, attachments and list entries that are examined."""
MOST_LETTERS = 1000
"""Longest target that is noted. Many links could share one long target."""
MOST_OF_DESTINATION = 8
"""Most entries of a destination: a page, a kind of view, and four numbers."""

_HIDDEN = 2
_FILE = ("/UF", "/F", "/Unix", "/Mac", "/DOS")
_TARGET = ("/URI", "/F", "/Win", "/Unix", "/Mac")


def take_out(pdf: Pdf) -> None:
    """Leave of catalogue, pages, annotations, fields, bookmarks and attachments what is known to be harmless.

    Where a link led to a file, a program or another machine, the annotation's /Contents tell where.

    Raises:
        FormatUnusable: there is more of them than can be looked at.
    """
    _Look().at(pdf.Root)
    for thing in pdf.objects:
        if isinstance(thing, Stream):
            _without_others(thing)


class _Look:
    """One look at a document, part by part and without recursion, at each object once."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[Object]] = {part: [] for part in PARTS}
        self._known: set[tuple[str, tuple[int, int]]] = set()
        self._looked_at = 0
        self._targets: dict[tuple[int, int], str | None] = {}
        self._texts: dict[tuple[int, int], str] = {}

    def at(self, root: Object) -> None:
        """Look at all that is reached from the catalogue."""
        self._add("catalogue", root)
        # A part leads to itself and to later ones only. So pages come first: none is cut down because a field names it.
        for part, waiting in self._waiting.items():
            while waiting:
                thing = waiting.pop()
                if self._is_new(thing, ""):
                    self._clean(part, thing)

    def _add(self, part: str, found: Object) -> None:
        things = [found]
        while things:
            thing = things.pop()
            if isinstance(thing, Array):
                if self._is_new(thing, part):
                    self._count(len(thing))
                    things.extend(thing)
            elif _is_table(thing):
                self._waiting[part].append(thing)

    def _is_new(self, thing: Object, part: str) -> bool:
        if not thing.is_indirect:
            return True
        before = len(self._known)
        self._known.add((part, thing.objgen))
        return len(self._known) > before

    def _count(self, more: int) -> None:
        self._looked_at += more
        if self._looked_at > MOST_LOOKED_AT:
            raise FormatUnusable(f"the PDF has more than {MOST_LOOKED_AT:,} entries for annotations, fields, "
                                 "bookmarks and attachments, so no searchable copy was written")  # fmt: skip

    def _clean(self, part: str, thing: Object) -> None:
        self._count(1)
        allowed = PARTS[part]
        _keep(thing, allowed)
        if part == "catalogue":
            self._open_quietly(thing)
        elif part == "attachment" and not _is_table(thing.get("/EF")):
            _drop(thing, "/F", "/UF")
        target = self._without_action(thing)
        if part == "annotation":
            target = target or self._without_file(thing)
            if target:
                self._note(thing, target)
            _without_player(thing)
        for key in thing.keys() & allowed.keys():
            if allowed[key]:
                self._add(allowed[key], thing[key])

    def _open_quietly(self, root: Object) -> None:
        """Allow only an opening action that leads to a page."""
        action = root.get("/OpenAction")
        if isinstance(action, Array):
            quiet = _is_destination(action)
        else:
            quiet = _is_table(action) and action.get("/S") == Name.GoTo and self._target_of(action) is None
        if not quiet:
            _drop(root, "/OpenAction")
        if _name(root.get("/PageMode")) not in MODES:
            _drop(root, "/PageMode")

    def _without_action(self, thing: Object) -> str:
        """Take out an action, or a destination, that is not harmless; return where it led."""
        if "/Dest" in thing and not _is_destination(thing["/Dest"]):
            del thing["/Dest"]
        if "/A" not in thing:
            return ""
        target = self._target_of(thing["/A"])
        if target is not None:
            del thing["/A"]
        return target or ""

    def _without_file(self, annotation: Object) -> str:
        """Take out a file that is not attached but lies elsewhere; return where."""
        file = annotation.get("/FS")
        if file is None or (_is_table(file) and _is_table(file.get("/EF"))):
            return ""
        del annotation["/FS"]
        return self._file_name(file)

    def _target_of(self, action: Object | None) -> str | None:
        """Where an action leads that is not harmless; None of one that is, and has nothing else now."""
        if not _is_table(action):
            return ""
        if action.is_indirect and action.objgen in self._targets:
            return self._targets[action.objgen]
        target = None
        if self._is_harmless(action):
            _keep(action, ACTIONS[_name(action.get("/S"))])
        else:
            target = next(filter(None, (self._file_name(action.get(key)) for key in _TARGET)), "")
        if action.is_indirect:
            self._targets[action.objgen] = target
        return target

    def _is_harmless(self, action: Object) -> bool:
        kind = _name(action.get("/S"))
        if kind == "/URI":
            return ADDRESS.fullmatch(self._text(action.get("/URI"))) is not None
        if kind == "/GoTo":
            return _is_destination(action.get("/D"))
        if kind == "/Named":
            return _name(action.get("/N")) in NAMED
        return kind in ACTIONS and "/F" not in action  # a thread may lie in another file

    def _file_name(self, file: Object | None) -> str:
        if not _is_table(file):
            return self._text(file)
        return next(filter(None, (self._text(file.get(key)) for key in _FILE)), "")

    def _note(self, annotation: Object, target: str) -> None:
        said = self._text(annotation.get("/Contents"))
        noted = legible_text(target[:MOST_LETTERS])
        if noted not in said and len(said) <= MOST_LETTERS:
            annotation["/Contents"] = String(f"{said}\n{noted}" if said else noted)

    def _text(self, string: Object | None) -> str:
        """What a string says, nothing of what is none; one that many share is read once."""
        if not isinstance(string, String):
            return ""
        if not string.is_indirect:
            return _decoded(bytes(string))
        if string.objgen not in self._texts:
            self._texts[string.objgen] = _decoded(bytes(string))
        return self._texts[string.objgen]


def _without_player(annotation: Object) -> None:
    """An annotation that plays something becomes a stamp with its first picture, or one that is not seen."""
    if "/Subtype" in annotation and _name(annotation["/Subtype"]) not in ANNOTATIONS:
        annotation["/Subtype"] = Name.Stamp
        if "/AP" not in annotation:
            annotation["/F"] = _HIDDEN


def _without_others(stream: Object) -> None:
    """A stream brings its data itself, draws itself, and is no program for printers."""
    _drop(stream, *OUTSIDE)
    if not isinstance(stream.get("/F"), int):  # an annotation's flags
        _drop(stream, "/F")
    if stream.get("/Subtype") == Name.PS:
        del stream["/Subtype"]


def _is_table(thing: Object | None) -> TypeGuard[Object]:
    return isinstance(thing, Dictionary | Stream)


def _is_destination(thing: Object | None) -> bool:
    if not isinstance(thing, Array):
        return isinstance(thing, Name | String)
    return 0 < len(thing) <= MOST_OF_DESTINATION and not any(
        _is_table(inner) or isinstance(inner, Array) for inner in list(thing)[1:]
    )


def _name(thing: Object | None) -> str:
    return str(thing) if isinstance(thing, Name) else ""


def _keep(table: Object, allowed: Collection[str]) -> None:
    unknown = table.keys() - set(allowed)
    _drop(table, *(unknown - STREAM if isinstance(table, Stream) else unknown))


def _drop(table: Object, *names: str) -> None:
    for name in names:
        if name in table:
            del table[name]


def _decoded(data: bytes) -> str:
    if data.startswith(codecs.BOM_UTF16_BE):
        return data[2:].decode("utf-16-be", "replace")
    if data.startswith(codecs.BOM_UTF8):
        return data[3:].decode("utf-8", "replace")
    return data.decode("pdfdoc", "replace")
