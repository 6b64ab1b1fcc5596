"""Shared by the verbs: making parsers, types of arguments, reading the settings."""

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
    """Add a verb, or an action of a verb; ``text`` is its help, and ``run`` returns the exit code."""
    parser = verbs.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    if with_config:
        parser.add_argument("--config", type=Path, metavar="FILE", help="configuration file")
    parser.set_defaults(run=run)
    return parser


def settings(args: argparse.Namespace, *, quiet: bool = False) -> Config:
    """Read the configuration, and set up the log; ``quiet`` logs only warnings and errors.

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
    """Accept any text except an empty one, which a shell gives for an unset variable.

    Raises:
        ArgumentTypeError: the text is empty.
    """
    if not given:
        raise argparse.ArgumentTypeError("the name is empty")
    return given


def path(given: str) -> Path:
    """Accept a path.

    Raises:
        ArgumentTypeError: the text is empty.
    """
    return Path(not_empty(given))
