"""The verb ``report``: what has been done over time, as tables, as plain numbers and as a picture."""

from __future__ import annotations

import argparse

from ocrwatchd.cli.arguments import Subparsers, add_verb, path, settings


def add_parser(verbs: Subparsers) -> None:
    """Add the verb to the command line."""
    parser = add_verb(verbs, "report", run, "show pages, speed, edits and doubtful documents over time")
    parser.add_argument("--since", metavar="WHEN", help="a date (2026-11-01) or a span (24h, 7d, 4w); without it: all")
    parser.add_argument("--json", action="store_true", help="print it as JSON")
    parser.add_argument("--png", type=path, metavar="FILE", help="also draw it: a .png file, or a folder for it")


def run(args: argparse.Namespace) -> int:
    """Print a report."""
    config = settings(args, quiet=True)
    from ocrwatchd.cli.report.print_report import report

    return report(config.folders, args.since, as_json=args.json, png=args.png)
