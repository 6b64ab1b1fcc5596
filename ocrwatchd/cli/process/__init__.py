"""The verb ``process``: read files without inbox and outbox."""

from __future__ import annotations

import argparse
from pathlib import Path

from ocrwatchd.cli.arguments import Subparsers, add_verb, settings


def add_parser(verbs: Subparsers) -> None:
    parser = add_verb(verbs, "process", run, "read files and print their text, without inbox and outbox")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a scan to read")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="DIR", help="write the output files to this folder instead"
    )


def run(args: argparse.Namespace) -> int:
    config = settings(args, quiet=True)
    from ocrwatchd.cli.process.reader import process_files

    return process_files(args.files, config, args.output)
