"""The languages in which people are told things; messages become texts here."""

from __future__ import annotations

import gettext
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Final

from ocrwatchd.core.i18n import Message, grouped, say, text_of

ENGLISH: Final = "en"
_UNSPACED: Final = frozenset({"zh"})
_GROUPS: Final = {"de": "."}
"""What stands between thousands; the comma where nothing else is said."""


class Language:
    """A language of texts for people, by its code as in ``output.language``; "" is English."""

    def __init__(self, code: str) -> None:
        self.code: Final = code or ENGLISH
        content = _catalogue(self.code)
        self._translations = gettext.GNUTranslations(BytesIO(content)) if content else gettext.NullTranslations()
        self._thousands = _GROUPS.get(self.code, ",")

    def of(self, message: Message) -> str:
        """The text of a message."""
        return text_of(message, self._translations, self._thousands)

    def say(self, key: str, /, **fields: object) -> str:
        """The text of the message that :func:`ocrwatchd.core.i18n.say` makes."""
        return self.of(say(key, **fields))

    def together(self, *sentences: str) -> str:
        """Sentences, one after the other."""
        return ("" if self.code in _UNSPACED else " ").join(sentences)

    def number(self, value: int) -> str:
        """A number as it is written in this language."""
        return grouped(f"{value:,}", self._thousands)


@lru_cache
def language(code: str) -> Language:
    """The language of a code; its catalogue is read once."""
    return Language(code)


def _catalogue(code: str) -> bytes:
    try:
        return b"" if code == ENGLISH else Path(__file__).with_name(f"{code}.mo").read_bytes()
    except FileNotFoundError:  # the package's build made none: English is better than nothing
        return b""
