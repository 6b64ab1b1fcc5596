"""Podman and Buildah with a storage of their own, also where neither systemd nor control groups are at hand."""

import json
import os
import re
import resource
import subprocess
from pathlib import Path

from ocrwatchd.setup.service.unit_files import text
from tests.e2e.booted.machine import bootstrap
from tests.paths import CHECKOUT

BASE = "localhost/debian:12-slim"
"""What the plain name means before any other image; made of a bare tree."""

IMAGE = "localhost/ocrwatchd"
BUILD_SECONDS, SECONDS = 3000, 300
HYBRID = Path("/sys/fs/cgroup/unified")
"""Where a machine has both versions of control groups; crun wants one."""


def _apart(*command):
    """The command with mounts of its own, where one version of control groups is in sight."""
    hidden = f"if mountpoint -q {HYBRID}; then umount {HYBRID}; fi; "
    return ["unshare", "--mount", "sh", "-c", hidden + 'exec "$@"', "sh", *map(str, command)]


class Podman:
    """Images and containers in a folder, apart from those of the machine.

    Args:
        base: the folder.
    """

    def __init__(self, base: Path):
        self._base = base
        # Not vfs: it copies the whole image for each container.
        storage = {"driver": "overlay", "runroot": str(base / "run"), "graphroot": str(base / "storage")}
        self._write("storage.conf", {"storage": storage})
        # Not more than this process may have: it may lack the right to raise them.
        limits = {"nofile": resource.RLIMIT_NOFILE, "nproc": resource.RLIMIT_NPROC}
        most = {name: min(4096, resource.getrlimit(number)[1] % 2**63) for name, number in limits.items()}
        self._limits = [f"--ulimit={name}={number}:{number}" for name, number in most.items()]
        containers = {"cgroups": "disabled"}
        engine = {"runtime": "crun", "cgroup_manager": "cgroupfs", "events_logger": "file"}
        self._write("containers.conf", {"containers": containers | {"log_driver": "k8s-file"}, "engine": engine})
        self._environment = os.environ | {
            "CONTAINERS_STORAGE_CONF": str(base / "storage.conf"),
            "CONTAINERS_CONF": str(base / "containers.conf"),
        }

    def _write(self, name, sections):
        lines = []
        for section, values in sections.items():
            lines += [f"[{section}]", *(f"{key} = {json.dumps(value)}" for key, value in values.items())]
        self.file(name, "\n".join(lines))

    def file(self, name, content):
        """A file of its own; where it lies."""
        path = self._base / name
        path.write_text(content, encoding="utf-8")
        return path

    def run(self, *command, check=True, seconds=SECONDS, **environment):
        """Run podman; the finished process."""
        command = (*command[:1], *(self._limits if command[0] == "run" else []), *command[1:])
        done = subprocess.run(
            _apart("podman", *command),
            env=self._environment | environment, capture_output=True, text=True, check=False, timeout=seconds,
        )  # fmt: skip
        assert not check or done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def make_base(self):
        """Make the image that the Containerfile begins with, of Debian's packages."""
        tree = self._base / "tree"
        bootstrap(tree)
        packed = self._base / "tree.tar"
        subprocess.run(["tar", "-C", str(tree), "-cf", str(packed), "."], check=True)
        self.run("import", packed, BASE)
        packed.unlink()
        subprocess.run(["rm", "-r", "--", str(tree)], check=True)

    def build(self):
        """Build the image of this checkout, as the documentation says, but without a container runtime."""
        command = _apart(
            *("buildah", "bud", "--isolation", "chroot", "--pull-never", *self._mounts()),
            *("-t", IMAGE, "-f", "systemd/Containerfile", "."),
        )
        with (self._base / "build.log").open("wb") as log:
            done = subprocess.run(
                command, cwd=CHECKOUT, env=self._environment, stdout=log, stderr=log, check=False, timeout=BUILD_SECONDS
            )
        assert done.returncode == 0, (self._base / "build.log").read_text(errors="replace")[-5000:]

    def remove(self):
        """Remove all images: gigabytes, which pytest would keep."""
        subprocess.run(["rm", "-rf", "--", str(self._base / "storage")], check=True)

    def _mounts(self):
        """What pip needs on this machine to reach its index: its settings, and the certificates that it trusts."""
        said = subprocess.run(["pip", "config", "list"], capture_output=True, text=True, check=True).stdout
        known = dict(re.findall(r"^(?::env:\.|global\.)([\w-]+)='(.*)'$", said, re.MULTILINE))
        kept = {key: value for key, value in known.items() if key in {"index-url", "trusted-host", "proxy", "cert"}}
        mounts = []
        if "cert" in kept:  # elsewhere: the build installs Debian's certificates
            mounts += ["-v", f"{Path(kept['cert']).resolve()}:/run/certificates.pem:ro"]
            kept["cert"] = "/run/certificates.pem"
        settings = self.file("pip.conf", "\n".join(["[global]", *(f"{key} = {value}" for key, value in kept.items())]))
        return [*mounts, "-v", f"{settings}:/etc/pip.conf:ro"]


def options(root, state, user="10001:10001"):
    """What Quadlet makes of the unit, with other places for its volumes; the health check is run by hand."""
    container = [line.partition("=") for line in text("ocrwatchd.container").split("[Container]\n")[1].splitlines()]
    places = {"/srv/ocrwatchd": root, "ocrwatchd-state": state}
    (health,) = (value for key, _, value in container if key == "HealthCmd")
    made = ["--user", user, "--health-cmd", health, "--health-interval", "disable"]
    flags = {"ReadOnly": "--read-only", "NoNewPrivileges": "--security-opt=no-new-privileges"}
    named = {
        "HostName": "--hostname",
        "Network": "--network",
        "DropCapability": "--cap-drop",
        "AddCapability": "--cap-add",
    }
    for key, _, value in container:
        if key == "[Service]":
            return made
        if key == "Volume":
            source, _, inside = value.partition(":")
            made += ["--volume", f"{places[source]}:{inside}"]
        elif key == "PodmanArgs":
            made.append(value)
        elif key in flags:
            assert value == "true"
            made.append(flags[key])
        elif key in named:
            made += [named[key], value]
        elif key == "Notify":
            made.append("--sdnotify=container")
    raise AssertionError("the unit ends within [Container]")
