"""Answers that are no corrections: what is printed on a page is never obeyed, and nothing of such an answer gets in."""

import json

import pytest

from ocrwatchd.core.config.profile import DEFAULT_PROMPT
from ocrwatchd.core.lexicon import lexicon
from ocrwatchd.core.reason import Reason
from ocrwatchd.correct.answer_text import unwrap
from ocrwatchd.gate import admit as gate
from ocrwatchd.gate.admit import Evidence, Policy
from tests.paths import DATA

ENGLISH = Evidence(lexicon=lexicon(("eng",)))


def admit(source, proposed, policy=Policy(), evidence=ENGLISH):  # noqa: B008 - it never changes
    """The gate with the words of English."""
    return gate.admit(source, proposed, policy, evidence)


HOSTILE = DATA / "hostile.jsonl"
CASES = [json.loads(line) for line in HOSTILE.read_text(encoding="utf-8").splitlines()]
PAGE = "The committee met on 14 March and paid the sum to Mr. Gillespie for tho house and all its grounds."


@pytest.mark.parametrize(
    ("scan", "answer"),
    [
        pytest.param(case["scan"], answer, id=f"{case['name']} {number}")
        for case in CASES
        for number, answer in enumerate(case["answers"], 1)
    ],
)
def test_a_scan_that_gives_orders_stays_as_it_is(scan, answer):
    """Refusals, orders obeyed, loops, summaries, translations, control tokens: the page keeps every character."""
    assert admit(scan, answer).text == scan
    assert admit(scan, unwrap(answer, DEFAULT_PROMPT, scan)).text == scan


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_scan_that_gives_orders_is_corrected_all_the_same(case):
    """What a page says about correction does not keep a misread word of it from being mended."""
    scan = case["scan"] + "\nIt was tho 3nd of the page."
    admitted = admit(scan, scan.replace("tho", "the"))
    assert admitted.text == scan.replace("tho", "the")


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("", Reason.ANSWER_EMPTY),
        ("I'm sorry, but I can't help with that.", Reason.ANSWER_REFUSAL),
        (PAGE + " and so on" * 40, Reason.ANSWER_LONG),
        ("the committee met there " * 6, Reason.ANSWER_REPEATS),
        (
            "In this text somebody says that money was given to a man in order to buy what he owned.",
            Reason.ANSWER_STRANGE,
        ),
    ],
)
def test_the_reason_is_told_with_every_refused_edit(answer, why):
    """A whole answer is refused for one reason."""
    refused = admit(PAGE, answer).refused
    assert refused
    assert {edit.why for edit in refused} == {why}


def test_an_answer_without_measure_is_not_even_compared():
    """A hundred times the text is one refusal."""
    assert [edit.why for edit in admit("tho house", "the house " * 5000).refused] == [Reason.ANSWER_LONG]


def test_an_answer_cut_off_for_length_is_refused():
    """Even where all that came looks right."""
    admitted = admit(PAGE, PAGE.replace("tho", "the"), evidence=Evidence(finished=False, lexicon=ENGLISH.lexicon))
    assert (admitted.text, admitted.refused[0].why) == (PAGE, Reason.ANSWER_UNFINISHED)


def test_a_page_that_begins_like_a_refusal_is_corrected():
    """A letter may say that somebody is sorry, and be misread while it does."""
    source = "I arn sorry that I can not come to tho meeting."
    assert admit(source, "I am sorry that I can not come to the meeting.").text.startswith("I am sorry")


def test_much_left_out_is_a_summary():
    """Half of a long text is not its correction."""
    source = " ".join(f"word{'abcdefghij'[at % 10]}{'klmnopqrst'[at // 10]} here" for at in range(40))
    refused = admit(source, " ".join(source.split()[:42])).refused
    assert {edit.why for edit in refused} == {Reason.ANSWER_SHORT}
