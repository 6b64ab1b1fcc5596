"""Run a model with one gate after the other over texts of which the truth is known, and count."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING

from ocrwatchd.correct.answer_text import unwrap
from ocrwatchd.correct.corrector import Corrector, loaded
from ocrwatchd.correct.document import page_by_page, pages_of
from ocrwatchd.gate import scoring
from ocrwatchd.llm.context import Context, without
from ocrwatchd.llm.protocol import Ending, Proposal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from ocrwatchd.core.config.profile import Gate, Work
    from ocrwatchd.core.model import Correction, PageText
    from ocrwatchd.correct.corrector import Load
    from ocrwatchd.llm.protocol import Model, Schema

PAGE_CHARACTERS = 2000
"""What counts as a page of text where seconds a page are told."""


@dataclass(frozen=True, slots=True)
class Case:
    """A text as recognised, and as it is.

    Args:
        name: for people.
        truth: as it is.
        pages: as recognised.
    """

    name: str
    truth: str
    pages: tuple[PageText, ...]

    @property
    def read(self) -> str:
        """All pages' text."""
        return _joined(self.pages)


@dataclass(slots=True)
class Tally:
    """Sums over texts.

    Args:
        texts: how many.
        characters: of their truth, white space folded.
        words: of the texts as they were before.
        before: character errors before.
        after: character errors after.
        worse: texts with more errors after than before.
        changed: words that were changed.
        digits: texts in which a change made digits wrong.
    """

    texts: int = 0
    characters: int = 0
    words: int = 0
    before: int = 0
    after: int = 0
    worse: int = 0
    changed: int = 0
    digits: int = 0

    def add(self, before: str, after: str, truth: str) -> None:
        """Count one text."""
        old, new = scoring.errors(before, truth), scoring.errors(after, truth)
        self.texts += 1
        self.characters += len(scoring.fold(truth))
        self.words += len(before.split())
        self.before += old
        self.after += new
        self.worse += new > old
        self.changed += scoring.changed_words(before, after)
        self.digits += scoring.spoils_digits(before, after, truth)

    @property
    def change(self) -> float:
        """By what share the errors have grown; below 0 they have become fewer."""
        return (self.after - self.before) / max(1, self.before)


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of one gate: on texts as they were read, and on the same ones without any error."""

    misread: Tally = field(default_factory=Tally)
    clean: Tally = field(default_factory=Tally)


@dataclass(slots=True)
class Measured:
    """All that was measured.

    Args:
        tried: by the gate's name.
        ungated: had every answer been taken as it was.
        texts: the misread cases as corrected with the first gate.
        answered: how many parts of the texts the model had an answer for.
        left: why parts stayed raw with the first gate, and how many.
        seconds: of correction with the first gate.
        characters: that were corrected in that time.
    """

    tried: dict[str, Tried]
    ungated: Tried = field(default_factory=Tried)
    texts: list[str] = field(default_factory=list)
    answered: int = 0
    left: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    characters: int = 0

    @property
    def seconds_a_page(self) -> float:
        """For a page of ``PAGE_CHARACTERS``."""
        return self.seconds * PAGE_CHARACTERS / max(1, self.characters)


class OnceAsked:
    """A model that is asked each question once, however many gates judge its answer.

    What the first gate had no time for stays unasked: later ones would have their whole time for it.

    Args:
        model: the model itself.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self._proposals: dict[tuple[str, str, Context | None], Proposal] = {}
        self._all_asked = False
        self.name, self.version, self.languages = model.name, model.version, model.languages
        self.compares = False  # there are texts only, no pictures

    @property
    def heard(self) -> list[tuple[str, str]]:
        """What was put to it, and its answer without its wrapping, since ``forget``; none where it gave none."""
        answered = (Ending.FINISHED, Ending.LENGTH)
        return [
            (text, without(unwrap(each.text, prompt, text), context or Context(), text))
            for (prompt, text, context), each in self._proposals.items()
            if each.ending in answered
        ]

    def propose(self, prompt: str, text: str, deadline: float, context: Context | None = None) -> Proposal:
        """As the model does, at once where it has answered this before."""
        key = (prompt, text, context)
        if key not in self._proposals:
            if self._all_asked:
                return Proposal("", Ending.TIME)
            self._proposals[key] = self._model.propose(prompt, text, deadline, context)
        return self._proposals[key]

    def fits(self, prompt: str, text: str, most_tokens: int) -> bool:
        """As the model says."""
        return self._model.fits(prompt, text, most_tokens)

    def answer(
        self, prompt: str, text: str, deadline: float, most_tokens: int, schema: Schema | None = None
    ) -> Proposal:
        """As the model does."""
        return self._model.answer(prompt, text, deadline, most_tokens, schema)

    def compare(self, *_: object, **__: object) -> str:
        """Do nothing."""
        return ""

    def forget(self) -> None:
        """Begin another text."""
        self._proposals.clear()
        self._all_asked = False

    def only_repeat(self) -> None:
        """Ask nothing more about this text."""
        self._all_asked = True

    def close(self) -> None:
        """Free the model."""
        self._model.close()


class Trial:
    """Corrects texts with one gate after the other, and keeps count.

    Args:
        path: of the model.
        work: the settings, but for the gate.
        gates: by name; seconds and texts are the first one's.
        load: loads the model.
        clock: seconds that never run backwards.

    Raises:
        ModelUnavailable: the model cannot be loaded here.
    """

    def __init__(
        self,
        path: Path,
        work: Work,
        gates: Mapping[str, Gate],
        load: Load = loaded,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._model = OnceAsked(load(path, work.llm, clock))
        self._corrector = Corrector(path, work.llm, clock, load=lambda *_: self._model)
        self._works = {name: work.model_copy(update={"gate": gate}) for name, gate in gates.items()}
        self._measured = Measured({name: Tried() for name in gates})

    def measure(self, cases: Sequence[Case], done: Callable[[], None], *, clean: bool) -> Measured:
        """Correct each case as it was read.

        Args:
            cases: what is corrected.
            done: called after each case.
            clean: correct each one as it is, too.
        """
        for case in cases:
            self._measured.texts.append(self._run(case.pages, case.truth, attrgetter("misread")))
            if clean:
                self._run(pages_of(case.truth), case.truth, attrgetter("clean"))
            done()
        return self._measured

    def close(self) -> None:
        """Free the model."""
        self._corrector.close()

    def _run(self, pages: Sequence[PageText], truth: str, tally: Callable[[Tried], Tally]) -> str:
        """Correct one text with each gate; as it is with the first."""
        self._model.forget()
        before, counts = _joined(pages), self._measured
        corrected: dict[str, list[Correction]] = {}
        for name, work in self._works.items():
            corrected[name] = page_by_page(pages, self._corrector, work)
            self._model.only_repeat()
        for name, corrections in corrected.items():
            tally(counts.tried[name]).add(before, _joined(corrections), truth)
        tally(counts.ungated).add(before, _as_answered(before, self._model.heard), truth)
        first = next(iter(corrected.values()))
        counts.left.update(part.told for each in first for part in each.parts if part.fate == "raw")
        counts.left.update(each.reason for each in first if each.reason and not each.parts)
        counts.answered += len(self._model.heard)
        counts.seconds += sum(each.seconds for each in first)
        counts.characters += len(before)
        return _joined(first)


def _joined(pages: Sequence[PageText] | Sequence[Correction]) -> str:
    return "\n".join(page.text for page in pages)


def _as_answered(text: str, heard: Sequence[tuple[str, str]]) -> str:
    """The text with every answer in the place of what was asked."""
    pieces: list[str] = []
    done = 0
    for asked, answer in heard:
        at = text.find(asked, done)
        if at >= 0:
            pieces += (text[done:at], answer)
            done = at + len(asked)
    return "".join((*pieces, text[done:]))
