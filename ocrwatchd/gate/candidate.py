"""A proposed edit, what speaks for or against it, and which of two that overlap remains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ocrwatchd.core.model import Edit
from ocrwatchd.gate.rules import Doubt

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

STRAY = "stray mark"
LEFT_OUT = "dropped"
PUT_IN = "inserted"
OVER_A_BREAK = "joined over a break"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A proposed edit and its judgement.

    Args:
        edit: ``edit.why`` is the reason for it or, if refused, against it.
        admitted: as far as the words alone can tell.
        doubt: what would overrule a refusal.
        otherwise: what may be admitted in its place if it is not.
    """

    edit: Edit
    admitted: bool
    doubt: Doubt = Doubt.NONE
    otherwise: Edit | None = None


def apart(candidates: Iterable[Candidate]) -> Iterator[Candidate]:
    """Refuse what overlaps its forerunner: two dropped neighbours that claim one space between them."""
    done = 0
    for each in candidates:
        possible = each.admitted or each.otherwise is not None or each.doubt is not Doubt.NONE
        if possible and each.edit.offset < done:
            edit = Edit(each.edit.offset, each.edit.before, each.edit.after, LEFT_OUT)
            yield Candidate(edit, admitted=False)
            continue
        if possible:
            done = each.edit.offset + len(each.edit.before)
        yield each
