"""What people read: a :class:`Message` everywhere inside, a text in their language only where they read it.

:func:`say` and :func:`count` make messages, and mark their keys for the catalogues beside this file. Logs, receipts and
the terminal show a message in English (``str(message)``);
:class:`~ocrwatchd.core.i18n.language.Language` shows it in another language. No other code reads the text.
"""

from __future__ import annotations

import gettext
import json
import re
from collections.abc import Mapping  # pydantic reads the annotation
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Final

from ocrwatchd.core.legible import legible_text

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST_CHARACTERS: Final = 4000
"""A text is cut there, and so is the text of each message within: other processes may send anything."""

NUMBERS: Final = frozenset({"n", "size"})
"""Fields that hold a number with a separator between thousands."""

_FIELD: Final = re.compile(r"\{(\w+)\}")
_THOUSANDS: Final = re.compile(r"\d{1,3}(?:,\d{3})+")
_ENGLISH: Final = gettext.NullTranslations()


@dataclass(frozen=True, slots=True)
class Message:
    """Something to tell people, by the key of its text. A message without a key says nothing, and is false.

    Args:
        key: the English text, under which the catalogues have the others. ``{name}`` stands for a field.
        fields: by name; a message among them is shown in the same language.
        plural: the English text for all numbers but 1, where the text depends on the field ``n``.
    """

    key: str
    fields: Mapping[str, Message | str | int | float] = field(default_factory=dict)
    plural: str = ""

    def __bool__(self) -> bool:
        return bool(self.key)

    def __hash__(self) -> int:
        return hash((self.key, frozenset(self.fields.items())))

    def __str__(self) -> str:
        return text_of(self, _ENGLISH)


NOTHING: Final = Message("")


def say(key: str, /, **fields: object) -> Message:
    """A message.

    Args:
        key: the English text, written out where it is said, for the catalogues' test looks there.
        fields: by name; what is neither a message nor a number counts as text.
    """
    kept = {name: each if isinstance(each, Message | int | float) else _plain(each) for name, each in fields.items()}
    return Message(key, kept)


def count(one: str, many: str, /, *, n: int, **fields: object) -> Message:
    """A message about one thing or more.

    Args:
        one: the English text for one; it need not hold ``{n}``.
        many: the English text for any other number; it holds ``{n}``.
        n: the number.
        fields: as for :func:`say`.
    """
    return Message(one, say(one, n=n, **fields).fields, many)


def verbatim(text: object) -> Message:
    """A text of others, as the system's or a library's, as a message; it is translated where a catalogue knows it."""
    return text if isinstance(text, Message) else Message(_plain(text))


def joined(messages: Iterable[Message]) -> Message:
    """Messages as one, each once, with semicolons between."""
    different = list(dict.fromkeys(filter(None, messages)))
    if len(different) <= 1:
        return different[0] if different else NOTHING
    fields = {f"part{number}": each for number, each in enumerate(different)}
    return Message("; ".join(f"{{{name}}}" for name in fields), fields)


def packed(message: Message) -> str:
    """A message as a line of text, for files and pipes; :func:`ocrwatchd.core.i18n.wire.unpacked` reads it."""
    plain = not (message.fields or message.plural or message.key.startswith("{"))
    return message.key if plain else json.dumps(asdict(message))


def text_of(message: Message, translations: gettext.NullTranslations, thousands: str = ",") -> str:
    """The text of a message, to be shown to people."""
    if not message.key:
        return ""
    if message.plural:
        n = message.fields.get("n")
        template = translations.ngettext(message.key, message.plural, n if isinstance(n, int) else 0)
    else:
        template = translations.gettext(message.key)

    if not message.fields:
        return template[:LONGEST_CHARACTERS]
    # Each field once, however often it occurs: other processes may send anything.
    shown = {name: _shown(name, each, translations, thousands) for name, each in message.fields.items()}
    return _FIELD.sub(lambda found: shown.get(found[1], found[0]), template[:LONGEST_CHARACTERS])[:LONGEST_CHARACTERS]


def _shown(name: str, value: Message | str | float, translations: gettext.NullTranslations, thousands: str) -> str:
    if isinstance(value, Message):
        return text_of(value, translations, thousands)
    if name not in NUMBERS:
        return str(value)
    return grouped(f"{value:,}" if isinstance(value, int) else str(value), thousands)


def grouped(number: str, thousands: str) -> str:
    """A number that has commas between thousands, with another separator; all else stays."""
    return number.replace(",", thousands) if _THOUSANDS.fullmatch(number) else number


def _plain(value: object) -> str:
    return legible_text(str(value))
