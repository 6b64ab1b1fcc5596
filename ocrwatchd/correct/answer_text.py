"""Take off what models put around their answer: thoughts, the prompt, announcements, fences, JSON, quotes, remarks.

Nothing is taken off that the source itself has at that place: a page may print ``<think>`` or a fence.
"""

from __future__ import annotations

import json
import re
from itertools import islice

from rapidfuzz import fuzz

ROUNDS = 6
"""So many wrappings inside each other are taken off; nobody has seen more than four."""

ANNOUNCED_CHARACTERS = 160
"""A longer first line is text."""

REMARK_CHARACTERS = 40
"""So much of a remark is looked for in the source."""

ALIKE_PERCENT = 80
"""A line so much like one of the source's is the source's."""

LABELS = 8
"""So many lines that may be the label of the corrected text are looked at."""

_BRACKETS = (("<{}>", "</{}>"), ("[{}]", "[/{}]"))
_THOUGHTS = ("think", "thinking", "thought", "reasoning", "reflection", "analysis")
_WRAPPER = r"(?:text|corrected|corrected[_-]text|correction|output|answer|result|response|final)"
_OPENED = re.compile(rf"\s*(<{_WRAPPER}>)", re.IGNORECASE)
_CLOSED = re.compile(rf"(</{_WRAPPER}>)\s*", re.IGNORECASE)
_MARK = r"(?:<\|\w{1,20}\|>|</?s>|<(?:start|end)_of_turn>|\[/?INST\])"
_FIRST_MARK = re.compile(rf"\s*({_MARK})(?:(?:assistant|model|final)(?=\n|<\|))?", re.IGNORECASE)
_LAST_MARK = re.compile(rf"({_MARK})\s*", re.IGNORECASE)
_MARK_CHARACTERS = 32
_CHANNEL, _FINAL = "<|channel|>", "<|channel|>final<|message|>"
_ABOUT_REPAIR = r"""(?:correct(?:ed|ing|ions?|s)?|fix(?:ed|ing|es)?|repair(?:ed|ing|s)?|revised|proofread|cleaned|ocr
    |korri[a-z\xe4]*|korrektur(?:en)?|berichtig[a-z]*|bereinigt[a-z]*|verbessert[a-z]*
    |corrig\w*|rectifi\w*|r\xe9vis\w*|corregi\w*|corrett\w*|gecorrigeerd\w*)"""
_ANNOUNCED = re.compile(
    r"""^[\s*_\#>`"'-]*(?:
    (?:sure|certainly|of\s+course|okay|ok|absolutely|yes|great)\b[^\n:]{0,120}
    |(?:here(?:['\u2019]s|\s+is|\s+are)?|below\s+is|this\s+is|the\s+following\s+is)\b[^\n:]{0,120}
    |(?:the\s+)?(?:final\s+|fully\s+)?(?:corrected|cleaned|fixed|revised|repaired|proofread)\b[^\n:]{0,60}
    |(?:text|output|answer|result|response|assistant|final\s+answer)
    |[^\n:{]{0,80}\b"""
    + _ABOUT_REPAIR
    + r"""\b[^\n:]{0,80}
    |(?:gerne|klar|nat\xfcrlich|selbstverst\xe4ndlich|hier\s+(?:ist|folgt)|(?:der\s+)?korrigierte[rn]?|korrigiert)\b[^\n:]{0,120}
    |(?:bien\s+s\xfbr|voici|le\s+texte\s+corrig\xe9|texte\s+corrig\xe9|(?:la\s+)?version\s+corrig\xe9e)\b[^\n:]{0,120}
    |(?:claro|por\s+supuesto|aqu\xed\s+(?:est\xe1|tiene[s]?)|texto\s+corregido|ecco|testo\s+corretto)\b[^\n:]{0,120}
    |(?:hier\s+is|gecorrigeerde)\b[^\n:]{0,120}
    )[*_`"']{0,3}\s*:[*_]{0,3}[ \t]*""",
    re.IGNORECASE | re.VERBOSE,
)
_ANNOUNCED_LINE = re.compile(
    r"^[\s*_#>-]*(?:sure|certainly|of course|here(?:['\u2019]s| is)|corrected (?:text|version)|bien s\xfbr|voici|gerne"
    r"|i(?:['\u2019]ve| have)? (?:corrected|fixed|repaired)|after correct(?:ing|ion)|ich habe [^\n]{0,40}korrigiert"
    r"|nach (?:der )?korrektur|j['\u2019]ai corrig\xe9|apr\xe8s (?:la )?correction|apr\xe8s avoir corrig\xe9"
    r"|hier ist|korrigierter text|texte corrig\xe9|texto corregido)\b[^\n]{0,120}?[.!*_]{0,3}[ \t]*(?:\n|$)",
    re.IGNORECASE,
)
_ANNOUNCED_CJK = re.compile(
    r"^[\s*_#]*(?:好的|当然|當然|以下是|这是|這是|修正后|修正後|校正后|校正後|更正后|更正後|纠正后|訂正|修正|以下は)"
    r"[^\n:\uff1a]{0,40}[:\uff1a][*_]*[ \t]*"
)
_ORIGINAL = re.compile(
    r"""^[\s*_\#>-]*(?:(?:the\s+)?original(?:[- ]?text|\s+version)?|(?:ocr[- ]?|source\s+|input\s+)text|source|input
    |before|vorher|(?:der\s+)?urspr\xfcngliche[rn]?(?:\s+text)?|(?:le\s+)?texte\s+original|avant|texto\s+original)
    [*_]{0,3}\s*:[*_]{0,3}[ \t]*""",
    re.IGNORECASE | re.VERBOSE,
)
_LABEL = re.compile(
    r"""^[ \t*_\#>-]{0,8}(?:(?:the\s+)?(?:corrected|fixed|repaired|revised|cleaned)(?:[ -](?:text|version))?|correction
    |output|after|nachher|(?:der\s+)?korrigiert(?:e[rn]?)?(?:[ -](?:text|fassung|version))?|korrektur
    |(?:le\s+)?texte\s+corrig\xe9|corrig\xe9|(?:la\s+)?version\s+corrig\xe9e|apr\xe8s|texto\s+corregido)
    [*_]{0,3}[ \t]*:[*_]{0,3}[ \t]*""",
    re.IGNORECASE | re.VERBOSE | re.MULTILINE,
)
_NOT_CORRECTED = re.compile(
    "original|input|source|ocr|raw|before|change|error|note|expla|corrections|language", re.IGNORECASE
)
_QUOTED_LINE = re.compile(r"[ \t]*>[ \t]?")
_REMARK = re.compile(
    r"[ \t]*[*_#(\[>-]{0,8}[ \t]*(?:notes?|please\s+note|explanation|corrections?\s+made|changes(?:\s+made)?"
    r"|i\s+(?:have\s+)?(?:corrected|fixed|changed|made|kept|preserved)|let\s+me\s+know|i\s+hope|hope\s+this"
    r"|the\s+(?:above|following)\s+(?:corrections|changes)|anmerkung(?:en)?|hinweis|erkl\xe4rung|\xe4nderungen|ich\s+habe"
    r"|remarques?|explications?|modifications?|j['\u2019]ai\s+corrig\xe9|notas?"
    r"|original(?:[- ]?text)?\s*:|注[:\uff1a]|说明|說明|修改)(?!\w)",
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
    text = said(answer, source)
    for _ in range(ROUNDS):
        stripped = text.strip("\r\n")
        for step in _STEPS:
            stripped = step(stripped, prompt, source)
        if stripped == text:
            break
        text = stripped
    return _without_block_quote(_without_remark(text, source), prompt, source)


def said(answer: str, source: str) -> str:
    """An answer without what the model thought aloud before it."""
    return _without_channels(_without_thoughts(answer, source), source)


def _without_thoughts(answer: str, source: str) -> str:
    for opened, closed in ((one.format(tag), two.format(tag)) for tag in _THOUGHTS for one, two in _BRACKETS):
        if _prints(source, opened) or _prints(source, closed):
            continue
        begins = re.search(re.escape(opened), answer, re.IGNORECASE)
        ends = [found.end() for found in re.finditer(re.escape(closed), answer, re.IGNORECASE)]
        if begins and answer[: begins.start()].strip():
            continue
        if ends:
            answer = answer[ends[-1] :]
        elif begins:
            # It was still thinking when it stopped.
            return ""
    return answer


def _without_channels(answer: str, source: str) -> str:
    """Keep what was said on the last "final" channel of a model that speaks on several."""
    if _CHANNEL not in answer or _CHANNEL in source:
        return answer
    _, _, final = answer.rpartition(_FINAL)
    return final if _FINAL in answer else ""


def _without_marks(text: str, _prompt: str, source: str) -> str:
    """Drop one control token that the model spelled out, at either end."""
    first = _FIRST_MARK.match(text)
    if first and not _prints(source, first.group(1)):
        text = text[first.end() :]
    return _without_last(_LAST_MARK, text, source)


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
    opened = _OPENED.match(text)
    if opened and not _prints(source, opened.group(1)):
        text = text[opened.end() :]
    return _without_last(_CLOSED, text, source)


def _without_last(pattern: re.Pattern[str], text: str, source: str) -> str:
    bare = text.rstrip()
    at = max(bare.rfind("<"), bare.rfind("["))
    found = pattern.fullmatch(bare, at) if at >= max(0, len(bare) - _MARK_CHARACTERS) else None
    return bare[:at] if found and not _prints(source, found.group(1)) else text


def _without_original(text: str, _prompt: str, source: str) -> str:
    """Keep what follows "Corrected:" where the source stands before it once more."""
    labelled = _ORIGINAL.match(text[:ANNOUNCED_CHARACTERS])
    for label in islice(_LABEL.finditer(text), LABELS):
        head, rest = text[: label.start()], text[label.end() :]
        if not head.strip() or not rest.strip() or _is_in(label.group(), source):
            continue
        if labelled and not _is_in(labelled.group(), source):
            return rest
        if fuzz.ratio(" ".join(head.split()), " ".join(source.split())) >= ALIKE_PERCENT:
            return rest
    return text


def _without_json(text: str, _prompt: str, source: str) -> str:
    """The corrected text of an answer that is JSON: a string, lines, or an object with the text at one of its keys."""
    bare, raw = text.strip(), source.strip()
    if bare[:1] not in {"{", "[", '"'} or raw[:1] in {"{", "["} or _is_quoted(raw):
        return text
    try:
        # Line breaks within strings are not allowed, but common.
        parsed = json.loads(bare, strict=False)
    except (ValueError, RecursionError):
        return text
    values = (
        {key: value for key, value in parsed.items() if not _NOT_CORRECTED.search(key)}
        if isinstance(parsed, dict)
        else {"": parsed}
    )
    texts = [found for value in values.values() if (found := _lines(value))]
    return max(texts, key=lambda found: fuzz.ratio(found, source), default=text)


def _lines(value: object) -> str:
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return "\n".join(value)
    return value if isinstance(value, str) else ""


def _without_block_quote(text: str, _prompt: str, source: str) -> str:
    """Drop the ``>`` before every line."""
    lines = text.splitlines(keepends=True)
    if not all(_QUOTED_LINE.match(line) for line in lines if line.strip()) or any(
        map(_QUOTED_LINE.match, source.splitlines())
    ):
        return text
    return "".join(_QUOTED_LINE.sub("", line, count=1) for line in lines)


def _without_quotes(text: str, _prompt: str, source: str) -> str:
    bare, raw = text.strip(), source.strip()
    if len(bare) < 2 or _QUOTES.get(bare[0]) != bare[-1]:  # a pair
        return text
    return text if _is_quoted(raw) else bare[1:-1]


def _is_quoted(text: str) -> bool:
    """True for a text that has a quotation mark of its own at either end."""
    return text[:1] in _QUOTES or text[-1:] in _QUOTES or text[-1:] in _QUOTES.values()


_STEPS = (
    _without_marks,
    _without_prompt,
    _without_original,
    _without_announcement,
    _without_fence,
    _without_tags,
    _without_json,
    _without_block_quote,
    _without_quotes,
)


def _without_remark(text: str, source: str) -> str:
    """Drop what is said about the work in a paragraph of its own."""
    offset, blank = 0, False
    for line in text.splitlines(keepends=True):
        if blank and _REMARK.match(line) and not _is_in(line[:REMARK_CHARACTERS], source):
            return text[:offset]
        blank = not line.strip()
        offset += len(line)
    return text


def _prints(source: str, mark: str) -> bool:
    return mark.lower() in source.lower()


def _is_in(line: str, source: str) -> bool:
    """True where the source has a line like this one itself."""
    wanted = " ".join(line.split()).lower()
    if len(wanted) < 3:  # a mark or two
        return True
    text = " ".join(source.split()).lower()
    return wanted in text or fuzz.partial_ratio(wanted, text[: 8 * ANNOUNCED_CHARACTERS]) >= ALIKE_PERCENT
