"""Scripts that write no spaces (Chinese, Japanese, Thai): a character is judged by its neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ocrwatchd.core.reason import Reason
from ocrwatchd.gate import align

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ocrwatchd.gate.align import Span
    from ocrwatchd.gate.proposals import Proposal
    from ocrwatchd.gate.verdicts import Judged

REDRAWN_CHARACTERS = 2
REDRAWN_SHARE = 0.2
"""More characters and a larger share changed are another way of writing, not repairs."""

_NEGATIONS = frozenset("不没沒非未无無莫勿")


def is_character(proposal: Proposal, after: str) -> bool:
    """True where characters of such a script are proposed, or stand there."""
    return proposal.shape != "drop" and any(map(align.is_unspaced, proposal.before + after))


def against(proposal: Proposal, before: Sequence[Span], after: Sequence[Span]) -> Reason | None:
    """Why a character must not become another one, or None: its neighbours are to be the same in both texts.

    Args:
        proposal: of one character for one.
        before: the source's words.
        after: the proposed text's words.
    """
    if proposal.shape != "word" or max(len(proposal.before), len(proposal.ways[0])) > 1:
        return Reason.TOO_DIFFERENT if proposal.shape == "word" else Reason.SPACING
    if proposal.before in _NEGATIONS or proposal.ways[0] in _NEGATIONS:
        return Reason.NEGATION
    first, last, proposed_first, proposed_last = proposal.group
    left = first == 0 == proposed_first or (
        first > 0 < proposed_first and before[first - 1].text == after[proposed_first - 1].text
    )
    ends = last == len(before) and proposed_last == len(after)
    right = ends or (
        last < len(before) and proposed_last < len(after) and before[last].text == after[proposed_last].text
    )
    return None if left and right and len(before) > 1 else Reason.TOO_DIFFERENT


def kept(found: Sequence[Judged], words: Sequence[str]) -> list[Judged]:
    """Refuse all changed characters of such a script where they are many: simplified, not repaired."""
    redrawn = sum(align.is_unspaced(each.edit.before) and bool(each.edit.after) for each in found)
    characters = sum(map(align.is_unspaced, words))
    if redrawn <= max(REDRAWN_CHARACTERS, REDRAWN_SHARE * characters):
        return list(found)
    return [
        each.refused(Reason.OTHER_CHARACTERS) if each.admitted and align.is_unspaced(each.edit.before) else each
        for each in found
    ]
