"""Turn a scan's text into tokens none of which is a mark of the model's own: what is written on paper stays ink.

llama.cpp keeps control tokens out of such text, but not the tokens that a vocabulary calls "user defined", whatever it
is told, and chat templates use those too (``<think>``, ``<|channel>``, ``<tool_call>``). A vocabulary that merges its
tokens by their spelling may even come upon a control token. So the result is looked through, and where it holds such a
token the text is cut inside that token's spelling and the parts are tokenised apart.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from ocrwatchd.llm.native import Native

ROUNDS = 8
"""A cut may bring up another mark, but hardly so often; after that the text goes in character by character."""


def tokenise_ink(native: Native, text: str) -> list[int]:
    """The tokens of a page's text, which is content and never control."""
    parts = [text]
    for _ in range(ROUNDS):
        tokens = [token for part in parts for token in native.tokenise(part, control=False)]
        marks = {mark for token in set(tokens) if (mark := native.mark(token))}
        if not marks:
            return tokens
        parts = [piece for part in parts for piece in _cut(part, marks)]
    return [token for character in text for token in native.tokenise(character, control=False)]


def _cut(text: str, marks: Collection[str]) -> Iterator[str]:
    """Cut behind the first character of each mark, so that no piece holds one."""
    done = 0
    # Looked ahead only, for marks may overlap.
    for match in re.finditer(f"(?={'|'.join(map(re.escape, marks))})", text):
        yield text[done : match.start() + 1]
        done = match.start() + 1
    if done < len(text):
        yield text[done:]
