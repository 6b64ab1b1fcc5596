"""Receipts held against their schema, and against nothing else being in them."""

from __future__ import annotations

import json
from typing import Any

from jsonschema import Draft202012Validator

from ocrwatchd.formats.output import schema


def strict(part: Any) -> Any:
    """A schema by which every key that is not described is a mistake."""
    if isinstance(part, list):
        return [strict(each) for each in part]
    if not isinstance(part, dict):
        return part
    closed = {key: strict(value) for key, value in part.items()}
    return closed | {"additionalProperties": False} if "properties" in part and part.get("type") == "object" else closed


VALIDATOR = Draft202012Validator(strict(json.loads(schema.text())))


def mistakes(receipt: dict[str, Any]) -> list[str]:
    """What is wrong with a receipt, a line each."""
    return [f"{error.json_path}: {error.message[:300]}" for error in VALIDATOR.iter_errors(receipt)]
