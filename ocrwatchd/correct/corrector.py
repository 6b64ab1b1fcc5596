"""Correct a page: cut it into chunks, ask the model about each, let the gate decide."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from ocrwatchd.correct import Ending, Model
from ocrwatchd.correct.chunks import split
from ocrwatchd.correct.decode import LlamaModel
from ocrwatchd.correct.gate import Evidence, Policy, admit, apply
from ocrwatchd.model import Correction, Edit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from ocrwatchd.config import Llm, Work
    from ocrwatchd.correct.chunks import Chunk

    Load: TypeAlias = Callable[[Path, Llm, Callable[[], float]], Model]

ENDLESS = "the model's answer did not come to an end"


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

    def __init__(
        self, path: Path, llm: Llm, clock: Callable[[], float] = time.monotonic, load: Load = LlamaModel
    ) -> None:
        self._clock = clock
        self._model = load(path, llm, clock)

    @property
    def name(self) -> str:
        """The model's."""
        return self._model.name

    @property
    def version(self) -> str:
        """Of the package that runs the model."""
        return self._model.version

    def correct(self, text: str, work: Work, evidence: Evidence | None = None) -> Correction:
        """Correct one page's raw text.

        What cannot be corrected stays raw, chunk by chunk, and the reason says so: a model that fails or does not come
        to an end, a chunk too long for it, ``llm.page_budget_s`` spent.

        Args:
            text: the raw text of the page.
            work: the profile's settings: prompt, budget, gate.
            evidence: what is known about the page beside its text; offsets into ``text``.
        """
        started = self._clock()
        if not text.strip():
            return Correction(text)
        if work.llm.model == "off":
            return Correction(text, reason='llm.model is "off"')
        deadline = started + work.llm.page_budget_s
        chunks = [chunk for chunk in split(text) if chunk.text.strip()]
        decided = [self._decide(chunk, work, deadline, evidence or Evidence()) for chunk in chunks]
        edits = tuple(edit for each in decided for edit in each.edits)
        return Correction(
            apply(text, edits),
            edits,
            tuple(edit for each in decided for edit in each.refused),
            corrected=any(each.proposed for each in decided),
            reason=_told([each.reason for each in decided]),
            model=self.name,
            seconds=self._clock() - started,
        )

    def close(self) -> None:
        """Free the model's memory; the corrector is not used again."""
        self._model.close()

    def _decide(self, chunk: Chunk, work: Work, deadline: float, page: Evidence) -> _Decided:
        spent = _Decided(reason=f"the page's {work.llm.page_budget_s:g} s for correction ran out (llm.page_budget_s)")
        if self._clock() >= deadline:
            return spent
        proposal = self._model.propose(work.llm.prompt, chunk.text.strip(), deadline)
        if proposal.ending is Ending.TIME:
            return spent
        if proposal.ending is Ending.UNABLE:
            return _Decided(reason=proposal.reason)
        finished = proposal.ending is Ending.FINISHED
        known = replace(page.within(chunk.offset, chunk.offset + len(chunk.text)), finished=finished)
        admitted = admit(chunk.text, proposal.text, Policy.from_settings(work.gate), known)
        return _Decided(
            proposed=True,
            edits=tuple(_moved(admitted.edits, chunk.offset)),
            refused=tuple(_moved(admitted.refused, chunk.offset)),
            reason="" if finished else ENDLESS,
        )


@dataclass(frozen=True, slots=True)
class _Decided:
    """What became of one chunk; offsets into the page."""

    proposed: bool = False
    edits: tuple[Edit, ...] = ()
    refused: tuple[Edit, ...] = ()
    reason: str = ""


def _moved(edits: Sequence[Edit], offset: int) -> Iterator[Edit]:
    return (replace(edit, offset=edit.offset + offset) for edit in edits)


def _told(reasons: Sequence[str]) -> str:
    """Say once for each reason how many of the page's parts stayed raw for it."""
    counts = Counter(reason for reason in reasons if reason)
    if len(reasons) == 1:
        return reasons[0]
    return "; ".join(f"{count} of {len(reasons)} parts stayed raw: {reason}" for reason, count in counts.items())
