"""Real servers from Debian's packages, and a slow network: each with its own configuration, ended with its ``with``.

Servers listen on one address of this machine; slow clients reach it out of a network namespace whose link is shaped.
"""

import contextlib
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from tests.programs import needs

RATE_KBIT = 4000
"""Of the slow link: half a megabyte takes a second."""

STARTED_SECONDS = 60
SSH_PORT = 22


class Network:
    """An address to serve on, and a slow way to reach it where network namespaces can be made.

    Attributes:
        host: the address.
        shaped: whether ``slow`` is really slow.
        reason: why it is not.
    """

    def __init__(self):
        self.host, self.shaped, self.reason = "127.0.0.1", False, ""
        self._name = f"ocrwatchd-{os.getpid()}"
        # 198.18.0.0/15 is set aside for measurements (RFC 2544): nobody's network.
        self._net = f"198.18.{os.getpid() % 256}"

    def __enter__(self):
        try:
            self._make()
        except (OSError, subprocess.CalledProcessError) as error:
            self._remove()
            said = (getattr(error, "stderr", "") or str(error)).strip()
            self.reason = f"no shaped network namespace ({said}); the clients' own rate limits instead"
        else:
            self.host, self.shaped = f"{self._net}.1", True
        return self

    def __exit__(self, *_):
        if self.shaped:
            self._remove()

    @property
    def slow(self):
        """What comes before a client's command line so that its link is slow."""
        return ["ip", "netns", "exec", self._name] if self.shaped else []

    def limit(self, *options):
        """A client's own options for a slow upload, needed only where the link is not slow."""
        return [] if self.shaped else list(options)

    def _make(self):
        outer, inner = f"ocrw{os.getpid() % 100000}a", f"ocrw{os.getpid() % 100000}b"
        inside = ("ip", "-n", self._name)
        _do("ip", "netns", "add", self._name)
        _do("ip", "link", "add", outer, "type", "veth", "peer", "name", inner, "netns", self._name)
        _do("ip", "addr", "add", f"{self._net}.1/30", "dev", outer)
        _do("ip", "link", "set", outer, "up")
        _do(*inside, "addr", "add", f"{self._net}.2/30", "dev", inner)
        _do(*inside, "link", "set", inner, "up")
        _do(*inside, "link", "set", "lo", "up")
        shape = ("tbf", "rate", f"{RATE_KBIT}kbit", "burst", "32kb", "latency", "300ms")
        _do("ip", "netns", "exec", self._name, "tc", "qdisc", "add", "dev", inner, "root", *shape)
        # A killed client's kernel would go on sending what its socket holds: megabytes by default.
        small = "echo 4096 16384 65536 > /proc/sys/net/ipv4/tcp_wmem"
        _do("ip", "netns", "exec", self._name, "sh", "-c", small)

    def _remove(self):
        with contextlib.suppress(OSError, subprocess.CalledProcessError):
            _do("ip", "netns", "delete", self._name)  # and with it the pair of links


@contextlib.contextmanager
def samba(folder: Path, inbox: Path, host: str):
    """Samba's smbd with a share ``inbox``, open to guests; its port."""
    port = free_port(host)
    with _serving(samba_command(folder, inbox, host, port), folder, host, port):
        yield port


def samba_command(folder: Path, shared: Path, host: str, port: int):
    """Samba's smbd, configured and not yet started: its command line; its share has the folder's name."""
    smbd, testparm = needs("smbd", "testparm")
    folder.mkdir()
    config = folder / "smb.conf"
    config.write_text(
        f"[global]\n{samba_places(folder)}"
        f"  smb ports = {port}\n  interfaces = {host}\n  bind interfaces only = yes\n  disable netbios = yes\n"
        f"  map to guest = bad user\n  guest account = root\n  load printers = no\n  log file = {folder}/log\n"
        "  disable spoolss = yes\n  server role = standalone server\n"
        f"[{shared.name}]\n  path = {shared}\n  guest ok = yes\n  read only = no\n",
        encoding="utf-8",
    )
    _do(testparm, "-s", str(config))
    return [smbd, "--foreground", "--no-process-group", "--configfile", str(config)]


def samba_places(folder: Path):
    """Lines of a configuration of Samba's with which its server or client writes in this folder only."""
    kinds = ("lock directory", "state directory", "cache directory", "pid directory", "private dir", "ncalrpc dir")
    return "".join(f"  {kind} = {folder}\n" for kind in (*kinds, "usershare path"))


@contextlib.contextmanager
def ftp(folder: Path, inbox: Path, host: str):
    """Debian's vsftpd with the inbox as its root, open to anonymous; its port."""
    (vsftpd,) = needs("vsftpd")
    folder.mkdir()
    (folder / "empty").mkdir()
    port = free_port(host)
    config = folder / "vsftpd.conf"
    options = {
        "listen": "YES",
        "listen_ipv6": "NO",
        "background": "NO",
        "listen_address": host,
        "listen_port": port,
        "anonymous_enable": "YES",
        "no_anon_password": "YES",
        "anon_root": inbox,
        "write_enable": "YES",
        "anon_upload_enable": "YES",
        "anon_other_write_enable": "YES",  # renames and resumes
        "anon_umask": "022",
        "anon_world_readable_only": "NO",
        "run_as_launching_user": "YES",
        "allow_writeable_chroot": "YES",
        "secure_chroot_dir": folder / "empty",
        "seccomp_sandbox": "NO",
        "xferlog_enable": "NO",
        "vsftpd_log_file": folder / "log",
    }
    config.write_text("".join(f"{key}={value}\n" for key, value in options.items()), encoding="utf-8")
    with _serving([vsftpd, str(config)], folder, host, port):
        yield port


@contextlib.contextmanager
def ssh(folder: Path, host: str):
    """OpenSSH's sshd; its port and the options with which its clients get in."""
    port = free_port(host)
    command, options = ssh_access(folder, host, port)
    with _serving(command, folder, host, port):
        yield port, options


def ssh_access(folder: Path, host: str, port: int):
    """OpenSSH's sshd, configured and not yet started: its command line, and the options of its clients."""
    sshd, keygen = needs("sshd", "ssh-keygen")
    folder.mkdir()
    for name in ("host", "user"):
        _do(keygen, "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name))
    Path("/run/sshd").mkdir(exist_ok=True)  # where it shuts its children in; compiled in
    config = folder / "sshd_config"
    config.write_text(
        f"ListenAddress {host}\nPort {port}\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/user.pub\n"
        "StrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin prohibit-password\nPidFile none\n"
        "Subsystem sftp internal-sftp\n",
        encoding="utf-8",
    )
    trust = (folder / "host.pub").read_text(encoding="utf-8").rsplit(" ", 1)[0]
    name = host if port == SSH_PORT else f"[{host}]:{port}"
    (folder / "known").write_text(f"{name} {trust}\n", encoding="utf-8")
    chosen = (f"IdentityFile={folder}/user", f"UserKnownHostsFile={folder}/known", "BatchMode=yes")
    options = ("-F", "none", *(part for option in chosen for part in ("-o", option)))
    return [sshd, "-D", "-e", "-f", str(config)], options


def free_port(host):
    """A port on which nothing listens now."""
    with socket.socket() as one:
        one.bind((host, 0))
        return one.getsockname()[1]


MORTAL = ("setpriv", "--pdeathsig", "KILL")
"""Before a command: should the tests be killed, it goes with them."""

ALONE = (*MORTAL, "unshare", "--pid", "--fork", "--kill-child", "--mount-proc")
"""The same in a process namespace of its own, so that whatever it starts ends with it, in sessions of its own too
(Erlang's epmd, Samba's samba-dcerpcd), and it ends with the tests."""


@contextlib.contextmanager
def begun(command, **more):
    """A process, and whatever it starts, that is gone when this ends; ``end(process)`` does it sooner."""
    said = subprocess.PIPE
    process = subprocess.Popen(command, start_new_session=True, stdout=said, stderr=subprocess.STDOUT, **more)
    try:
        yield process
    finally:
        end(process)
        for pipe in filter(None, (process.stdin, process.stdout)):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()


def end(process):
    """Kill a process that ``begun`` gave, with all of its group: as when its machine loses its power."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def run(command, **more):
    """Run a client to its good end."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False, **more)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"


@contextlib.contextmanager
def _serving(command, folder, host, port):
    with serving(command, folder, lambda: _listens(host, port)):
        yield


@contextlib.contextmanager
def serving(command, folder, answers):
    """A server, its output in a file of the folder, from when it answers."""
    needs("setpriv")
    command = [*MORTAL, *command]
    log = folder / "output"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, start_new_session=True, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    try:
        _await_answer(process, answers, log)
        yield
    finally:
        end(process)


def _listens(host, port):
    with contextlib.suppress(OSError), socket.create_connection((host, port), 1):
        return True
    return False


def _await_answer(process, answers, log):
    deadline = time.monotonic() + STARTED_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if answers():
            return
        time.sleep(0.02)
    raise AssertionError(f"{process.args}: {log.read_text(errors='replace')}")


def _do(*command):
    subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
