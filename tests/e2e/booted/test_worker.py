"""A worker as a service of a real systemd, beside a supervisor, with a real broker between them; in this order."""

import shutil
import socket
from types import SimpleNamespace

import pytest
import trustme

from tests.e2e.booted.test_service import OCRWATCHD, ROOT, Service
from tests.e2e.cluster.brokers import Redis
from tests.e2e.running import await_that
from tests.e2e.servers import free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

UNIT = "ocrwatchd-worker.service"
INSTALL = (OCRWATCHD, "service", "install", "--worker")
LEASE_SECONDS = 2
"""Short, so that the scan of a killed worker does not wait long."""

SOME = 5
"""Pages of a scan that is still in work when something happens to it."""

PASSWORD = "/etc/ocrwatchd/broker-password"  # noqa: S105  # a file's name


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    """A Redis with password and TLS on this host, whose network the machine has too."""

    def reaches(address, port):
        with socket.socket() as line:
            return line.connect_ex((address, port)) == 0

    here = SimpleNamespace(address="127.0.0.1", inside=lambda *command: command, reaches=reaches)
    kind = type("Local", (Redis,), {"port": free_port("127.0.0.1")})
    with kind(here, tmp_path_factory.mktemp("broker") / "redis", trustme.CA()) as served:
        yield served


@pytest.fixture(scope="module")
def supervisor(machine, broker, wheels):
    """A supervisor that has a broker; in its root lies what the tests before this module have delivered."""
    if not machine.path(OCRWATCHD).exists():
        machine.install(wheels[1])
    made = Service(machine)
    made.configuration.parent.mkdir(exist_ok=True)
    shutil.copy(broker.ca, machine.path("/etc/ocrwatchd/ca.pem"))
    made.configure(f'{queue(broker)}broker_password_file = "{PASSWORD}"\nlease_seconds = {LEASE_SECONDS}\n')
    machine.run(OCRWATCHD, "service", "install", "--network", "--no-start")
    machine.run("install", "--mode=0640", "--group=ocrwatchd", "/dev/stdin", PASSWORD, stdin=broker.password)
    machine.run(OCRWATCHD, "service", "install")
    return made


@pytest.fixture(scope="module")
def worker(machine, supervisor, broker):
    """The worker beside it, not installed yet; it takes the password from systemd, and is restarted without a wait."""
    made = Service(machine, UNIT, configuration="/etc/ocrwatchd/worker.toml")
    store = machine.path("/etc/credstore")
    store.mkdir(mode=0o700, exist_ok=True)
    (store / "broker-password").write_text(broker.password, encoding="ascii")
    drop_in = machine.path(f"/etc/systemd/system/{UNIT}.d/90-test.conf")
    drop_in.parent.mkdir()
    drop_in.write_text("[Service]\nRestartSec=100ms\n", encoding="ascii")
    return made


def queue(broker):
    """How a configuration names the broker, but for the password."""
    return f'[queue]\nbroker = "{broker.url}"\nbroker_ca = "/etc/ocrwatchd/ca.pem"\n'


def test_a_worker_starts_once_it_has_a_broker_and_reads(worker, machine, broker):
    """Its unit, user and configuration are put in place first; then systemd, status and the outbox show it at work."""
    assert "not started; name the broker in /etc/ocrwatchd/worker.toml" in machine.run(*INSTALL).stdout
    assert worker.property("ActiveState") == "inactive"
    worker.configure(queue(broker))
    assert "write " not in machine.run(*INSTALL).stdout
    assert (worker.property("ActiveState"), worker.property("User")) == ("active", "ocrwatchd")
    worker.drop("read.tif")
    worker.await_text("read")
    await_that(lambda: worker.property("StatusText") == "ready", 60, "a worker that is ready again")
    said = machine.run("runuser", "-u", "nobody", "--", OCRWATCHD, "status").stdout
    assert "1 worker" in said
    assert f"worker     {worker.events('worker.started')[0]['worker']}: " in said
    assert machine.run("systemctl", "is-enabled", UNIT).stdout == "enabled\n"
    assert "quick brown" not in worker.journal()


def test_a_stop_completes_the_page_in_work(worker):
    """The worker ends by itself, and the next one goes on at the next page."""
    worker.stop_between_pages("halted", SOME)


def test_a_worker_that_is_killed_is_started_again(worker, supervisor):
    """Its scan is delivered once, with every page, and no attempt is blamed on it."""
    worker.drop("struck.tif", SOME)
    worker.await_page("struck.tif", 1)
    pid = worker.property("MainPID")
    worker.machine.run("kill", "-KILL", pid)
    worker.await_text("struck", SOME)
    assert worker.property("NRestarts") == "1"
    assert worker.property("MainPID") != pid
    delivered = [event for event in supervisor.events("job.delivered") if event["file"] == "struck.tif"]
    assert [event["name"] for event in delivered] == ["struck"]
    assert list(worker.machine.path(f"{ROOT}/failed").iterdir()) == []


def test_a_share_that_is_away_is_tried_until_it_is_back(worker, supervisor):
    """Also one that could not be mounted; an empty folder in its place is no root, and the journal says what to do."""
    token = worker.machine.path(f"{ROOT}/.work/.cluster.json")
    away = token.with_name("away")
    supervisor.systemctl("stop")  # where it looks, there is a root, and it writes its token anew
    token.rename(away)
    mounts = worker.machine.path("/etc/fstab")
    before = mounts.read_text(encoding="utf-8")
    mounts.write_text(f"{before}nowhere:/pages {ROOT} nfs nofail\n", encoding="utf-8")
    worker.machine.run("systemctl", "daemon-reload")
    try:
        assert worker.systemctl("restart", check=False).returncode != 0
        await_that(lambda: int(worker.property("NRestarts")) > 1, 60, "another try")
        assert "mount the share that the supervisor serves" in worker.journal()
    finally:
        mounts.write_text(before, encoding="utf-8")
        worker.machine.run("systemctl", "daemon-reload")
        away.rename(token)
        supervisor.systemctl("start")
    worker.await_running()


def test_a_mistake_in_the_configuration_is_not_tried_again(worker, broker):
    """It is named in the journal; once it is mended, the worker can be started."""
    worker.configure("[nonsense]\n")
    assert worker.systemctl("restart", check=False).returncode != 0
    assert (worker.property("ActiveState"), worker.property("ExecMainStatus")) == ("failed", "2")
    assert "worker.toml: nonsense: there is no such key" in worker.journal()
    worker.configure(queue(broker))
    worker.systemctl("start")
    worker.await_running()


def test_uninstalling_a_worker_leaves_the_supervisor_alone(worker, supervisor, machine):
    """Its unit goes, and what was generated for it."""
    machine.run(OCRWATCHD, "service", "uninstall", "--worker")
    left = machine.run("sh", "-c", "find /etc/systemd -name 'ocrwatchd-worker*' -not -name '*.d'").stdout
    assert left == ""
    assert worker.property("ActiveState") == "inactive"
    assert supervisor.property("ActiveState") == "active"
    assert machine.path("/etc/sysusers.d/ocrwatchd.conf").exists()


def test_on_a_machine_of_its_own_the_user_has_the_shares_numbers(worker, machine):
    """As they are on the supervisor's; where they cannot be had, that is said."""
    machine.run(OCRWATCHD, "service", "uninstall")
    worker.configuration.unlink()
    machine.run("userdel", "ocrwatchd")
    machine.run("install", "--directory", "--mode=2770", "--owner=64123", "--group=64124", "/mnt/pages")
    machine.run(*INSTALL, "--root", "/mnt/pages")
    assert machine.run("id", "ocrwatchd").stdout.startswith("uid=64123(ocrwatchd) gid=64124(ocrwatchd)")
    machine.run("chgrp", "64125", "/mnt/pages")
    refused = machine.run(*INSTALL, check=False)
    assert refused.returncode == 1
    assert "uid 64123 and gid 64125, and `id ocrwatchd` has to show both" in refused.stderr
