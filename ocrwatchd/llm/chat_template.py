"""What stands around a scan's text when the model is asked: the chat template that it was trained with, or a plain one.

The template comes with the model, from the internet: it is rendered in jinja2's sandbox, and around a placeholder, so
that the scan's own text never passes through it.
"""

from __future__ import annotations

from typing import NamedTuple

import structlog
from jinja2 import TemplateError
from llama_cpp.llama_chat_format import Jinja2ChatFormatter

PLACEHOLDER = "\ue000ocrwatchd\ue001"
"""Private-use characters, which no template and no prompt holds."""

_WITHOUT = "the model is asked without its chat template"

log = structlog.get_logger()


class Frame(NamedTuple):
    """What comes before and after the text. ``complete``: the head already holds the token that begins a text."""

    head: str
    tail: str
    complete: bool


def framed(template: str | None, prompt: str, begin: str, end: str, answer: str = "Corrected text") -> Frame:
    """Render a chat in which the user gives ``prompt`` and a text, up to the beginning of the answer.

    Args:
        template: the model's, in jinja2; without a usable one, a plain layout is used.
        prompt: the instruction.
        begin: spelling of the token that begins a text.
        end: spelling of the token that ends a text.
        answer: heading of the answer in the plain layout.
    """
    plain = Frame(f"{prompt}\n\nText:\n", f"\n\n{answer}:\n", complete=False)
    if template is None:
        return plain
    content = f"{prompt}\n\n{PLACEHOLDER}"
    try:
        formatter = Jinja2ChatFormatter(template, eos_token=end, bos_token=begin)
        # Models that can think aloud first are asked not to; templates that don't know the word pass over it.
        rendered = formatter(messages=[{"role": "user", "content": content}], enable_thinking=False).prompt
    except (TemplateError, ValueError, TypeError, ArithmeticError, LookupError, AttributeError) as error:
        log.warning("template.unusable", error=type(error).__name__, note=_WITHOUT)
        return plain
    head, found, tail = rendered.partition(PLACEHOLDER)
    if not found or PLACEHOLDER in tail:
        log.warning("template.unusable", error="the text is not in it once", note=_WITHOUT)
        return plain
    return Frame(head, tail, complete=True)
