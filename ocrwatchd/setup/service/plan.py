"""The steps of an installation and of a removal, in their order."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass, replace
from pathlib import Path

from ocrwatchd.core.config.schema import Config, Folders
from ocrwatchd.core.errors import ConfigError
from ocrwatchd.setup.service import machine_config, worker_share
from ocrwatchd.setup.service.actions import Act, Configure, Give, Place, Remove, Run, Unlink
from ocrwatchd.setup.service.managed_files import Standing, standing
from ocrwatchd.setup.service.paths import writable
from ocrwatchd.setup.service.target import ACCOUNT, Target
from ocrwatchd.setup.service.unit_files import CANARY, DROP_INS, canary, files, text

_WITHOUT_MODEL = "the service was not started; install again, or without --pull to use the model in the package"
_WITHOUT_MANAGER = (
    "log in as this user, not with su or sudo, or let the service run without a login: sudo loginctl enable-linger USER"
)


@dataclass(frozen=True, slots=True)
class Wishes:
    """The options of an installation.

    Args:
        root: root of a first configuration; None for the default.
        allow: for "network" and "gpu" each, whether the service may use it; None changes nothing.
        pull: whether to download the language model first.
        start: whether to start the service, now and with the machine.
    """

    root: Path | None
    allow: dict[str, bool | None]
    pull: bool = False
    start: bool = True


def installation(target: Target, wishes: Wishes) -> list[Act]:
    """The steps that install or update a service.

    Raises:
        ConfigError: the service cannot use the configuration, the program or a folder.
    """
    if target.user and any(wish is not None for wish in wishes.allow.values()):
        raise ConfigError("a user's own service has that user's network and devices; leave --network and --gpu out")
    if target.worker and wishes.allow.get("network") is not None:
        raise ConfigError("a worker has a network, for the broker; leave --network out")
    config, first = machine_config.configuration(target, wishes.root)
    program = machine_config.program(target)
    if target.worker and not config.queue.broker:
        wishes = replace(wishes, start=False)
    networked = wishes.allow.get("network")
    if networked is None:
        networked = target.user or target.worker or (target.drop_ins / _drop_in_name("network")).exists()
    acts: list[Act] = [Place(file.path, file.text) for file in files(target, config.folders)]
    acts += [Place(file.path, file.text) for file in canary(target, program, config.folders.path("inbox"))]
    acts.append(Configure(target.configuration, first + ("" if networked or not first else machine_config.NO_NETWORK)))
    acts.append(
        Place(target.drop_ins / machine_config.FILE, machine_config.drop_in(config, target, program), show=True)
    )
    if not target.user:
        acts += _allowances(target, wishes)
        acts += _accounts(target)
        acts += _trials(config, target) if target.base == Path("/") and (wishes.start or target.worker) else []
    acts += _fetch(target, program) if wishes.pull else []
    return acts + _start(target, wishes)


def removal(target: Target) -> list[Act]:
    """The steps that remove a service: only its own files."""
    acts: list[Act] = []
    if _is_ours(target.units / target.unit_file) or target.unit in installed(target):
        acts.append(_disable(target, target.unit, "default.target.wants"))
    acts += _without_canary(target)
    others = [name for name in installed(target) if name != target.unit]
    templates = [name for name in others if "@" in name]
    drop_ins = (machine_config.FILE, *(_drop_in_name(name) for name in DROP_INS))
    acts += [Remove(target.drop_ins / name) for name in drop_ins if (target.drop_ins / name).exists()]
    for file in files(target, Folders(root=str(target.default_root))):
        is_template = file.path.name == target.unit_file
        if not file.shared or not (templates if is_template else others):
            acts.append(Remove(file.path))
    if target.manager_runs:
        acts.append(Run([*target.systemctl, "daemon-reload"]))
    return acts


def installed(target: Target) -> list[str]:
    """The names of the installed units."""
    found = target.units.glob(f"ocrwatchd*.service.d/{machine_config.FILE}")
    return sorted(path.parent.name.removesuffix(".d") for path in found)


def kept(target: Target) -> list[str]:
    """The things that stay after a removal, as text."""
    held = "calibration" if target.worker else "the ledger"
    left = [
        f"{target.configuration.parent}/ (the configuration)" if target.configuration.exists() else "",
        f"{target.state}/ ({held})" if target.state.exists() else "",
        f"{target.cache}/ (downloaded models)" if target.cache.exists() else "",
    ]
    return [*filter(None, left), *([f"the user {ACCOUNT}"] if not target.user and worker_share.has_account() else [])]


def refuse_without_rights(target: Target) -> None:
    """Refuse at the beginning an installation that would fail in the middle.

    Raises:
        ConfigError: the user is not root, but the service is the system's.
    """
    if not target.user and target.base == Path("/") and os.geteuid() != 0:
        raise ConfigError("only root can install or remove the system's service: use sudo, or --user for your own")


def _without_canary(target: Target) -> list[Act]:
    units = [] if target.worker else [target.units / f"{target.name}-canary.{kind}" for kind in CANARY]
    there = [path for path in units if path.exists()]
    # This also removes the links of an enabled timer.
    timers = [path.name for path in there if path.suffix == ".timer" and _is_ours(path)]
    stopped = [_disable(target, timer, f"{target.unit}.wants") for timer in timers]
    return [*stopped, *(Remove(path) for path in there)]


def _is_ours(path: Path) -> bool:
    return standing(path) not in {Standing.ABSENT, Standing.FOREIGN}


def _disable(target: Target, unit: str, wants: str) -> Act:
    """Stop and disable a unit."""
    if target.user and not target.manager_runs:  # systemctl --user asks it for everything
        return Unlink(target.units / wants / unit)
    return Run([*target.systemctl, "disable", *(["--now"] if target.manager_runs else []), unit])


def _drop_in_name(name: str) -> str:
    return f"20-{DROP_INS[name]}"


def _allowances(target: Target, wishes: Wishes) -> list[Act]:
    acts: list[Act] = []
    for name, source in DROP_INS.items():
        path = target.drop_ins / _drop_in_name(name)
        wish = wishes.allow.get(name)
        if wish or (wish is None and path.exists()):
            acts.append(
                Place(path, machine_config.with_groups(text(source)) if target.base == Path("/") else text(source))
            )
        elif path.exists():
            acts.append(Remove(path))
    return acts


def _accounts(target: Target) -> list[Act]:
    root = [] if target.base == Path("/") else [f"--root={target.base}"]
    acts: list[Act] = [Run(["systemd-sysusers", *root, "/etc/sysusers.d/ocrwatchd.conf"])]
    if not target.worker:
        acts.append(Run(["systemd-tmpfiles", *root, "--create", f"/etc/tmpfiles.d/{target.name}.conf"]))
    return acts


def _trials(config: Config, target: Target) -> list[Act]:
    """Whether the service may use folders that existed before."""
    if target.worker:
        return [worker_share.trial(config.folders)]
    return [
        Run(
            ["test", "-w", str(path), "-a", "-x", str(path)],
            account=ACCOUNT,
            group=config.folders.group,
            failed=f"the user {ACCOUNT} may not write in {path}; run: "
            f"chown {ACCOUNT}:{ACCOUNT} {shlex.quote(str(path))} (the user must be able to enter each folder above), "
            "then install again",
        )
        for path in writable(config.folders)
    ]


def _fetch(target: Target, program: Path) -> list[Act]:
    pull = [str(program), "models", "pull", "--config", str(target.configuration)]
    if target.user:
        return [Run(pull, failed=_WITHOUT_MODEL)]
    environment = {"CACHE_DIRECTORY": str(target.cache)}
    return [Give(target.cache), Run(pull, failed=_WITHOUT_MODEL, account=ACCOUNT, environment=environment)]


def _start(target: Target, wishes: Wishes) -> list[Act]:
    acts: list[Act] = [Run([*target.systemctl, "daemon-reload"])] if target.manager_runs else []
    if wishes.start:
        acts.append(Run([*target.systemctl, "enable", target.unit], failed=_WITHOUT_MANAGER if target.user else ""))
    if wishes.start and target.manager_runs:
        acts.append(Run([*target.systemctl, "restart", target.unit], failed=f"see: {target.journal}"))
    return acts
