"""How the shared folder comes to a machine: as one disk that all of them have, or over a real network file system.

Over a network it goes with the cable, calls hang or fail, and what others have written is seen a little later.
"""

import contextlib
import tempfile
from pathlib import Path

from tests.e2e.running import await_that
from tests.e2e.servers import ALONE, MORTAL, SSH_PORT, begun, samba_command, samba_places, ssh_access
from tests.programs import lacks, needs

MOUNTED_SECONDS = 30
SMB_PORT = 445


class Disk:
    """The folder itself, at another place: it does not go with the cable, and whoever writes is seen at once.

    Args:
        folder: what all see.
    """

    everywhere = False

    def __init__(self, folder: Path):
        self.folder = folder

    @contextlib.contextmanager
    def mounted(self, machine):
        """From mounting to unmounting, whoever has files open in it."""
        machine.must("mount", "--bind", self.folder, machine.mount)
        yield
        machine.must("umount", "--lazy", machine.mount)


class Served:
    """The folder as another machine's server offers it, mounted with FUSE; use it in a ``with`` block.

    Args:
        folder: what all see.
        server: on whose disk it lies.

    Attributes:
        everywhere: nobody but the server may touch the folder itself: all others have to mount it.
    """

    everywhere = False
    port = 0

    def __init__(self, folder: Path, server):
        self.folder = folder
        self.server = server
        self._life = contextlib.ExitStack()

    def __enter__(self):
        if not Path("/dev/fuse").exists():
            lacks("this kernel has no FUSE")
        self.own = Path(self._life.enter_context(tempfile.TemporaryDirectory(prefix="ocrwatchd-share-")))
        self._life.enter_context(begun(self.server.inside(*ALONE, *self.serve(self.own / "server"))))
        await_that(lambda: self.server.reaches(self.server.address, self.port), MOUNTED_SECONDS, "an answer")
        return self

    def __exit__(self, *_):
        self._life.close()

    @contextlib.contextmanager
    def mounted(self, machine):
        """From mounting to the end of the client, as when somebody kills it and unmounts what is left."""
        await_that(lambda: machine.reaches(self.server.address, self.port), MOUNTED_SECONDS, "a way to the server")
        place = self.place(machine)
        with begun(machine.inside(*MORTAL, *self.mount(machine))) as client:

            def mounted():
                assert client.poll() is None, client.stdout.read()
                return machine.does("mountpoint", "-q", place)

            await_that(mounted, MOUNTED_SECONDS, "a mount")
            self.arrange(machine)
            yield
        # Some clients have done that by themselves.
        for each in {place, machine.mount}:
            machine.does("umount", "--lazy", each)

    def serve(self, folder):
        """The server's command line; it has this folder, which is not there yet, for all of its own."""
        raise NotImplementedError

    def mount(self, machine):
        """The client's command line."""
        raise NotImplementedError

    def place(self, machine):
        """Where the client mounts."""
        return machine.mount

    def arrange(self, machine):
        """Bring what the client has mounted to where the machine wants it."""


class Sshfs(Served):
    """With sshd and sshfs, mounted as the documentation says but for shorter times."""

    port = SSH_PORT
    options = ("reconnect", "ServerAliveInterval=1", "ServerAliveCountMax=2", "dcache_timeout=1")

    def serve(self, folder):
        """Debian's sshd."""
        needs("sshfs")
        command, self._access = ssh_access(folder, self.server.address, self.port)
        return command

    def mount(self, machine):
        """Debian's sshfs."""
        options = [part for option in self.options for part in ("-o", option)]
        return ["sshfs", "-f", *self._access, *options, f"root@{self.server.address}:{self.folder}", machine.mount]


class Smbnetfs(Served):
    """With Samba, and its own client library mounted by smbnetfs: no hard link, no rename of what is open, no modes."""

    port = SMB_PORT

    def serve(self, folder):
        """Debian's smbd."""
        needs("smbnetfs")
        return samba_command(folder, self.folder, self.server.address, self.port)

    def mount(self, machine):
        """Debian's smbnetfs, which shows all servers that it is asked for."""
        home = Path(tempfile.mkdtemp(prefix=f"{machine.name}-", dir=self.own))
        (home / ".smb").mkdir()
        (home / ".smb" / "smb.conf").write_text(f"[global]\n{samba_places(home)}", encoding="utf-8")
        (home / ".smb" / "smbnetfs.conf").write_text('fast_rename "true"\n', encoding="utf-8")
        (home / ".smb" / "smbnetfs.conf").chmod(0o600)  # or it is not read
        self.place(machine).mkdir(exist_ok=True)
        return ["env", f"HOME={home}", "smbnetfs", "-f", self.place(machine)]

    def place(self, machine):
        """Beside where the machine wants the folder."""
        return self.own / f"servers-of-{machine.name}"

    def arrange(self, machine):
        """Of all that is there the one folder."""
        server = self.place(machine) / self.server.address
        machine.must("ls", server)  # before that it knows nobody
        machine.must("mount", "--bind", server / self.folder.name, machine.mount)


class Glusterfs(Served):
    """With GlusterFS, a file system for clusters, as far as it needs no daemon that looks after others."""

    everywhere = True
    port = 24010

    def serve(self, folder):
        """Debian's glusterfsd with the one folder."""
        needs("glusterfsd", "glusterfs")
        folder.mkdir()
        serves = {
            "transport-type": "tcp",
            "transport.socket.bind-address": self.server.address,
            "transport.socket.listen-port": self.port,
            "auth.addr.locks.allow": "*",
        }
        volumes = (
            _volume("disk", "storage/posix", "", {"directory": self.folder}),
            _volume("locks", "features/locks", "disk", {}),
            _volume("server", "protocol/server", "locks", serves),
        )
        return _gluster("glusterfsd", folder, volumes)

    def mount(self, machine):
        """Debian's glusterfs, with those of its caches that others' writes may be behind."""
        folder = Path(tempfile.mkdtemp(prefix=f"{machine.name}-", dir=self.own))
        reaches = {
            "transport-type": "tcp",
            "remote-host": self.server.address,
            "remote-port": self.port,
            "remote-subvolume": "locks",
            "ping-timeout": 2,
        }
        volumes = (
            _volume("remote", "protocol/client", "", reaches),
            _volume("behind", "performance/write-behind", "remote", {}),
            _volume("quick", "performance/quick-read", "behind", {}),
            _volume("known", "performance/md-cache", "quick", {}),
        )
        return [*_gluster("glusterfs", folder, volumes), machine.mount]


def _gluster(program, folder, volumes):
    (folder / "volumes").write_text("".join(volumes), encoding="utf-8")
    return [program, "-N", "-f", folder / "volumes", "-l", folder / "log", "-p", folder / "pid"]


def _volume(name, kind, below, options):
    lines = [f"option {key} {value}" for key, value in options.items()]
    lines += [f"subvolumes {below}"] if below else []
    return "\n ".join([f"volume {name}", f"type {kind}", *lines]) + "\nend-volume\n"
