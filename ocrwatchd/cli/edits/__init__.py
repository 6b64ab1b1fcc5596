"""The command ``edits``: show the edits of a delivered document, revert edits, apply them again."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ocrwatchd.cli.arguments import add_verb, settings

if TYPE_CHECKING:
    from ocrwatchd.cli.arguments import Subparsers


def add_parser(verbs: Subparsers) -> None:
    """Add the command to the command line."""
    parser = add_verb(verbs, "edits", run, "show what was corrected in a delivered document; take edits back")
    parser.add_argument("receipt", type=Path, metavar="NAME.json")
    parser.add_argument("--refused", action="store_true", help="show the refused proposals too")
    parser.add_argument("--json", action="store_true", help="print them as JSON")
    change = parser.add_mutually_exclusive_group()
    change.add_argument(
        "--revert", nargs="+", type=_number, metavar="N", help="write the set again without these edits"
    )
    change.add_argument("--revert-all", action="store_true", help="write the set again as it was recognised")
    change.add_argument("--apply", nargs="+", type=_number, metavar="N", help="put reverted edits in again")
    parser.add_argument("--force", action="store_true", help="also over files changed by hand, and a missing NAME.txt")


def run(args: argparse.Namespace) -> int:
    """Show or change a document's edits."""
    config = settings(args, quiet=True)
    from ocrwatchd.cli.edits import revise
    from ocrwatchd.core.errors import ConfigError

    changes = args.revert_all or args.revert or args.apply
    if changes and (args.json or args.refused):
        raise ConfigError("--json and --refused only show edits; leave them out, or --revert, --revert-all and --apply")
    if args.force and not changes:
        raise ConfigError(
            "--force only goes with --revert, --revert-all or --apply; add one of them, or leave out --force"
        )
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
            f"{given} is no number of an edit; give the file first, then numbers with spaces between them: "
            "`ocrwatchd edits NAME.json --revert 1 2`"
        ) from None
