"""The verb ``share``: print a script that lets scanners reach the inbox, and the office read the results."""

from __future__ import annotations

import argparse

from ocrwatchd.cli.arguments import Subparsers, add_verb, settings


def add_parser(verbs: Subparsers) -> None:
    text = "print a script that lets scanners reach the inbox, and the office read the results"
    parser = add_verb(verbs, "share", run, text)
    parser.add_argument("kind", choices=["samba", "vsftpd", "sftp"], help="server that the script configures")
    parser.add_argument("--user", default="scanner", metavar="NAME", help="account of the scanner; default: scanner")
    parser.add_argument(
        "--office", default="office", metavar="NAME", help="account that reads the results; default: office"
    )


def run(args: argparse.Namespace) -> int:
    config = settings(args, quiet=True)
    from ocrwatchd.setup import share

    print(share.script(args.kind, config, args.user, args.office), end="")
    return 0
