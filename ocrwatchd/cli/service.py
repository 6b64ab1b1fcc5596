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
        made.add_argument("--user", action="store_true", help="your own service, not the system's")
        made.add_argument(
            "--instance", type=not_empty, metavar="NAME", help="one of several, with a configuration of its own"
        )
        made.add_argument("--worker", action="store_true", help="a worker for a supervisor on another machine")
        return made

    install = add(
        "install", "put units, user, folders and a configuration in place, or bring them up to date; start the service"
    )
    install.add_argument("--root", type=path, metavar="DIR", help="holds inbox, outbox, archive and failed")
    install.add_argument("--pull", action="store_true", help="fetch the language model first")
    install.add_argument(
        "--network", action=argparse.BooleanOptionalAction, help="allow downloads; none is the default"
    )
    install.add_argument("--gpu", action=argparse.BooleanOptionalAction, help="allow the use of a GPU")
    install.add_argument("--no-start", action="store_true", help="neither start it nor enable it")
    uninstall = add("uninstall", "stop the service and remove what was installed; documents and configuration stay")
    add("show", "show what is installed and where everything is")
    for made in (install, uninstall):
        made.add_argument("--dry-run", action="store_true", help="only say what would be done")


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
