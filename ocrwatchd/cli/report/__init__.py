"""The verb ``report``: show the work of a stretch of time as tables, as JSON and as a picture."""

from __future__ import annotations

import argparse

from ocrwatchd.cli.arguments import Subparsers, add_verb, path, settings


def add_parser(verbs: Subparsers) -> None:
    parser = add_verb(verbs, "report", run, "show pages, speed, edits and doubtful documents over time")
    parser.add_argument("--since", metavar="WHEN", help="a date (2026-11-01) or a span (24h, 7d, 4w); default: all")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.add_argument("--png", type=path, metavar="FILE", help="also draw a picture: a .png file, or its folder")


def run(args: argparse.Namespace) -> int:
    config = settings(args, quiet=True)
    from ocrwatchd.cli.report.print_report import report

    return report(config.folders, args.since, as_json=args.json, png=args.png)
