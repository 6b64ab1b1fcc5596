"""The command line: one verb each for what people do.

Exit codes: 0 done (with `run --once`: every file is accounted for, failures included) · 1 `check` found something to
mend, `status` no running daemon, `canary` and `demo` no text, `edits` a text that was changed by hand, `calibrate` a
model that does harm, `service` is not installed or does not start · 2 wrong arguments or configuration · 3 no engine or
model can do it here · 4 a folder is missing, not writable, full, or in use by another ocrwatchd · 5 a file could not be
read · 130 interrupted.

Everything but argparse is imported when its verb runs, so that ``--help`` is there at once.
"""

from __future__ import annotations

import argparse
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING

from ocrwatchd import __version__
from ocrwatchd.cli import commands

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


INTERRUPTED = 130
FOLDER_FAULT = 4
LONGEST_WAIT_S = 86_400
MOST_PAGES = 1000

EPILOG = __doc__.partition("\n\n")[2].partition("\n\n")[0].replace("``", "")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb.

    Args:
        arguments: of the command line, without the program's name.

    Returns:
        The exit code.
    """
    if isinstance(sys.stdout, TextIOWrapper):
        # As every text is read and written, whatever the terminal's locale; a folder's name may hold other bytes.
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    args = _parser().parse_args(arguments)
    from ocrwatchd.core.errors import OcrwatchdError

    verb: Callable[[argparse.Namespace], int] = args.verb
    try:
        return verb(args)
    except OcrwatchdError as error:
        print(f"ocrwatchd: {error}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output has gone: nobody is left to tell
        return 0
    except OSError as error:
        from ocrwatchd.core.log import names_are_told

        print(f"ocrwatchd: {error if names_are_told() else error.strerror}", file=sys.stderr)
        return FOLDER_FAULT
    except KeyboardInterrupt:
        print("ocrwatchd: interrupted", file=sys.stderr)
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ocrwatchd",
        description="Watch an inbox for scans; put their corrected text in an outbox.",
        epilog=EPILOG,
    )
    parser.add_argument(
        "--version", action="version", version=f"ocrwatchd {__version__}", help="show the version and exit"
    )
    subparsers = parser.add_subparsers(metavar="VERB", required=True)

    def add(name: str, verb: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        made = _add_parser(subparsers, name, text)
        made.add_argument("--config", type=Path, metavar="FILE", help="configuration file")
        made.set_defaults(verb=verb)
        return made

    run = add("run", commands.run, "watch the inbox until stopped")
    run.add_argument("--once", action="store_true", help="work the inbox off, then end")
    run.add_argument("--dry-run", action="store_true", help="only say what is wrong with the configuration")
    worker = add("worker", commands.worker, "read the scans of a supervisor on another machine, through a broker")
    worker.add_argument("--name", default="", metavar="NAME", help="default: the host's, with something of its own")
    process = add("process", commands.process, "read files and print their text, without inbox and outbox")
    process.add_argument("files", nargs="+", type=Path, metavar="FILE")
    process.add_argument("-o", "--output", type=Path, metavar="DIR", help="write the set of files there instead")
    correct = add("correct", commands.correct, "correct a text that was recognised elsewhere")
    correct.add_argument("file", nargs="?", type=Path, metavar="FILE", help="the text; standard input without it")
    correct.add_argument("--json", action="store_true", help="print text, edits and refused proposals as JSON")
    edits = add("edits", commands.edits, "show what was corrected in a delivered document; take edits back")
    edits.add_argument("receipt", type=Path, metavar="NAME.json")
    edits.add_argument("--refused", action="store_true", help="show the refused proposals too")
    edits.add_argument("--json", action="store_true", help="print them as JSON")
    change = edits.add_mutually_exclusive_group()
    change.add_argument("--revert", nargs="+", type=_edit, metavar="N", help="write the set again without these edits")
    change.add_argument("--revert-all", action="store_true", help="write the set again as it was recognised")
    change.add_argument("--apply", nargs="+", type=_edit, metavar="N", help="put reverted edits in again")
    edits.add_argument("--force", action="store_true", help="also over files changed by hand, and a missing NAME.txt")
    demo = add("demo", commands.demo, "show the main job on a real scan in a folder of its own")
    demo.add_argument("--engine", choices=["auto", "aspose", "rapidocr"], default="auto", help="which engine reads")
    demo.add_argument("--keep", action="store_true", help="leave the demo's folder in place")
    _add_models(subparsers)
    _add_calibration(add("calibrate", commands.calibrate, "measure whether the language model does good here, or harm"))
    _add_service(subparsers)
    add(
        "check",
        commands.check,
        "look at configuration, folders, engines, licence, model and limits, and say what to do",
    )
    status = add("status", commands.status, "show what the daemon is doing; without a configuration, each one here")
    status.add_argument("--json", action="store_true", help="print it as JSON")
    status.add_argument("--watch", action="store_true", help="show it as it changes, until Ctrl-C")
    status.add_argument("--page", action="store_true", help="write status.html, where no daemon does; systemd asks it")
    report = add("report", commands.report, "tell what has been done over time: pages, pace, edits, frequent repairs")
    report.add_argument("--since", metavar="WHEN", help="a date (2026-11-01) or a span (24h, 7d, 4w); without it: all")
    report.add_argument("--json", action="store_true", help="print it as JSON")
    report.add_argument("--png", type=_folder, metavar="FILE", help="also draw it: a .png file, or a folder for it")
    add("schema", commands.schema, "print the JSON Schema of NAME.json")
    canary = add(
        "canary", commands.canary, "send a known page through the running daemon, and see whether its text comes out"
    )
    canary.add_argument("--timeout", type=_seconds, default=300.0, metavar="SECONDS", help="default: 300")
    retry = add("retry", commands.retry, "give failed scans fresh attempts")
    retry.add_argument("names", nargs="*", metavar="NAME", help="a scan's name in failed/")
    retry.add_argument("--all-failed", action="store_true", help="every scan in failed/")
    share = add(
        "share", commands.share, "print what lets a scanner put scans in the inbox, and people read the results"
    )
    _add_share(share)
    return parser


def _add_share(share: argparse.ArgumentParser) -> None:
    share.add_argument("kind", choices=["samba", "vsftpd", "sftp"], help="for which server")
    share.add_argument("--user", default="scanner", metavar="NAME", help="the scanner's account (scanner)")
    share.add_argument("--office", default="office", metavar="NAME", help="the account that reads (office)")


def _add_parser(
    subparsers: argparse._SubParsersAction[argparse.ArgumentParser], name: str, text: str
) -> argparse.ArgumentParser:
    return subparsers.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".", epilog=EPILOG)


def _add_service(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    service = _add_parser(
        subparsers, "service", "install ocrwatchd as a systemd service, take it away, show what is installed"
    )
    actions = service.add_subparsers(metavar="ACTION", required=True)

    def add(action: str, text: str) -> argparse.ArgumentParser:
        made = _add_parser(actions, action, text)
        made.add_argument("--user", action="store_true", help="your own service, not the system's")
        made.add_argument(
            "--instance", type=_given, metavar="NAME", help="one of several, with a configuration of its own"
        )
        made.add_argument("--worker", action="store_true", help="a worker for a supervisor on another machine")
        made.set_defaults(verb=commands.service, action=action)
        return made

    install = add(
        "install", "put units, user, folders and a configuration in place, or bring them up to date; start it"
    )
    install.add_argument("--root", type=_folder, metavar="DIR", help="holds inbox, outbox, archive and failed")
    install.add_argument("--pull", action="store_true", help="fetch the language model first")
    install.add_argument(
        "--network", action=argparse.BooleanOptionalAction, help="allow downloads; none is the default"
    )
    install.add_argument("--gpu", action=argparse.BooleanOptionalAction, help="allow the use of a GPU")
    install.add_argument("--no-start", action="store_true", help="neither start it nor enable it")
    uninstall = add("uninstall", "stop it and remove what was installed; documents and configuration stay")
    add("show", "show what is installed and where everything is")
    for made in (install, uninstall):
        made.add_argument("--dry-run", action="store_true", help="only say what would be done")


def _add_calibration(calibrate: argparse.ArgumentParser) -> None:
    calibrate.add_argument("files", nargs="*", type=Path, metavar="FILE", help="clean text to measure on, UTF-8")
    calibrate.add_argument("--truth", type=Path, metavar="DIR", help="measure on scans with their .txt beside them")
    calibrate.add_argument("--profile", default="", metavar="NAME", help="with this profile's settings")
    calibrate.add_argument(
        "--pages",
        type=_pages,
        default=8,
        metavar="N",
        help="at most so many pages of each text, not of scans; default: 8",
    )
    calibrate.add_argument("--json", action="store_true", help="print the figures as JSON")


def _add_models(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    models = _add_parser(subparsers, "models", "fetch language models from Hugging Face, list and remove them")
    actions = models.add_subparsers(metavar="ACTION", required=True)

    def add(action: str, text: str) -> argparse.ArgumentParser:
        made = _add_parser(actions, action, text)
        made.add_argument("--config", type=Path, metavar="FILE", help="configuration file")
        made.set_defaults(verb=commands.models, action=action)
        return made

    pull = add("pull", "fetch a model; what broke off goes on where it was")
    pull.add_argument("repository", nargs="?", metavar="REPOSITORY", help="without it the one of the configuration")
    pull.add_argument("--quantization", metavar="Q", help="int8, int4, fp16 or a GGUF quantisation")
    pull.add_argument("--file", metavar="NAME", help="this file of the repository")
    pull.add_argument("--if-fits", action="store_true", help="not if it is too large for this machine's memory")
    pull.add_argument("--json", action="store_true", help="print progress and result as lines of JSON")
    pull.add_argument("--parent", type=int, help=argparse.SUPPRESS)  # the process that it shall not outlive
    add("list", "show the models on this machine: size, licence, whether they fit its memory")
    add("path", "print where the model lies that the configuration means")
    remove = add("remove", "remove models that ocrwatchd has fetched")
    remove.add_argument("names", nargs="+", metavar="NAME", help="as `ocrwatchd models list` shows it, or a repository")


def _given(text: str) -> str:
    if not text:  # as of a shell's variable that is not set
        raise argparse.ArgumentTypeError("the name is empty")
    return text


def _folder(given: str) -> Path:
    return Path(_given(given))


def _pages(given: str) -> int:
    if not (given.isascii() and given.isdigit() and 0 < int(given) <= MOST_PAGES):
        raise argparse.ArgumentTypeError(f"{given}: use a whole number, 1 to {MOST_PAGES}")
    return int(given)


def _edit(given: str) -> int:
    try:
        return int(given)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{given} is no number of an edit; give the file first, then numbers with spaces between them: "
            "`ocrwatchd edits NAME.json --revert 1 2`"
        ) from None


def _seconds(given: str) -> float:
    try:
        seconds = float(given)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= LONGEST_WAIT_S:
        raise argparse.ArgumentTypeError(f"{given}: use seconds, more than 0 and at most {LONGEST_WAIT_S}")
    return seconds
