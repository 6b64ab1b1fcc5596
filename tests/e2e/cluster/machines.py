"""Machines out of namespaces: each has its own network card, host name and mounts, and nothing of the host's network.

All cards lead to one switch, where a cable can be pulled. Whoever runs on a machine sees the host's files; the shared
folder lies at a place of the machine's own, as a mount that can be taken away: see tests/e2e/cluster/shares.py.
"""

import contextlib
import subprocess
from pathlib import Path

from tests.e2e.cluster.shares import Disk, Served
from tests.e2e.running import await_that
from tests.e2e.servers import MORTAL, begun
from tests.programs import lacks, needs, needs_root

NET = "198.18.0"
"""Set aside for measurements (RFC 2544), and nobody else sees it: it lives in namespaces only."""


class Machine:
    """A machine that is switched on.

    Args:
        number: on the network; its last byte.
        name: its host name.
        share: the shared folder; None: it has none.
        mount: where it lies on this machine.
    """

    def __init__(self, number: int, name: str, share: Disk | Served | None, mount: Path):
        self.name = name
        self.address = f"{NET}.{number}"
        self.share = share
        self.mount = mount
        self._switch = None
        self._holder = None
        self._mounted = contextlib.ExitStack()

    @contextlib.contextmanager
    def switched_on(self, switch: "Machine | None"):
        """From switching on to switching off; a machine without a switch is the switch itself."""
        self._switch = switch
        bridge = "ip link add bridge type bridge && ip link set bridge up"
        setup = ["ip link set lo up", f"hostname {self.name}", *([bridge] if switch is None else [])]
        needs("unshare", "setpriv", "nsenter", "ip", "hostname")
        self.mount.mkdir(exist_ok=True)
        command = [*MORTAL, "unshare", "--mount", "--net", "--uts", "sh", "-ec"]
        with begun([*command, "\n".join([*setup, "echo on", "exec sleep infinity"])]) as holder:
            said = holder.stdout.readline().decode().strip()
            if said != "on":
                lacks(f"no namespaces can be made here: {said}")
            self._holder = holder.pid
            if switch is not None:
                self._plug_in(switch)
            with self._mounted:
                if self.share is not None:
                    self.regain_share()
                yield self

    @property
    def share_from_outside(self):
        """The shared folder for whoever is on no machine."""
        return Path(f"/proc/{self._holder}/root{self.mount}") if self.share.everywhere else self.share.folder

    def _plug_in(self, switch):
        card = ("link", "add", self.name, "type", "veth", "peer", "name", "eth0", "netns", str(self._holder))
        switch.must("ip", *card)
        switch.must("ip", "link", "set", self.name, "master", "bridge", "up")
        self.must("ip", "addr", "add", f"{self.address}/24", "dev", "eth0")
        self.must("ip", "link", "set", "eth0", "up")
        await_that(lambda: "UP" in self.must("ip", "-brief", "link", "show", "eth0"), 30, "a network")

    def inside(self, *command):
        """A command line that runs on this machine, and dies with whoever starts it."""
        return ["nsenter", f"--target={self._holder}", "--mount", "--net", "--uts", "--", *map(str, command)]

    def must(self, *command):
        """Run something on this machine that has to succeed; what it said."""
        done = subprocess.run(self.inside(*command), capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def does(self, *command):
        """Whether something that is run on this machine succeeds."""
        return subprocess.run(self.inside(*command), capture_output=True, timeout=60, check=False).returncode == 0

    def reaches(self, address, port):
        """Whether something listens there."""
        return self.does("timeout", "1", "bash", "-c", f"exec 3<>/dev/tcp/{address}/{port}")

    def cut(self):
        """Pull the cable: nothing comes through, and nobody is told."""
        self._switch.must("ip", "link", "set", self.name, "down")

    def join(self):
        """Put it back in."""
        self._switch.must("ip", "link", "set", self.name, "up")

    def lose_share(self):
        """Take the mount away, whoever has files open in it: what lies under it is an empty folder."""
        self._mounted.close()

    def regain_share(self):
        """Mount it again."""
        self._mounted.enter_context(self.share.mounted(self))


class Network:
    """A switch, and the machines on it; all are gone when the ``with`` block ends.

    Args:
        base: a folder for the machines' own.
    """

    def __init__(self, base: Path):
        self._base = base
        self._machines = 0

    def __enter__(self):
        needs_root()
        self._stack = contextlib.ExitStack()
        self._switch = self._switch_on("switch", None, None)
        return self

    def __exit__(self, *_):
        self._stack.close()

    def machine(self, name, share=None):
        """Switch another machine on."""
        return self._switch_on(name, share, self._switch)

    def _switch_on(self, name, share, switch):
        self._machines += 1
        machine = Machine(self._machines, name, share, self._base / f"share-of-{name}")
        return self._stack.enter_context(machine.switched_on(switch))
