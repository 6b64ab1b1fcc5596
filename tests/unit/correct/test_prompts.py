"""What the model is asked, and what it is shown and not asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrwatchd.core.config.profile import Llm, Ocr, Work
from ocrwatchd.core.lexicon import lexicon
from ocrwatchd.core.model import Word
from ocrwatchd.core.reason import Reason
from ocrwatchd.correct.prompts import prompt_for
from ocrwatchd.correct.skipping import SURE, why_skip
from ocrwatchd.gate.languages import names, short
from ocrwatchd.llm.chunks import Chunk, split
from ocrwatchd.llm.context import CONTEXT_CHARACTERS, Context, around, laid_out, without

ENGLISH = lexicon(("eng",))
PROMPTS = Llm(prompt="print {language} {x}", prompt_handwritten="hand", prompt_table="table")
TABLE = "Item\tPrice\nBread\t1.20\n"


def words_of(text, confidence=0.99):
    """The engine's words, all read with the same confidence."""
    offset, words = 0, []
    for word in text.split():
        offset = text.index(word, offset)
        words.append(Word(word, offset, None, confidence))
        offset += len(word)
    return words


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        (["eng"], "English"),
        (["deu", "fra"], "German and French"),
        (["deu", "fra", "ita"], "German, French and Italian"),
        (["ger"], "German"),
        (["ell"], "Modern Greek"),
        (["eng", "eng"], "English"),
        (["mly"], "Malay"),  # retired; engines have it still
        (["qqq"], "unknown"),
        (["qqq", "deu"], "German"),
    ],
)
def test_languages_are_called_by_their_english_names(codes, expected):
    """By codes of ISO 639-3 and 639-2, each once; what names no language is left out."""
    assert names(codes) == expected


def test_short_codes_are_those_of_dictionaries():
    """Two letters where there are two."""
    assert [short(code) for code in ("eng", "ger", "enm", "mly", "hbs", "qqq")] == [
        "en", "de", "enm", "mly", "hbs", "qqq",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "ocr", "prompt"),
    [
        ("words", Ocr(), "print English {x}"),
        (TABLE, Ocr(), "table"),
        ("words", Ocr(layout="rows"), "table"),
        ("words", Ocr(mode="handwritten"), "hand"),
        (TABLE, Ocr(mode="handwritten", layout="rows"), "hand"),
    ],
)
def test_the_prompt_fits_what_is_on_the_page(text, ocr, prompt):
    """Handwriting comes before tables, tables before print; other braces in a prompt are left alone."""
    assert prompt_for(text, Work(ocr=ocr, llm=PROMPTS)) == prompt


@given(st.lists(st.sampled_from(["one line", "", "  ", "x" * 300, "y" * 200]), max_size=30).map("\n".join))
def test_the_lines_around_are_the_pages_own(text):
    """Near, short, never blank, and never of the part itself."""
    for chunk in split(text):
        context = around(text, chunk)
        for lines, side in (
            (context.before, text[: chunk.offset]),
            (context.after, text[chunk.offset + len(chunk.text) :]),
        ):
            assert len(lines) <= CONTEXT_CHARACTERS + 1
            assert all(line and line in side for line in lines.splitlines())


def test_the_text_stands_last_in_what_is_shown():
    """A part without neighbours is shown bare."""
    assert laid_out("text", Context()) == "text"
    assert laid_out("text", Context("a", "b")).split("\n") == [
        "Lines before it, for reading only:", "a", "", "Lines after it, for reading only:", "b", "", "The text:", "text"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("the first\nthe second\nown words\nthe last", "own words"),
        ("the frst\nthe second\nown words", "own words"),
        ("own words\nthe last", "own words"),
        ("own words", "own words"),
        ("the first\nthe second", "the first\nthe second"),
        ("", ""),
        ("\n\n", "\n\n"),
    ],
)
def test_repeated_neighbours_are_cut_off_an_answer(answer, expected):
    """Also where the model has corrected them; an answer that is nothing else is left to the gate."""
    assert without(answer, Context("the first\nthe second", "the last"), "ovvn words") == expected


def test_what_the_part_itself_begins_with_is_no_repetition():
    """Pages repeat themselves: the same heading stands before it and in it."""
    source = "Total\n12 apples\nTotal"
    assert without(source, Context("Total", "Total"), source) == source


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("The quick brown dog jumped over the lazy fox.", Reason.CLEAN),
        ('"I don\'t know," she said: (a) 12 pages - not 14.', Reason.CLEAN),
        ("A well-known man, the city's best.", Reason.CLEAN),
        ("The qvick brown dog", None),
        ("The quick Bzown dog", None),
        ("The quick bRown dog", None),
        ("We paid l2 pounds", None),
        ("We met at Dubrovnik-", None),
        ("the weath-\nered stone", None),
        ("the ~| stone", None),
        ("an e of stone l", None),
        ("1,250.00 3,100.50\n12.5% 14/03/1859 (17)", Reason.TABLE_OF_NUMBERS),
        ("Total 1,250.00 3,100.50 12 14 17 EUR", Reason.TABLE_OF_NUMBERS),
        ("12 13 14 15 16 17 ---- 18 kg", Reason.TABLE_OF_NUMBERS),
        ("Totol 1,250.00 3,100.50 12 14 16", None),
        ("12 l3 14 15 16 17", None),
        ("12 13 apples and pears", Reason.CLEAN),
    ],
)
def test_only_what_is_certain_is_kept_from_the_model(text, why):
    """Sure words that are all in the lexicon, and tables of plain numbers; anything doubtful is asked about."""
    confidence = 0.99 if why != Reason.TABLE_OF_NUMBERS else None
    assert why_skip(text, words_of(text, confidence), ENGLISH) == why


@pytest.mark.parametrize("confidence", [None, 0.0, SURE - 0.001])
def test_one_doubtful_word_is_enough_to_ask(confidence):
    """Words without a confidence count as doubtful, and so does a part of which a word is missing."""
    text = "The quick brown dog jumped over the lazy fox."
    words = words_of(text)
    assert why_skip(text, words, ENGLISH) == Reason.CLEAN
    doubtful = Word(words[3].text, words[3].offset, None, confidence)
    assert why_skip(text, [*words[:3], doubtful, *words[4:]], ENGLISH) is None
    assert why_skip(text, words[:-1], ENGLISH) is None
    assert why_skip(text, [], ENGLISH) is None


def test_a_language_without_a_dictionary_has_no_clean_text():
    """What cannot be looked up is asked about."""
    text = "The quick brown dog"
    assert why_skip(text, words_of(text), lexicon(("kat",))) is None
    assert why_skip(text, words_of(text), lexicon(("kat", "eng"))) == Reason.CLEAN
    assert lexicon(("srp",)).knows("i") or lexicon(("hrv",)).knows("kuća")


def test_words_are_known_in_their_language():
    """German nouns, French accents; not one language's words in another."""
    assert lexicon(("deu",)).knows("Straße")
    assert lexicon(("fra",)).knows("été")
    assert not lexicon(("deu",)).knows("jumped")
    assert not ENGLISH.knows("")


def test_a_chunk_at_the_pages_edge_has_no_neighbours():
    """A page of one part is shown bare."""
    assert around("one line\n", Chunk(0, "one line\n")) == Context()


def test_splinters_are_no_words_of_the_lexicon():
    """Short runs of letters count as words only if ordinary texts are made of them."""
    known = lexicon(("eng", "deu", "fra")).knows
    assert all(map(known, ("the", "The", "I", "not", "und", "Tür", "est", "house", "Haus")))
    assert not any(map(known, ("tho", "isl", "tbe", "n", "honse")))
