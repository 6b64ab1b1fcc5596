"""One supervisor, a broker and workers, each on its own machine of one network, all on one shared root."""

import contextlib
import os
import signal
import sys
import tempfile
from pathlib import Path

import trustme

from tests.e2e.cluster.brokers import Broker
from tests.e2e.cluster.machines import Machine, Network
from tests.e2e.cluster.shares import Disk
from tests.e2e.running import Running, await_that
from tests.paths import CHECKOUT

FAKES = {"run": "tests.fakes.daemon", "worker": "tests.fakes.worker"}
LEASE_SECONDS = 3.0
"""Short, so that a test does not wait long for the job of a lost worker."""


class Member(Running):
    """The supervisor or a worker, on its machine.

    Args:
        machine: where it runs.
        base: a folder for all of its own.
        verb: "run" or "worker".
        real: with real engines; else with the one that tests/fakes/engine.py has.
        tables: configuration.
    """

    def __init__(self, machine: Machine, base: Path, verb: str, *, real: bool, **tables):
        base.mkdir()
        super().__init__(
            base, "ocrwatchd" if real else FAKES[verb], **{"folders": {"root": str(machine.mount)}} | tables
        )
        self.machine = machine
        self.root = machine.share_from_outside
        self.verb = verb

    def command(self, *more):
        """The command line, on its machine."""
        verb = [self.verb] if self.module == "ocrwatchd" else []
        return self.machine.inside(sys.executable, "-m", self.module, *verb, "--config", self.config, *more)

    @property
    def environment(self):
        """What it needs to find its modules, and the fakes."""
        return super().environment | {"PYTHONPATH": str(CHECKOUT)}

    @property
    def pids(self):
        """Of its process, and of its engine where one runs."""
        started = [event["pid"] for event in self.events("engine.started")[-1:]]
        return [self.process.pid, *(pid for pid in started if Path(f"/proc/{pid}").exists())]

    def kill_engine(self):
        """End its engine as the kernel does when memory runs out."""
        for pid in self.pids[1:]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def freeze(self):
        """Let it stand still, like a machine that swaps."""
        self._tell(signal.SIGSTOP)

    def thaw(self):
        """Let it go on where it was."""
        self._tell(signal.SIGCONT)

    def _tell(self, number):
        for pid in self.pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)


class Lab:
    """Everything; gone when the ``with`` block of :func:`lab` ends.

    Args:
        base: a folder for all of it.
        network: with its machines.
        broker: runs.
        shares: the root as the supervisor's machine sees it, and the workers'.
        real: with real engines.
        tables: configuration of all members.

    Attributes:
        supervisor: not started yet.
        workers: those that were made, by name.
    """

    def __init__(self, base: Path, network: Network, broker: Broker, shares, *, real: bool, tables):
        self.base = base
        self.network = network
        self.broker = broker
        self.real = real
        self.tables = {"queue": self.queue | tables.pop("queue", {})} | tables
        self.workers = {}
        near, self._far = shares
        self.supervisor = Member(near, base / "supervisor", "run", real=real, **self.tables)

    @property
    def queue(self):
        """How a configuration names the broker."""
        named = {"broker": self.broker.url, "broker_password_file": str(self.broker.password_file)}
        ca = {"broker_ca": str(self.broker.ca)} if self.broker.ca else {}
        return named | ca | {"lease_seconds": LEASE_SECONDS}

    def worker(self, name, **tables):
        """A worker that is not started yet, on a machine of its own."""
        machine = self.network.machine(name, self._far)
        queue = self.tables["queue"] | tables.pop("queue", {})
        tables = self.tables | tables | {"queue": queue}
        made = Member(machine, self.base / name, "worker", real=self.real, **tables)
        self.workers[name] = made
        return made


@contextlib.contextmanager
def lab(broker, *, tls=True, real=False, share=None, **tables):
    """A network with a broker that runs, a supervisor, and no worker yet.

    Args:
        broker: its class.
        tls: whether it speaks TLS only.
        real: with real engines.
        share: over what the workers' machines mount the root of the supervisor's; None: they have its disk too.
        tables: configuration of all members.
    """
    with contextlib.ExitStack() as stack:
        base = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ocrwatchd-cluster-", dir="/var/tmp")))
        base.chmod(0o755)
        (base / "root").mkdir()
        network = stack.enter_context(Network(base))
        authority = trustme.CA() if tls else None
        served = stack.enter_context(broker(network.machine("broker"), base / "broker", authority))
        made = Lab(base, network, served, _shares(stack, network, share, base / "root"), real=real, tables=tables)
        for name in ("inbox", "outbox", "archive", "failed"):
            (made.supervisor.root / name).mkdir()
        try:
            yield made
        finally:
            _end(made)


def _shares(stack, network, share, root):
    """The supervisor's machine, with the root; and how workers' machines get it."""
    if share is None:
        return network.machine("supervisor", disk := Disk(root)), disk
    if share.everywhere:
        far = stack.enter_context(share(root, network.machine("nas")))
        return network.machine("supervisor", far), far
    near = network.machine("supervisor", Disk(root))
    return near, stack.enter_context(share(root, near))


def _end(made):
    """End whoever still runs: the broker and the machines go next."""
    members = [member for member in (*made.workers.values(), made.supervisor) if member.process]
    for member in members:
        member.thaw()
        if member.process.poll() is None:
            member.process.send_signal(signal.SIGTERM)
    with contextlib.ExitStack() as killed:
        for member in members:
            killed.callback(member.kill)
        for member in members:
            await_that(lambda member=member: member.process.poll() is not None, 60, f"the end of {member.verb}")
