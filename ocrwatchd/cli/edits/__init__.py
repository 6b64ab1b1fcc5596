"""The command ``edits``: show the edits of a delivered document, revert edits, apply them again."""

from __future__ import annotations

import argparse
from pathlib import Path

from ocrwatchd.cli.arguments import Subparsers, add_verb, settings


def add_parser(verbs: Subparsers) -> None:
    """Add the command to the command line."""
    parser = add_verb(verbs, "edits", run, "show the edits of a delivered document; revert edits")
    parser.add_argument("receipt", type=Path, metavar="NAME.json")
    parser.add_argument("--refused", action="store_true", help="show the refused proposals too")
    parser.add_argument("--json", action="store_true", help="print them as JSON")
    change = parser.add_mutually_exclusive_group()
    change.add_argument("--revert", nargs="+", type=_number, metavar="N", help="revert these edits and rewrite the set")
    change.add_argument("--revert-all", action="store_true", help="revert all edits and rewrite the set")
    change.add_argument("--apply", nargs="+", type=_number, metavar="N", help="apply these reverted edits again")
    parser.add_argument(
        "--force", action="store_true", help="also overwrite files changed by hand, and restore a missing NAME.txt"
    )


def run(args: argparse.Namespace) -> int:
    """Show or change a document's edits."""
    config = settings(args, quiet=True)
    from ocrwatchd.cli.edits import revise
    from ocrwatchd.core.errors import ConfigError

    changes = args.revert_all or args.revert or args.apply
    if changes and (args.json or args.refused):
        raise ConfigError("--json and --refused cannot be combined with --revert, --revert-all or --apply")
    if args.force and not changes:
        raise ConfigError("--force requires --revert, --revert-all or --apply")
    outbox = config.folders.path("outbox")
    if changes:
        numbers = None if args.revert_all else args.revert or args.apply
        revise.revise(args.receipt, numbers, outbox, reverted=not args.apply, force=args.force)
    else:
        revise.show(args.receipt, outbox, refused=args.refused, as_json=args.json)
    return 0


def _number(given: str) -> int:
    try:
        return int(given)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{given} is not the number of an edit; give the file first, then numbers separated by spaces: "
            "`ocrwatchd edits NAME.json --revert 1 2`"
        ) from None
