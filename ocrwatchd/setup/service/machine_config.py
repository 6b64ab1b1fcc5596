"""The settings of this machine: the drop-in of the unit, and a first configuration."""

from __future__ import annotations

import grp
import json
import os
import re
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

import ocrwatchd
from ocrwatchd.core.config import loader
from ocrwatchd.core.errors import ConfigError
from ocrwatchd.core.fs.safe_open import absolute
from ocrwatchd.core.systemd import STOP_MARGIN_S
from ocrwatchd.setup.service import worker_share
from ocrwatchd.setup.service.paths import quoted, refuse_above, refuse_closed, refuse_hidden, writable
from ocrwatchd.storage import root_folders

if TYPE_CHECKING:
    from ocrwatchd.core.config.schema import Config
    from ocrwatchd.setup.service.target import Target

FILE = "10-here.conf"
_ELSEWHERE = "install it where everybody can: python3 -m venv /opt/ocrwatchd && /opt/ocrwatchd/bin/pip install …"

_CONFIGURATION = """\
# Settings of ocrwatchd. Other keys have the values of config.example.toml, which is part of the source. After a
# change run: {reload}
[folders]
root = {root}
"""
_WORKER = """\
# Settings of this worker. Other keys have the values of config.example.toml, which is part of the source. After a
# change run: systemctl restart ocrwatchd-worker
[folders]
root = {root}

# The same values as on the supervisor's machine. Without a broker the worker gets no scans.
[queue]
broker = ""                     # such as "rediss://broker.example.org"
broker_password_file = ""       # such as "/etc/ocrwatchd/broker-password"
broker_ca = ""                  # such as "/etc/ocrwatchd/ca.pem"; "" for a certificate that the system trusts

# Set licence, threads, GPU layers and models of this machine in [ocr] and [llm]; other settings come with each scan.
"""
NO_NETWORK = """
# The service has no network, so it downloads nothing. `ocrwatchd service install --network` gives it a network;
# `ocrwatchd service install --pull` downloads the model.
[llm]
allow_auto_download = false

[ocr]
allow_downloads = false
"""


def program(target: Target) -> Path:
    """The command that the service runs.

    Raises:
        ConfigError: the command is missing, or the service could not run it.
    """
    places = [Path(sys.executable).parent, Path(sysconfig.get_path("scripts"))]
    found = next((place / "ocrwatchd" for place in places if os.access(place / "ocrwatchd", os.X_OK)), None)
    if found is None:
        raise ConfigError(f"there is no command ocrwatchd in {places[0]}; {_ELSEWHERE}")
    if not target.user:
        real = (found, Path(sys.executable).resolve(), Path(ocrwatchd.__file__).resolve())
        refuse_hidden(real, "the program", f"{_ELSEWHERE}, or take --user")
        refuse_closed(real, "the program", _ELSEWHERE)
    return found


def configuration(target: Target, root: Path | None) -> tuple[Config, str]:
    """The settings, and the text of a first configuration file, or "" if the file exists.

    Raises:
        ConfigError: the file has a mistake, names another root, or a folder that the service could not use.
        FolderUnusable: its group does not exist, or a worker does not see the supervisor's folder.
    """
    path = target.configuration
    root = absolute(root) if root else None
    if os.path.lexists(path):
        config, text = loader.load(path), ""
        if root is not None and config.folders.root_path != root:
            raise ConfigError(
                f"{path} says that the root is {config.folders.root_path}; "
                "change folders.root there, or leave --root out"
            )
        if not (config.folders.root or target.user):
            raise ConfigError(f"{path} names no root; set folders.root there, such as {target.default_root}")
    else:
        chosen = root or target.default_root
        config = loader.parse({"folders": {"root": str(chosen)}})
        words = f"systemctl {'--user ' if target.user else ''}reload {target.unit.removesuffix('.service')}"
        shape = _WORKER if target.worker else _CONFIGURATION
        text = shape.format(reload=words, root=json.dumps(str(chosen), ensure_ascii=False))
    folders = used(config, target)
    if not target.user:
        own = (target.units, target.configuration, target.state, target.cache)
        inside = [Path("/") / each.relative_to(target.base) for each in own]
        refuse_above(folders, [program(target), *inside, Path("/usr")], f"choose folders below {target.default_root}")
        if target.base == Path("/"):
            root_folders.group_id(config.folders.group)
            if target.worker:
                worker_share.refuse_without(config.folders)
        refuse_hidden(folders, "the folder", "choose one elsewhere, such as below /srv, or take --user")
    return config, text


def used(config: Config, target: Target) -> list[Path]:
    """The folders that the service must be able to write: for a worker, only the folder of jobs."""
    return [config.folders.work_path.parent] if target.worker else writable(config.folders)


def with_groups(text: str) -> str:
    """A unit's text without the groups that this machine lacks: with such a group no service starts."""
    there = {group.gr_name for group in grp.getgrall()}

    def known(line: re.Match[str]) -> str:
        found = " ".join(name for name in line[2].split() if name in there)
        return f"{line[1]}{found}" if found else "# None of them is here."  # an empty list would undo folders.group

    return re.sub("^(SupplementaryGroups=)(.*)$", known, text, flags=re.MULTILINE)


def drop_in(config: Config, target: Target, program: Path) -> str:
    """The settings of the unit that depend on this machine and its configuration."""
    folders = used(config, target)
    # With --config a missing file is an error; without, the service would serve other folders.
    configuration = quoted(Path("/") / target.configuration.relative_to(target.base)).replace("$", "$$")
    run = f"{quoted(program)} {'worker' if target.worker else 'run'} --config {configuration}"
    lines = ["[Service]", "ExecStart=", f"ExecStart={run}"]
    if not target.worker:
        lines = ["[Unit]", *(f"RequiresMountsFor={quoted(path)}" for path in folders), "", *lines]
        lines += ["ExecReload=", f"ExecReload={run} --dry-run", "ExecReload=/bin/kill -HUP $MAINPID"]
        lines += ["ExecStopPost=", f"ExecStopPost=-{quoted(program)} status --page"]
    lines.append(f"TimeoutStopSec={config.job.stop_seconds + STOP_MARGIN_S:g}")
    if not target.user:
        lines += ["ReadWritePaths=", *(f"ReadWritePaths={quoted(path)}" for path in folders)]
        lines += [f"SupplementaryGroups={quoted(config.folders.group)}"] if config.folders.group else []
    return "\n".join(lines) + "\n"
