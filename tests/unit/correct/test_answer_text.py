"""What models put around their answer comes off, and nothing of the text with it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrwatchd.core.config.profile import DEFAULT_PROMPT
from ocrwatchd.correct.answer_text import unwrap

SOURCE = "tho house was sold\nto Mr. Smith"
TEXT = "the house was sold\nto Mr. Smith"
PIECES = st.sampled_from(
    [
        "Here is the corrected text:", "```", "```text", "<think>", "</think>", "Note: it is",
        "\n", "\n\n", '"', "„",
        "“", "the house", "Sure!", "Text:", DEFAULT_PROMPT, "---", "<text>", "</text>", "Voici :", "以下是\uff1a", "'",
        "house", "> ", "\n> ", "{", "}", "<|end|>", "[THINK]", "Original:", "Corrected:", "Korrektur:", "[/INST]",
        '"text":', "<|channel|>final<|message|>", "</output>", "I have corrected",
    ]
)  # fmt: skip
QUOTED = "> " + TEXT.replace("\n", "\n> ")


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
        f"<THINK>hm</THINK>{TEXT}",
        f"[THINK]The word tho looks wrong.[/THINK]\n{TEXT}",
        f"<|channel|>final<|message|>{TEXT}",
        f"<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>{TEXT}<|return|>",
        f"<|start_header_id|>assistant<|end_header_id|>\n\n{TEXT}<|eot_id|>",
        f"<TEXT>{TEXT}</TEXT>",
        f"<output>{TEXT}",
        f"Original: {SOURCE}\nCorrected: {TEXT}",
        f"**Original text:**\n{SOURCE}\n\n**Corrected text:**\n{TEXT}\n\nNote: one word.",
        f"Original:\n```\n{SOURCE}\n```\nCorrected:\n```\n{TEXT}\n```",
        f"{SOURCE}\n\nCorrected text:\n{TEXT}",
        f"Corrected text:\n{TEXT}\n\nOriginal text:\n{SOURCE}",
        f"Originaltext:\n{SOURCE}\n\nKorrigierter Text:\n{TEXT}",
        f"Texte original :\n{SOURCE}\n\nTexte corrigé :\n{TEXT}",
        f"I have corrected the text:\n{TEXT}",
        f"I've corrected the text.\n\n{TEXT}",
        f"I have corrected the text: {TEXT}",
        f"After correcting the OCR errors, the text reads:\n{TEXT}",
        f"Let me fix the errors:\n{TEXT}",
        f"Ich habe den Text korrigiert:\n{TEXT}",
        f"Nach der Korrektur lautet der Text:\n{TEXT}",
        f"Klar, hier ist der Text:\n{TEXT}",
        f"Im Folgenden der berichtigte Text:\n{TEXT}",
        f"J'ai corrigé le texte :\n{TEXT}",
        f"Après avoir corrigé les erreurs, voici :\n{TEXT}",
        f"Correction :\n{TEXT}",
        QUOTED,
        f"Here is the corrected text:\n\n{QUOTED}\n\nNote: I changed one word.",
    ],
)
def test_what_stands_around_an_answer_comes_off(answer):
    """Announcements, fences, quotes, thoughts, the prompt and remarks, also inside each other."""
    assert unwrap(answer, DEFAULT_PROMPT, SOURCE).split() == TEXT.split()


@pytest.mark.parametrize(
    "said",
    [
        {"corrected_text": TEXT},
        {"original": SOURCE, "corrected": TEXT, "changes": ["tho → the"]},
        {"language": "English", "text": TEXT, "confidence": 0.9},
        {"lines": TEXT.splitlines()},
        [*TEXT.splitlines()],
        TEXT,
    ],
)
@pytest.mark.parametrize("around", ["{}", "```json\n{}\n```", "Here is the JSON:\n{}", "<think>hm</think>{}"])
def test_an_answer_in_json_gives_its_text(said, around):
    """As a string, as lines, at any key of an object; indented, or with line breaks where JSON has none."""
    for written in (json.dumps(said), json.dumps(said, indent=2), json.dumps(said).replace("\\n", "\n")):
        assert unwrap(around.format(written), DEFAULT_PROMPT, SOURCE).split() == TEXT.split()


@pytest.mark.parametrize("answer", ["{", '{"text": "tho', "[" * 5000, "{}", "[1, 2]", '{"n": 1}', '{"changes": []}'])
def test_json_without_a_text_is_left_to_the_gate(answer):
    """Broken, nested without end, of other things: it is an answer like any other."""
    assert unwrap(answer, DEFAULT_PROMPT, SOURCE) == answer


@pytest.mark.parametrize(
    "answer",
    [
        "[THINK]I wonder",
        "<|channel|>analysis<|message|>hm",
        "<think>I wonder",
        DEFAULT_PROMPT,
        f"{DEFAULT_PROMPT}\n\n",
        "```\n```",
        "",
    ],
)
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
        "> tho words of another\n> in a letter",
        '{"corrected_text": "tho house"}',
        '["tho house"]',
        "Original: tho house\nCorrected: tho home",
        "Corrections to tho bill of 1859:\nread six for five",
        "I have corrected tho proofs.\nYours, A. Smith",
        "Ich habe den Satz korrigiert:\nalle Fehler sind fort",
        "<|channel|>final<|message|>tho ink",
        "[THINK]tho ink[/THINK] and more",
        "<output>tho ink</output>",
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
    """Taking off only takes off: marks before lines are between the words that are left."""
    letters = iter(answer)
    assert all(letter in letters for letter in unwrap(answer, DEFAULT_PROMPT, source))


@pytest.mark.parametrize(
    "piece",
    [
        " \n", "\n\nNote: x", "<think>", '"', "```\n", "Here is ", "* ", "<text>", "> \n\n", "> ", "Corrected: x\n",
        "Original: x\n", "x\nCorrected:\n", "correct ", "korrigiert", "[THINK][/THINK]", "<|end|>", "[",
        '{"a":', '["x",',
        "I have corrected ", "the original ", "<|channel|>final<|message|>", "</text>",
    ],
)  # fmt: skip
@pytest.mark.timeout(10)
def test_a_hostile_answer_is_unwrapped_without_trying_everything(piece):
    """20,000 characters that nearly match are looked through once: comparing all with all would take minutes."""
    answer = piece * (20_000 // len(piece))
    assert len(unwrap(answer, DEFAULT_PROMPT, SOURCE)) <= len(answer)
    assert len(unwrap(answer, DEFAULT_PROMPT, answer[:2_500])) <= len(answer)
