"""The files of follow-up tasks: NAME.TASK.txt, .md or .json, each saying first of all that a model has made it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ocrwatchd.core.i18n import say
from ocrwatchd.core.i18n.language import language
from ocrwatchd.core.legible import legible_text
from ocrwatchd.formats.output.txt import EVALUATION_LINE

if TYPE_CHECKING:
    from pydantic import JsonValue

MADE_LINE = say("[Made by the language model {model} from the corrected text; it may be wrong]", model="{model}")
PARTIAL_LINE = say("[It does not cover the whole document; the JSON receipt says why]")


def text_file(value: str, model: str, *, partial: bool, evaluation: bool, code: str) -> str:
    """A text with what is to be known about it in its first lines.

    Args:
        value: the answer.
        model: that gave it.
        partial: it does not cover the whole document.
        evaluation: the text was cut by an engine without a licence.
        code: the language in which this is said, as in ``output.language``.
    """
    words = language(code)
    lines = [words.say(MADE_LINE, model=model)]
    if partial:
        lines.append(words.say(PARTIAL_LINE))
    if evaluation:
        lines.append(words.say(EVALUATION_LINE))
    return legible_text("\n".join((*lines, "", value, "")))


def without_pictures(markdown: str) -> str:
    """Markdown that fetches nothing when it is shown.

    A page may tell the model to write a picture whose address holds what else the page says: whoever opens the file
    would send it there. HTML can do the same.
    """
    return markdown.replace("![", "&#33;[").replace("<", "&lt;")


def json_file(value: JsonValue, task: str, model: str, *, partial: bool, evaluation: bool, dropped: int) -> str:
    """A value as ``result`` beside what is to be known about it.

    Every line but the first and the last is indented: a receipt, which has its keys at the beginning of lines, is
    never found in it, whatever a document makes a model say.
    """
    told: dict[str, JsonValue] = {
        "machine_made": True,
        "model": model,
        "task": task,
        "complete": not partial,
        "evaluation": evaluation,
        "dropped": dropped,
        "result": value,
    }
    return legible_text(json.dumps(told, ensure_ascii=False, allow_nan=False, indent=1) + "\n")
