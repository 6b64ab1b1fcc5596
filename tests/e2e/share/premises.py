"""A small machine of its own, out of namespaces, on which what `share` prints is run as it is printed.

It has its own /etc (a copy), /srv, /run and state of Samba, and a network with nothing but a loopback: accounts,
passwords and servers on their usual ports concern nobody else.
"""

import contextlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.e2e.running import Running, await_that
from tests.e2e.servers import begun, serving
from tests.paths import CHECKOUT
from tests.programs import lacks, needs, needs_root

PASSWORD = "open Sesame"  # noqa: S105 - of accounts that live for a minute
PROFILE = "it's paid"
ROOT = "it's 50% \\040 #1 $HOME"
"""A root's name that would break a careless configuration."""

SERVICE = "ocrwatchd"
NOWHERE = ("/run", "/srv", "/mnt", "/var/lib/samba", "/var/cache/samba", "/var/log")

SETUP = """
set -e
ip link set lo up
mkdir -p "$1/etc" /var/lib/samba /var/cache/samba
cp -a /etc/. "$1/etc"
mount --bind "$1/etc" /etc
{kept}for each in {nowhere}; do mount -t tmpfs -o mode=0755 none "$each"; done
mkdir -p /run/samba /var/lib/samba/private /var/log/samba
{opened}: >/etc/fstab
id -u {service} >/dev/null 2>&1 || useradd --system --user-group --shell /usr/sbin/nologin {service}
install -d -m 2770 -o {service} -g {service} "$2"
install -d -o {service} "$1/state" "$1/temporary"
touch "$1/ready"
exec sleep infinity
"""


NEEDED = [Path(place) for place in (CHECKOUT, sys.prefix, sys.base_prefix)]


def kept():
    """Commands that keep where this Python and the checkout lie at hand, before anything is hidden."""
    lines = (
        f'mkdir -p "$1/kept/{number}" && mount --bind {shlex.quote(str(place))} "$1/kept/{number}"'
        for number, place in enumerate(NEEDED)
    )
    return "".join(f"{line}\n" for line in lines)


def opened():
    """Commands after which everybody may enter these, at their own places."""
    closed = {shut for place in NEEDED if (shut := _shut(place))}
    lines = [f"mount -t tmpfs -o mode=0755 none {shlex.quote(str(shut))}" for shut in sorted(closed)]
    for number, place in enumerate(NEEDED):
        if _shut(place) or any(place.is_relative_to(hidden) for hidden in NOWHERE):
            where = shlex.quote(str(place))
            lines += [f"mkdir -p {where}", f'mount --bind "$1/kept/{number}" {where}']
    return "".join(f"{line}\n" for line in lines)


def _shut(place):
    """The outermost folder above a place that not everybody may enter; None where all may."""
    above = (folder for folder in reversed(place.parents) if not folder.stat().st_mode & 0o001)
    return next(above, None)


class Premises(Running):
    """The machine, and the daemon on it as its unit would run it: a user of its own, with the right to lease only.

    Args:
        base: a folder that other users may enter.
    """

    def __init__(self, base: Path):
        super().__init__(base, **{"folders": {"root": str(base / ROOT)}, f"profiles.{PROFILE!r}": {}})
        self.config.write_text(self.config.read_text().replace(f"[profiles.{PROFILE!r}]", f'[profiles."{PROFILE}"]'))
        self.root = base / ROOT
        self.machine = None

    @contextlib.contextmanager
    def open(self):
        """From switching on to switching off."""
        (unshare,) = needs("unshare", "nsenter", "setpriv", "useradd", "setfacl")[:1]
        setup = SETUP.format(nowhere=" ".join(NOWHERE), service=SERVICE, kept=kept(), opened=opened())
        command = [unshare, "--mount", "--net", "sh", "-c", setup, "sh", str(self.base), str(self.root)]
        with begun(command) as machine:
            await_that(lambda: (self.base / "ready").exists() or machine.poll() is not None, 60, "the machine")
            if machine.poll() is not None:
                lacks(f"no namespaces can be made here: {machine.stdout.read()}")
            self.machine = machine.pid
            with self:
                yield self

    def inside(self, *command):
        """A command line that runs on this machine."""
        return ["nsenter", f"--target={self.machine}", "--mount", "--net", "--", *map(str, command)]

    def call(self, *command, said="", **environment):
        """Run something on this machine; the finished process."""
        return subprocess.run(
            self.inside(*command),
            input=said,
            env=self.environment | environment,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

    def must(self, *command, **more):
        """Run something on this machine that has to succeed; what it said."""
        done = self.call(*command, **more)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    @property
    def environment(self):
        """What the daemon needs to find its modules."""
        return super().environment | {"PYTHONPATH": str(CHECKOUT)}

    def command(self, *more):
        """The daemon's command line."""
        rights = ("--inh-caps=-all,+lease", "--ambient-caps=-all,+lease", "--bounding-set=-all,+lease")
        who = (f"--reuid={SERVICE}", f"--regid={SERVICE}", "--init-groups", *rights, "--no-new-privs")
        daemon = (sys.executable, "-m", self.module, "--config", self.config, *more)
        return self.inside("setpriv", *who, "sh", "-c", 'umask 007; exec "$@"', "sh", *daemon)

    def place(self, kind, *changes, user="scanner"):
        """Run what `share` prints, twice, as it may be.

        Args:
            kind: of the server.
            changes: pairs of words to exchange in it first, as its comments say.
            user: the scanner's account.
        """
        verb = (sys.executable, "-m", "ocrwatchd", "share", kind, "--user", user, "--config", self.config)
        script = self.base / f"{kind}.sh"
        printed = self.must(*verb)
        for old, new in changes:
            assert re.search(old, printed, re.MULTILINE), old
            printed = re.sub(old, new, printed, flags=re.MULTILINE)
        script.write_text(printed)
        self.must("sh", script)
        return self.must("sh", script)

    @contextlib.contextmanager
    def serving(self, port, *command):
        """A server on this machine, on its usual port."""
        folder = Path(tempfile.mkdtemp(dir=self.base))
        answers = self.inside("bash", "-c", f"exec 3<>/dev/tcp/127.0.0.1/{port}")

        def listens():
            return subprocess.run(answers, capture_output=True, check=False).returncode == 0

        with serving(self.inside(*command), folder, listens):
            yield

    def passwords(self, *names):
        """Give accounts their password, as `passwd` would: these, or both of the script."""
        self.must("chpasswd", said="".join(f"{name}:{PASSWORD}\n" for name in names or ("scanner", "office")))


@contextlib.contextmanager
def premises():
    """A machine with the daemon running, gone afterwards with all that was on it."""
    needs_root()
    base = Path(tempfile.mkdtemp(prefix="ocrwatchd-share-", dir="/var/tmp"))
    base.chmod(0o755)
    try:
        with Premises(base).open() as made:
            yield made
    finally:
        shutil.rmtree(base)
        assert not os.path.lexists(base)
