"""Whose state and rights are examined: root's differ from those of the service with this configuration."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ocrwatchd.core.config.schema import cache_directory, state_directory
from ocrwatchd.core.errors import ConfigError
from ocrwatchd.core.fs.safe_open import absolute
from ocrwatchd.setup.check.finding import Finding
from ocrwatchd.setup.service import machine_config
from ocrwatchd.setup.service.target import ACCOUNT, Target

CONFIGURATIONS: Final = Path("/etc/ocrwatchd")


def look(source: Path | None) -> Iterator[Finding]:
    """One line if root examines a service's configuration: the command that runs ``check`` as the service."""
    if asked := asked_as_service(source, "check"):
        words = f"root, with {state_directory()} and {cache_directory()}; to examine as the service"
        yield Finding("examined as", True, f"{words}, run: {asked}")


def asked_as_service(source: Path | None, verb: str) -> str:
    """The command that runs a verb as the service, if root uses the verb on a service's configuration; else ""."""
    if source is None or os.geteuid() != 0:
        return ""
    target = _service_of(absolute(source))  # links are the administrator's
    if target is None:
        return ""
    given = [f"STATE_DIRECTORY={target.state}", f"CACHE_DIRECTORY={target.cache}"]
    asked = [sys.executable, "-m", "ocrwatchd", verb, "--config", str(target.configuration)]
    return shlex.join(["runuser", "-u", ACCOUNT, "--", "env", *given, *asked])


def _service_of(source: Path) -> Target | None:
    """The installed service of the system that has this configuration."""
    instance = "" if source.parent == CONFIGURATIONS else source.parent.name
    try:
        target = Target(instance=instance, worker=not instance and source.name == "worker.toml")
    except ConfigError:
        return None
    return target if source == target.configuration and (target.drop_ins / machine_config.FILE).is_file() else None
