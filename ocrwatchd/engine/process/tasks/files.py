"""The files of follow-up tasks, NAME.TASK.txt, .md or .json; each states first that a model has made it."""

from __future__ import annotations

import json

from pydantic import JsonValue

from ocrwatchd.core.i18n import say
from ocrwatchd.core.i18n.language import language
from ocrwatchd.core.legible import legible_text
from ocrwatchd.core.model import TaskEnd
from ocrwatchd.formats.output.txt import EVALUATION_LINE

PARTIAL_LINE = say("[It does not cover the whole document; the JSON receipt says why]")


def text_file(value: str, model: str, *, partial: bool, evaluation: bool, code: str) -> str:
    """A text whose first lines state its origin and limits, in the language with this code."""
    words = language(code)
    lines = [words.say("[Made by the language model {model} from the corrected text; it may be wrong]", model=model)]
    if partial:
        lines.append(words.of(PARTIAL_LINE))
    if evaluation:
        lines.append(words.of(EVALUATION_LINE))
    return legible_text("\n".join((*lines, "", value, "")))


def without_pictures(markdown: str) -> str:
    """Markdown that loads nothing from the network when it is shown.

    A page may make the model write a picture whose address contains other text of the page: opening the file would send
    it there. HTML can do the same.
    """
    return markdown.replace("![", "&#33;[").replace("<", "&lt;")


def json_file(end: TaskEnd, value: JsonValue, *, partial: bool, evaluation: bool) -> str:
    """The answer as ``result``, with its origin and limits beside it.

    Every line but the first and the last is indented. A receipt has its keys at the start of lines, so no document can
    make the model write a false receipt.
    """
    told: dict[str, JsonValue] = {
        "machine_made": True,
        "model": end.model,
        "task": end.name,
        "complete": not partial,
        "evaluation": evaluation,
        "dropped": end.dropped,
        "result": value,
    }
    return legible_text(json.dumps(told, ensure_ascii=False, allow_nan=False, indent=1) + "\n")
