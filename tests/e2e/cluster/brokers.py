"""Real brokers from Debian's packages, each on a machine of its own: with password and TLS, killed and brought back.

Nothing of the packages' own services is used: no account, no folder, no port of the host.
"""

import contextlib
import secrets
import shutil
from pathlib import Path

import trustme

from tests.e2e.running import await_that
from tests.e2e.servers import ALONE, begun
from tests.programs import needs

STARTED_SECONDS = 90
"""RabbitMQ takes twenty on a busy machine."""


class Broker:
    """What a broker of either kind is: use it in a ``with`` block, from which it runs.

    Args:
        machine: where it runs.
        folder: for all that it writes; made here.
        authority: signs its certificate; None: no TLS.

    Attributes:
        url: for ``queue.broker``.
        password_file: for ``queue.broker_password_file``.
        ca: for ``queue.broker_ca``; None without TLS.
    """

    scheme = ""
    port = 0

    def __init__(self, machine, folder: Path, authority: trustme.CA | None = None):
        self.machine = machine
        self.folder = folder
        self.password = secrets.token_hex(12)
        self._life = contextlib.ExitStack()
        folder.mkdir()
        folder.chmod(0o755)
        self.memory = folder / "memory"
        self.password_file = folder / "password"
        self.password_file.write_text(f"{self.password}\n", encoding="ascii")
        self.password_file.chmod(0o600)
        self.ca = None
        if authority is not None:
            self.ca = folder / "ca.pem"
            authority.cert_pem.write_to_path(self.ca)
            certificate = authority.issue_cert(machine.address)
            certificate.cert_chain_pems[0].write_to_path(folder / "cert.pem")
            certificate.private_key_pem.write_to_path(folder / "key.pem")
        secure = "s" if authority else ""
        self.url = f"{self.scheme}{secure}://{self.user}{machine.address}:{self.port}{self.path}"

    user = path = ""

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.kill()

    def start(self):
        """Start it with the memory that it has, and wait until it answers."""
        self.begin()
        self.await_answer()

    def begin(self):
        """Start it."""
        self.memory.mkdir(exist_ok=True)
        # To a file: nobody reads what it says.
        say = ("sh", "-c", 'exec "$@" >>"$0" 2>&1', self.folder / "output")
        command = self.machine.inside(*ALONE, *say, *self.command())
        self._process = self._life.enter_context(begun(command))

    def await_answer(self):
        """Wait until it listens."""

        def answers():
            assert self._process.poll() is None, (self.folder / "output").read_text()
            return self.machine.reaches(self.machine.address, self.port)

        await_that(answers, STARTED_SECONDS, f"an answer of {type(self).__name__}")

    def kill(self):
        """End it as a power cut would."""
        self._life.close()

    def forget(self):
        """Lose all that it has stored: its disk was exchanged."""
        shutil.rmtree(self.memory)

    def command(self):
        """Its command line; it stays in the foreground."""
        raise NotImplementedError


class Redis(Broker):
    """Debian's redis-server, each write on the disk before it is acknowledged."""

    scheme = "redis"
    port = 6379

    def command(self):
        """With its configuration in a file: a password in an argument would be seen."""
        (server,) = needs("redis-server")
        lines = [
            f"bind {self.machine.address}",
            f"dir {self.memory}",
            f"requirepass {self.password}",
            "appendonly yes",
            "appendfsync always",
            'save ""',
        ]
        if self.ca:
            lines += ["port 0", f"tls-port {self.port}", f"tls-cert-file {self.folder}/cert.pem"]
            lines += [f"tls-key-file {self.folder}/key.pem", f"tls-ca-cert-file {self.ca}", "tls-auth-clients no"]
        else:
            lines.append(f"port {self.port}")
        config = self.folder / "redis.conf"
        config.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return [server, config]


class RabbitMq(Broker):
    """Debian's rabbitmq-server."""

    scheme = "amqp"
    port = 5672
    user = "ocrwatchd@"

    def command(self):
        """The package's script itself; the wrapper in /usr/sbin would change the user and the folder."""
        needs("rabbitmq-server")
        lines = ["default_user = ocrwatchd", f"default_pass = {self.password}", "loopback_users = none"]
        if self.ca:
            lines += ["listeners.tcp = none", f"listeners.ssl.1 = {self.machine.address}:{self.port}"]
            lines += [f"ssl_options.cacertfile = {self.ca}", f"ssl_options.certfile = {self.folder}/cert.pem"]
            lines += [f"ssl_options.keyfile = {self.folder}/key.pem", "ssl_options.verify = verify_none"]
        else:
            lines.append(f"listeners.tcp.1 = {self.machine.address}:{self.port}")
        (self.folder / "rabbitmq.conf").write_text("\n".join(lines) + "\n", encoding="utf-8")
        places = {
            "HOME": self.folder,  # the cookie of its cluster of one
            "RABBITMQ_NODENAME": "ocrwatchd@localhost",
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_CONFIG_FILE": self.folder / "rabbitmq.conf",
            "RABBITMQ_ENABLED_PLUGINS_FILE": self.folder / "no-plugins",
            "RABBITMQ_MNESIA_BASE": self.memory,
            "RABBITMQ_LOGS": "-",
        }
        return ["env", *(f"{key}={value}" for key, value in places.items()), "/usr/lib/rabbitmq/bin/rabbitmq-server"]
