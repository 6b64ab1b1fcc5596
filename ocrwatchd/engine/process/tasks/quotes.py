"""Quotations from the text, such as names: strings of an answer that do not occur in the text are dropped. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pydantic import JsonValue

if TYPE_CHECKING:
    from ocrwatchd.llm.protocol import Schema

_ONE = ("items", "contains", "additionalProperties")
_SEVERAL = ("anyOf", "oneOf", "allOf", "prefixItems")
_DEFINITIONS = "#/$defs/"


class Quotes:
    """Keeps the strings that occur in a text.

    Args:
        text: the source; runs of white space count as one space, and letters are compared in Unicode's form NFC.
        schema: strings that it lists for a key (``enum``, ``const``) are labels and need not occur in the text.

    Attributes:
        dropped: number of strings that did not occur.
    """

    def __init__(self, text: str, schema: Schema) -> None:
        self._text = _spaced(text)
        self._labels = frozenset(_labels(schema, schema, "", set()))
        self.dropped = 0

    def kept(self, value: JsonValue) -> JsonValue:
        """The value without strings that do not occur: such an entry of a list is removed, any other becomes None."""
        kept, whole = self._kept(value, "", listed=False)
        return kept if whole else None

    def _kept(self, value: JsonValue, key: str, *, listed: bool) -> tuple[JsonValue, bool]:
        """The rest of a value, and whether the list entry that contains it may stay."""
        if isinstance(value, str):
            occurs = (key, value) in self._labels or self._occurs(value)
            self.dropped += not occurs
            return (value if occurs else None), occurs or not listed
        if isinstance(value, list):
            entries = [self._kept(each, key, listed=True) for each in value]
            return [entry for entry, stays in entries if stays], True
        if isinstance(value, dict):
            fields = {name: self._kept(each, name, listed=listed) for name, each in value.items()}
            return {name: field for name, (field, _) in fields.items()}, all(stays for _, stays in fields.values())
        return value, True

    def _occurs(self, quoted: str) -> bool:
        """Whether a string occurs in the text, not as a part of a longer word or number."""
        quoted = _spaced(quoted)
        start = self._text.find(quoted)
        while start >= 0:
            end = start + len(quoted)
            if not (_joined(self._text[start - 1 : start + 1]) or _joined(self._text[end - 1 : end + 1])):
                return True
            start = self._text.find(quoted, start + 1)
        return False


def _spaced(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _joined(pair: str) -> bool:
    """Whether two characters belong to one word; scripts without capitals may have no spaces between words."""
    if len(pair) < len("ab"):
        return False
    return bool(unicodedata.combining(pair[1])) or all(each.isdigit() or each.lower() != each.upper() for each in pair)


def _labels(
    schema: JsonValue | Schema, root: Schema, key: str, seen: set[tuple[int, str]]
) -> Iterator[tuple[str, str]]:
    """The strings that a schema lists, each with its key; "" for the value itself or an entry of it."""
    if not isinstance(schema, dict) or (id(schema), key) in seen:
        return
    seen.add((id(schema), key))  # ``$ref`` may be circular
    given = schema.get("enum")
    for each in (*(given if isinstance(given, list) else ()), schema.get("const")):
        if isinstance(each, str):
            yield key, each
    properties = schema.get("properties")
    for name, below in properties.items() if isinstance(properties, dict) else ():
        yield from _labels(below, root, name, seen)
    inner: list[JsonValue] = [schema.get(word) for word in _ONE]
    for word in _SEVERAL:
        several = schema.get(word)
        inner += several if isinstance(several, list) else []
    inner.append(_definition(schema.get("$ref"), root))
    for below in inner:
        yield from _labels(below, root, key, seen)


def _definition(reference: JsonValue, root: Schema) -> JsonValue:
    definitions = root.get("$defs")
    if not isinstance(reference, str) or not isinstance(definitions, dict):
        return None
    return definitions.get(reference.removeprefix(_DEFINITIONS))
