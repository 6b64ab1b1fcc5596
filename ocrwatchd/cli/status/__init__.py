"""The verb ``status``: show what the daemon does."""

from __future__ import annotations

import argparse

from ocrwatchd.cli.arguments import Subparsers, add_verb, settings

NOT_RUNNING = 1


def add_parser(verbs: Subparsers) -> None:
    parser = add_verb(verbs, "status", run, "show what the daemon does")
    parser.add_argument("--json", action="store_true", help="print the status as JSON, a line for each root")
    parser.add_argument("--watch", action="store_true", help="show the status and its changes, until Ctrl-C")
    parser.add_argument("--page", action="store_true", help="write status.html if no daemon does; systemd runs this")


def run(args: argparse.Namespace) -> int:
    config = settings(args, quiet=True)
    from ocrwatchd.core.config import loader
    from ocrwatchd.monitoring import status, status_text

    if args.page:
        from ocrwatchd.monitoring.status_page import writer

        print(writer.write_last(config))
        return 0
    everywhere = args.config is None and loader.found() is None  # without a configuration every root is shown
    if args.watch:
        from functools import partial

        from ocrwatchd.cli.status.watch import watch

        find = partial(status.find_all, config.folders, everywhere=everywhere)
        return 0 if watch(find, status_text.absent(config.folders), as_json=args.json) else NOT_RUNNING
    text, running = status_text.describe(config.folders, as_json=args.json, everywhere=everywhere)
    print(text)
    return 0 if running else NOT_RUNNING
