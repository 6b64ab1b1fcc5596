"""How the shared folder comes to a machine: as one disk that all of them have, or over a real network file system."""

import contextlib
import tempfile
from pathlib import Path

from tests.e2e.running import await_that
from tests.e2e.servers import SSH_PORT, begun, ssh_access
from tests.programs import lacks, needs

MOUNTED_SECONDS = 30


class Disk:
    """The folder itself, at another place: it does not go with the cable, and whoever writes is seen at once.

    Args:
        folder: what all see.
    """

    def __init__(self, folder: Path):
        self.folder = folder

    @contextlib.contextmanager
    def mounted(self, machine):
        """From mounting to unmounting, whoever has files open in it."""
        machine.must("mount", "--bind", self.folder, machine.mount)
        yield
        machine.must("umount", "--lazy", machine.mount)


class Sshfs:
    """The folder as another machine's sshd serves it, mounted as README says; use it in a ``with`` block.

    Args:
        folder: what all see.
        server: on whose disk it lies.
        options: of the mount.
    """

    OPTIONS = ("reconnect", "ServerAliveInterval=1", "ServerAliveCountMax=2", "dcache_timeout=1")

    def __init__(self, folder: Path, server, options=OPTIONS):
        self.folder = folder
        self._server = server
        self._options = options
        self._life = contextlib.ExitStack()

    def __enter__(self):
        needs("sshfs")
        if not Path("/dev/fuse").exists():
            lacks("this kernel has no FUSE")
        keys = Path(self._life.enter_context(tempfile.TemporaryDirectory(prefix="ocrwatchd-ssh-")))
        at = self._server.address
        command, self._access = ssh_access(keys / "keys", at, SSH_PORT)
        self._life.enter_context(begun(self._server.inside(*command)))
        await_that(lambda: self._server.reaches(at, SSH_PORT), MOUNTED_SECONDS, "an answer of sshd")
        return self

    def __exit__(self, *_):
        self._life.close()

    @contextlib.contextmanager
    def mounted(self, machine):
        """From mounting to the end of the client, as when somebody kills it and unmounts what is left."""
        await_that(lambda: machine.reaches(self._server.address, SSH_PORT), MOUNTED_SECONDS, "a way to sshd")
        options = [part for option in self._options for part in ("-o", option)]
        place = f"root@{self._server.address}:{self.folder}"
        command = ("setpriv", "--pdeathsig", "KILL", "sshfs", "-f", *self._access, *options, place, machine.mount)
        with begun(machine.inside(*command)) as client:

            def mounted():
                assert client.poll() is None, client.stdout.read()
                return machine.does("mountpoint", "-q", machine.mount)

            await_that(mounted, MOUNTED_SECONDS, "a mount over SSH")
            yield
        machine.does("umount", "--lazy", machine.mount)  # where the client has not done so by itself
