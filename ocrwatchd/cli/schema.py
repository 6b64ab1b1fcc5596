"""The verb ``schema``: print the JSON Schema of receipts."""

from __future__ import annotations

import argparse

from ocrwatchd.cli.arguments import Subparsers, add_verb


def add_parser(verbs: Subparsers) -> None:
    add_verb(verbs, "schema", run, "print the JSON Schema of NAME.json")


def run(_args: argparse.Namespace) -> int:
    from ocrwatchd.formats.output import schema

    print(schema.text(), end="")
    return 0
