"""What each verb of the command line runs; what one needs is imported when it runs."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from ocrwatchd.core.config.schema import Config

TO_MEND = 1
NOT_RUNNING = 1


def _settings(args: argparse.Namespace, *, quiet: bool = False) -> Config:
    from ocrwatchd.core import log
    from ocrwatchd.core.config import loader

    config = loader.load(args.config)
    if quiet:
        config = config.model_copy(update={"log": config.log.model_copy(update={"level": "warning"})})
    log.configure(config.log)
    return config


def run(args: argparse.Namespace) -> int:
    """Watch the inbox."""
    config = _settings(args)
    if args.dry_run:
        return 0
    from ocrwatchd.core.config import loader
    from ocrwatchd.daemon.serve import serve

    # A file that was there and has gone is a mistake: the defaults would serve other folders.
    source = args.config or loader.found()
    serve(config, once=args.once, reread=lambda: loader.load(source))
    return 0


def worker(args: argparse.Namespace) -> int:
    """Read scans for a supervisor."""
    config = _settings(args)
    from ocrwatchd.daemon import worker

    worker.work(config, args.name)
    return 0


def process(args: argparse.Namespace) -> int:
    """Read files."""
    config = _settings(args, quiet=True)
    from ocrwatchd.cli import process as oneshot

    return oneshot.process_files(args.files, config, args.output)


def correct(args: argparse.Namespace) -> int:
    """Correct a text."""
    config = _settings(args, quiet=True)
    from ocrwatchd.cli import correct as once

    return once.correct_text(args.file, config, as_json=args.json)


def edits(args: argparse.Namespace) -> int:
    """Show or take back a document's edits."""
    _settings(args, quiet=True)
    from ocrwatchd.cli import edits
    from ocrwatchd.core.errors import ConfigError

    changes = args.revert_all or args.revert or args.apply
    if changes and (args.json or args.refused):
        raise ConfigError("--json and --refused only show edits; leave them out, or --revert, --revert-all and --apply")
    if args.force and not changes:
        raise ConfigError(
            "--force only goes with --revert, --revert-all or --apply; add one of them, or leave out --force"
        )
    if changes:
        numbers = None if args.revert_all else args.revert or args.apply
        return edits.revise(args.receipt, numbers, reverted=not args.apply, force=args.force)
    return edits.show(args.receipt, refused=args.refused, as_json=args.json)


def demo(args: argparse.Namespace) -> int:
    """Show the main job."""
    from ocrwatchd.cli import demo

    return demo.show(args.engine, keep=args.keep, config=args.config)


def calibrate(args: argparse.Namespace) -> int:
    """Measure the language model."""
    config = _settings(args, quiet=True)
    from ocrwatchd.cli.calibrate import command
    from ocrwatchd.core.config import loader
    from ocrwatchd.core.errors import ConfigError
    from ocrwatchd.setup.check.service_account import asked_as_service

    if args.files and args.truth:
        raise ConfigError("name clean texts, or a folder of scans with --truth, one at a time")
    wishes = command.Wishes(tuple(args.files), args.truth, args.profile, args.pages, as_json=args.json)
    if asked := asked_as_service(args.config or loader.found(), "calibrate"):
        print(f"ocrwatchd: the service does not see root's verdicts; for it, run: {asked}", file=sys.stderr)
    return command.calibrate(config, wishes)


def models(args: argparse.Namespace) -> int:
    """Fetch, list, find or remove models."""
    config = _settings(args, quiet=args.action != "pull" or args.json)
    from ocrwatchd.cli import models as verb

    if args.action == "list":
        return verb.show(config.llm)
    if args.action == "path":
        return verb.where(config.llm)
    if args.action == "remove":
        return verb.remove(args.names)
    if args.parent:
        from ocrwatchd.core.process import die_with

        die_with(args.parent)
    given = {
        "hugging_face_repo_id": args.repository,
        "hugging_face_quantization": args.quantization,
        "hugging_face_file_name": args.file if args.file or not (args.repository or args.quantization) else "",
    }
    llm = config.llm.model_copy(update={key: value for key, value in given.items() if value is not None})
    return verb.pull(llm, as_json=args.json, if_fits=args.if_fits)


def service(args: argparse.Namespace) -> int:
    """Install, take away or show the service."""
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


def check(args: argparse.Namespace) -> int:
    """Look at everything that has to be in place."""
    config = _settings(args, quiet=True)
    from ocrwatchd.core.config import loader
    from ocrwatchd.setup import check

    in_order = True
    for finding in check.findings(config, args.config or loader.found()):
        print(f"{'ok  ' if finding.ok else 'MEND'}  {finding.what:{check.WIDTH}}  {finding.words}", flush=True)
        in_order &= finding.ok
    return 0 if in_order else TO_MEND


def status(args: argparse.Namespace) -> int:
    """Show what the daemon is doing."""
    config = _settings(args, quiet=True)
    from ocrwatchd.core.config import loader
    from ocrwatchd.monitoring import status, status_text

    if args.page:
        from ocrwatchd.monitoring.status_page import writer

        print(writer.write_last(config))
        return 0
    everywhere = args.config is None and loader.found() is None  # without a configuration no root is meant
    if args.watch:
        from functools import partial

        from ocrwatchd.cli import status_watch

        find = partial(status.find_all, config.folders, everywhere=everywhere)
        return 0 if status_watch.watch(find, status_text.absent(config.folders), as_json=args.json) else NOT_RUNNING
    text, running = status_text.describe(config.folders, as_json=args.json, everywhere=everywhere)
    print(text)
    return 0 if running else NOT_RUNNING


def report(args: argparse.Namespace) -> int:
    """Tell what has been done over time."""
    config = _settings(args, quiet=True)
    from ocrwatchd.cli import report as history

    return history.report(config.folders, args.since, as_json=args.json, png=args.png)


def schema(_args: argparse.Namespace) -> int:
    """Print the schema of receipts."""
    from ocrwatchd.formats.output import schema

    print(schema.text(), end="")
    return 0


def canary(args: argparse.Namespace) -> int:
    """Send a known page through the daemon."""
    config = _settings(args, quiet=True)
    from ocrwatchd.cli import canary

    print(canary.send(config.folders, args.timeout))
    return 0


def retry(args: argparse.Namespace) -> int:
    """Give failed scans fresh attempts."""
    config = _settings(args, quiet=True)
    from ocrwatchd.cli import retry
    from ocrwatchd.core.errors import ConfigError
    from ocrwatchd.core.log import printable

    if bool(args.names) == args.all_failed:
        raise ConfigError("name the scans to retry, or say --all-failed; `ocrwatchd status` shows the failed ones")
    for path in retry.retry(config.folders, args.names):
        print(f"back in the inbox: {printable(str(path))}")
    return 0


def share(args: argparse.Namespace) -> int:
    """Print a server's configuration."""
    config = _settings(args, quiet=True)
    from ocrwatchd.setup import share

    print(share.script(args.kind, config, args.user, args.office), end="")
    return 0
