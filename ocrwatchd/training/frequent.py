"""Write the words that a misread word may be: ``python -m ocrwatchd.training.frequent``.

``words.txt``, next to the model, holds the most frequent words of the corpus and of business papers, in this order.
"""

from __future__ import annotations

import re
from collections import Counter

from ocrwatchd.core.lexicon import lexicon
from ocrwatchd.llm.builtin.suggestions import WORDS
from ocrwatchd.training.corpus import paragraphs, plain
from ocrwatchd.training.letters import Letters

SHORT_LETTERS = 3
RAREST = 2
PAPERS = 3000
PAPERS_WEIGHT = 4
_WORD = re.compile(r"(?a:[A-Za-z]+(?:'[a-z]+)?)")


def main() -> None:
    """Count and write."""
    counts: Counter[str] = Counter()
    letters, known = Letters(0), lexicon(("eng",))
    for paragraph in paragraphs(validation=False):
        counts.update(word.lower() for word in _WORD.findall(plain(paragraph)))
    for _ in range(PAPERS):
        found = sorted({word.lower() for word in _WORD.findall(letters.paper(""))})
        counts.update(dict.fromkeys(found, PAPERS_WEIGHT))
    often = (word for word, count in counts.items() if count >= RAREST)
    kept = (word for word in often if len(word) > SHORT_LETTERS or known.knows(word))
    ordered = sorted(kept, key=lambda word: (-counts[word], word))
    WORDS.write_text("".join(f"{word}\n" for word in ordered), "utf-8")


if __name__ == "__main__":
    main()
