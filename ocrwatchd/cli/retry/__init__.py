"""The verb ``retry``: give failed scans fresh attempts."""

from __future__ import annotations

import argparse

from ocrwatchd.cli.arguments import Subparsers, add_verb, settings


def add_parser(verbs: Subparsers) -> None:
    parser = add_verb(verbs, "retry", run, "give failed scans fresh attempts")
    parser.add_argument("names", nargs="*", metavar="NAME", help="a failed scan, as `ocrwatchd status` shows it")
    parser.add_argument("--all-failed", action="store_true", help="retry every scan in failed/")


def run(args: argparse.Namespace) -> int:
    config = settings(args, quiet=True)
    from ocrwatchd.cli.retry.move_back import retry
    from ocrwatchd.core.errors import ConfigError
    from ocrwatchd.core.log import printable

    if args.names and args.all_failed:
        raise ConfigError("give the names of scans or --all-failed, not both")
    if not args.names and not args.all_failed:
        raise ConfigError("give the names of scans, or --all-failed; `ocrwatchd status` shows the failed scans")
    path = None
    for path in retry(config.folders, args.names):
        print(f"back in the inbox: {printable(str(path))}")
    if path is None:
        print(f"no scans in {printable(str(config.folders.path('failed')))}")
    return 0
