"""Let a model choose, write, or both, on texts with known truth, and count the errors."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ocrwatchd.cli.calibrate.once_asked import OnceAsked
from ocrwatchd.core.config.profile import Gate, Work
from ocrwatchd.core.model import Correction, PageText
from ocrwatchd.correct.corrector import Corrector, loaded
from ocrwatchd.correct.document import page_by_page
from ocrwatchd.correct.page import with_words
from ocrwatchd.gate import scoring
from ocrwatchd.gate.consistency import Memory, lesson
from ocrwatchd.llm.calibration_store import Method

if TYPE_CHECKING:
    from ocrwatchd.correct.corrector import Load

PAGE_CHARACTERS: Final = 2000
"""Characters of a page in figures of seconds a page."""


@dataclass(frozen=True, slots=True)
class Case:
    """A document's true text and its recognised pages; the name is for people."""

    name: str
    truth: str
    pages: tuple[PageText, ...]

    @property
    def read(self) -> str:
        """The recognised text of all pages."""
        return _joined(self.pages)


@dataclass(slots=True)
class Tally:
    """Sums over texts.

    Args:
        characters: of the true texts, white space folded.
        before: character errors before correction.
        after: character errors after correction.
        worse: number of texts with more errors after than before.
        digits: number of texts in which a change made digits wrong.
        seconds: of correction.
    """

    texts: int = 0
    characters: int = 0
    before: int = 0
    after: int = 0
    worse: int = 0
    digits: int = 0
    seconds: float = 0.0

    def add(self, case: Case, after: str, seconds: float = 0.0) -> None:
        before, truth = case.read, case.truth
        old, new = scoring.errors(before, truth), scoring.errors(after, truth)
        self.texts += 1
        self.characters += len(scoring.fold(truth))
        self.before += old
        self.after += new
        self.worse += new > old
        self.digits += scoring.spoils_digits(before, after, truth)
        self.seconds += seconds

    @property
    def change(self) -> float:
        """Relative change of the errors; below 0 there are fewer."""
        return (self.after - self.before) / max(1, self.before)

    @property
    def seconds_a_page(self) -> float:
        """Seconds for ``PAGE_CHARACTERS`` characters."""
        return self.seconds * PAGE_CHARACTERS / max(1, self.characters)


@dataclass(slots=True)
class Measured:
    """The figures of a trial.

    Args:
        ways: by the model's task, with the configured gate; "none" is without a model.
        gates: by the gate's name, of a model that writes without the picture.
        ungated: with every answer admitted as a whole.
        texts: the corrected cases, by the model's task.
        answered: number of parts of the texts that the model answered.
        compared: number of words whose candidates the model compared.
        left: number of parts that stayed raw, by the reason.
    """

    ways: dict[Method, Tally]
    gates: dict[str, Tally]
    ungated: Tally = field(default_factory=Tally)
    texts: dict[Method, list[str]] = field(default_factory=dict)
    answered: int = 0
    compared: int = 0
    left: Counter[str] = field(default_factory=Counter)


class Trial:
    """Corrects texts in every way in turn, and counts.

    Args:
        path: of the model.
        work: the settings without the gate.
        gates: by name; the first one is used where there is a picture.
        load: loads the model.
        clock: monotonic seconds.

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
        self._work = _asked(work, "rewrite")
        self._gates = gates
        ways: tuple[Method, ...] = ("none", "rewrite")
        if self._model.compares:
            ways = ("none", "choose", "rewrite", "both")
        self._measured = Measured(
            {way: Tally() for way in ways}, {name: Tally() for name in gates}, texts={way: [] for way in ways}
        )

    def measure(self, cases: Sequence[Case], done: Callable[[], None]) -> Measured:
        """Correct the cases; call ``done`` after each."""
        for case in cases:
            self._run(case)
            done()
        self._measured.compared = self._model.compared
        return self._measured

    def close(self) -> None:
        self._corrector.close()

    def _run(self, case: Case) -> None:
        self._model.forget()
        counts = self._measured
        written: list[Correction] = []
        for way in counts.ways:
            corrections = self._by(way, case.pages, written)
            counts.texts[way].append(_joined(corrections))
            counts.ways[way].add(case, counts.texts[way][-1], sum(each.seconds for each in corrections))
        counts.left.update(str(part.told) for each in written for part in each.parts if part.fate == "raw")
        counts.left.update(str(each.reason) for each in written if each.reason and not each.parts)
        self._model.only_repeat()
        for name, gate in self._gates.items():
            work = self._work.model_copy(update={"gate": gate})
            counts.gates[name].add(case, _joined(page_by_page(case.pages, self._corrector, work)))
        counts.ungated.add(case, _as_answered(case.read, self._model.heard))
        counts.answered += len(self._model.heard)

    def _by(self, way: Method, pages: Sequence[PageText], written: list[Correction]) -> list[Correction]:
        """Correct a document as the daemon does; "rewrite" fills ``written``, "both" uses these corrections again."""
        work = _asked(self._work, way)
        corrector = None if way == "none" else self._corrector
        choose = corrector.choose if corrector and corrector.methods(work).chooses else None
        memory = Memory()
        corrections: list[Correction] = []
        for number, page in enumerate(pages):
            if corrector is None:
                found = Correction(page.text)
            elif way == "both":
                found = written[number]
            else:
                found = corrector.correct(page, work, memory)
            if way == "rewrite":
                written.append(found)
            corrections.append(with_words(page, found, work, memory, choose))
            memory.remember(lesson(page.text, corrections[-1]))
            memory.read(page)
        return corrections


def _asked(work: Work, way: Method) -> Work:
    return work.model_copy(update={"llm": work.llm.model_copy(update={"method": way})})


def _joined(pages: Sequence[PageText] | Sequence[Correction]) -> str:
    return "\n".join(page.text for page in pages)


def _as_answered(text: str, heard: Sequence[tuple[str, str]]) -> str:
    """Replace each question in the text by its answer."""
    pieces: list[str] = []
    done = 0
    for asked, answer in heard:
        at = text.find(asked, done)
        if at >= 0:
            pieces += (text[done:at], answer)
            done = at + len(asked)
    return "".join((*pieces, text[done:]))
