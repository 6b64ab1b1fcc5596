"""A word that looks like another one: with a picture at hand the other meaning does not get in."""

import json

import pytest

from ocrwatchd.core.config.profile import Llm, Ocr, Work
from ocrwatchd.core.model import Correction, Edit
from ocrwatchd.core.reason import Reason
from ocrwatchd.correct.page import with_words
from ocrwatchd.gate.align import words
from ocrwatchd.gate.consistency import Memory
from tests.lattices import page_of
from tests.paths import DATA

LINES = [json.loads(line) for line in (DATA / "other-meanings.jsonl").read_text("utf-8").splitlines()]
DRAWN = [
    told
    for told in LINES
    if [len(word) for word in told["source"].split()] == [len(word) for word in told["repair"].split()]
]
"""Lines of whose words a picture can be made letter by letter."""
SHARE = 0.05
"""What the picture gives the true letter where another one was read."""


def delivered(told, proposed):
    """The line as it is delivered when a model proposes another text for it."""
    source, repair = told["source"], told["repair"]
    unsure = {old: (new, SHARE) for old, new in zip(source.split(), repair.split(), strict=True) if old != new}
    edits = tuple(
        Edit(old.start, old.text, new.text, Reason.SIMILAR_WORD, "model")
        for old, new in zip(words(source), words(proposed), strict=False)
        if old.text != new.text
    )
    work = Work(ocr=Ocr(languages=(told["language"],)), llm=Llm(model="off"))
    return with_words(page_of(source, **unsure), Correction(source, edits, corrected=True), work, Memory()).text


@pytest.mark.slow
@pytest.mark.parametrize("told", DRAWN, ids=[told["proposed"] for told in DRAWN])
def test_the_picture_tells_a_repair_from_another_meaning(told):
    """A negation, a dose, a month, a role: the true word gets in where it is proposed, and no other one ever."""
    assert delivered(told, told["proposed"]) in {told["source"], told["repair"]}
    assert delivered(told, told["repair"]) == told["repair"]
