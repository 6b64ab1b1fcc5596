"""The verb ``canary``: send a known page through the running daemon."""

from __future__ import annotations

import argparse

from ocrwatchd.cli.arguments import Subparsers, add_verb, settings

LONGEST_WAIT_S = 86_400


def add_parser(verbs: Subparsers) -> None:
    parser = add_verb(
        verbs, "canary", run, "send a known page through the running daemon; fail unless its text comes out"
    )
    parser.add_argument("--timeout", type=_seconds, default=300.0, metavar="SECONDS", help="longest wait; default: 300")


def run(args: argparse.Namespace) -> int:
    config = settings(args, quiet=True)
    from ocrwatchd.cli.canary.send import send

    print(send(config.folders, args.timeout))
    return 0


def _seconds(given: str) -> float:
    try:
        seconds = float(given)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= LONGEST_WAIT_S:
        raise argparse.ArgumentTypeError(f"{given}: use seconds, more than 0 and at most {LONGEST_WAIT_S}")
    return seconds
