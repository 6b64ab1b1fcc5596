"""The service to install: of the system or of a user, single or one of several, and its places."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs

from ocrwatchd.core.errors import ConfigError

ACCOUNT = "ocrwatchd"
"""The system service's user and group."""

INSTANCE = re.compile("[a-z0-9][a-z0-9-]{0,30}")


@dataclass(frozen=True, slots=True)
class Target:
    """A service and its places.

    Args:
        user: whether the service belongs to the present user, not to the system.
        instance: the name of one of several services, "" for the only service.
        worker: whether the service is a worker for a supervisor elsewhere.
        base: root of the file system; another root than "/" is only prepared, and nothing is started.
        home: the user's home folder.

    Raises:
        ConfigError: the instance's name is not valid, or a worker would be a user's or an instance.
    """

    user: bool = False
    instance: str = ""
    worker: bool = False
    base: Path = Path("/")
    home: Path = field(default_factory=Path.home)

    def __post_init__(self) -> None:
        if self.worker and (self.user or self.instance):
            raise ConfigError(
                "a worker is a service of the system, one for each machine: leave --user and --instance out"
            )
        if self.instance and not INSTANCE.fullmatch(self.instance):
            raise ConfigError(f"{self.instance!r} cannot name an instance; use lower-case letters, digits and dashes")

    @property
    def unit(self) -> str:
        """The name of the unit."""
        return f"ocrwatchd@{self.instance}.service" if self.instance else f"{self.name}.service"

    @property
    def unit_file(self) -> str:
        """The unit's file, a template for instances."""
        return "ocrwatchd@.service" if self.instance else f"{self.name}.service"

    @property
    def name(self) -> str:
        """The name of its other files."""
        own = "worker" if self.worker else self.instance
        return f"ocrwatchd-{own}" if own else "ocrwatchd"

    @property
    def units(self) -> Path:
        """The folder of units."""
        return self.home / ".config/systemd/user" if self.user else self.base / "etc/systemd/system"

    @property
    def drop_ins(self) -> Path:
        """The folder of this machine's settings."""
        return self.units / f"{self.unit}.d"

    @property
    def configuration(self) -> Path:
        """The configuration file."""
        folder = self.home / ".config" if self.user else self.base / "etc"
        return folder / "ocrwatchd" / self.instance / ("worker.toml" if self.worker else "config.toml")

    @property
    def state(self) -> Path:
        """The state directory."""
        folder = self.home / ".local/state" if self.user else self.base / "var/lib"
        return folder / "ocrwatchd" / self.instance

    @property
    def cache(self) -> Path:
        """The cache directory, with downloaded models; all instances share it."""
        return (self.home / ".cache" if self.user else self.base / "var/cache") / "ocrwatchd"

    @property
    def default_root(self) -> Path:
        """The root of a first configuration; a worker has the root of its supervisor."""
        folder = platformdirs.user_documents_path() if self.user else Path("/srv")
        return folder / ("ocrwatchd" if self.worker else self.name)

    @property
    def systemctl(self) -> list[str]:
        """The first words of a systemctl command."""
        if self.base != Path("/"):
            return ["systemctl", f"--root={self.base}"]
        return ["systemctl", "--user"] if self.user else ["systemctl"]

    @property
    def journal(self) -> str:
        """The command that shows the log of the service."""
        return f"journalctl {'--user ' if self.user else ''}-u {self.unit} -n 20"

    @property
    def manager_runs(self) -> bool:
        """Whether a systemd runs that could start the service."""
        if self.base != Path("/"):
            return False
        if self.user:
            return Path(os.environ.get("XDG_RUNTIME_DIR") or own_runtime(), "systemd").is_dir()
        return Path("/run/systemd/system").is_dir()


def own_runtime() -> str:
    """The folder of a user's own systemd; after su or sudo the variable for it is not set."""
    return f"/run/user/{os.geteuid()}"
