"""The verb ``calibrate``: measure the language model on typeset pages or on the user's scans; keep the verdict."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ocrwatchd.cli.arguments import Subparsers, add_verb, settings

MOST_PAGES = 1000


def add_parser(verbs: Subparsers) -> None:
    parser = add_verb(verbs, "calibrate", run, "measure whether the language model helps here, or harms")
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="clean text to typeset and measure, UTF-8")
    parser.add_argument("--truth", type=Path, metavar="DIR", help="measure scans that have their text, .txt, in DIR")
    parser.add_argument("--profile", default="", metavar="NAME", help="use the settings of this profile")
    parser.add_argument(
        "--pages", type=_pages, default=20, metavar="N", help="typeset at most N pages of each text; default: 20"
    )
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")


def run(args: argparse.Namespace) -> int:
    config = settings(args, quiet=True)
    from ocrwatchd.cli.calibrate import command
    from ocrwatchd.core.config import loader
    from ocrwatchd.core.errors import ConfigError
    from ocrwatchd.setup.check.service_account import asked_as_service

    if args.files and args.truth:
        raise ConfigError("name clean texts, or a folder of scans with --truth, one at a time")
    wishes = command.Wishes(tuple(args.files), args.truth, args.profile, args.pages, as_json=args.json)
    if asked := asked_as_service(args.config or loader.found(), "calibrate"):
        print(f"ocrwatchd: the service does not see root's verdicts; for it, run: {asked}", file=sys.stderr)
    return command.calibrate(config, wishes)


def _pages(given: str) -> int:
    if not (given.isascii() and given.isdigit() and 0 < int(given) <= MOST_PAGES):
        raise argparse.ArgumentTypeError(f"{given}: use a whole number, 1 to {MOST_PAGES}")
    return int(given)
