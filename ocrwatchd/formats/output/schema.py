"""The JSON Schema of NAME.json, for programs that read it."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

FILE: Final = "receipt.schema.json"


def text() -> str:
    """The schema, by JSON Schema 2020-12; its ``$id`` ends with the number that receipts have as ``schema``."""
    return files(__package__).joinpath(FILE).read_text("utf-8")
