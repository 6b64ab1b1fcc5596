"""Draw training samples: prose, business papers, copy drills and pages of real engines, damaged or clean."""

from __future__ import annotations

import itertools
import json
import random
import re
import textwrap
from collections import Counter
from pathlib import Path

from ocrwatchd.gate.align import differences, words
from ocrwatchd.llm.builtin.training_units import Lesson, Unit, lesson
from ocrwatchd.llm.builtin.vocabulary import FIRST_PIECE, NEWLINE, SPACE, Vocabulary
from ocrwatchd.training.corpus import paragraphs, plain, same_but_for_style
from ocrwatchd.training.letters import Letters
from ocrwatchd.training.noise import Noise

PIECE = re.compile(r"(?a:[A-Za-z]{2,})|[AIa]")
"""A run of letters that becomes a token."""

SHORT_WORDS, LONG_WORDS = 10, 220
"""Most words of a sample at the beginning and at the end of the training."""

DRILLS, PAPERS, PAGES = 0.06, 0.24, 0.08
"""Shares of the samples; the others are prose."""

COPIED_FIRST, COPIED_LAST, COPIED_FALL = 0.3, 0.03, 1.0
"""Shares of the good words that the model spells again, at the beginning and at the end, and the speed of the decline.
The model must learn exact copying first."""

MISREAD_PAGE = 0.4
"""Pages of real engines with a larger share of wrong words are left out."""


def vocabulary(size: int, papers: int = 3000) -> Vocabulary:
    """The most frequent runs of letters in prose and papers, up to ``size`` tokens in all."""
    counts: Counter[str] = Counter()
    letters = Letters(0)
    for paragraph in paragraphs(validation=False):
        counts.update(PIECE.findall(plain(paragraph)))
    for _ in range(papers):
        counts.update(dict.fromkeys(PIECE.findall(letters.paper("")), 4))
    return Vocabulary([piece for piece, _ in counts.most_common(size - FIRST_PIECE)])


class Samples:
    """An endless supply of samples; the same seed supplies the same samples.

    Args:
        pairs: JSON lines with read and true pages, written by ``learn``.
        validation: take paragraphs of the validation set.
    """

    def __init__(self, known: Vocabulary, seed: int, pairs: Path | None = None, *, validation: bool = False) -> None:
        self._known = known
        self._rng = random.Random(seed)
        self._prose = [plain(text) for text in paragraphs(validation=validation)]
        self._letters = Letters(seed)
        self._noise = Noise(self._rng)
        self._pages = _pages(pairs) if pairs else []

    def lesson(self, level: float) -> Lesson:
        """The next sample, at a progress of the training from 0 to 1."""
        rng = self._rng
        most = int(SHORT_WORDS + level * (LONG_WORDS - SHORT_WORDS))
        if self._pages and rng.random() < PAGES:
            page = rng.choice(self._pages)
            start = rng.randrange(len(page))
            return lesson(page[start : start + rng.randint(3, most)], self._known)
        text = self._text(most)
        copied = COPIED_LAST + (COPIED_FIRST - COPIED_LAST) * max(0.0, 1 - COPIED_FALL * level)
        return lesson(self._noise.misread(text, self._noise.style(level), copied), self._known)

    def _text(self, most: int) -> str:
        rng = self._rng
        kind = rng.random()
        if kind < DRILLS:
            return self._letters.drill()
        if kind < DRILLS + PAPERS:
            lines = self._letters.paper(" ".join(rng.choice(self._prose).split()[:20])).split("\n")
            text = "\n".join(lines[rng.randrange(len(lines)) :])
        else:
            start = rng.randrange(len(self._prose) - 8)
            text = "\n".join(self._prose[start : start + 8])
            if rng.random() < 0.5:  # half of them begin within a paragraph
                text = " ".join(text.split(" ")[rng.randrange(max(1, text.count(" "))) :])
        taken = text.split(" ")[: rng.randint(3, most)]
        lines = _set(" ".join(taken), rng)
        return "\n".join(line.upper() if rng.random() < 0.02 else line for line in lines)  # headings


def _set(text: str, rng: random.Random) -> list[str]:
    """Break a text into lines, some of them within words."""
    width = rng.choice((rng.randint(28, 50), rng.randint(50, 90), 10_000))
    hyphens = rng.random() < 0.5  # half of them
    lines: list[str] = []
    for paragraph in text.split("\n"):
        for line in textwrap.wrap(paragraph, width, break_long_words=False, break_on_hyphens=False):
            head, _, last = line.rpartition(" ")
            if hyphens and lines and last.isalpha() and len(last) > 5 and rng.random() < 0.4:
                at = rng.randint(2, len(last) - 3)
                lines += [f"{head} {last[:at]}-".strip(), last[at:]]
            elif lines and lines[-1].isalpha() and len(lines) > 1 and lines[-2].endswith("-"):
                lines[-1] += f" {line}"
            else:
                lines.append(line)
    return lines


def _pages(path: Path) -> list[list[Unit]]:
    found = []
    for line in path.read_text("utf-8").splitlines():
        page = json.loads(line)
        units = aligned(page["read"], page["true"])
        if units and sum(not unit.asked or unit.repair is not None for unit in units) <= MISREAD_PAGE * len(units):
            found.append(units)
    return found


def aligned(read: str, true: str) -> list[Unit]:
    """The units to learn from a read text and its true text."""
    before, after = words(read), words(true)
    gaps = [NEWLINE if "\n" in read[a.end : b.start] else SPACE for a, b in itertools.pairwise(before)]
    gaps.append(NEWLINE)
    units: list[Unit] = []
    done = 0
    for group in differences([word.text for word in before], [word.text for word in after]):
        units += [Unit((before[at].text,), (gaps[at],)) for at in range(done, group.first)]
        done = group.last
        old = tuple(word.text for word in before[group.first : group.last])
        new = " ".join(word.text for word in after[group.proposed_first : group.proposed_last])
        units += _units(old, tuple(gaps[group.first : group.last]), new)
    return units + [Unit((before[at].text,), (gaps[at],)) for at in range(done, len(before))]


def _units(old: tuple[str, ...], gaps: tuple[int, ...], new: str) -> list[Unit]:
    if not old:
        return []
    if len(old) == 1 and (new or not any(map(str.isalnum, old[0]))):
        return [Unit(old, gaps, None if same_but_for_style(old[0], new) else new)]
    if len(old) == 2 and gaps[0] == SPACE and new and " " not in new:  # two words joined
        return [Unit(old, gaps, new)]
    return [Unit((word,), (gap,), asked=False) for word, gap in zip(old, gaps, strict=True)]
