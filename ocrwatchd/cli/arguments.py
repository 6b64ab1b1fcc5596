"""What the verbs share: how their parsers are made, what their arguments take, how their settings are read."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from ocrwatchd.core.config.schema import Config

Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def add_verb(
    verbs: Subparsers,
    name: str,
    run: Callable[[argparse.Namespace], int],
    text: str,
    *,
    with_config: bool = True,
) -> argparse.ArgumentParser:
    """Add a verb, or an action of a verb.

    Args:
        verbs: the verbs or actions that the new one joins.
        name: of the verb.
        run: runs the verb, and returns the exit code.
        text: what the verb does, as the help says in one line.
        with_config: the verb takes ``--config``.
    """
    parser = verbs.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    if with_config:
        parser.add_argument("--config", type=Path, metavar="FILE", help="configuration file")
    parser.set_defaults(run=run)
    return parser


def settings(args: argparse.Namespace, *, quiet: bool = False) -> Config:
    """Read the configuration, and set up the log by it.

    Args:
        args: of a verb that takes ``--config``.
        quiet: log warnings and errors only.

    Raises:
        ConfigError: the configuration has mistakes.
    """
    from ocrwatchd.core import log
    from ocrwatchd.core.config import loader

    config = loader.load(args.config)
    if quiet:
        config = config.model_copy(update={"log": config.log.model_copy(update={"level": "warning"})})
    log.configure(config.log)
    return config


def not_empty(given: str) -> str:
    """Take any text but none, as a shell gives for a variable that is not set.

    Raises:
        ArgumentTypeError: the text is empty.
    """
    if not given:
        raise argparse.ArgumentTypeError("the name is empty")
    return given


def path(given: str) -> Path:
    """Take a path.

    Raises:
        ArgumentTypeError: the text is empty.
    """
    return Path(not_empty(given))
