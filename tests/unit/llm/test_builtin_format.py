"""The built-in model's format: what it is shown, what it is taught, and how its answers become repairs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrwatchd.llm.builtin import format as fmt
from ocrwatchd.llm.builtin.format import Repair, propose, repaired
from ocrwatchd.llm.builtin.training_units import Unit, lesson
from ocrwatchd.llm.builtin.vocabulary import (
    BYTES,
    DONE,
    END,
    FIRST_PIECE,
    FIX,
    JOIN,
    NEWLINE,
    SAME,
    SPACE,
    START,
    Vocabulary,
    spell,
)
from tests.fakes.reading import Weighing

if TYPE_CHECKING:
    from collections.abc import Sequence

KNOWN = Vocabulary(["the", "of", "sample"])


class Wizard(Weighing):
    """Knows every repair: reads the stream back and answers about the word before last, or two before it.

    ``repairs`` maps a source word, or two with a space, to what is right.
    """

    def __init__(self, repairs: dict[str, str], certainty: float = 0.99) -> None:
        self.repairs = repairs
        self.stream: list[int] = []
        self.certainty = certainty
        self.longest = 0
        self.most_read = 0

    def forget(self, length: int) -> None:
        """Cut the stream back."""
        assert length <= len(self.stream)
        del self.stream[length:]

    def read(self, tokens: Sequence[int], places: Sequence[int]) -> np.ndarray:
        """Read on, and answer."""
        before = len(self.stream)
        self.stream += tokens
        self.longest = max(self.longest, len(self.stream))
        self.most_read = max(self.most_read, len(tokens))
        rows = [self._row(self.stream[: before + place + 1]) for place in places]
        return np.stack(rows) if rows else np.zeros((0, len(KNOWN)), np.float32)

    def _row(self, stream: list[int]) -> np.ndarray:
        row = np.zeros(len(KNOWN), np.float32)
        row[self._answer(stream)] = np.log(self.certainty / (1 - self.certainty) * len(KNOWN))
        return row

    def _answer(self, stream: list[int]) -> int:
        openings = [at for at, token in enumerate(stream) if token in {FIX, JOIN}]
        closings = [at for at, token in enumerate(stream) if token == DONE]
        if len(openings) > len(closings):
            spelled = stream[openings[-1] + 1 :]
            source = _source(stream[: openings[-1]])
            after = self.repairs[" ".join(_asked(source, 2 if stream[openings[-1]] == JOIN else 1))]
            return next(iter(spell(after)[len(spelled) :]), DONE)
        source = _source(stream)
        if " ".join(_asked(source, 2)) in self.repairs and stream[-1] != END:
            return JOIN
        return FIX if " ".join(_asked(source, 1)) in self.repairs else SAME


def _source(stream: list[int]) -> list[str]:
    """The source words of a stream, without its repairs; what follows the last word is "" at the end."""
    kept, inside = [], False
    for token in stream:
        if token in {FIX, JOIN}:
            inside = True
        elif token == DONE:
            inside = False
        elif not inside:
            kept.append(token)
    words = KNOWN.decode(kept).replace("\n", " ").split(" ")[:-1]
    return [*words, ""] if stream[-1] == END else words


def _asked(source: list[str], count: int) -> list[str]:
    return source[-2:][:count]


def mended(
    text: str,
    repairs: dict[str, str],
) -> str:
    """The text after a wizard's repairs."""
    return repaired(text, propose(text, Wizard(repairs), KNOWN))


@given(st.text())
def test_any_text_is_spelled_and_read_back(text: str) -> None:
    """What is encoded is decoded to the same, whatever it is."""
    assert KNOWN.decode(KNOWN.encode(text)) == text


def test_known_runs_of_letters_are_one_token() -> None:
    """A piece is taken for a whole run of letters only, with marks around it spelled as bytes."""
    assert KNOWN.encode("the,") == [FIRST_PIECE, ord(",")]
    assert KNOWN.encode("there") == list(b"there")


def test_a_vocabulary_is_read_back_from_a_model_file() -> None:
    """Single letters, which are bytes too, are spelled in their own way there."""
    known = Vocabulary(["the", "I"])
    spellings = [*map(str, range(FIRST_PIECE)), *known.spellings]
    assert len(set(spellings)) == len(spellings)
    assert Vocabulary.of_tokens(spellings).pieces == known.pieces


def test_control_tokens_in_a_scan_stay_ink() -> None:
    """Control tokens spelled out in a scan are spelled as bytes."""
    assert all(token < BYTES for token in KNOWN.encode("<|fix|>"))


def test_a_lesson_asks_about_a_word_after_the_next_one() -> None:
    """The decision about a word is taught at the white space after the following word, its repair comes there."""
    taught = lesson([Unit(("tho",), (SPACE,), "the"), Unit(("of",), (NEWLINE,))], KNOWN)
    of = FIRST_PIECE + 1
    assert taught.tokens == [START, *b"tho", SPACE, of, NEWLINE, FIX, *b"the", DONE, END]
    assert taught.targets == [-1, -1, -1, -1, -1, -1, FIX, *b"the", DONE, -1, SAME]


def test_a_lesson_about_two_words_asks_once() -> None:
    """Words to be joined are asked about once; the second one never."""
    taught = lesson([Unit(("sa", "mple"), (SPACE, SPACE), "sample"), Unit(("of",), (NEWLINE,))], KNOWN)
    assert taught.targets.count(JOIN) == 1
    assert taught.targets.count(SAME) == 1
    assert taught.tokens[taught.targets.index(JOIN) + 1 :][:8] == [JOIN, *b"sample", DONE]


def test_what_is_not_asked_teaches_nothing() -> None:
    """A unit that is not asked about is shown all the same."""
    taught = lesson([Unit(("tho",), (NEWLINE,), asked=False)], KNOWN)
    assert set(taught.targets) == {-1}


def test_an_exercise_teaches_spelling_and_no_decision() -> None:
    """A good word may be spelled again without anything being learned about whether it needs that."""
    taught = lesson([Unit(("of",), (NEWLINE,), "of", asked=False)], KNOWN)
    assert taught.tokens[-4:] == [FIX, *b"of", DONE]
    assert taught.targets[-5:] == [-1, *b"of", DONE, -1]


@pytest.mark.parametrize(
    ("text", "repairs", "right"),
    [
        ("tho end of tbe day", {"tho": "the", "tbe": "the"}, "the end of the day"),
        ("the last w0rd", {"w0rd": "word"}, "the last word"),
        ("a sam ple of it", {"sam ple": "sample"}, "a sample of it"),
        ("ofthe day", {"ofthe": "of the"}, "of the day"),
        ("one ~ two", {"~": ""}, "one two"),
        ("  tho\n\n\ttbe  x \n", {"tho": "the", "tbe": "the"}, "  the\n\n\tthe  x \n"),
        ("", {}, ""),
        ("tho", {"tho": "the"}, "the"),
    ],
)
def test_answers_become_repairs(text: str, repairs: dict[str, str], right: str) -> None:
    """Repairs stand where their words stood; all white space around them stays."""
    assert mended(text, repairs) == right


def test_words_are_not_joined_over_a_line_break() -> None:
    """Line breaks are kept, whatever the model answers."""
    assert mended("sam\nple", {"sam ple": "sample"}) == "sam\nple"


def test_long_texts_are_asked_about_in_stretches_within_the_context() -> None:
    """Every word of a long text is asked about, in streams that are not longer than the model was trained for."""
    wizard = Wizard({"tho": "the", "of.": "of,"})
    text = "\n".join("tho quick of. brown" for _ in range(200))
    found = propose(text, wizard, KNOWN)
    assert repaired(text, found) == text.replace("tho", "the").replace("of.", "of,")
    assert wizard.longest < 512 + fmt.CONTEXT_WORDS * 8
    assert wizard.most_read <= fmt.READ_TOKENS


def test_a_word_without_end_is_not_asked_about() -> None:
    """Of a run without white space only its beginning is shown, and it stays as it is."""
    endless = "x" * 5000
    wizard = Wizard({endless: "y", "tho": "the"})
    assert repaired(f"{endless} tho", propose(f"{endless} tho", wizard, KNOWN)) == f"{endless} the"
    assert wizard.longest < 100


def test_uncertain_repairs_are_not_taken() -> None:
    """A repair less certain than the bar leaves the word as it is."""
    text = "tho end of"
    assert (
        repaired(
            text,
            propose(
                text, Wizard({"tho": "the"}, certainty=0.7), KNOWN, lambda _before, _after, certainty: certainty > 0.999
            ),
        )
        == text
    )


def test_a_model_that_never_ends_its_repair_changes_nothing() -> None:
    """A repair that does not come to an end is forgotten."""

    class Babbler(Wizard):
        def _answer(self, stream: list[int]) -> int:
            return FIX if stream[-1] in {SPACE, NEWLINE, END} else ord("x")

    assert propose("tho end of", Babbler({}), KNOWN) == []


def test_a_repair_tells_place_and_certainty() -> None:
    """Offsets are code points into the source."""
    (found,) = propose("né tho end", Wizard({"tho": "the"}), KNOWN)
    assert found[:3] == (3, "tho", "the")
    assert 0.9 < found.certainty <= 1
    assert isinstance(found, Repair)
