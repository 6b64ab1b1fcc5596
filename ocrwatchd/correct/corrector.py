"""Correct a page: cut it into chunks, ask the model about each, let the gate decide."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from ocrwatchd.core.i18n import NOTHING, Message, joined, say, verbatim
from ocrwatchd.core.lexicon import lexicon
from ocrwatchd.core.model import Correction, Edit, Part
from ocrwatchd.core.reason import Reason
from ocrwatchd.correct.answer_text import unwrap
from ocrwatchd.correct.choosing import compared
from ocrwatchd.correct.page import has_picture, words_of
from ocrwatchd.correct.prompts import prompt_for
from ocrwatchd.correct.skipping import why_skip
from ocrwatchd.gate.admit import Evidence, Policy, admit, apply
from ocrwatchd.gate.verdicts import shifted
from ocrwatchd.llm import calibration_store, models
from ocrwatchd.llm.builtin.model import BuiltinModel
from ocrwatchd.llm.calibration_store import Methods
from ocrwatchd.llm.chunks import split
from ocrwatchd.llm.context import around, without
from ocrwatchd.llm.decode import LlamaModel
from ocrwatchd.llm.protocol import Ending, Model

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from ocrwatchd.core.config.profile import Llm, Work
    from ocrwatchd.core.model import Fate, PageText, Source
    from ocrwatchd.correct.choosing import Compared
    from ocrwatchd.correct.picture import SeenWord
    from ocrwatchd.gate.admit import Admitted
    from ocrwatchd.gate.choice import Candidate
    from ocrwatchd.gate.consistency import Memory
    from ocrwatchd.llm.chunks import Chunk

    Load: TypeAlias = Callable[[Path, Llm, Callable[[], float]], Model]


def loaded(path: Path, llm: Llm, clock: Callable[[], float]) -> Model:
    """Load a model: the one inside the package is asked in a way of its own, any other file as a chat model.

    Raises:
        ModelUnavailable: it cannot be loaded here.
    """
    return BuiltinModel(path, llm, clock) if path == models.BUILTIN else LlamaModel(path, llm, clock)


class Corrector:
    """A loaded model and the rules for its use. One page at a time; not for several threads.

    Args:
        path: of the model, as ``models.resolve`` gives it.
        llm: context size, GPU layers, threads.
        clock: seconds that never run backwards.
        load: loads the model.

    Raises:
        ModelUnavailable: the model cannot be loaded here.
    """

    def __init__(self, path: Path, llm: Llm, clock: Callable[[], float] = time.monotonic, load: Load = loaded) -> None:
        self._clock = clock
        self._path = path
        self._model = load(path, llm, clock)
        self._source: Source = "built-in" if path == models.BUILTIN else "model"

    @property
    def name(self) -> str:
        """The model's."""
        return self._model.name

    @property
    def version(self) -> str:
        """Of the package that runs the model."""
        return self._model.version

    @property
    def model(self) -> Model:
        """The model itself, for follow-up tasks."""
        return self._model

    def methods(self, work: Work) -> Methods:
        """Decide what the model is asked to do with a document: with ``llm.method = "auto"`` by its calibration."""
        if best := calibration_store.best_methods(work, self._path):
            return best
        if not self._model.compares:
            return Methods("rewrite", "rewrite")
        given = work.llm.method
        return Methods("choose" if given == "auto" else given, "none" if given == "choose" else "rewrite")

    def correct(
        self, page: PageText, work: Work, memory: Memory | None = None, methods: Methods | None = None
    ) -> Correction:
        """Correct one page's raw text.

        What cannot be corrected stays raw, chunk by chunk, and the reason says so: a model that fails, an answer that
        the gate refuses as a whole or that does not come to an end, a chunk too long for the model,
        ``llm.page_budget_s`` spent; and all of it where the model has not learnt the languages. What needs no model is
        not shown to one.

        Args:
            page: text and words as the engine read them.
            work: the profile's settings: prompts, budget, gate.
            memory: of the document that the page is from. It is only asked: who keeps it tells it of each page when
                that is finished (``lesson``).
            methods: of the document; None: the page is one by itself.
        """
        started = self._clock()
        if not page.text.strip():
            return Correction(page.text)
        if work.llm.model == "off":
            return Correction(page.text, reason=say('llm.model is "off"'))
        if strange := models.why_raw(work.llm, self.name, self._model.languages, work.ocr.languages):
            return Correction(page.text, reason=verbatim(strange), model=self.name)
        methods = methods or self.methods(work)
        method = methods.picture if has_picture(page) and words_of(work) else methods.text
        if method in {"none", "choose"}:
            return Correction(page.text, reason=_why_unasked(work) if method == "none" else NOTHING, model=self.name)
        sheet = _Sheet(
            page.text,
            work,
            deadline=started + work.llm.page_budget_s,
            evidence=Evidence(
                words=tuple(word for line in page.lines for word in line.words),
                lexicon=lexicon(work.ocr.languages),
            ),
            memory=memory,
        )
        decided = [self._decide(chunk, sheet) for chunk in split(page.text) if chunk.text.strip()]
        edits = tuple(edit for each in decided for edit in each.edits)
        return Correction(
            apply(page.text, edits),
            edits,
            tuple(edit for each in decided for edit in each.refused),
            corrected=any(each.part.fate == "decided" for each in decided),
            reason=_told([each.part for each in decided]),
            model=self.name,
            seconds=self._clock() - started,
            parts=tuple(each.part for each in decided),
        )

    def choose(
        self, text: str, work: Work, spent: float, doubtful: Sequence[tuple[SeenWord, Sequence[Candidate]]]
    ) -> Compared:
        """Let the model compare what words of a page may be.

        Args:
            text: of the page, as the engine read it.
            work: the profile's settings.
            spent: seconds of the page's budget that are gone.
            doubtful: words in order of offset, each with its candidates.
        """
        deadline = self._clock() + work.llm.page_budget_s - spent
        return compared(text, doubtful, partial(self._model.compare, deadline=deadline))

    def close(self) -> None:
        """Free the model's memory; the corrector is not used again."""
        self._model.close()

    def _decide(self, chunk: Chunk, sheet: _Sheet) -> _Decided:
        evidence = sheet.evidence.within(chunk.offset, chunk.offset + len(chunk.text))
        needless = why_skip(chunk.text, evidence.words, lexicon(sheet.work.ocr.languages))
        if needless:
            return _undecided(chunk, "skipped", needless)
        if self._clock() >= sheet.deadline:
            return _undecided(chunk, "raw", Reason.OUT_OF_TIME)
        context = around(sheet.text, chunk)
        prompt = prompt_for(chunk.text, sheet.work)
        proposal = self._model.propose(prompt, chunk.text.strip(), sheet.deadline, context)
        if proposal.ending is Ending.TIME:
            return _undecided(chunk, "raw", Reason.OUT_OF_TIME)
        if proposal.ending is Ending.UNABLE:
            return _undecided(chunk, "raw", Reason.MODEL_UNABLE, proposal.reason)
        finished = proposal.ending is Ending.FINISHED
        answer = without(unwrap(proposal.text, prompt, chunk.text), context, chunk.text)
        admitted = sheet.admit(chunk.text, answer, replace(evidence, finished=finished))
        # The proposals of an answer that was refused as a whole are kept among the refused ones.
        part = Part(chunk.offset, len(chunk.text), "raw" if admitted.whole else "decided", admitted.whole)
        return _Decided(part, *(self._of_page(edits, chunk.offset) for edits in (admitted.edits, admitted.refused)))

    def _of_page(self, edits: Sequence[Edit], offset: int) -> tuple[Edit, ...]:
        """A chunk's edits as the page's, with their source."""
        return tuple(replace(edit, source=self._source) for edit in shifted(edits, offset))


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A page, and all by which its chunks are decided."""

    text: str
    work: Work
    deadline: float
    evidence: Evidence
    memory: Memory | None

    def admit(self, source: str, answer: str, evidence: Evidence) -> Admitted:
        admitted = admit(source, answer, Policy.from_settings(self.work.gate), evidence)
        if self.memory is None or admitted.whole:
            return admitted
        return self.memory.weigh(admitted, source)


@dataclass(frozen=True, slots=True)
class _Decided:
    """What became of one chunk; offsets into the page."""

    part: Part
    edits: tuple[Edit, ...] = ()
    refused: tuple[Edit, ...] = ()


def _undecided(chunk: Chunk, fate: Fate, why: Reason, detail: str = "") -> _Decided:
    return _Decided(Part(chunk.offset, len(chunk.text), fate, why, detail))


def _why_unasked(work: Work) -> Message:
    if work.llm.method == "choose":
        return say('llm.method is "choose", and there is no picture to choose by')
    return say("by its calibration the model is of no use here, and was not asked; `ocrwatchd check` shows the verdict")


def _told(parts: Sequence[Part]) -> Message:
    """Say once for each reason how many of the page's parts stayed raw for it.

    Parts that needed no model are worth a word only where the page has no others.
    """
    if all(part.fate == "skipped" for part in parts):
        return joined(part.told for part in parts)
    counts = Counter(part.told for part in parts if part.why and part.fate != "skipped")
    if len(parts) == 1:
        return parts[0].told
    return joined(
        say("{n} of {parts} parts stayed raw: {reason}", n=count, parts=len(parts), reason=reason)
        for reason, count in counts.items()
    )
