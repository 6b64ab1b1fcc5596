"""Receipts held against their schema, and against nothing else being in them."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator

from ocrwatchd.formats.output import schema

if TYPE_CHECKING:
    from pathlib import Path


def strict(part: Any) -> Any:
    """A schema by which every key that is not described is a mistake."""
    if isinstance(part, list):
        return [strict(each) for each in part]
    if not isinstance(part, dict):
        return part
    closed = {key: strict(value) for key, value in part.items()}
    return closed | {"additionalProperties": False} if "properties" in part and part.get("type") == "object" else closed


VALIDATOR = Draft202012Validator(strict(json.loads(schema.text())))


def sums(folder: Path, name: str) -> dict[str, str]:
    """SHA-256 of the files of a set but NAME.json, as the receipt has them."""
    files = [path for path in folder.iterdir() if path.name.startswith(f"{name}.") and path.name != f"{name}.json"]
    return {path.name.removeprefix(name): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def mistakes(receipt: dict[str, Any]) -> list[str]:
    """What is wrong with a receipt, a line each."""
    return [f"{error.json_path}: {error.message[:300]}" for error in VALIDATOR.iter_errors(receipt)]
