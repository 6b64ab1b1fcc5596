"""The verb ``demo``: show the main job on a bad scan."""

from __future__ import annotations

import argparse

from ocrwatchd.cli.arguments import Subparsers, add_verb


def add_parser(verbs: Subparsers) -> None:
    parser = add_verb(verbs, "demo", run, "show the main job on a bad scan, in a temporary folder")
    parser.add_argument(
        "--engine",
        choices=["auto", "aspose", "rapidocr"],
        default="auto",
        help="engine that reads the scan; default: auto",
    )
    parser.add_argument("--keep", action="store_true", help="keep the temporary folder")


def run(args: argparse.Namespace) -> int:
    from ocrwatchd.cli.demo.run_demo import show

    return show(args.engine, keep=args.keep, config=args.config)
