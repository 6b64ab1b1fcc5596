"""Says in another language what was said in English: known by its template, whoever said it and whenever."""

from __future__ import annotations

import gettext
import re
import struct
from functools import lru_cache
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

ENGLISH: Final = "en"
NESTED: Final = frozenset({"fault", "missing", "reason", "remedy", "step"})
"""Placeholders that hold a sentence, or a part of one, of ours; others hold names and numbers."""

LONGEST_CHARACTERS: Final = 4000
"""What is longer is left as it is: no sentence of ours is."""

FAULT: Final = "fault"
"""The one of them that holds what the system calls an error; seldom a sentence of ours."""

NUMBERS: Final = frozenset({"n", "size"})
"""Placeholders that hold a number with commas between the thousands."""

_DEEPEST: Final = 4
_MOST_COLONS: Final = 8
_UNSPACED: Final = frozenset({"zh"})
_PLACEHOLDER: Final = re.compile(r"\{(\w+)\}")
_THOUSANDS: Final = re.compile(r"\d{1,3}(?:,\d{3})+")
_GROUPS: Final = {"de": "."}
"""What stands between thousands; the comma where nothing else is said."""


class _Template(NamedTuple):
    """A template of a catalogue.

    Args:
        pieces: what stands between the placeholders.
        names: of the placeholders, one fewer.
        one: by which it is looked up.
        many: the plural's template; "" where there is none.
        singular: this is the one for a single thing.
    """

    pieces: tuple[str, ...]
    names: tuple[str, ...]
    one: str
    many: str = ""
    singular: bool = False

    @property
    def known(self) -> int:
        """How many of its characters are its own."""
        return sum(map(len, self.pieces))


class Language:
    """A language in which people are told things.

    Args:
        code: as in ``output.language``; "" is English.
    """

    def __init__(self, code: str) -> None:
        self.code: Final = code or ENGLISH
        content = _catalogue(self.code)
        self._said = gettext.GNUTranslations(BytesIO(content)) if content else gettext.NullTranslations()
        self._templates = sorted(_templates(content), key=lambda template: -template.known)
        self._plain = [each for each in self._templates if each.names and NESTED.isdisjoint(each.names)]

    def say(self, template: str, /, **values: object) -> str:
        """As :func:`ocrwatchd.core.i18n.say`, in this language."""
        return self._filled(self._said.gettext(template), values)

    def count(self, one: str, many: str, /, *, n: int, **values: object) -> str:
        """As :func:`ocrwatchd.core.i18n.count`, in this language."""
        return self._filled(self._said.ngettext(one, many, n), {**values, "n": f"{n:,}"})

    def together(self, *sentences: str) -> str:
        """Sentences, one after the other."""
        return ("" if self.code in _UNSPACED else " ").join(sentences)

    def of(self, sentence: str) -> str:
        """What was said in English, in this language; as it is where its template is not known."""
        return self._of(sentence, _DEEPEST)[0]

    def of_named(self, sentence: str) -> str:
        """As :meth:`of`; before the sentence may stand a file's name and a colon."""
        starts = [0, *(found.end() for found in islice(re.finditer(": ", sentence), _MOST_COLONS))]
        said = [(sentence[:start], *self._of(sentence[start:], _DEEPEST)) for start in starts]
        name, best, _ = min(said, key=lambda each: each[2])
        return name + best

    def _of(self, sentence: str, depth: int) -> tuple[str, int]:
        """A sentence in this language, and how many of its characters are no words of ours but should be."""
        best = sentence, len(sentence)
        if not depth or len(sentence) > LONGEST_CHARACTERS:
            return best
        for template in self._templates:
            values = _match(template, sentence)
            if values is None:
                continue
            inner = {key: self._part(key, value, depth - 1) for key, value in values.items() if key in NESTED}
            unknown = sum(characters for _, characters in inner.values())
            told = {**values, **{key: text for key, (text, _) in inner.items()}}
            if unknown < best[1] and (said := self._again(template, told)):
                best = said, unknown
            if not best[1]:
                break
        return best

    def _part(self, key: str, sentence: str, depth: int) -> tuple[str, int]:
        if key != FAULT:
            return self._of(sentence, depth)
        said = self._said.gettext(sentence)
        if said != sentence:
            return said, 0
        # Of ours only what holds no other sentence: "waits: …" stands before a whole reason, never within one.
        for template in self._plain:
            if (values := _match(template, sentence)) is not None:
                return self._again(template, values), 0
        return sentence, len(sentence)

    def _again(self, template: _Template, values: Mapping[str, str]) -> str:
        if not template.many:
            return self._filled(self._said.gettext(template.one), values)
        number = "1" if template.singular else values["n"].replace(",", "")
        if not (number.isascii() and number.isdigit()):
            return ""
        return self._filled(self._said.ngettext(template.one, template.many, int(number)), {"n": number, **values})

    def number(self, value: int) -> str:
        """A number as it is written in this language."""
        return self._grouped(f"{value:,}")

    def _filled(self, template: str, values: Mapping[str, object]) -> str:
        told = {key: self._grouped(str(value)) if key in NUMBERS else value for key, value in values.items()}
        return template.format_map(told)

    def _grouped(self, number: str) -> str:
        return number.replace(",", _GROUPS.get(self.code, ",")) if _THOUSANDS.fullmatch(number) else number


@lru_cache
def language(code: str) -> Language:
    """The language of a code; its catalogue is read once."""
    return Language(code)


def _match(template: _Template, sentence: str) -> dict[str, str] | None:
    """The placeholders' values in a sentence that was made from the template; in time that grows with its length."""
    first, *middle = template.pieces
    if not sentence.startswith(first):
        return None
    if not middle:
        return {} if sentence == first else None
    *inner, last = middle
    values, start = [], len(first)
    for piece in inner:
        found = sentence.find(piece, start)
        if found < 0:
            return None
        values.append(sentence[start:found])
        start = found + len(piece)
    end = len(sentence) - len(last)
    if end < start or not sentence.endswith(last):
        return None
    return dict(zip(template.names, [*values, sentence[start:end]], strict=True))


def _catalogue(code: str) -> bytes:
    try:
        return b"" if code == ENGLISH else Path(__file__).with_name(f"{code}.mo").read_bytes()
    except FileNotFoundError:  # the package's build made none: English is better than nothing
        return b""


def _templates(content: bytes) -> list[_Template]:
    """The templates of a compiled catalogue (GNU gettext manual, 10.3); the library tells no plurals'."""
    if not content:
        return []
    amount, table = struct.unpack_from("<2I", content, 8)
    found = []
    for index in range(amount):
        length, offset = struct.unpack_from("<2I", content, table + 8 * index)
        one, _, many = content[offset : offset + length].decode().partition("\0")
        if not one or _PLACEHOLDER.sub("", one).strip(" :;,.") == "":
            continue  # the catalogue's head, and what would fit everything
        found.append(_template(one, one, many, singular=bool(many)))
        if many:
            found.append(_template(many, one, many))
    return found


def _template(text: str, one: str, many: str, *, singular: bool = False) -> _Template:
    parts = _PLACEHOLDER.split(text)
    return _Template(tuple(parts[::2]), tuple(parts[1::2]), one, many, singular)
