"""Text that every file format can carry."""

import re

_ILLEGIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def legible_text(text: str) -> str:
    """A text with each character that not every file format can carry replaced by U+FFFD."""
    return _ILLEGIBLE.sub("\N{REPLACEMENT CHARACTER}", text)
