"""What may break does, at random and again and again: each scan is delivered exactly once, none is blamed."""

import os
import random
import time

import pytest

from tests.e2e.cluster.brokers import RabbitMq, Redis
from tests.e2e.cluster.lab import lab
from tests.e2e.cluster.shares import Smbnetfs, Sshfs
from tests.e2e.cluster.test_line import drop, watching
from tests.e2e.running import await_that
from tests.e2e.witness import confirm_delivered

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

WORKERS = 3
LEASE_SECONDS = 1.0


class Faults:
    """Everything that happens to a lab.

    Args:
        made: the lab, with its workers.
        dice: decides who is met.
    """

    def __init__(self, made, dice):
        self._made = made
        self._dice = dice

    def worker_killed(self, worker):
        """A worker's machine loses its power, and is there again."""
        worker.kill()
        self._rest()
        worker.start()

    def engine_killed(self, worker):
        """The kernel takes an engine for its memory."""
        worker.kill_engine()

    def worker_cut_off(self, worker):
        """A cable is pulled, for shorter or longer than a lease; the share stays."""
        worker.machine.cut()
        self._rest()
        worker.machine.join()

    def worker_without_share(self, worker):
        """The mount goes too."""
        worker.machine.cut()
        worker.machine.lose_share()
        self._rest()
        worker.machine.join()
        worker.machine.regain_share()
        if worker.process.poll() is not None:  # systemd would do that
            worker.start()

    def worker_overtaken(self, worker):
        """A worker stands still for longer than its lease, then goes on as if nothing had been."""
        worker.freeze()
        time.sleep(LEASE_SECONDS + 0.5)
        worker.thaw()

    def broker_killed(self, _worker):
        """The broker dies, and comes back with all that it had acknowledged."""
        self._made.broker.kill()
        self._rest()
        self._made.broker.start()

    def broker_forgets(self, _worker):
        """The broker dies, and another one comes in its place."""
        self._made.broker.kill()
        self._made.broker.forget()
        self._rest()
        self._made.broker.start()

    def supervisor_killed(self, _worker):
        """The supervisor's machine loses its power, and is there again."""
        self._made.supervisor.kill()
        self._rest()
        self._made.supervisor.start()

    def strike(self, name):
        """Let something happen to somebody."""
        getattr(self, name)(self._dice.choice([*self._made.workers.values()]))

    def _rest(self):
        time.sleep(self._dice.uniform(0, 1.5 * LEASE_SECONDS))


ALL = sorted(name for name in vars(Faults) if name[0] != "_" and name != "strike")
QUICK = {Redis: ALL, RabbitMq: ["broker_killed", "worker_cut_off"]}
"""RabbitMQ takes ten seconds to start; the long proof has everything for it too."""


SOAK = pytest.mark.soak
LABS = [
    (Redis, None),
    (RabbitMq, None),
    pytest.param(Redis, Sshfs, marks=SOAK),
    pytest.param(Redis, Smbnetfs, marks=SOAK),
]


@pytest.mark.parametrize(("broker", "share"), LABS)
def test_faults_at_random(broker, share, pytestconfig):
    """Workers, engines, cables, broker, supervisor fail while scans pour in: each is delivered once, none is blamed."""
    seed = int(os.environ.get("OCRWATCHD_TEST_SEED", "0")) or random.randrange(1, 1 << 31)
    print(f"OCRWATCHD_TEST_SEED={seed}")  # noqa: T201
    dice = random.Random(seed)
    soak = pytestconfig.getoption("--soak")
    faults = dice.choices(ALL, k=100) if soak else dice.sample(QUICK[broker], k=len(QUICK[broker]))
    # An engine that somebody kills is blamed on the scan: here that is the test's own doing.
    tables = {"job": {"max_attempts": 100}, "queue": {"size": 8, "lease_seconds": LEASE_SECONDS}}
    with lab(broker, share=share, **tables) as made:
        daemon = made.supervisor.start()
        for number in range(WORKERS):
            made.worker(f"w{number + 1}").start()
        happens, scans = Faults(made, dice), {}
        with watching(daemon) as witness:
            for cycle, fault in enumerate(faults):
                for number in range(4):
                    name = f"{cycle:03}-{number}.tif"
                    scans[name] = drop(daemon, name, *["slow"] * dice.randint(1, 4))
                time.sleep(dice.uniform(0, 1))
                print(f"{cycle}: {fault}")  # noqa: T201
                happens.strike(fault)
                witness.seen()
            patience_s = 600 if soak else 120
            await_that(lambda: len(daemon.lying("archive")) == len(scans), patience_s, "every scan in the archive")
            daemon.await_idle()
            confirm_delivered(daemon, scans)
            witness.confirm()
        assert not daemon.events("job.failed")
        told = [daemon, *made.workers.values()]
        events = (
            "worker.lost",
            "job.published_again",
            "attempt.found",
            "attempt.dropped",
            "order.dropped",
            "broker.back",
        )
        print({name: sum(len(member.events(name)) for member in told) for name in events})  # noqa: T201
