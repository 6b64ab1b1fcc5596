"""Words of a page's languages: how probable they are, and which count as words."""

import math
import os
import subprocess
import sys
import time

import pytest
from wordfreq import available_languages

from ocrwatchd.core.letter_grams import LetterGrams
from ocrwatchd.core.lexicon import lexicon, list_of
from ocrwatchd.core.number_formats import is_formed
from ocrwatchd.core.word_list import word_list

CODES = {
    "ara": "ar", "ben": "bn", "bos": "sh", "bul": "bg", "cat": "ca", "ces": "cs", "chi_sim": "zh", "dan": "da",
    "deu": "de", "ell": "el", "eng": "en", "fas": "fa", "fil": "fil", "fin": "fi", "fra": "fr", "ger": "de",
    "heb": "he", "hin": "hi", "hrv": "sh", "hun": "hu", "ind": "id", "isl": "is", "ita": "it", "jpn": "ja",
    "kor": "ko", "lav": "lv", "lit": "lt", "mkd": "mk", "msa": "ms", "nld": "nl", "nob": "nb", "nor": "nb",
    "pol": "pl", "por": "pt", "ron": "ro", "rus": "ru", "slk": "sk", "slv": "sl", "spa": "es", "srp": "sh",
    "swe": "sv", "tam": "ta", "tur": "tr", "ukr": "uk", "urd": "ur", "vie": "vi", "zho": "zh",
}  # fmt: skip


def more_probable(language, likely, unlikely):
    """Whether the lexicon prefers the first of two words, by how many nats."""
    tell = lexicon((language,)).log_probability
    return tell(likely) - tell(unlikely)


def test_every_list_belongs_to_a_language_of_ours():
    """Codes of ISO 639-3, retired ones of 639-2 and Tesseract's name for Chinese find their list; none is left over."""
    assert {code: list_of(code) for code in CODES} == CODES
    assert set(CODES.values()) == set(available_languages("best"))


@pytest.mark.parametrize("code", ["kat", "eus", "xyz", "qqq"])
def test_a_language_without_a_list_adds_nothing(code):
    """It knows no word, and all words are as probable."""
    empty = lexicon((code,))
    assert not empty
    assert empty.log_probability("house") == empty.log_probability("hnman") == 0.0
    assert not empty.knows("house")
    assert not empty.knows("1984")
    assert not empty.letters
    assert list(empty.words(1e-4)) == []
    assert lexicon(("eng", code)).log_probability("house") == lexicon(("eng",)).log_probability("house")


@pytest.mark.parametrize(
    ("language", "likely", "unlikely"),
    [
        ("eng", "human", "hnman"),
        ("eng", "the", "tbe"),
        ("eng", "Kowalski", "Kowa1ski"),
        ("deu", "Straße", "StraBe"),
        ("deu", "Grundstücksverkehrsgenehmigung", "Grundstücksverkchrsgenehmigung"),
        ("deu", "Sonnenblumenöl", "Sonnenblnmenöl"),
        ("nld", "verkeersveiligheidsplan", "verkeersvciligheidsplan"),
        ("swe", "arbetsmarknadspolitik", "arbctsmarknadspolitik"),
        ("fra", "l’eau", "l’cau"),  # noqa: RUF001
        ("fra", "qu'elle", "qu'clle"),
        ("fra", "grand-père", "grand-pèrc"),
        ("ita", "dell'arte", "dell'artc"),
        ("tur", "IŞIK", "lŞIK"),
        ("ron", "și", "sî"),
        ("rus", "человек", "челоьек"),
    ],
)
def test_words_are_more_probable_than_their_misreadings(language, likely, unlikely):
    """Also names, words written together, elided articles, and letters that a list writes in another way."""
    assert more_probable(language, likely, unlikely) > 3


@pytest.mark.parametrize(
    ("language", "word"),
    [
        ("deu", "Menschenrechtskatalog"),
        ("deu", "Freiheitsbrunnenplatz"),
        ("deu", "Frauenfußballmuseum"),
        ("deu", "Herzensbrunnen"),
        ("nld", "zonnebloemenwinkel"),
        ("swe", "fredsmuseumschef"),
    ],
)
def test_words_written_together_count_by_their_parts(language, word):
    """Two and three, with "s", "en" or "ens" between: they are far more probable than their letters make them."""
    spelt = word_list(list_of(language))._grams.log_probability(word.lower().replace("ß", "ss"))
    assert lexicon((language,)).log_probability(word) > spelt + 5


def test_a_word_without_end_is_not_taken_apart():
    """The work would grow with the cube of its length."""
    began = time.process_time()
    assert lexicon(("deu",)).log_probability("hausbaum" * 250) > -math.inf
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    ("likely", "unlikely"),
    [
        ("1,234.00", "1.234.00"),
        ("12.03.1984", "12.03.19B4"),
        ("12/31/1984", "12/32/1984"),
        ("14:30", "14:80"),
        ("1961", "196l"),
        ("17th", "l7th"),
        ("21st", "21th"),
        ("1980s", "198os"),
        ("0171-1234567", "0171-12345.67"),
        ("DE89370400440532013000", "DE8937040044O532013000"),
    ],
)
def test_numbers_of_usual_formats_are_more_probable(likely, unlikely):
    """Amounts, dates, times, ordinals, telephone and account numbers."""
    assert more_probable("eng", likely, unlikely) > 3


def test_a_number_is_as_probable_as_others_of_so_many_digits():
    """Whatever its format."""
    tell = lexicon(("eng",)).log_probability
    assert len({tell(each) for each in ("123456", "1234.56", "1,234.56", "12.03.84", "12:34:56", "123-456")}) == 1
    assert tell("17") == pytest.approx(tell("170") + math.log(10))


@pytest.mark.parametrize(
    ("language", "formed", "not_formed"),
    [
        ("fr", ("1er", "2ème", "19e", "01.23.45.67.89"), ("1ème.", "2th", "1e5r")),
        ("nl", ("1e", "8ste"), ("1st",)),
        ("sv", ("17:e",), ("17e",)),
        ("en", ("1st", "112th", "5kg", "3.5mm", "1914-18", "2.1.3", "10:15am"), ("1th", "11st", "2nd1", "1,23,4567.8")),
        ("de", ("1.234,56", "1.234.567", "2024-01-31", "12.03.84"), ("1.2345.67", "1st")),
    ],
)
def test_formats_are_those_of_the_language(language, formed, not_formed):
    """Ordinals differ, the rest is common to all."""
    assert [each for each in formed if not is_formed(each, (language,))] == []
    assert [each for each in not_formed if is_formed(each, (language,))] == []


@pytest.mark.parametrize(
    ("language", "words", "others"),
    [
        (
            "eng",
            ("The", "fox", "don't", "Dubrovnik", "well-known", "1984", "17th", "I"),
            ("tbe", "tho", "aud", "b", ""),
        ),
        ("deu", ("Straße", "zurück", "Haus"), ("zuruck", "fur", "konnen")),
        ("fra", ("l'eau", "été", "à", "même"), ("méme", "l", "d", "meme")),
        ("ces", ("v", "není"), ("neni",)),
    ],
)
def test_words_are_frequent_ones(language, words, others):
    """Not what people type without accents, what recognition makes of other words, or what is left of an article."""
    known = lexicon((language,)).knows
    assert [each for each in words if not known(each)] == []
    assert [each for each in others if known(each)] == []


def test_a_word_is_not_taken_for_one_of_the_same_bytes_in_memory():
    """CPython keeps "e0" and "づ" in the same two bytes; the list has both, the second one a fifth as often."""
    english = word_list("en")
    assert english.share("e0") == pytest.approx(-6.66 * math.log(10))
    assert english.share("づ") == pytest.approx(-7.37 * math.log(10))


def test_usual_words_are_told_by_their_share():
    """The most frequent first, in lower case; letters are those of the language."""
    english = lexicon(("eng",))
    frequent, shares = zip(*english.words(1e-3), strict=True)
    assert list(shares) == sorted(shares, reverse=True)
    assert list(frequent[:3]) == ["the", "to", "and"]
    assert all(map(english.is_usual, frequent))
    assert len(frequent) < len(list(english.words(1e-4)))
    assert english.letters == frozenset("abcdefghijklmnopqrstuvwxyz")
    assert lexicon(("deu", "fra")).letters > frozenset("äöüßéèêàç")


def test_n_grams_are_probabilities():
    """What may follow sums to one at most, and what was counted is more probable than what was not."""
    grams = LetterGrams(["abc", "abd", "xyz"])
    letters = "abcdxyz"
    words = ["", *letters, *(one + other for one in letters for other in letters)]
    assert sum(math.exp(grams.log_probability(word)) for word in words) < 1
    assert grams.log_probability("abc") == grams.log_probability("abd") > grams.log_probability("acb")
    assert grams.log_probability("é") > -math.inf


def test_another_process_tells_the_same():
    """Whatever the seed of its hashes."""
    words = ["hus", "hnman", "și", "1984", "naght", "brød"]
    known = lexicon(("dan", "ron"))
    code = (
        "from ocrwatchd.core.lexicon import lexicon\n"
        "known = lexicon(('dan', 'ron'))\n"
        f"print([(known.log_probability(word), known.knows(word)) for word in {words}])"
    )
    told = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONHASHSEED": "1"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    assert told.strip() == str([(known.log_probability(word), known.knows(word)) for word in words])
