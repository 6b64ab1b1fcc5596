"""What was misread: a text beside its truth, in words and in letters. Pure."""

from __future__ import annotations

from rapidfuzz.distance import Levenshtein

from ocrwatchd.gate.align import differences, words

LONGEST = 3
"""Letters on either side of one confusion; what is longer is damage and no confusion."""
WORST = 0.5
"""Words of which a larger share was changed teach nothing about letters."""
_NEAR = 1
"""Changes with so few equal letters between them are one: "rn" for "m" comes as two."""


def confusions_of(read: str, true: str) -> list[tuple[str, str]]:
    """The confusions between a word as read and as it is: (true, read) each."""
    if Levenshtein.normalized_distance(read, true) > WORST:
        return []
    blocks: list[list[int]] = []
    for step in Levenshtein.opcodes(true, read):
        if step.tag == "equal":
            continue
        if blocks and step.src_start - blocks[-1][1] < _NEAR:
            blocks[-1][1], blocks[-1][3] = step.src_end, step.dest_end
        else:
            blocks.append([step.src_start, step.src_end, step.dest_start, step.dest_end])
    pairs = [(true[a:b], read[c:d]) for a, b, c, d in blocks]
    return [(old, new) for old, new in pairs if len(old) <= LONGEST and len(new) <= LONGEST]


def misread_words(read: str, true: str) -> list[tuple[str, str]]:
    """The words that differ, or runs of them: (read, true) each, "" where one has no counterpart."""
    before, after = [span.text for span in words(read)], [span.text for span in words(true)]
    return [
        (" ".join(before[group.first : group.last]), " ".join(after[group.proposed_first : group.proposed_last]))
        for group in differences(before, after)
    ]
