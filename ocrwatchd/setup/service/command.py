"""The actions of ``ocrwatchd service``: announce each step, then carry it out."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from ocrwatchd.core.config import loader
from ocrwatchd.core.config.schema import Folders
from ocrwatchd.core.errors import ConfigError, OcrwatchdError
from ocrwatchd.setup.service import machine_config, plan
from ocrwatchd.setup.service.managed_files import standing
from ocrwatchd.setup.service.paths import writable
from ocrwatchd.setup.service.unit_files import DROP_INS, files

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ocrwatchd.core.config.schema import Config
    from ocrwatchd.setup.service.actions import Act
    from ocrwatchd.setup.service.plan import Wishes
    from ocrwatchd.setup.service.target import Target

NOT_INSTALLED = 1
OTHERS_READ = 0o022
"""The umask: the service's user reads the files below /etc, and only root changes them."""


def install(target: Target, wishes: Wishes, *, dry_run: bool) -> int:
    """Install or update a service.

    Raises:
        OcrwatchdError: a step failed; the message has the remedy.
        OSError: a file or folder cannot be made.
    """
    if not dry_run:
        plan.refuse_without_rights(target)
    _carry_out(plan.installation(target, wishes), dry_run=dry_run)
    if dry_run:
        return 0
    config = loader.load(target.configuration)
    if target.worker:
        print(f"\n{target.unit}: {_next_step(target, config)}")
        return 0
    print(f"\n{target.unit}: drop scans in {config.folders.path('inbox')}, find their text in", end=" ")
    print(config.folders.path("outbox"))
    if not target.manager_runs:
        print("systemd does not run here: the service starts with the machine")
    elif (
        not target.user and not _networked(target) and config.llm.allow_auto_download and config.llm.model != "builtin"
    ):
        print(f"note: the service has no network; set llm.allow_auto_download = false in {target.configuration}, or")
        print("install with --network")
    if target.user:
        print("it runs while you are logged in; for always: loginctl enable-linger")
    return 0


def uninstall(target: Target, *, dry_run: bool) -> int:
    """Remove a service; keep documents, configuration and ledger.

    Raises:
        OcrwatchdError: a step failed; the message has the remedy.
        OSError: a file cannot be removed.
    """
    if not dry_run:
        plan.refuse_without_rights(target)
    _carry_out(plan.removal(target), dry_run=dry_run)
    kept = [f"{path}/ (documents)" for path in _folders(target)] + plan.kept(target)
    print("\nleft in place:", *kept, sep="\n  ")
    return 0


def show(target: Target) -> int:
    """Print what is installed, where, and its state.

    Raises:
        OcrwatchdError: the configuration cannot be read.
    """
    is_there = target.unit in plan.installed(target)
    print(f"unit           {target.unit}: {_state(target) if is_there else 'not installed'}")
    config = _config(target)
    if config:
        print(f"root           {config.folders.root_path}")
    print(f"configuration  {target.configuration}{'' if config else ' (none)'}")
    print(f"state          {target.state}")
    print(f"downloads      {target.cache}")
    for path, words in _standings(target, config):
        print(f"file           {path}: {words}")
    if others := [name for name in plan.installed(target) if name != target.unit]:
        print(f"others         {', '.join(others)}")
    return 0 if is_there else NOT_INSTALLED


def _next_step(target: Target, config: Config) -> str:
    if not config.queue.broker:
        return f"not started; name the broker in {target.configuration}, then install again"
    return f"reads the scans of the supervisor of {config.folders.root_path}, whose `ocrwatchd status` shows it"


def _carry_out(acts: Sequence[Act], *, dry_run: bool) -> None:
    os.umask(OTHERS_READ)
    for act in acts:
        print(act.words(), flush=True)
        if not dry_run:
            act.do()
    if dry_run:
        print("\nnothing was done: this was a dry run")


def _standings(target: Target, config: Config | None) -> list[tuple[Path, str]]:
    folders = config.folders if config else Folders(root=str(target.default_root))
    wanted = {file.path: file.text for file in files(target, folders)}
    found = [(path, standing(path, text).value) for path, text in wanted.items()]
    mine = [target.drop_ins / machine_config.FILE, *(target.drop_ins / f"20-{name}" for name in DROP_INS.values())]
    return found + [(path, "in force") for path in mine if path.exists()]


def _state(target: Target) -> str:
    if not target.manager_runs:
        return "installed; systemd does not run here"
    asked = [*target.systemctl, "show", "--property=UnitFileState,ActiveState,SubState,StatusText", target.unit]
    try:
        done = subprocess.run(asked, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    except OSError as error:
        raise OcrwatchdError(f"systemctl cannot be run: {error.strerror}") from error
    told = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
    words = f"{told.get('UnitFileState', '?')}, {told.get('ActiveState', '?')} ({told.get('SubState', '?')})"
    return f"{words}: {told['StatusText']}" if told.get("StatusText") else words


def _networked(target: Target) -> bool:
    return (target.drop_ins / f"20-{DROP_INS['network']}").exists()


def _config(target: Target) -> Config | None:
    return loader.load(target.configuration) if target.configuration.exists() else None


def _folders(target: Target) -> list[Path]:
    try:
        config = _config(target)
    except ConfigError:  # the folders are unknown, and stay untouched
        return []
    return writable(config.folders) if config else []
