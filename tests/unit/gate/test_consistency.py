"""The same misread word is corrected alike throughout a document."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrwatchd.core.lexicon import lexicon
from ocrwatchd.core.model import Edit
from ocrwatchd.core.reason import Reason
from ocrwatchd.gate import admit as gate
from ocrwatchd.gate.admit import Admitted, Evidence, Policy, apply
from ocrwatchd.gate.consistency import Memory

ENGLISH = Evidence(lexicon=lexicon(("eng",)))


def admit(source, proposed, policy=Policy(), evidence=ENGLISH):  # noqa: B008 - it never changes
    """The gate with the words of English."""
    return gate.admit(source, proposed, policy, evidence)


WORDS = st.lists(
    st.sampled_from(["tho", "the", "tbe", "4", "wa3", "was", "l0", "10", "\n", "bouse", "house"]), max_size=30
)
TEXTS = WORDS.map(" ".join)


def decided(source, *edits, refused=()):
    """What a gate might have said about ``source``."""
    return Admitted(apply(source, edits), tuple(edits), tuple(refused))


def often(before, after, times):
    """A memory of a page on which ``before`` was mended so many times."""
    source = " ".join([before] * times)
    edits = [Edit(at * (len(before) + 1), before, after, Reason.SIMILAR_WORD) for at in range(times)]
    memory = Memory()
    memory.remember(decided(source, *edits))
    return memory


def test_a_lone_contrary_edit_is_refused():
    """What became "the" three times does not become "toe" once."""
    admitted = often("tho", "the", 3).weigh(decided("tho x", Edit(0, "tho", "toe", Reason.SIMILAR_WORD)), "tho x")
    assert (admitted.text, [edit.why for edit in admitted.refused]) == ("tho x", [Reason.OTHERWISE_ELSEWHERE])


def test_a_contrary_edit_that_comes_often_stays():
    """Two words may be misread into the same one."""
    page = decided("tho tho", Edit(0, "tho", "toe", Reason.SIMILAR_WORD), Edit(4, "tho", "toe", Reason.SIMILAR_WORD))
    assert often("tho", "the", 3).weigh(page, "tho tho") == page


def test_an_edit_admitted_many_times_supports_its_twin():
    """A change too great to be believed once is believed where it was believed before."""
    twin = decided("of tliouce", refused=(Edit(3, "tliouce", "thence", Reason.TOO_DIFFERENT),))
    assert often("tliouce", "thence", 3).weigh(twin, "of tliouce").text == "of thence"
    assert often("tliouce", "thence", 2).weigh(twin, "of tliouce") == twin


@pytest.mark.parametrize(
    "why", [Reason.ADDRESS, Reason.ACCOUNT_NUMBER, Reason.ANSWER_UNFINISHED, Reason.NUMBER, Reason.NOT_TEXT]
)
def test_support_overrules_no_protection(why):
    """Numbers, addresses and answers refused as a whole stay refused, however often."""
    twin = decided("of tliouce", refused=(Edit(3, "tliouce", "thence", why),))
    assert often("tliouce", "thence", 9).weigh(twin, "of tliouce") == twin


def test_digits_are_not_decided_by_vote():
    """A number that was made a word three times stays a number the fourth time."""
    twin = decided("of 011", refused=(Edit(3, "011", "on", Reason.TOO_DIFFERENT),))
    assert often("011", "on", 5).weigh(twin, "of 011") == twin


def test_a_word_that_the_model_left_alone_stays():
    """However often it mended that word elsewhere: "tho" may be one of several, and a known word is one."""
    page = decided("tbe house, (tho)", Edit(0, "tbe", "the", Reason.SIMILAR_WORD))
    assert often("tho", "the", 9).weigh(page, "tbe house, (tho)") == page


@pytest.mark.parametrize("why", [Reason.CONFIDENT, Reason.KNOWN_WORD, Reason.TOO_LITTLE])
def test_what_was_vouched_for_is_not_overruled_by_votes(why):
    """The engine and the lexicon know more about this word than its twins do."""
    twin = decided("of arc", refused=(Edit(3, "arc", "are", why),))
    assert often("arc", "are", 9).weigh(twin, "of arc") == twin


def test_a_page_without_edits_is_left_alone():
    """What was refused as a whole, or not asked about, gets nothing from elsewhere."""
    assert often("tho", "the", 9).weigh(decided("tho house"), "tho house").text == "tho house"


def test_what_was_seen_longest_ago_is_forgotten_first():
    """A memory does not grow with its document."""
    memory = Memory(words=2)
    for before, after in [("aaab", "aaac"), ("bbbc", "bbbd"), ("cccd", "ccce")]:
        for _ in range(3):
            memory.remember(decided(before, Edit(0, before, after, Reason.SIMILAR_WORD)))
    for before, after, supported in [("aaab", "aaac", False), ("bbbc", "bbbd", True), ("cccd", "ccce", True)]:
        twin = decided(before, refused=(Edit(0, before, after, Reason.TOO_DIFFERENT),))
        assert bool(memory.weigh(twin, before).edits) is supported


@given(TEXTS, TEXTS, TEXTS, TEXTS)
def test_weighing_keeps_what_the_gate_promises(first, proposed, source, answer):
    """Edits in order, apart and on what they replace; lines kept; no digit made or lost that the gate did not admit."""
    memory = Memory()
    memory.remember(admit(first, proposed))
    before = admit(source, answer)
    admitted = memory.weigh(before, source)
    assert apply(source, admitted.edits) == admitted.text
    assert len(admitted.text.splitlines()) == len(source.splitlines())
    done = 0
    for edit in admitted.edits:
        assert edit.offset >= done
        assert source[edit.offset : edit.offset + len(edit.before)] == edit.before
        assert edit.before != edit.after
        done = edit.offset + len(edit.before)
