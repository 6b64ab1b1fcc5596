"""The command line: one module, or folder, for each verb.

The module of a verb imports almost nothing before the verb runs, so that ``--help`` is fast.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from io import TextIOWrapper
from typing import NoReturn

from ocrwatchd import __version__
from ocrwatchd.cli import (
    calibrate,
    canary,
    check,
    correct,
    demo,
    edits,
    models,
    process,
    report,
    retry,
    run,
    schema,
    service,
    share,
    sheet,
    status,
    worker,
)
from ocrwatchd.cli import help as documentation

GROUPS = {
    "daily": (run, process, correct, edits, retry, sheet),
    "set up": (demo, check, service, share, models, calibrate),
    "look": (status, report, canary, schema, documentation),
    "many machines": (worker,),
}

FOLDER_FAULT = 4
INTERRUPTED = 130
EXIT_CODES = {
    0: "done; with `run --once`: every file has an outcome, failed files included",
    1: "`check`: something needs a repair; `status`: no daemon runs; `canary`, `demo`: no text came out; `edits`: "
    "somebody changed a text by hand; `calibrate`: the model harms; `service`: not installed, or does not start",
    2: "wrong arguments or configuration",
    3: "no engine or model can do the job on this machine",
    4: "a folder is missing, not writable, full, or another ocrwatchd uses the folder",
    5: "a file cannot be read",
    130: "interrupted",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb with the arguments of the command line, and return the exit code."""
    if isinstance(sys.stdout, TextIOWrapper):
        # UTF-8 in every locale; the name of a folder may hold other bytes.
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    args = _parser().parse_args(arguments)
    from ocrwatchd.core.errors import OcrwatchdError
    from ocrwatchd.core.log import names_are_told, printable

    verb: Callable[[argparse.Namespace], int] = args.run
    try:
        return verb(args)
    except OcrwatchdError as error:
        # The message may hold names and several lines.
        print("\n".join(map(printable, f"ocrwatchd: {error}".split("\n"))), file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output has gone
        return 0
    except OSError as error:
        print(f"ocrwatchd: {printable(str(error)) if names_are_told() else error.strerror}", file=sys.stderr)
        return FOLDER_FAULT
    except KeyboardInterrupt:
        print("ocrwatchd: interrupted", file=sys.stderr)
        return INTERRUPTED


class _Parser(argparse.ArgumentParser):
    """The parser of the whole command line, whose help shows the verbs in groups."""

    groups: dict[str, list[argparse.Action]]

    def error(self, message: str) -> NoReturn:
        """Print the mistake, and how to list the verbs."""
        super().error(f"{message}; `ocrwatchd --help` lists the verbs" if "VERB" in message else message)

    def format_help(self) -> str:
        """Show usage, verbs in groups, options, and the exit codes of all verbs."""
        formatter = self._get_formatter()
        formatter.add_usage(self.usage, self._actions, self._mutually_exclusive_groups)
        formatter.add_text(self.description)
        codes = [argparse.Action([], str(code), help=text) for code, text in EXIT_CODES.items()]
        for title, actions in (self.groups | {"options": self._optionals._group_actions, "exit codes": codes}).items():
            formatter.start_section(title)
            formatter.add_arguments(actions)
            formatter.end_section()
        formatter.add_text("`ocrwatchd VERB --help` shows all options of a verb.")
        return formatter.format_help()


class _Misplaced(argparse.Action):
    """An option that belongs to each verb, and stands before the verb."""

    def __call__(
        self, parser: argparse.ArgumentParser, _args: object, given: object, option: str | None = None
    ) -> None:
        """Refuse the option."""
        parser.error(f"{option} comes after the verb: ocrwatchd VERB {option} {given or 'FILE'}")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="ocrwatchd", description="Watch an inbox for scans; put their corrected text in an outbox.")
    parser.add_argument(
        "--version", action="version", version=f"ocrwatchd {__version__}", help="show the version and exit"
    )
    parser.add_argument("--config", nargs="?", action=_Misplaced, help=argparse.SUPPRESS)
    verbs = parser.add_subparsers(metavar="VERB", required=True, parser_class=argparse.ArgumentParser)
    parser.groups = {}
    for title, modules in GROUPS.items():
        before = len(verbs._choices_actions)
        for module in modules:
            module.add_parser(verbs)
        parser.groups[title] = list(verbs._choices_actions[before:])
    return parser
