"""The unit files of ocrwatchd, and their places."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ocrwatchd.core.config.schema import FOLDER_NAMES, Folders
from ocrwatchd.setup.service import worker_share
from ocrwatchd.setup.service.paths import quoted, writable
from ocrwatchd.setup.service.target import ACCOUNT, Target

IN_WHEEL = Path(__file__).parent / "units"
IN_CHECKOUT = Path(__file__).parents[3] / "systemd"
"""The one source; a build copies it into the wheel."""

CANARY = ("service", "timer")
"""The kinds of the canary's units."""

DROP_INS = {"network": "network.conf", "gpu": "gpu.conf"}
"""Optional rights of the service, and the files that grant them."""


@dataclass(frozen=True, slots=True)
class File:
    """One file to install: its path, its content without the signature, and whether every instance needs it."""

    path: Path
    text: str
    shared: bool = False


def text(name: str) -> str:
    """The content of a file of ``systemd/``."""
    folder = IN_WHEEL if IN_WHEEL.is_dir() else IN_CHECKOUT
    return (folder / name).read_text(encoding="utf-8")


def files(target: Target, folders: Folders) -> list[File]:
    """The files of a service that do not depend on the machine.

    Missing folders of the configuration are made by systemd-tmpfiles; a worker makes none, because its root is a share.
    """
    folder = "user/" if target.user else ""
    found = [File(target.units / target.unit_file, text(f"{folder}{target.unit_file}"), shared=bool(target.instance))]
    if target.user:
        return found
    here = {":ocrwatchd\n": f":{quoted(folders.group or ACCOUNT)}\n"}
    modes = {folders.path(name): folders.mode(name) for name in FOLDER_NAMES}
    paths = [
        {"/srv/ocrwatchd": quoted(path), ":0750": f":{modes.get(path, folders.root_mode):04o}"}
        for path in writable(folders)
    ]
    made = "\n".join(_with(text("ocrwatchd.tmpfiles"), here | path) for path in paths)
    path = target.base / "etc/sysusers.d/ocrwatchd.conf"
    return [
        File(path, worker_share.account(text("ocrwatchd.sysusers"), path, target, folders), shared=True),
        *([] if target.worker else [File(target.base / f"etc/tmpfiles.d/{target.name}.conf", made)]),
        *found,
    ]


def canary(target: Target, program: Path, inbox: Path) -> list[File]:
    """The canary of a system's service and its timer; the services of users and workers have none."""
    if target.user or target.worker:
        return []
    name = f"{target.name}-canary"
    here = {
        "/opt/ocrwatchd/bin/ocrwatchd": quoted(program),
        "/etc/ocrwatchd/config.toml": quoted(Path("/") / target.configuration.relative_to(target.base)),
        "-/srv/ocrwatchd/inbox": quoted(f"-{inbox}"),
        "ocrwatchd.service": target.unit,
        "ocrwatchd-canary.": f"{name}.",
    }
    return [File(target.units / f"{name}.{kind}", _with(text(f"ocrwatchd-canary.{kind}"), here)) for kind in CANARY]


def _with(shipped: str, here: dict[str, str]) -> str:
    """A text with words replaced, all at once: a replacement is not replaced again."""
    return re.sub("|".join(map(re.escape, here)), lambda found: here[found[0]], shipped)
