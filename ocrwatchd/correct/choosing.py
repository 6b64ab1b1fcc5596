"""Ask a language model about the words that are most probably wrong: which of their candidates fits the text around?

The model sees candidates that the picture supports, and its answer is one more feature of each: so it writes nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from ocrwatchd.gate.choice import choose, likeliest
from ocrwatchd.gate.weights import limited
from ocrwatchd.llm.protocol import MOST_CANDIDATES, Question

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ocrwatchd.correct.picture import SeenWord
    from ocrwatchd.gate.choice import Candidate
    from ocrwatchd.llm.protocol import Decide

LEAST_WRONG = 0.1
"""A word that is less probably wrong is not asked about: seven words of an office page are more probably wrong, and of
the characters that candidates could make right they hold five in six."""


class Compared(NamedTuple):
    """What a model told.

    Args:
        candidates: by the offset of their word; each has the feature "context": how many nats more likely the text is
            with it than with the reading.
        reason: why some words were not asked about, in plain words, or "".
    """

    candidates: Mapping[int, Sequence[Candidate]]
    reason: str = ""


def compared(
    text: str,
    doubtful: Sequence[tuple[SeenWord, Sequence[Candidate]]],
    compare: Callable[[str, Sequence[Question], Decide], str],
) -> Compared:
    """Ask about words from left to right; what is sure, and what was decided, is what the model reads.

    Args:
        text: of the page.
        doubtful: words of the page in order of offset, each with its candidates.
        compare: as :meth:`ocrwatchd.llm.protocol.Model.compare`, but for the deadline.
    """
    parts: list[str] = []
    done = length = 0
    asked: dict[int, tuple[SeenWord, Sequence[Candidate]]] = {}
    questions: list[Question] = []
    for word, candidates in doubtful:
        choice = choose(word.text, candidates)
        between = text[done : word.offset]
        offset = length + len(between)
        shown = word.text
        if choice.wrong >= LEAST_WRONG:
            likely = likeliest(candidates, MOST_CANDIDATES - 1)
            questions.append(Question(offset, (word.text, *(each.text for each in likely)), choice.wrong))
            asked[offset] = word, likely
        elif choice.best and choice.chosen:
            shown = choice.best.text
        parts += between, shown
        done, length = word.offset + len(word.text), offset + len(shown)
    told: dict[int, Sequence[Candidate]] = {}

    def decide(question: Question, nats: Sequence[float]) -> str:
        word, likely = asked[question.offset]
        told[word.offset] = [_with_context(each, value - nats[0]) for each, value in zip(likely, nats[1:], strict=True)]
        choice = choose(word.text, told[word.offset])
        return choice.best.text if choice.best and choice.chosen else word.text

    reason = compare("".join([*parts, text[done:]]), questions, decide) if questions else ""
    return Compared(told, reason)


def _with_context(candidate: Candidate, nats: float) -> Candidate:
    return replace(candidate, features={**candidate.features, "context": limited("context", nats)})
