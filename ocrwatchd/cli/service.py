"""The verb ``service``: install, remove and show the systemd service."""

from __future__ import annotations

import argparse
import os

from ocrwatchd.cli.arguments import Subparsers, add_verb, not_empty, path


def add_parser(verbs: Subparsers) -> None:
    parser = add_verb(verbs, "service", run, "install, remove or show the systemd service", with_config=False)
    actions = parser.add_subparsers(metavar="ACTION", required=True, dest="action")

    def add(action: str, text: str) -> argparse.ArgumentParser:
        made = add_verb(actions, action, run, text, with_config=False)
        made.add_argument("--user", action="store_true", help="a service of your own user, not of the system")
        made.add_argument(
            "--instance", type=not_empty, metavar="NAME", help="one of several services, with its own configuration"
        )
        made.add_argument("--worker", action="store_true", help="a worker for a supervisor on another machine")
        return made

    install = add(
        "install", "create or update the units, the user, the folders and the configuration; start the service"
    )
    install.add_argument("--root", type=path, metavar="DIR", help="folder for inbox, outbox, archive and failed")
    install.add_argument("--pull", action="store_true", help="download the language model first")
    install.add_argument(
        "--network", action=argparse.BooleanOptionalAction, help="allow the service to download; default: no"
    )
    install.add_argument("--gpu", action=argparse.BooleanOptionalAction, help="allow the service to use a GPU")
    install.add_argument("--no-start", action="store_true", help="neither start nor enable the service")
    uninstall = add("uninstall", "stop the service and remove its files; documents and configuration stay")
    add("show", "show what is installed, and where")
    for made in (install, uninstall):
        made.add_argument("--dry-run", action="store_true", help="only print the steps")


def run(args: argparse.Namespace) -> int:
    from ocrwatchd.setup.service import command
    from ocrwatchd.setup.service.plan import Wishes
    from ocrwatchd.setup.service.target import Target, own_runtime

    if args.user:
        os.environ["XDG_RUNTIME_DIR"] = os.environ.get("XDG_RUNTIME_DIR") or own_runtime()
    target = Target(user=args.user, instance=args.instance or "", worker=args.worker)
    if args.action == "show":
        return command.show(target)
    if args.action == "uninstall":
        return command.uninstall(target, dry_run=args.dry_run)
    wishes = Wishes(args.root, {"network": args.network, "gpu": args.gpu}, pull=args.pull, start=not args.no_start)
    return command.install(target, wishes, dry_run=args.dry_run)
