"""The verb ``run``: watch the inbox."""

from __future__ import annotations

import argparse

from ocrwatchd.cli.arguments import Subparsers, add_verb, settings


def add_parser(verbs: Subparsers) -> None:
    parser = add_verb(verbs, "run", run, "watch the inbox until somebody stops the daemon")
    parser.add_argument("--once", action="store_true", help="process all scans in the inbox, then exit")
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="only check the syntax and values of the configuration; `check` examines the machine",
    )


def run(args: argparse.Namespace) -> int:
    config = settings(args)
    if args.dry_run:
        return 0
    from ocrwatchd.core.config import loader
    from ocrwatchd.daemon.serve import serve

    # A file that was there and has gone is a mistake: the defaults would serve other folders.
    source = args.config or loader.found()
    serve(config, once=args.once, reread=lambda: loader.load(source))
    return 0
