"""The verb ``correct``: correct a text that another program has recognised."""

from __future__ import annotations

import argparse
from pathlib import Path

from ocrwatchd.cli.arguments import Subparsers, add_verb, settings


def add_parser(verbs: Subparsers) -> None:
    parser = add_verb(verbs, "correct", run, "correct a text that another program has recognised")
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="the text; default: standard input")
    parser.add_argument("--json", action="store_true", help="print text, edits and refused proposals as JSON")


def run(args: argparse.Namespace) -> int:
    config = settings(args, quiet=True)
    from ocrwatchd.cli.correct.correct_text import correct_text

    return correct_text(args.file, config, as_json=args.json)
