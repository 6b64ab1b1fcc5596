"""A word and the marks around it, and one form for marks that a printer chooses between. The work is linear."""

from __future__ import annotations

import re

_MARKS = re.compile(r"[\W_]*")
_QUOTES = '"“”„‟«»″'
_APOSTROPHES = "'’‘‚‛´`′‹›"  # noqa: RUF001 - these very signs are meant
_DASHES = "-‐‑‒–—―−"  # noqa: RUF001
_PLAIN = str.maketrans(
    dict.fromkeys(_QUOTES, '"') | dict.fromkeys(_APOSTROPHES, "'") | dict.fromkeys(_DASHES, "-") | {"…": "."}
)
_TYPED = _PLAIN | dict.fromkeys(map(ord, _QUOTES), "'") | {ord("…"): "..."}


def parts(word: str) -> tuple[str, str, str]:
    """The marks before a word, the word itself, the marks behind it; the last two are "" where all are marks."""
    # Not by one pattern: the time for that grows with the square of a run of marks.
    front, back = (_MARKS.match(each) for each in (word, word[::-1]))
    first, last = front.end() if front else 0, len(word) - (back.end() if back else 0)
    return word[:first], word[first:last], word[max(first, last) :]


def core(word: str) -> str:
    """A word without the marks around it; "" where all are marks."""
    return word if word.isalnum() else parts(word)[1]


def folded(word: str) -> str:
    """A word without the marks around it, in small letters, with plain marks inside it: by this words are counted."""
    return core(plain_marks(word)).lower()


def has_letter(word: str) -> bool:
    """True where a word has at least one letter or digit."""
    return any(map(str.isalnum, word))


def plain_marks(text: str) -> str:
    """The text with one form for each of quotes, apostrophes, dashes and ellipses: a page has one of its own."""
    return text.translate(_PLAIN)


def typed(text: str) -> str:
    """The text with a typewriter's marks: one for all quotes and apostrophes, one for all dashes, points for "…"."""
    return text.translate(_TYPED)
