"""What models put around their answer comes off, and nothing of the text with it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrwatchd.config import DEFAULT_PROMPT
from ocrwatchd.correct.unwrap import unwrap

SOURCE = "tho house was sold\nto Mr. Smith"
TEXT = "the house was sold\nto Mr. Smith"
PIECES = st.sampled_from(
    [
        "Here is the corrected text:", "```", "```text", "<think>", "</think>", "Note: it is",
        "\n", "\n\n", '"', "„",
        "“", "the house", "Sure!", "Text:", DEFAULT_PROMPT, "---", "<text>", "</text>", "Voici :", "以下是\uff1a", "'",
        "house",
    ]
)  # fmt: skip


@pytest.mark.parametrize(
    "answer",
    [
        TEXT,
        f"  \n{TEXT}\n\n",
        f"Here is the corrected text:\n\n{TEXT}",
        f"Here's the text with OCR errors fixed:\n{TEXT}",
        f"Sure! Here is the corrected version of your text:\n\n{TEXT}\n\nLet me know if you need anything else!",
        f"Okay, here is the text with errors fixed:\n\n---\n{TEXT}\n---",
        f"Certainly.\n{TEXT}",
        f"Corrected text: {TEXT}",
        f"**Corrected text:**\n\n{TEXT}\n\n**Note:** I changed one word.",
        f"The corrected text is:\n{TEXT}",
        f"Hier ist der korrigierte Text:\n\n{TEXT}\n\nAnmerkung: Ich habe ein Wort geändert.",
        f"Gerne! Hier ist der Text:\n\n„{TEXT}“",
        f"Voici le texte corrigé :\n\n{TEXT}\n\nRemarque : un mot a été modifié.",
        f"Bien sûr, voici le texte :\n« {TEXT} »",
        f"Aquí está el texto corregido:\n{TEXT}",
        f"Ecco il testo corretto:\n{TEXT}",
        f"以下是修正后的文本\uff1a\n{TEXT}",
        f"```\n{TEXT}\n```",
        f"```text\n{TEXT}\n```\nI fixed one word.",
        f"Here you go:\n```markdown\n{TEXT}\n```",
        f"~~~\n{TEXT}\n~~~",
        f'"{TEXT}"',
        f"“{TEXT}”",
        f"<think>\nThe word tho looks wrong.\n</think>\n\n{TEXT}",
        f"The word tho looks wrong.\n</think>\n\n{TEXT}",
        f"<thinking>hm</thinking>Here is the corrected text:\n```\n{TEXT}\n```",
        f"<corrected_text>\n{TEXT}\n</corrected_text>",
        f"{DEFAULT_PROMPT}\n\n{TEXT}",
        f"{DEFAULT_PROMPT}\n\nText:\n{TEXT}",
        f"{' '.join(DEFAULT_PROMPT.split())}\nCorrected text:\n{TEXT}",
    ],
)
def test_what_stands_around_an_answer_comes_off(answer):
    """Announcements, fences, quotes, thoughts, the prompt and remarks, also inside each other."""
    assert unwrap(answer, DEFAULT_PROMPT, SOURCE).split() == TEXT.split()


@pytest.mark.parametrize("answer", ["<think>I wonder", DEFAULT_PROMPT, f"{DEFAULT_PROMPT}\n\n", "```\n```", ""])
def test_an_answer_that_holds_no_text_is_empty(answer):
    """Thoughts without an end and the prompt alone are no text."""
    assert not unwrap(answer, DEFAULT_PROMPT, SOURCE).strip()


@pytest.mark.parametrize(
    "source",
    [
        "Here is the corrected text:\nthe bill of 1859 was read a third time.",
        "Here is tho correeted text:\nthe bill of 1859 was read a third time.",
        '"To be or not to be," said he, and left."',
        "```\nprint a fence\n```",
        "<think>this is printed</think> on the page",
        "The list follows.\n\nNote: prices do not include the case.",
        "Text: a manual",
        f"{DEFAULT_PROMPT}\nis what the manual says.",
    ],
)
def test_what_the_page_prints_itself_stays(source):
    """An announcement, a note, a fence, a quotation: what the source has at that place is text."""
    mended = source.replace("correeted", "corrected").replace("tho ", "the ")
    assert unwrap(mended, DEFAULT_PROMPT, source).split() == mended.split()


@given(st.lists(PIECES, max_size=12).map(" ".join))
def test_an_echo_is_never_shortened(source):
    """Whatever a page says, an answer that repeats it comes through word for word."""
    assert unwrap(source, DEFAULT_PROMPT, source).split() == source.split()


@given(st.lists(PIECES, max_size=12).map(" ".join), st.lists(PIECES, max_size=6).map(" ".join))
def test_what_is_left_was_in_the_answer(answer, source):
    """Taking off only takes off."""
    assert unwrap(answer, DEFAULT_PROMPT, source) in answer


@pytest.mark.parametrize("piece", [" \n", "\n\nNote: x", "<think>", '"', "```\n", "Here is ", "* ", "<text>", "> \n\n"])
@pytest.mark.timeout(10)
def test_a_hostile_answer_is_unwrapped_without_trying_everything(piece):
    """20,000 characters that nearly match are looked through once: comparing all with all would take minutes."""
    answer = piece * (20_000 // len(piece))
    assert unwrap(answer, DEFAULT_PROMPT, SOURCE) in answer
    assert unwrap(answer, DEFAULT_PROMPT, answer[:2_500]) in answer
