"""A small Debian of its own, booted with a real systemd in a container (systemd-nspawn)."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path

from tests.e2e.running import await_that
from tests.programs import lacks

CACHE = "/var/cache/apt/archives"
PACKAGES = (
    "systemd", "systemd-sysv", "dbus", "libpam-systemd", "procps",
    # What the interpreter and the engines are linked with.
    "libbz2-1.0", "libffi8", "libgomp1", "liblzma5", "libncursesw6", "libreadline8", "libsqlite3-0", "libssl3",
    "libstdc++6", "libuuid1", "zlib1g",
)  # fmt: skip
PYTHON, SITE = "/opt/python", "/opt/packages"
"""Where the machine sees the interpreter that runs the tests, and the libraries beside it; read-only."""

BOOT_SECONDS = 120


def bootstrap(tree, *packages):
    """Install a minimal Debian, of the host's own release, into a folder."""
    release = dict(
        line.split("=", 1) for line in Path("/etc/os-release").read_text(encoding="utf-8").split("\n") if line
    )
    if release.get("ID") != "debian":
        lacks("a tree is made of the host's own Debian; this is none")
    asked = ["apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages"]
    mirror = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split()[0]
    include = [f"--include={','.join(packages)}"] if packages else []
    command = ["debootstrap", "--variant=minbase", f"--cache-dir={CACHE}", *include]
    done = subprocess.run(
        [*command, release["VERSION_CODENAME"], str(tree), mirror], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


def make_tree(tree):
    """Install Debian into a folder, with what the machine needs."""
    bootstrap(tree, *PACKAGES)
    for folder in (PYTHON, SITE):
        (tree / folder[1:]).mkdir()
    (tree / "etc/ld.so.conf.d/python.conf").write_text(f"{PYTHON}/lib\n", encoding="ascii")


class Machine:
    """The booted tree.

    Args:
        tree: its root folder, as :func:`make_tree` leaves it.
        log: a file for what it says on its console.
    """

    def __init__(self, tree: Path, log: Path):
        self.tree = tree
        self.log = log
        self._nspawn = None
        self._init = 0

    def boot(self):
        """Start it, and wait until systemd has started everything."""
        command = [
            "systemd-nspawn", "--quiet", f"--directory={self.tree}", "--boot", "--register=no", "--keep-unit",
            f"--machine=ocrwatchd-test-{os.getpid()}", "--resolv-conf=off", "--timezone=off", "--console=pipe",
            f"--bind-ro={sys.base_prefix}:{PYTHON}", f"--bind-ro={sysconfig.get_path('purelib')}:{SITE}",
            # Not among those that it lets through by itself; the engine confines itself by them.
            "--system-call-filter=landlock_create_ruleset landlock_add_rule landlock_restrict_self",
        ]  # fmt: skip
        with self.log.open("ab") as log:
            self._nspawn = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        children = Path(f"/proc/{self._nspawn.pid}/task/{self._nspawn.pid}/children")

        def running():
            assert self._nspawn.poll() is None, self.log.read_text(errors="replace")[-3000:]
            self._init = next(iter(map(int, children.read_text(encoding="ascii").split())), 0)
            return self._init and self.run("systemctl", "is-system-running", check=False).stdout.strip() == "running"

        await_that(running, BOOT_SECONDS, "a running system")

    def run(self, *command, check=True, environment=(), stdin=None):
        """Run a program in it; the finished process."""
        enter = ["nsenter", f"--target={self._init}", *("-m", "-u", "-i", "-n", "-p", "-C"), "--"]
        clean = ["env", "-i", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", *environment]
        done = subprocess.run(
            [*enter, *clean, *command], input=stdin, capture_output=True, text=True, check=False, timeout=110
        )
        assert not check or done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def power_off(self):
        """Shut it down, as an administrator would."""
        self.run("systemctl", "poweroff", "--no-block")
        self._nspawn.wait(110)
        self._clear_up()

    def end(self):
        """End it now, as a power cut would."""
        if self._nspawn is None or self._nspawn.poll() is not None:
            return
        if self._init:
            os.kill(self._init, signal.SIGKILL)
        else:
            self._nspawn.kill()
        self._nspawn.wait(60)
        self._clear_up()

    def _clear_up(self):
        """Remove the cgroups that nspawn has made for it and itself: it leaves them, empty."""
        own = [line.split(":", 2)[2] for line in Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()]
        mounts = [line.split() for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()]
        for mount in (Path(fields[1]) for fields in mounts if fields[2].startswith("cgroup")):
            for made in {mount / path[1:] / name for path in own for name in ("payload", "supervisor")}:
                folders = [Path(folder) for folder, _, _ in os.walk(made, topdown=False)]
                if any((folder / "cgroup.procs").read_text(encoding="ascii") for folder in folders):
                    continue  # another machine's: its systemd needs the empty ones too
                for folder in folders:
                    with contextlib.suppress(OSError):
                        folder.rmdir()

    def path(self, inside):
        """Where a path of it lies on the host."""
        return self.tree / str(inside).lstrip("/")

    def install(self, wheel):
        """Install ocrwatchd from a wheel, as `pip install` does, on the libraries of the host."""
        if not self.path("/opt/ocrwatchd").exists():
            python = f"python{sys.version_info.major}.{sys.version_info.minor}"
            self.run("ldconfig")
            self.run(f"{PYTHON}/bin/{python}", "-m", "venv", "/opt/ocrwatchd")
            (site,) = self.path("/opt/ocrwatchd/lib").glob("python*/site-packages")
            (site / "host.pth").write_text(f"{SITE}\n", encoding="ascii")
        shutil.copy(wheel, self.path("/root"))
        self.run(
            "/opt/ocrwatchd/bin/python", "-m", "pip", "--disable-pip-version-check", "install", "-q", "--no-deps",
            "--no-index", "--force-reinstall", "--root-user-action", "ignore", f"/root/{wheel.name}",
        )  # fmt: skip
