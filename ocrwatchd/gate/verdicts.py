"""What the gate is told, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ocrwatchd.core.config.profile import Gate
    from ocrwatchd.core.lexicon import Lexicon
    from ocrwatchd.core.model import Edit, Word
    from ocrwatchd.core.reason import Reason

Digits = Literal["protect", "confusable", "free"]


@dataclass(frozen=True, slots=True)
class Policy:
    """What counts as a repair.

    Args:
        max_rewrite: the largest part of a word's characters that may change, 0 to 1.
        max_changed: the most characters of one word that may change, however long it is.
        digits: "protect" changes none; "confusable" takes letters in a number for the digits that they look like, and
            the reverse in a word; "free" takes digits like letters.
        sure_confidence: a word read with at least this confidence, 0 to 1, changes only into one that looks the same.
    """

    max_rewrite: float = 0.5
    max_changed: int = 8
    digits: Digits = "confusable"
    sure_confidence: float = 0.99

    @classmethod
    def from_settings(cls, gate: Gate) -> Policy:
        """The policy that a profile's ``[gate]`` section describes."""
        return cls(max_rewrite=gate.max_rewrite, digits=gate.digits, sure_confidence=gate.sure_confidence)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known about source and proposal beside their text.

    Args:
        words: the engine's words with their confidences, offsets into the source.
        finished: the model ended its answer by itself. An answer that was cut off for length is refused as a whole.
        lexicon: of the document's languages. Without one hardly any word is mended: nothing tells a misread word.
    """

    words: tuple[Word, ...] = ()
    finished: bool = True
    lexicon: Lexicon | None = None

    def within(self, start: int, end: int) -> Evidence:
        """The evidence for ``source[start:end]`` alone."""
        inside = (word for word in self.words if start <= word.offset < end)
        return replace(self, words=tuple(replace(word, offset=word.offset - start) for word in inside))


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of one proposed edit.

    Args:
        edit: ``edit.why`` is the reason for it or, if refused, against it; without terms where something forbade it, or
            allowed it, whatever else was known.
        admitted: it was let in.
    """

    edit: Edit
    admitted: bool

    def refused(self, why: Reason) -> Judged:
        """The same edit, refused for a reason."""
        return Judged(replace(self.edit, why=why), admitted=False)


@dataclass(frozen=True, slots=True)
class Admitted:
    """What came through, and what did not.

    Args:
        text: the source with ``edits`` applied.
        edits: admitted, in order of offset, not overlapping; offsets in code points into the source.
        refused: proposed but not admitted, in order of offset.
        whole: why the proposal was refused as a whole, or None.
    """

    text: str
    edits: tuple[Edit, ...]
    refused: tuple[Edit, ...]
    whole: Reason | None = None


def shifted(edits: Iterable[Edit], by: int) -> tuple[Edit, ...]:
    """The same edits in a text that begins ``by`` code points earlier; later where that is less than 0."""
    return tuple(replace(edit, offset=edit.offset + by) for edit in edits)


def places(edits: Iterable[Edit]) -> set[int]:
    """The offsets of all characters that edits replace."""
    return {at for edit in edits for at in range(edit.offset, edit.offset + len(edit.before))}


def apply(source: str, edits: Sequence[Edit]) -> str:
    """Write ``source`` again with ``edits``, which are in order of offset and do not overlap."""
    pieces: list[str] = []
    done = 0
    for edit in edits:
        pieces += (source[done : edit.offset], edit.after)
        done = edit.offset + len(edit.before)
    return "".join((*pieces, source[done:]))
