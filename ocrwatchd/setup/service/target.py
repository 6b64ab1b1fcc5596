"""What is to be installed where: the system's service or a user's, one or one of several."""

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
        user: the service of the user who asks, else the system's.
        instance: the name of one of several, "" for the only one.
        worker: what reads the scans of a supervisor elsewhere, in place of a supervisor.
        base: where the file system begins; another one than "/" is prepared only, and nothing is started.
        home: that user's home folder.

    Raises:
        ConfigError: the name cannot be an instance's, or a worker is asked to be a user's or an instance.
    """

    user: bool = False
    instance: str = ""
    worker: bool = False
    base: Path = Path("/")
    home: Path = field(default_factory=Path.home)

    def __post_init__(self) -> None:
        if self.worker and (self.user or self.instance):
            raise ConfigError("a worker is the system's, and one a machine: leave --user and --instance out")
        if self.instance and not INSTANCE.fullmatch(self.instance):
            raise ConfigError(f"{self.instance!r} cannot name an instance; use lower-case letters, digits and dashes")

    @property
    def unit(self) -> str:
        """As systemctl knows it."""
        return f"ocrwatchd@{self.instance}.service" if self.instance else f"{self.name}.service"

    @property
    def unit_file(self) -> str:
        """The unit's own file, a template where there are instances."""
        return "ocrwatchd@.service" if self.instance else f"{self.name}.service"

    @property
    def name(self) -> str:
        """What its own small files are called."""
        own = "worker" if self.worker else self.instance
        return f"ocrwatchd-{own}" if own else "ocrwatchd"

    @property
    def units(self) -> Path:
        """The folder of units."""
        return self.home / ".config/systemd/user" if self.user else self.base / "etc/systemd/system"

    @property
    def drop_ins(self) -> Path:
        """The folder of what differs here."""
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
        """The cache directory, which holds downloaded models: one for all instances."""
        return (self.home / ".cache" if self.user else self.base / "var/cache") / "ocrwatchd"

    @property
    def default_root(self) -> Path:
        """The root of a configuration that is written here; a worker's is where the supervisor has it."""
        folder = platformdirs.user_documents_path() if self.user else Path("/srv")
        return folder / ("ocrwatchd" if self.worker else self.name)

    @property
    def systemctl(self) -> list[str]:
        """The beginning of a systemctl command."""
        if self.base != Path("/"):
            return ["systemctl", f"--root={self.base}"]
        return ["systemctl", "--user"] if self.user else ["systemctl"]

    @property
    def journal(self) -> str:
        """The command that shows what the service has said."""
        return f"journalctl {'--user ' if self.user else ''}-u {self.unit} -n 20"

    @property
    def manager_runs(self) -> bool:
        """Whether a systemd runs that could start it."""
        if self.base != Path("/"):
            return False
        if self.user:
            return Path(os.environ.get("XDG_RUNTIME_DIR") or own_runtime(), "systemd").is_dir()
        return Path("/run/systemd/system").is_dir()


def own_runtime() -> str:
    """Where a user's own systemd is reached; who came by su or sudo has no variable that says so."""
    return f"/run/user/{os.geteuid()}"
