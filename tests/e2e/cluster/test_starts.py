"""A worker that cannot work says what is missing and what to do, and a broker that is away is waited for."""

import json
import subprocess

import pytest
import trustme

from ocrwatchd.core.errors import ConfigError, FolderUnusable
from tests.e2e.cluster.brokers import Redis
from tests.e2e.cluster.lab import lab
from tests.e2e.cluster.test_line import drop
from tests.e2e.running import await_that

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made():
    """A lab whose supervisor has been there."""
    with lab(Redis) as lab_made:
        lab_made.supervisor.start()
        yield lab_made


@pytest.fixture
def worker(made):
    """A worker on a machine of its own, not started."""
    return made.worker(f"w{len(made.workers)}")


def change(worker, key, value):
    """Give a key of the configuration another value."""
    lines = worker.config.read_text().splitlines()
    given = [f'{key} = "{value}"' if line.startswith(f"{key} =") else line for line in lines]
    assert given != lines
    worker.config.write_text("\n".join(given) + "\n")


def refused(worker, *more):
    """Start a worker that ends at once: its exit status and what it said."""
    done = subprocess.run(
        worker.command(*more), env=worker.environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


def test_no_broker_is_configured(worker):
    """Without a URL there is nothing to take work from."""
    change(worker, "broker", "")
    status, said = refused(worker)
    assert (status, "set queue.broker" in said) == (ConfigError.exit_code, True), said


def test_the_share_is_not_mounted(worker):
    """An empty mount point is no root: nothing is written there."""
    worker.machine.lose_share()
    status, said = refused(worker)
    assert (status, "mount the share" in said) == (FolderUnusable.exit_code, True), said
    assert worker.machine.must("ls", "-A", worker.machine.mount) == ""


def test_another_version_serves_the_root(made, worker):
    """Both versions are named."""
    token = made.supervisor.root / ".work" / ".cluster.json"
    content = token.read_text()
    token.write_text(json.dumps(json.loads(content) | {"version": "0.0.1"}))
    try:
        status, said = refused(worker)
    finally:
        token.write_text(content)
    assert (status, "0.0.1" in said, "install the same version" in said) == (ConfigError.exit_code, True, True), said


def test_another_root_is_mounted_meanwhile(made, worker):
    """Its worker ends; the scan that it was sent for is read once its own root is there again."""
    token = made.supervisor.root / ".work" / ".cluster.json"
    content = token.read_text()
    with worker:
        await_that(lambda: worker.events("engine.ready"), 60, "an engine")
        token.write_text(json.dumps(json.loads(content) | {"root": "f" * 16}))
        drop(made.supervisor, "sent.tif", "fine")
        try:
            assert worker.process.wait(60) == FolderUnusable.exit_code
        finally:
            token.write_text(content)
        said = worker.log_path.read_text()
        assert ("is another root's" in said, "Traceback" in said) == (True, False), said
        worker.start()
        made.supervisor.await_files("archive", ["sent.tif"])


def test_a_password_that_others_can_read(worker, tmp_path):
    """It is refused, with the command that mends it."""
    password = tmp_path / "password"
    password.write_text("secret\n")
    password.chmod(0o644)
    change(worker, "broker_password_file", password)
    status, said = refused(worker)
    assert (status, "chmod" in said) == (ConfigError.exit_code, True), said


def test_a_name_that_no_worker_can_have(worker):
    """Names become names of folders."""
    status, said = refused(worker, "--name", "../w")
    assert (status, "--name" in said) == (ConfigError.exit_code, True), said


def with_password(tmp_path, _broker):
    """A password that is wrong."""
    (tmp_path / "password").write_text("wrong\n")
    (tmp_path / "password").chmod(0o600)
    return "broker_password_file", tmp_path / "password", "password"


def with_ca(tmp_path, _broker):
    """A CA that has not signed the broker's certificate."""
    trustme.CA().cert_pem.write_to_path(tmp_path / "ca.pem")
    return "broker_ca", tmp_path / "ca.pem", "certificate"


def with_url(_tmp_path, broker):
    """A place where no broker is."""
    return "broker", broker.url.replace(f":{broker.port}", ":1"), "refused"


@pytest.mark.parametrize("way", [with_password, with_ca, with_url])
def test_a_broker_that_does_not_let_it_in(made, worker, tmp_path, way):
    """It is told in the log and on the supervisor's side, and tried again; no password is in it."""
    key, value, word = way(tmp_path, made.broker)
    change(worker, key, value)
    with worker:
        lost = await_that(lambda: worker.events("broker.lost"), 60, "a word about the broker")[0]
        assert word in lost["reason"].lower(), lost
        told = "the broker cannot be reached"
        await_that(lambda: told in str(made.supervisor.status()["workers"]), 60, "a word about it in the status")
        assert made.broker.password not in worker.log_path.read_text()
