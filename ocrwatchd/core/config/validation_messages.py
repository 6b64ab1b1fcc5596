"""Pydantic's findings about a configuration as messages for its author: key, value, allowed values."""

from __future__ import annotations

import difflib
import json
import re
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from ocrwatchd.core.config.profile import LANGUAGE, TASK_NAME


@dataclass(frozen=True, slots=True)
class Complaint:
    """One mistake: its place, its value, and the remedy."""

    where: tuple[str | int, ...]
    value: object
    remedy: str


LONGEST_VALUE = 80

_PATTERNS = {
    LANGUAGE: "use a three-letter code of ISO 639-3, like 'eng', 'deu' or 'fra'",
    TASK_NAME: "use up to 40 small letters, digits and hyphens: it becomes a part of a file's name",
}

_MODES = {
    "file_mode": "write the mode in octal, like 0o640, from 0o400 to 0o777",
    "folder_mode": "write the mode in octal, like 0o2770, with all rights for the owner",
}

_TYPES = {
    "string_type": "must be text in quotes",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "model_type": "must be a table of keys",
    "model_attributes_type": "must be a table of keys",
    "missing": "is missing",
    "string_too_short": "must not be empty",
    "too_short": "must not be empty",
}


def complaints_of(error: ValidationError, model: type[BaseModel], prefix: tuple[str, ...] = ()) -> list[Complaint]:
    """Every mistake in a validation error, in the file's order; ``prefix`` is the place of the model's table."""
    found: dict[tuple[str | int, ...], Complaint] = {}
    for detail in error.errors(include_url=False):
        if detail["type"] == "too_short" and detail["input"]:
            continue  # each of its wrong entries has its own line
        # Each branch of a union complains, with the branch's name at the end of the place: one complaint is enough.
        place = tuple(
            part for part in detail["loc"] if not str(part).startswith(("literal[", "constrained-", "int", "float"))
        )
        where = (*prefix, *place)
        remedy = _MODES.get(str(where[-1]) if where else "") or _remedy(dict(detail), model, prefix)
        if where in found:
            remedy = f"{found[where].remedy}, or it {remedy}"
        found[where] = Complaint(where, detail["input"], remedy)
    return list(found.values())


def render(complaints: list[Complaint]) -> list[str]:
    """One line for each complaint: ``ocr.engine = 'tesseract': use 'auto', 'aspose' or 'rapidocr'``."""
    return [_line(complaint) for complaint in complaints]


def _line(complaint: Complaint) -> str:
    key = ""
    for part in complaint.where:
        key += f"[{part}]" if isinstance(part, int) else f".{part}" if key else part
    value = repr(complaint.value)
    shown = (
        ""
        if isinstance(complaint.value, dict)
        else f" = {value if len(value) <= LONGEST_VALUE else value[: LONGEST_VALUE - 3] + '...'}"
    )
    return f"{key}{shown}: {complaint.remedy}" if key else complaint.remedy


def _remedy(detail: dict[str, Any], model: type[BaseModel], prefix: tuple[str, ...]) -> str:
    context, place = detail.get("ctx", {}), detail["loc"]
    match str(detail["type"]):
        case "extra_forbidden":
            return _unknown(place, model, prefix)
        case "literal_error":
            return f"use {context['expected']}"
        case "tuple_type":
            return _list_like(place, detail["input"])
        case "value_error":
            return str(context["error"])
        case "string_pattern_mismatch":
            return _PATTERNS.get(context["pattern"], f"must match {context['pattern']}")
        case kind:
            return _TYPES.get(kind) or str(detail["msg"]).replace("Input should be", "must be")


def _list_like(place: tuple[str | int, ...], given: object) -> str:
    if place[-1] == "tasks":
        return "must be tables: [[tasks]]"
    entries = re.findall(r"[^\s,]+", given) if isinstance(given, str) else []
    return f"must be a list, like {json.dumps(entries or ['one', 'two'], ensure_ascii=False)}"


def _unknown(place: tuple[str | int, ...], model: type[BaseModel], prefix: tuple[str, ...]) -> str:
    key, known = str(place[-1]), _keys(place[:-1], model)
    if sections := [name for name in _sections(model) if key in _keys((name,), model)]:
        meant = " or ".join(f"{name}.{key}" for name in sections)
        tables = " or ".join(f"[{'.'.join((*prefix, name))}]" for name in sections)
        return f"there is no such key; did you mean {meant}? put it below {tables}"
    near = [each for each in known if each.startswith(key)] or difflib.get_close_matches(key, known, n=1)
    hint = f"did you mean {' or '.join(map(repr, near))}?" if near else f"known here: {', '.join(known)}"
    return f"there is no such key; {hint}"


def _sections(model: type[BaseModel]) -> list[str]:
    """The keys that are tables."""
    return [name for name, field in model.model_fields.items() if isinstance(field.default, BaseModel)]


def _keys(place: tuple[str | int, ...], model: type[BaseModel]) -> list[str]:
    for part in place:
        if isinstance(part, str):
            annotation = model.model_fields[part].annotation
            inner = [annotation, *get_args(annotation)]
            model = next(a for a in inner if isinstance(a, type) and issubclass(a, BaseModel))
    return list(model.model_fields)
