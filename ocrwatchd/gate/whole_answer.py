"""Why nothing of an answer can be trusted: it refuses, loops, is about something else, or is no correction at all."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from rapidfuzz.distance import Levenshtein

from ocrwatchd.core.reason import Reason

FAMILIAR_SHARE = 0.4
"""An answer that vouches for less than this share of the source's words is no correction of that source."""

FAMILIAR_WORDS = 12
"""Sources with fewer words are too short for shares of words; their characters are compared."""

FAMILIAR_CHARACTERS = 0.4
"""The same for the characters of short sources."""

STRANGE_SHARE = 0.5
"""As many words refused as this share of the source's: a translation, a summary, another text."""

GROWTH = 1.5
GROWTH_WORDS = 8
"""An answer has at most so many times its source's words, plus so many."""

COMPARED_FACTOR, COMPARED_CHARACTERS = 4, 2000
"""An answer with more than so many times its source's characters, plus so many, is not looked at."""

SHRUNK_SHARE = 0.6
"""An answer with a smaller share of its source's characters is a summary."""

SHRUNK_WORDS = 30
"""Shorter sources may be mostly specks."""

BEGUN_ALIKE = 0.6
"""An answer that begins like a refusal is one unless its text begins so, too, to this degree."""

LOOP_WORDS = 4
LOOP_TIMES = 3
"""So many words in a row, more than so many times more often than in the source, are a loop."""

_REFUSAL = re.compile(
    r"""^\W*(?:
    (?:i['\u2019]?m|i\s+am|we\s+are)\s+(?:very\s+|so\s+)?(?:sorry|unable|not\s+able|afraid)
    |(?:sorry|unfortunately|apologies)\b[,.]?\s+(?:but\s+)?(?:i|we|as|this|there|the\s+text)\b
    |(?:i|we)\s+(?:apologi[sz]e|can(?:no|['\u2019])t|can\s+not|do\s+not|don['\u2019]t|won['\u2019]t|must\s+decline)\b
    |as\s+an?\s+(?:ai|artificial|large|language)\b
    |(?:there\s+is\s+no|no|please\s+provide|could\s+you|can\s+you|it\s+(?:seems|looks|appears))\s.{0,60}
        \b(?:text|provide|input|ocr|correct)\b
    |the\s+(?:provided\s+|given\s+)?text\s+(?:you\s+provided\s+)?(?:is|appears|seems|contains|does)\b
    |es\s+tut\s+mir\s+leid|tut\s+mir\s+leid|leider\s+(?:kann|ist|konnte)|entschuldigung|ich\s+(?:kann|darf)\b.{0,40}\bnicht
    |als\s+(?:ki|k\xfcnstliche|sprachmodell)|(?:je\s+suis\s+)?d\xe9sol\xe9|je\s+(?:ne\s+(?:peux|puis)|regrette)
    |en\s+tant\s+qu['\u2019](?:ia|intelligence|assistant)|malheureusement|lo\s+siento|no\s+puedo|mi\s+dispiace|non\s+posso
    |抱歉|对不起|對不起|很抱歉|我无法|我無法|我不能|作为(?:一个|一個)?(?:人工智能|AI)|申し訳
    )""",
    re.IGNORECASE | re.VERBOSE,
)


def objection(
    source: Sequence[str], proposed: Sequence[str], answer: str, *, vouched: int, strange: int
) -> Reason | None:
    """Why nothing of this proposal can be trusted, or None.

    Args:
        source: the words as recognised.
        proposed: the words of the answer.
        answer: the answer itself.
        vouched: how many of the source's words it leaves alone or repairs.
        strange: how many words it changes, drops or puts in that are no repairs.
    """
    if not proposed:
        readable = any(sum(map(str.isalnum, word)) > 1 for word in source)
        return Reason.ANSWER_EMPTY if readable else None
    if _is_refusal(source, answer):
        return Reason.ANSWER_REFUSAL
    return _ill_shaped(source, proposed) or _unfamiliar(source, proposed, vouched, strange)


def outgrown(source: str, proposed: str) -> bool:
    """True for an answer that is too long to be compared with its source: the time grows with both lengths."""
    return len(proposed) > COMPARED_FACTOR * len(source) + COMPARED_CHARACTERS


def _is_refusal(source: Sequence[str], answer: str) -> bool:
    """True for an answer that begins like a refusal where its text does not, however badly it was read."""
    found = _REFUSAL.match(answer)
    if not found:
        return False
    begun = " ".join(source)[: found.end()]
    return Levenshtein.normalized_similarity(begun.lower(), found.group().lower()) < BEGUN_ALIKE


def _ill_shaped(source: Sequence[str], proposed: Sequence[str]) -> Reason | None:
    if len(proposed) > GROWTH * len(source) + GROWTH_WORDS:
        return Reason.ANSWER_LONG
    if _loops(source, proposed):
        return Reason.ANSWER_REPEATS
    if len(source) >= SHRUNK_WORDS and sum(map(len, proposed)) < SHRUNK_SHARE * sum(map(len, source)):
        return Reason.ANSWER_SHORT
    return None


def _unfamiliar(source: Sequence[str], proposed: Sequence[str], vouched: int, strange: int) -> Reason | None:
    if len(source) >= FAMILIAR_WORDS:
        other = vouched < FAMILIAR_SHARE * len(source) or strange > STRANGE_SHARE * len(source)
    else:
        before, after = "".join(source).lower(), "".join(proposed).lower()
        alike = Levenshtein.normalized_similarity(before, after)
        other = not vouched and any(map(str.isalnum, before)) and alike < FAMILIAR_CHARACTERS
    return Reason.ANSWER_STRANGE if other else None


def _loops(source: Sequence[str], proposed: Sequence[str]) -> bool:
    """True where a run of words comes again and again, more often than any does in the source: forms repeat theirs."""
    before, after = _runs(source), _runs(proposed)
    return max(after.values(), default=0) - max(before.values(), default=0) > LOOP_TIMES


def _runs(words: Sequence[str]) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words[at : at + LOOP_WORDS]) for at in range(len(words) - LOOP_WORDS + 1))
