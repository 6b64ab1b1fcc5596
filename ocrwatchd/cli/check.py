"""The verb ``check``: examine everything that must be in place."""

from __future__ import annotations

import argparse

from ocrwatchd.cli.arguments import Subparsers, add_verb, settings

TO_MEND = 1


def add_parser(verbs: Subparsers) -> None:
    add_verb(verbs, "check", run, "examine everything that must be in place, and say what to do")


def run(args: argparse.Namespace) -> int:
    config = settings(args, quiet=True)
    from ocrwatchd.core.config import loader
    from ocrwatchd.setup import check

    in_order = True
    for finding in check.findings(config, args.config or loader.found()):
        print(f"{'ok  ' if finding.ok else 'MEND'}  {finding.what:{check.WIDTH}}  {finding.words}", flush=True)
        in_order &= finding.ok
    return 0 if in_order else TO_MEND
