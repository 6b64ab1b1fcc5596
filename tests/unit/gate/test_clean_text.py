"""What was read well stays, whatever a model would rather have; what was misread is mended beside it."""

import json

import pytest

from ocrwatchd.core.lexicon import lexicon
from ocrwatchd.core.model import Word
from ocrwatchd.core.reason import Reason
from ocrwatchd.gate.admit import Evidence, admit
from tests.bench.gate import clean_lines, harm
from tests.paths import DATA

OTHER = [json.loads(line) for line in (DATA / "other-meanings.jsonl").read_text("utf-8").splitlines()]
LINES = clean_lines()
MISREAD = "tbe borse wcnt homc aud tbe farmcr camc tbe samc day with hcr, whcn "
MENDED = "the horse went home and the farmer came the same day with her, when "
CASES = [(language, *line) for language, lines in LINES.items() for line in lines]


def known(*languages):
    """The real lexicon of these languages."""
    return Evidence(lexicon=lexicon(languages))


@pytest.mark.parametrize(("language", "source", "proposed"), CASES, ids=[case[1] for case in CASES])
def test_a_line_that_was_read_well_is_not_harmed(language, source, proposed):
    """Names, medicines, doses, months, negations, codes: nothing of such a proposal gets in."""
    assert harm(language, source, proposed) == ()


@pytest.mark.parametrize("language", LINES)
def test_many_harmful_proposals_do_not_vouch_for_each_other(language):
    """A text is not badly read because a model would rather have it otherwise."""
    source, proposed = ("\n".join(texts) for texts in zip(*LINES[language], strict=True))
    assert harm(language, source, proposed) == ()


@pytest.mark.parametrize(
    ("source", "proposed"),
    [
        ("is not here in June", "is now here in July"),
        ("not six of fifteen", "now ten of fifty"),
        ("he can't or was unable", "he can or was able"),
        ("take 5 mg or 5 ml", "take 5 kg or 5 dl"),
        ("Henry VIII and Louis XIV", "Henry VII and Louis XVI"),
        ("hypoactive or increased", "hyperactive or decreased"),
        ("he may at 7 p.m. sharp", "she may at 7 a.m. sharp"),
        ("in Vitamin K therapist", "in Vitamin C the rapist"),
    ],
)
def test_a_badly_read_text_keeps_its_meaning_too(source, proposed):
    """Months, numbers, units and negations stay where all around them is mended, and words are not torn."""
    assert admit(MISREAD + source, MENDED + proposed, evidence=known("eng")).text == MENDED + source


@pytest.mark.parametrize(
    ("language", "source", "proposed"),
    [
        ("eng", "here l have seen it", "here I have seen it"),
        ("eng", "0f all men he wi11 go", "Of all men he will go"),
        ("eng", "he paid lO0 pounds", "he paid 100 pounds"),
        ("eng", "the infor mation was said to hel lo", "the information was said to hello"),
        ("eng", "at horne on tbe farrn", "at home on the farm"),
        ("eng", "in Vitarnin C therapy", "in Vitamin C therapy"),
        ("fra", "il est parti le méme jour", "il est parti le même jour"),
        ("deu", "er kam zuruck zu uns", "er kam zurück zu uns"),
        ("deu", "er ist niclit da", "er ist nicht da"),
    ],
)
def test_what_is_no_word_becomes_one(language, source, proposed):
    """A lexicon helps to mend, too: strokes, torn words and accents that are not another age's spelling."""
    assert admit(source, proposed, evidence=known(language)).text == proposed


@pytest.mark.parametrize(
    ("source", "proposed"), [("add 5 l milk", "add 5 I milk"), ("l 5", "I 5"), ("k and l", "k and I")]
)
def test_a_litre_is_no_pronoun(source, proposed):
    """A stroke is an "I" before another word alone, and beside no number."""
    assert admit(source, proposed, evidence=known("eng")).text == source


@pytest.mark.parametrize(("confidence", "expected"), [(0.2, "the house"), (0.7, "the b house"), (None, "the b house")])
def test_a_letter_is_a_speck_only_where_the_engine_doubted_it(confidence, expected):
    """In a text that was read well; an initial, a unit or a grade looks the same."""
    evidence = Evidence((Word("b", 4, confidence=confidence),), lexicon=lexicon(("eng",)))
    admitted = admit("the b house", "the house", evidence=evidence)
    assert (admitted.text, [edit.why for edit in admitted.edits]) == (
        expected,
        [Reason.STRAY_MARK] * (expected == "the house"),
    )


def test_a_known_word_that_was_read_with_confidence_never_changes():
    """Not even into one that is drawn alike, in the worst of texts."""
    source, proposed = "tbe modem borse wcnt homc aud tbe cow", "the modern horse went home and the cow"
    evidence = Evidence((Word("modem", 4, confidence=0.995),), lexicon=lexicon(("eng",)))
    assert admit(source, proposed, evidence=evidence).text == proposed.replace("modern", "modem")
    assert admit(source, proposed, evidence=known("eng")).text == proposed


@pytest.mark.parametrize("source", ["he is |n there", "he is !n there"])
def test_no_text_gets_in_that_nobody_proposed(source):
    """A mark that is drawn like a letter is not put back beside it."""
    assert admit(source, "he is In, there").text in (source, "he is In, there")


@pytest.mark.parametrize("case", OTHER, ids=[f"{case['source']} {case['proposed']}" for case in OTHER])
def test_a_misread_word_becomes_no_other_word_than_its_own(case):
    """Neither its opposite nor another name, month, role or number; its own word gets in."""
    evidence = known(case["language"])
    assert admit(case["source"], case["proposed"], evidence=evidence).text == case["source"]
    assert admit(case["source"], case["repair"], evidence=evidence).text == case["repair"]


@pytest.mark.parametrize("case", OTHER, ids=[f"{case['source']} {case['proposed']}" for case in OTHER])
def test_a_misread_word_becomes_its_own_word_on_a_badly_read_page_too(case):
    """However much around it is mended: where its own word is near, no other one gets in."""
    evidence = known(case["language"])
    assert admit(MISREAD + case["source"], MENDED + case["proposed"], evidence=evidence).text.endswith(case["source"])
    assert admit(MISREAD + case["source"], MENDED + case["repair"], evidence=evidence).text.endswith(case["repair"])
