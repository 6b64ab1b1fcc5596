"""A real Redis on a port of this machine, which lives as long as a test."""

import contextlib
import signal
import socket
import subprocess
from functools import partial

from ocrwatchd.core.config.schema import Queue
from ocrwatchd.dispatch.cluster import broker
from tests.e2e.running import await_that
from tests.programs import needs

PASSWORD = "open sesame"  # noqa: S105 - of a server that lives as long as the test


class Server:
    """A Redis that forgets everything when it ends."""

    def __init__(self, folder):
        (self._program,) = needs("redis-server")
        self._folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.password_file = folder / "password"
        self.password_file.write_text(f"{PASSWORD}\n", encoding="ascii")
        self.password_file.chmod(0o600)
        self._process = None

    def start(self, *more, certificate=None):
        """Start it, and wait until it listens.

        Args:
            more: lines of its configuration.
            certificate: with which it speaks TLS only, signed by whoever made it.
        """
        lines = ["bind 127.0.0.1", f'requirepass "{PASSWORD}"', f"dir {self._folder}", 'save ""', *more]
        if certificate is None:
            lines.append(f"port {self.port}")
        else:
            certificate.cert_chain_pems[0].write_to_path(self._folder / "cert.pem")
            certificate.private_key_pem.write_to_path(self._folder / "key.pem")
            lines += ["port 0", f"tls-port {self.port}", "tls-auth-clients no"]
            lines += [f"tls-cert-file {self._folder}/cert.pem", f"tls-key-file {self._folder}/key.pem"]
            lines.append(f"tls-ca-cert-file {self._folder}/cert.pem")
        (self._folder / "redis.conf").write_text("\n".join(lines), encoding="ascii")
        command = [self._program, self._folder / "redis.conf"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        await_that(self._answers, what="a Redis that listens")
        return self

    def _answers(self):
        with socket.socket() as line:
            return line.connect_ex(("127.0.0.1", self.port)) == 0

    def kill(self):
        """End it as a power cut would."""
        self._process.kill()
        self._process.wait()

    @contextlib.contextmanager
    def frozen(self):
        """It takes connections meanwhile, and says nothing."""
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    @property
    def settings(self):
        """What a configuration says of it."""
        return Queue(broker=f"redis://127.0.0.1:{self.port}/3", broker_password_file=str(self.password_file))

    @property
    def connect(self):
        """What the lines are given."""
        return partial(broker.connect, self.settings)
