"""Choose what the model is asked, by what is on the page."""

from __future__ import annotations

from collections.abc import Iterable

from ocrwatchd.core.config.profile import Work
from ocrwatchd.gate.languages import names

LANGUAGE = "{language}"
CELL_BREAK = "\t"


def prompt_for(text: str, work: Work) -> str:
    """The prompt for a part of a page.

    Handwriting has its own; so have tables, known by ``ocr.layout`` or by cells in the part itself.

    Args:
        text: the part.
        work: the profile's settings.
    """
    if work.ocr.mode == "handwritten":
        prompt = work.llm.prompt_handwritten
    elif work.ocr.layout == "rows" or CELL_BREAK in text:
        prompt = work.llm.prompt_table
    else:
        prompt = work.llm.prompt
    return with_languages(prompt, work.ocr.languages)


def with_languages(prompt: str, codes: Iterable[str]) -> str:
    """A prompt with the languages' names in it where it asks for them."""
    # Replaced rather than formatted: other braces in a prompt are the operator's.
    return prompt.replace(LANGUAGE, names(codes))
