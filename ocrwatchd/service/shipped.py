"""The unit files that ship with ocrwatchd, and where each goes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ocrwatchd.service.paths import quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ocrwatchd.service.target import Target

IN_WHEEL = Path(__file__).parent / "units"
IN_CHECKOUT = Path(__file__).parents[2] / "systemd"
"""The one source; a build copies it into the wheel."""

DROP_INS = {"network": "network.conf", "gpu": "gpu.conf"}
"""What may be allowed, and the file that allows it."""


@dataclass(frozen=True, slots=True)
class File:
    """One file to lie somewhere.

    Args:
        path: where.
        text: without the line that makes it ours.
        shared: whether every instance needs it.
    """

    path: Path
    text: str
    shared: bool = False


def text(name: str) -> str:
    """The content of a file of ``systemd/``."""
    folder = IN_WHEEL if IN_WHEEL.is_dir() else IN_CHECKOUT
    return (folder / name).read_text(encoding="utf-8")


def files(target: Target, folders: Sequence[Path]) -> list[File]:
    """What goes with a service as it is shipped, but for what differs here.

    Args:
        target: the service.
        folders: what is to be made where it is missing: the root, and what lies elsewhere.
    """
    folder = "user/" if target.user else ""
    found = [File(target.units / target.unit_file, text(f"{folder}{target.unit_file}"), shared=bool(target.instance))]
    if target.user:
        return found
    made = "\n".join(text("ocrwatchd.tmpfiles").replace("/srv/ocrwatchd", quoted(path)) for path in folders)
    return [
        File(target.base / "etc/sysusers.d/ocrwatchd.conf", text("ocrwatchd.sysusers"), shared=True),
        File(target.base / f"etc/tmpfiles.d/{target.name}.conf", made),
        *found,
    ]
