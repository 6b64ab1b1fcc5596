"""How a delivered set is named: ``output.name``, parsed when the configuration is loaded.

A template is text with fields in braces. Fields are looked up by name, never formatted by Python: the scan's name and
its folder's are hostile.
"""

from __future__ import annotations

import os
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import datetime as dt

FIELDS: Final = ("name", "date", "profile", "counter", "part")
"""``{name}``, the scan's name without its suffix; ``{date}``, read on the page; ``{profile}``, the folder under the
inbox; ``{counter}``, a running number; ``{part}``, the number of the part of a divided stack."""

PART_OF_STACK: Final = "-part-"
"""Stands before the number of a part where the template has no ``{part}``."""

TEMPLATE_BYTES: Final = 100
"""The longest template, bytes."""

LONGEST_BYTES: Final = 180
"""The longest name, bytes. A file name has 255 at most, and these follow: a number as long as "-9999999" (8) and the
longest suffix of a task's file, "." + 40 + ".json" (46); so nothing cuts off a number at the end of the name."""

MOST_DIGITS: Final = 9
"""Of the width of a counter."""

NO_NAME: Final = "document"
"""The name where nothing is left of the scan's own."""

_PIECE: Final = re.compile(r"\{([^{}]*)\}|([^{}]+)|([{}])")
_WIDTH: Final = re.compile(r"0?[1-9]")
_SEPARATORS: Final = " \t._,+=~-\N{EN DASH}\N{EM DASH}"
_BRACKETS: Final = {"(": ")", "[": "]"}
BIDI: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that turn the direction of writing: with them a name shows another suffix than it has."""

_NEVER_EMPTY: Final = frozenset({"name", "counter"})


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a template; ``width`` is that of a counter, with leading zeros."""

    name: str
    width: int = 0


@dataclass(frozen=True, slots=True)
class NameTemplate:
    """A parsed template: literal text and fields, in their order."""

    pieces: tuple[str | Field, ...]

    @property
    def fields(self) -> frozenset[str]:
        """The names of its fields; what a template does not use need not be found out."""
        return frozenset(piece.name for piece in self.pieces if isinstance(piece, Field))

    def render(
        self, name: str, *, date: dt.date | None, profile: str, counter: int, part: int = 1, parts: int = 1
    ) -> str:
        """The name of a set: no slash, no control or bidi character, at most ``LONGEST_BYTES``.

        It begins with a dot only where the scan's own name does. An empty field vanishes with the separator beside it:
        a date that was not found, the profile of a scan in the inbox itself, the part of a scan with one part. The
        template ``{name}`` alone leaves the name of a scan with one part as it is, whatever it is.

        Args:
            name: the scan's, without suffix.
            date: as read on the page.
            profile: the folder under the inbox, or "".
            counter: a running number, 0 or more.
            part: number of the part, from 1.
            parts: how many parts the scan has, 1 or more.
        """
        if self.pieces == (Field("name"),) and parts <= 1:
            return name
        values = {
            "name": _clean(name) or NO_NAME,
            "date": date.isoformat() if date else "",
            "profile": _clean(profile),
            "part": part_number(part, parts) if parts > 1 else "",
        }
        pieces = self.pieces
        if parts > 1 and "part" not in self.fields:
            pieces = (*pieces, PART_OF_STACK, Field("part"))
        for each in ("name", "profile"):
            made = _joined(pieces, values, counter)
            if (excess := len(os.fsencode(made)) - LONGEST_BYTES) > 0 and each in self.fields:
                values[each] = _cut(values[each], len(os.fsencode(values[each])) - excess)
        made = _joined(pieces, values, counter)
        if not name.startswith("."):
            made = made.lstrip(". ")
        return made if made.strip(". ") else NO_NAME


def part_number(part: int, parts: int) -> str:
    """The number of a part, as wide as the last one's, so that the parts sort."""
    return f"{part:0{len(str(parts))}}"


@lru_cache(maxsize=64)
def parse(text: str) -> NameTemplate:
    """A template from its text.

    Raises:
        ValueError: it has an unknown field, a character that no file name may have, or could be empty.
    """
    if "/" in text or "\\" in text:
        raise ValueError("a name holds no slash: sets lie in the outbox as their scans lay in the inbox")
    if _clean(text) != text:
        raise ValueError("a name holds no control characters, and none that turn the direction of writing")
    if len(os.fsencode(text)) > TEMPLATE_BYTES:
        raise ValueError(f"use at most {TEMPLATE_BYTES} bytes: it becomes a file's name")
    if text.startswith((".", " ")):
        raise ValueError("begin it with something else than a dot or a space: such files are hidden or hard to find")
    pieces: list[str | Field] = []
    for found in _PIECE.finditer(text):
        inner, literal, brace = found.groups()
        if brace:
            raise ValueError(f"the brace {brace} stands alone; braces enclose a field, like {{name}}")
        pieces.append(literal if literal is not None else _field(inner))
    named = [piece.name for piece in pieces if isinstance(piece, Field)]
    if twice := sorted({each for each in named if named.count(each) > 1}):
        raise ValueError(f"use each field once; twice there: {', '.join(f'{{{each}}}' for each in twice)}")
    said = any(each.isalnum() for piece in pieces if isinstance(piece, str) for each in piece)
    if not said and _NEVER_EMPTY.isdisjoint(named):
        raise ValueError("the name could be empty, as where no date is found; add {name} or {counter}")
    return NameTemplate(tuple(pieces))


def _field(inner: str) -> Field:
    name, colon, width = inner.partition(":")
    if name not in FIELDS:
        known = ", ".join(f"{{{each}}}" for each in FIELDS)
        raise ValueError(f"there is no field {{{inner}}}; there are {known}, and {{counter:05}} for five digits")
    if not colon:
        return Field(name)
    if name != "counter" or not _WIDTH.fullmatch(width):
        raise ValueError(
            f"only the counter has a width, of 1 to {MOST_DIGITS} digits, like {{counter:05}}; not {{{inner}}}"
        )
    return Field(name, int(width))


def _joined(pieces: tuple[str | Field, ...], values: dict[str, str], counter: int) -> str:
    made, vanished = "", False
    for piece in pieces:
        if isinstance(piece, Field):
            value = f"{counter:0{piece.width}}" if piece.name == "counter" else values[piece.name]
            made, vanished = made + value, not value
            continue
        following = piece
        if vanished:
            if made and _BRACKETS.get(made[-1]) == piece[0]:
                made, following = made[:-1], piece[1:]
            made, vanished = made.rstrip(_SEPARATORS), False
            # Of the two separators around an empty field, the one behind it stays, except at the beginning.
            following = following if made else following.lstrip(_SEPARATORS)
        made += following
    return made.rstrip(_SEPARATORS) if vanished else made


def _clean(text: str) -> str:
    return "".join("_" if _is_refused(each) else each for each in text)


def _is_refused(character: str) -> bool:
    if character == "/" or character in BIDI:
        return True
    category = unicodedata.category(character)
    # Surrogates stand for bytes that are no UTF-8, if they are of the half that Python uses for that.
    return category in {"Cc", "Zl", "Zp"} or (category == "Cs" and not "\udc80" <= character <= "\udcff")


def _cut(text: str, room: int) -> str:
    """The beginning of a text, at least one character of it, that fits into ``room`` bytes."""
    while len(text) > 1 and len(os.fsencode(text)) > room:
        text = text[:-1]
    return text
