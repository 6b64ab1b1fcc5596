"""The verb ``worker``: read the scans of a daemon on another machine."""

from __future__ import annotations

import argparse

from ocrwatchd.cli.arguments import Subparsers, add_verb, settings


def add_parser(verbs: Subparsers) -> None:
    parser = add_verb(
        verbs, "worker", run, "read the scans of a supervisor, here or on another machine, through a broker"
    )
    parser.add_argument("--name", default="", metavar="NAME", help="default: host name plus a random suffix")


def run(args: argparse.Namespace) -> int:
    config = settings(args)
    from ocrwatchd.daemon.worker import work

    work(config, args.name)
    return 0
