"""Messages between processes and in files: as ``{"key": …, "fields": …}``, checked when they are read."""

from __future__ import annotations

from typing import Final

from pydantic import TypeAdapter, ValidationError

from ocrwatchd.core.i18n import Message, packed, verbatim

_MESSAGE: Final = TypeAdapter(Message)


def bounded(message: Message, most_characters: int) -> Message:
    """A message as it is, or its text in English, cut, where the message is too long for its file."""
    return message if len(packed(message)) <= most_characters else verbatim(str(message)[:most_characters])


def unpacked(text: str) -> Message:
    """The message that was packed; any other text, as of a damaged file, stands for itself."""
    try:
        return _MESSAGE.validate_json(text) if text.startswith("{") else verbatim(text)
    except ValidationError:
        return verbatim(text)
