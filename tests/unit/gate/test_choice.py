"""The judge of a word: its reading and what else it may be compete."""

import pytest

from ocrwatchd.core.lexicon import lexicon
from ocrwatchd.gate.choice import Candidate, choose, likeliest, terms
from ocrwatchd.gate.features import MONOTONE, TERMS, Word, admits
from ocrwatchd.gate.reading import Place, reading
from ocrwatchd.gate.weights import weights

ENGLISH = ("eng",)


def judged(read, *, after="", document=None, noise=-3.0, **lost):
    """What becomes of a word, each candidate with the nats that the picture loses with it."""
    word = Word(read, Place(after), lexicon(ENGLISH), document or {}, noise)
    possible = (
        (text, nats) for text, nats in lost.items() if admits(word.text, text) and not word.contradicts(text, nats)
    )
    candidates = [Candidate(text, "picture", word.features(text, nats)) for text, nats in possible]
    choice = choose(read, candidates)
    return choice.best.text if choice.best and choice.chosen else read


@pytest.mark.parametrize(
    ("read", "candidate", "considered"),
    [
        ("5N424", "5424", False),
        ("99k", "99", False),
        ("0.2l", "0.2", False),
        ("0.2l", "0.21", True),
        ("S8l0", "S810", True),
        ("1-SeptemnDer", "1-September", True),
    ],
)
def test_a_number_keeps_its_letters_unless_they_become_digits(read, candidate, considered):
    """A code without one of its letters is another code; words beside a digit are words."""
    assert admits(read, candidate) is considered


@pytest.mark.parametrize(
    ("read", "candidates", "becomes"),
    [
        ("hnman", {"human": 5.4}, "human"),
        ("pcbbles", {"pebbles": 0.3}, "pebbles"),
        ("l7th", {"17th": 0.8}, "17th"),
        ("198o,", {"1980,": 1.3}, "1980,"),
        ("3,00o", {"3,000": 0.4}, "3,000"),
        ("thc", {"the": 2.0}, "the"),
    ],
)
def test_what_the_picture_allows_and_language_knows_is_a_repair(read, candidates, becomes):
    """Misread words become what they are."""
    assert judged(read, **candidates) == becomes


@pytest.mark.parametrize(
    ("read", "candidates"),
    [
        ("form", {"from": 8.0}),
        ("increase", {"decrease": 8.9}),
        ("not", {"now": 4.0}),
        ("1931", {"1981": 5.0, "1937": 6.0}),
        ("Larson", {"Lawson": 5.0}),
        ("hypertension", {"hypotension": 8.5}),
    ],
)
def test_a_word_that_was_read_well_stays(read, candidates):
    """Another word, number or name needs more than to be one."""
    assert judged(read, **candidates) == read


@pytest.mark.parametrize("candidate", ["0×DCAD6BA2", "0×9852160", "OxDCAD6BA2", "0XDCAD6BA2"])  # noqa: RUF001
def test_a_hexadecimal_number_stays_one(candidate):
    """Its "x" is no multiplication sign, and the capitals behind it are usual."""
    assert judged("0xDCAD6BA2", **{candidate: 0.5}) == "0xDCAD6BA2"


def test_candidates_compete_with_one_another():
    """Where two repairs are as likely as each other none is made."""
    assert judged("hat3", hate=1.0) == "hate"
    assert judged("hat3", hate=1.0, hats=1.0) == "hat3"


@pytest.mark.parametrize(("read", "candidate"), [("45°", "45"), ("10%", "10"), ("“so”", '"so"'), ("m²", "m")])
def test_signs_and_styles_of_marks_are_kept(read, candidate):
    """A sign that no word list knows is never dropped, and quotes stay as printed."""
    assert judged(read, **{candidate: 0.0}) == read


def test_an_accent_is_dropped_only_where_the_picture_says_so():
    """A foreign name keeps its letters in an English text."""
    assert judged("Båth", Bath=2.1) == "Båth"


def test_the_document_speaks_for_its_own_words():
    """A name that the document has elsewhere wins over a stranger that looks like it."""
    assert judged("Zlelinski", Zielinski=3.0, document={"zielinski": 9}) == "Zielinski"


def test_every_weight_has_a_term_and_the_sign_that_makes_sense():
    """The file and the code name the same quantities."""
    for known, names in ((weights("picture"), TERMS.keys() - {"context"}), (weights("context"), TERMS.keys())):
        assert known.keys() == names
        assert all(known.get(name, 0.0) * sign >= 0 for name, sign in MONOTONE.items())


def test_the_terms_add_up_to_the_log_odds():
    """What people are told is what decided."""
    features = Word("hnman", Place(), lexicon(ENGLISH), {}, -3.0).features("human", 5.4)
    told = sum(term.nats for term in terms(features))
    assert told == pytest.approx(sum(weights("picture")[name] * value for name, value in features.items()))


def test_a_model_s_context_decides_where_the_picture_leaves_it_open():
    """Two words of which one fits the sentence."""
    word = Word("casc", Place(), lexicon(ENGLISH), {}, -3.0)

    def chosen(**context):
        features = {text: word.features(text, 1.0) | {"context": nats} for text, nats in context.items()}
        choice = choose("casc", [Candidate(text, "picture", each) for text, each in features.items()])
        return choice.best.text if choice.chosen else "casc"

    assert chosen(case=12.0, cask=-6.0) == "case"
    assert chosen(case=-6.0, cask=12.0) == "cask"
    assert chosen(case=-12.0, cask=-12.0) == "casc"


def test_the_likeliest_candidates_come_first():
    """By their odds; one with quotes of another style is no other candidate."""
    word = Word("hnman", Place(), lexicon(ENGLISH), {}, -3.0)
    candidates = [
        Candidate(text, "picture", word.features(text, nats))
        for text, nats in (("hmman", 5.0), ("human", 5.4), ("human”", 5.0), ('human"', 5.1))
    ]
    assert [each.text for each in likeliest(candidates, 3)] == ["human", "human”", "hmman"]


def test_a_broken_word_is_judged_as_a_whole():
    """The halves of "condi-" and "tions" are no words, the whole is one."""
    words = lexicon(ENGLISH)
    whole = reading("tions", Place(head="condi"), words)
    assert whole.listed
    assert whole.words > reading("tions", Place(), words).words
    assert reading("condi-", Place("tions", tail="tions"), words).listed


def test_marks_are_judged_by_what_follows():
    """A comma stands before a small letter, a point before a capital."""
    words = lexicon(ENGLISH)

    def marks(text, after):
        return reading(text, Place(after), words).marks

    assert marks("day,", "and") > marks("day.", "and")
    assert marks("day.", "The") > marks("day,", "The")
