"""Read the settings from one TOML file, and report all its mistakes at once."""

from __future__ import annotations

import fnmatch
import os
import re
import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ocrwatchd.core.config.profile import Work, is_profile_name
from ocrwatchd.core.config.schema import Arrival, Config, configuration_directory
from ocrwatchd.core.config.validation_messages import Complaint, complaints_of, render
from ocrwatchd.core.errors import ConfigError
from ocrwatchd.core.fs import permissions

NAME = "config.toml"


def found() -> Path | None:
    """The default configuration file; None if it does not exist."""
    path = configuration_directory() / NAME
    return path if os.path.lexists(path) else None


def load(path: Path | None = None) -> Config:
    """Read the configuration.

    Args:
        path: the file; without it ``config.toml`` in the configuration directory, or the defaults where there is none.

    Raises:
        ConfigError: naming every mistake in the file at once; or that others may change it.
    """
    source = path or configuration_directory() / NAME
    try:
        if doubt := permissions.unsafe_reason(source, "configuration file"):
            raise ConfigError(doubt)
        text = source.read_text(encoding="utf-8")
    except FileNotFoundError:
        if path is None:
            return Config()
        raise ConfigError(f"{source}: no such file; give an existing file with --config") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{source}: cannot be read: not UTF-8 (byte {error.start}); save it as UTF-8") from error
    except IsADirectoryError as error:
        raise ConfigError(f"{source}: cannot be read: a folder; give the file in it with --config") from error
    except OSError as error:
        raise ConfigError(
            f"{source}: cannot be read: {error.strerror}; correct its owner or mode, or check its disk"
        ) from error
    try:
        return parse(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        hint = "; put texts in quotes" if str(error).startswith("Invalid value") else ""
        raise ConfigError(f"{source}: not valid TOML: {error}{hint}") from error
    except Mistakes as error:
        raise ConfigError("\n".join(f"{source}: {line}" for line in render(error.complaints))) from None


SHARED = ("ocr", "correct", "llm", "gate", "output", "pages", "split", "tasks")
"""Sections that a profile may override."""

PROFILE = 'a profile is a table named like a sub-folder of the inbox: one folder name, no "/", no dot at the start'


class Mistakes(ValueError):
    """The mistakes of a configuration, one complaint for each."""

    def __init__(self, complaints: list[Complaint]) -> None:
        super().__init__("; ".join(render(complaints)))
        self.complaints = complaints


def parse(table: dict[str, Any]) -> Config:
    """Turn a parsed TOML table into settings.

    Raises:
        Mistakes: with a complaint for every mistake.
    """
    top = dict(table)
    profiles = top.pop("profiles", {})
    found: list[Complaint] = []
    config = Config()
    try:
        config = Config.model_validate(top)
    except ValidationError as error:
        found += complaints_of(error, Config)
    resolved: dict[str, Work] = {}
    for name, override in profiles.items() if isinstance(profiles, dict) else ():
        where = ("profiles", name)
        if not is_profile_name(name) or not isinstance(override, dict):
            found.append(Complaint(where, override, PROFILE))
            continue
        if pattern := _ignored(name, top):
            words = f"arrival.ignore ignores that folder ({pattern!r}): give the profile another name"
            found.append(Complaint(where, override, words))
        shared: dict[str, Any] = {key: top[key] for key in SHARED if key in top}
        try:
            resolved[name] = Work.model_validate(_over(shared, override))
        except ValidationError as error:
            inherited = {(complaint.where, repr(complaint.value)) for complaint in found}
            own = complaints_of(error, Work, where)
            found += [complaint for complaint in own if (complaint.where[2:], repr(complaint.value)) not in inherited]
    if not isinstance(profiles, dict):
        found.append(Complaint(("profiles",), profiles, "must be tables: [profiles.NAME]"))
    if found:
        raise Mistakes(found)
    return config.model_copy(update={"profiles": resolved})


def _ignored(name: str, top: dict[str, Any]) -> str:
    """The pattern of ``arrival.ignore`` that ignores a folder of that name, or ""."""
    try:
        patterns = Arrival.model_validate(top.get("arrival", {})).ignore
    except ValidationError:  # this mistake has its own complaint
        return ""
    # As the inbox does.
    return next((each for each in patterns if re.match(fnmatch.translate(each), name, re.IGNORECASE)), "")


def _over(base: dict[str, Any], override: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in override.items():
        both_tables = isinstance(value, dict) and isinstance(base.get(key), dict)
        merged[key] = {**base[key], **value} if both_tables else value
    return merged
