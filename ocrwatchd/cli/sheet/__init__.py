"""The verb ``sheet``: print a separator sheet."""

from __future__ import annotations

import argparse
import sys

from ocrwatchd.cli.arguments import Subparsers, add_verb, not_empty, settings

LOWEST, HIGHEST = -100, 100
"""As ``priority`` of a profile."""


def add_parser(verbs: Subparsers) -> None:
    parser = add_verb(
        verbs, "sheet", run, "write a separator sheet as a PDF to standard output: a scan is cut where the sheet lies"
    )
    told = "the documents behind the sheet: "
    parser.add_argument(
        "--profile", type=not_empty, metavar="NAME", help=f"{told}their profile; default: their folder's"
    )
    parser.add_argument(
        "--language",
        action="append",
        default=[],
        metavar="CODE",
        help=f"{told}a language of theirs, such as deu; may be given several times; default: the profile's",
    )
    parser.add_argument(
        "--priority", type=_priority, metavar="N", help=f"{told}their priority, {LOWEST} to {HIGHEST}; default: the "
        "profile's"
    )  # fmt: skip
    parser.add_argument(
        "--duplex", action="store_true", help=f"{told}they are scanned on both sides; the sheet has two sides too"
    )


def run(args: argparse.Namespace) -> int:
    from ocrwatchd.core.errors import ConfigError

    if sys.stdout.isatty():
        raise ConfigError(
            "the sheet is a PDF, which no terminal shows: write it to a file, as in `ocrwatchd sheet > sheet.pdf`, or "
            "print it with `ocrwatchd sheet | lp`"
        )
    config = settings(args, quiet=True)
    from ocrwatchd.cli.sheet import drawing, sheet_settings
    from ocrwatchd.core.i18n.language import language
    from ocrwatchd.core.sheet_code import encode

    sheet = sheet_settings.checked(args.profile or "", args.language, args.priority, config, duplex=args.duplex)
    code = encode(sheet, sheet_settings.key(config.folders))
    sys.stdout.buffer.write(drawing.draw(code, sheet, language(config.work(sheet.profile).output.language)))
    sys.stdout.flush()
    if advice := sheet_settings.advice(config):
        print(f"ocrwatchd: {advice}", file=sys.stderr)
    return 0


def _priority(given: str) -> int:
    try:
        priority = int(given)
    except ValueError:
        priority = HIGHEST + 1
    if not LOWEST <= priority <= HIGHEST:
        raise argparse.ArgumentTypeError(f"{given}: use a whole number from {LOWEST} to {HIGHEST}")
    return priority
