"""Take off what models put around their answer: thoughts, the prompt, announcements, fences, quotes, remarks.

Nothing is taken off that the source itself has at that place: a page may print ``<think>`` or a fence.
"""

from __future__ import annotations

import re

from rapidfuzz import fuzz

ROUNDS = 6
"""So many wrappings inside each other are taken off; nobody has seen more than four."""

ANNOUNCED_CHARACTERS = 160
"""A longer first line is text."""

REMARK_CHARACTERS = 40
"""So much of a remark is looked for in the source."""

ALIKE_PERCENT = 80
"""A line so much like one of the source's is the source's."""

_THOUGHTS = ("think", "thinking", "thought", "reasoning", "reflection", "analysis")
_WRAPPERS = ("text", "corrected", "corrected_text", "output", "answer", "result", "response", "final")
_ANNOUNCED = re.compile(
    r"""^[\s*_\#>`"'-]*(?:
    (?:sure|certainly|of\s+course|okay|ok|absolutely|yes|great)\b[^\n:]{0,120}
    |(?:here(?:['\u2019]s|\s+is|\s+are)?|below\s+is|this\s+is|the\s+following\s+is)\b[^\n:]{0,120}
    |(?:the\s+)?(?:final\s+|fully\s+)?(?:corrected|cleaned|fixed|revised|repaired|proofread)\b[^\n:]{0,60}
    |(?:text|output|answer|result|response|assistant|final\s+answer)
    |(?:gerne|nat\xfcrlich|selbstverst\xe4ndlich|hier\s+(?:ist|folgt)|(?:der\s+)?korrigierte[rn]?|korrigiert)\b[^\n:]{0,120}
    |(?:bien\s+s\xfbr|voici|le\s+texte\s+corrig\xe9|texte\s+corrig\xe9|(?:la\s+)?version\s+corrig\xe9e)\b[^\n:]{0,120}
    |(?:claro|por\s+supuesto|aqu\xed\s+(?:est\xe1|tiene[s]?)|texto\s+corregido|ecco|testo\s+corretto)\b[^\n:]{0,120}
    |(?:hier\s+is|gecorrigeerde)\b[^\n:]{0,120}
    )[*_`"']{0,3}\s*:[*_]{0,3}[ \t]*""",
    re.IGNORECASE | re.VERBOSE,
)
_ANNOUNCED_LINE = re.compile(
    r"^[\s*_#>-]*(?:sure|certainly|of course|here(?:['\u2019]s| is)|corrected (?:text|version)|bien s\xfbr|voici|gerne"
    r"|hier ist|korrigierter text|texte corrig\xe9|texto corregido)\b[^\n]{0,120}?[.!*_]{0,3}[ \t]*(?:\n|$)",
    re.IGNORECASE,
)
_ANNOUNCED_CJK = re.compile(
    r"^[\s*_#]*(?:好的|当然|當然|以下是|这是|這是|修正后|修正後|校正后|校正後|更正后|更正後|纠正后|訂正|修正|以下は)"
    r"[^\n:\uff1a]{0,40}[:\uff1a][*_]*[ \t]*"
)
_REMARK = re.compile(
    r"[ \t]*[*_#(\[>-]{0,8}[ \t]*(?:notes?|please\s+note|explanation|corrections?\s+made|changes(?:\s+made)?"
    r"|i\s+(?:have\s+)?(?:corrected|fixed|changed|made|kept|preserved)|let\s+me\s+know|i\s+hope|hope\s+this"
    r"|the\s+(?:above|following)\s+(?:corrections|changes)|anmerkung(?:en)?|hinweis|erkl\xe4rung|\xe4nderungen|ich\s+habe"
    r"|remarques?|explications?|modifications?|j['\u2019]ai\s+corrig\xe9|notas?|注[:\uff1a]|说明|說明|修改)(?!\w)",
    re.IGNORECASE,
)
_QUOTES = {'"': '"', "'": "'", "\u201c": "\u201d", "\u201e": "\u201c", "«": "»", "»": "«", "\u2018": "\u2019", "`": "`"}


def unwrap(answer: str, prompt: str, source: str) -> str:
    """The text in a model's answer.

    Args:
        answer: what the model said.
        prompt: what it was asked.
        source: the text that it was asked about.

    Returns:
        The answer without what stands around the text; "" if it held nothing else.
    """
    text = _without_thoughts(answer, source)
    for _ in range(ROUNDS):
        stripped = text.strip("\r\n")
        for step in (_without_prompt, _without_announcement, _without_fence, _without_tags, _without_quotes):
            stripped = step(stripped, prompt, source)
        if stripped == text:
            break
        text = stripped
    return _without_remark(text, source)


def _without_thoughts(answer: str, source: str) -> str:
    for tag in _THOUGHTS:
        opened, closed = f"<{tag}>", f"</{tag}>"
        if opened in source or closed in source:
            continue
        first, last = answer.find(opened), answer.rfind(closed)
        if last >= 0 and (first < 0 or not answer[:first].strip()):
            answer = answer[last + len(closed) :]
        elif first >= 0 and last < 0 and not answer[:first].strip():
            # It was still thinking when it stopped.
            return ""
    return answer


def _without_prompt(text: str, prompt: str, source: str) -> str:
    """Drop the prompt from the beginning, however its white space is written."""
    words = prompt.split()
    if not words or source.split()[: len(words)] == words:
        return text
    found = re.match(r"\s*[\"']?" + r"\s+".join(map(re.escape, words)) + r"[\"']?[ \t]*", text)
    return text[found.end() :] if found else text


def _without_announcement(text: str, _prompt: str, source: str) -> str:
    for pattern in (_ANNOUNCED, _ANNOUNCED_CJK, _ANNOUNCED_LINE):
        found = pattern.match(text[: 2 * ANNOUNCED_CHARACTERS])
        if not found or len(found.group().strip()) > ANNOUNCED_CHARACTERS or not found.group().strip():
            continue
        if _is_in(found.group(), source):
            continue
        if pattern is _ANNOUNCED_LINE and not text[found.end() :].strip():
            continue
        return text[found.end() :]
    return text


def _without_fence(text: str, _prompt: str, source: str) -> str:
    if "```" in source or "~~~" in source:
        return text
    opened = re.match(r"\s*(`{3,}|~{3,}|-{3,}|\*{3,}|={3,})[ \t]*[\w+-]*[ \t]*\n", text)
    if opened and opened.group(1) not in source:
        inside, _, _ = ("\n" + text[opened.end() :]).partition("\n" + opened.group(1))
        return inside.removeprefix("\n")
    return text


def _without_tags(text: str, _prompt: str, source: str) -> str:
    for tag in _WRAPPERS:
        opened, closed = f"<{tag}>", f"</{tag}>"
        bare = text.strip()
        if bare.startswith(opened) and bare.endswith(closed) and opened not in source:
            return bare[len(opened) : -len(closed)]
    return text


def _without_quotes(text: str, _prompt: str, source: str) -> str:
    bare, raw = text.strip(), source.strip()
    if len(bare) < 2 or _QUOTES.get(bare[0]) != bare[-1]:  # noqa: PLR2004 - a pair
        return text
    if raw[:1] in _QUOTES or raw[-1:] in _QUOTES or raw[-1:] in _QUOTES.values():
        return text
    return bare[1:-1]


def _without_remark(text: str, source: str) -> str:
    """Drop what is said about the work in a paragraph of its own."""
    offset, blank = 0, False
    for line in text.splitlines(keepends=True):
        if blank and _REMARK.match(line) and not _is_in(line[:REMARK_CHARACTERS], source):
            return text[:offset]
        blank = not line.strip()
        offset += len(line)
    return text


def _is_in(line: str, source: str) -> bool:
    """True where the source has a line like this one itself."""
    wanted = " ".join(line.split()).lower()
    if len(wanted) < 3:  # noqa: PLR2004 - a mark or two
        return True
    text = " ".join(source.split()).lower()
    return wanted in text or fuzz.partial_ratio(wanted, text[: 8 * ANNOUNCED_CHARACTERS]) >= ALIKE_PERCENT
