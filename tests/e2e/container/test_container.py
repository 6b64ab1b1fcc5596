"""ocrwatchd in a container: the Containerfile and the Quadlet unit's options as they are."""

import json
import os
import shutil
import socket
import time

import pytest
from PIL import Image

from ocrwatchd.core import landlock
from ocrwatchd.core.config.schema import JobLimits
from tests.e2e.container.podman import IMAGE, options
from tests.e2e.running import await_that
from tests.paths import CHECKOUT, DATA

pytestmark = [pytest.mark.soak, pytest.mark.slow, pytest.mark.timeout(3600)]

LETTER = CHECKOUT / "ocrwatchd" / "cli" / "demo" / "letter.jpg"
NOBODY = "10001:10001"
NAS_USER = "1026:100"
READY_SECONDS, READ_SECONDS = 30, 180


class Container:
    """The daemon in a container, with its root in a folder of the machine and its state in a new volume.

    Args:
        podman: with the image.
        base: a folder for the root.
        user: numbers of the account that owns the root and runs the daemon.
    """

    def __init__(self, podman, base, user=NOBODY):
        self.podman, self.name, self.base, self.user = podman, f"test-{os.getpid()}", base, user
        self.root, self.state = base / "root", f"{self.name}-state"
        self.root.mkdir(mode=0o750)
        os.chown(self.root, *map(int, user.split(":")))

    def start(self):
        """Start a new container, and wait until the daemon in it has said that it is ready."""
        address = self.base / "notify"
        address.unlink(missing_ok=True)
        began = time.monotonic()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified:
            notified.bind(str(address))
            notified.settimeout(READY_SECONDS)
            made = options(self.root, self.state, self.user)
            self.podman.run("run", "--detach", "--name", self.name, *made, IMAGE, NOTIFY_SOCKET=str(address))
            while b"READY=1" not in notified.recv(4096):
                pass
        print(f"ready after {time.monotonic() - began:.1f} s")  # noqa: T201

    def exec(self, *command, check=True):
        """Run a command beside the daemon."""
        return self.podman.run("exec", self.name, *command, check=check)

    def drop(self, scan, name):
        """Put a scan into the inbox, as somebody else, in one go."""
        partly = self.root / f".{name}"
        shutil.copy(scan, partly)
        partly.chmod(0o644)
        partly.rename(self.root / "inbox" / name)

    def delivered(self, name):
        """The receipt of a scan, once it is there."""
        receipt = self.root / "outbox" / f"{name}.json"
        return json.loads(await_that(lambda: receipt.exists() and receipt.read_text("utf-8"), READ_SECONDS, name))

    def log(self):
        """What the daemon has said."""
        done = self.podman.run("logs", self.name)
        return done.stdout + done.stderr

    def remove(self):
        """End and remove it, however it is; what it has said is printed, for a test that fails."""
        print(self.podman.run("logs", self.name, check=False).stderr)  # noqa: T201
        self.podman.run("rm", "--force", "--time", "0", self.name, check=False)
        self.podman.run("volume", "rm", "--force", self.state, check=False)


@pytest.fixture
def container(podman, tmp_path):
    """Makes the daemon's container, not started."""
    made = []

    def make(user=NOBODY):
        made.append(Container(podman, tmp_path, user))
        return made[-1]

    yield make
    for each in made:
        each.remove()


def inside(podman, script, *more):
    """What a shell in a container of the image says."""
    return podman.run("run", "--rm", "--network", "none", *more, "--entrypoint", "sh", IMAGE, "-c", script).stdout


def test_the_image_holds_what_runs_and_no_more(podman):
    """No compiler, nothing of the machine that built it; nobody runs it, and can write neither program nor settings."""
    assert inside(podman, "id -u; id -g; find /opt /etc -writable ! -type l") == "10001\n10001\n"
    kept = "find /etc/pip.conf /run/certificates.pem /source -size +0 2>/dev/null"  # Buildah leaves empty mount points
    looked = f"command -v cc gcc g++ c++ ld make cmake ninja; {kept}; echo end"
    assert inside(podman, looked) == "end\n"


def test_the_demo_runs_in_it(podman):
    """As the documentation shows it: no network, nothing writable but /tmp, by nobody, and by any other user."""
    for user in (NOBODY, "4711:4711"):
        shown = podman.run(
            *("run", "--rm", "--network", "none", "--read-only", "--tmpfs=/tmp", "--user", user, IMAGE, "demo"),
            seconds=READ_SECONDS,
        ).stdout
        assert "neighbour" in shown
        assert "repairs by the picture" in shown


@pytest.mark.parametrize("user", [NOBODY, NAS_USER])
def test_a_scan_is_read_by_any_account_and_the_daemon_stops_in_time(container, user):
    """Ready, healthy, confined; the set belongs to the account; SIGTERM ends it with status 0, within its time."""
    daemon = container(user)
    daemon.start()
    assert daemon.podman.run("healthcheck", "run", daemon.name).returncode == 0
    daemon.drop(LETTER, "letter.jpg")
    assert daemon.delivered("letter")["complete"]
    text = daemon.root / "outbox" / "letter.txt"
    assert "neighbour" in text.read_text("utf-8")
    assert f"{text.stat().st_uid}:{text.stat().st_gid}" == user
    if landlock.abi():
        assert "engine.not_confined" not in daemon.log()
        assert "the engine is confined to its files" in daemon.exec("ocrwatchd", "check", check=False).stdout
    began = time.monotonic()
    daemon.podman.run("stop", daemon.name)
    took = time.monotonic() - began
    print(f"stopped after {took:.1f} s")  # noqa: T201
    assert took < JobLimits().stop_seconds
    state = json.loads(daemon.podman.run("inspect", daemon.name).stdout)[0]["State"]
    assert (state["Status"], state["ExitCode"]) == ("exited", 0)
    assert "daemon.stopped" in daemon.log()


def pages_done(log):
    """The numbers of the pages that were read, in the order of the log."""
    events = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    return [event["page"] for event in events if event["event"] == "page.done"]


@pytest.fixture
def in_work(container, tmp_path):
    """A daemon that reads the second one of three pages."""
    with Image.open(DATA / "eurotext.tif") as page:
        page.save(tmp_path / "three.tif", save_all=True, append_images=[page, page])
    daemon = container()
    daemon.start()
    daemon.drop(tmp_path / "three.tif", "scan.tif")
    await_that(lambda: pages_done(daemon.log()), READ_SECONDS, "a page that was read")
    return daemon


def test_a_stop_in_the_middle_of_a_page_completes_it(in_work):
    """SIGTERM while the engine reads; a new container on the same volumes reads only what is left."""
    in_work.podman.run("stop", in_work.name)
    before = pages_done(in_work.log())
    in_work.podman.run("rm", in_work.name)
    in_work.start()
    assert in_work.delivered("scan")["complete"]
    assert before[:2] == [1, 2]
    assert [*before, *pages_done(in_work.log())] == [1, 2, 3]
    assert [path.name for path in (in_work.root / "archive").iterdir()] == ["scan.tif"]


def test_a_kill_loses_nothing(in_work):
    """SIGKILL to everything while the engine reads; a new container delivers the scan once, no page read twice."""
    in_work.podman.run("kill", in_work.name)
    before = pages_done(in_work.log())
    in_work.podman.run("rm", "--force", in_work.name)
    in_work.start()
    assert in_work.delivered("scan")["complete"]
    assert "job.taken_up" in in_work.log()
    assert before[:1] == [1]
    assert [*before, *pages_done(in_work.log())] == [1, 2, 3]
    work = in_work.root / ".work"
    await_that(lambda: not any(each.is_dir() for each in work.iterdir()), READ_SECONDS, "nothing in work")
    assert sorted(path.name for path in (in_work.root / "outbox").glob("scan*")) == ["scan.json", "scan.txt"]
    assert [path.name for path in (in_work.root / "archive").iterdir()] == ["scan.tif"]


def test_a_folder_of_another_account_is_named(container):
    """Who gives the container the wrong numbers reads in its log which folder cannot be written."""
    daemon = container()
    daemon.root.chmod(0o755)
    os.chown(daemon.root, 0, 0)
    made = options(daemon.root, daemon.state)
    made = [each for each in made if each != "--sdnotify=container"]
    done = daemon.podman.run("run", "--name", daemon.name, *made, IMAGE, check=False)
    assert done.returncode == 4
    assert "/srv/ocrwatchd" in done.stderr
    assert "10001" in done.stderr or "Permission denied" in done.stderr


def test_without_landlock_it_works_and_says_so(podman):
    """A filter of system calls that refuses Landlock: `check` names the remedy."""
    refused = {
        "defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [
            {
                "names": ["landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"],
                "action": "SCMP_ACT_ERRNO",
            }
        ],
    }
    filters = podman.file("without-landlock.json", json.dumps(refused))
    more = ("--network", "none", "--read-only", "--security-opt", f"seccomp={filters}")
    said = podman.run("run", "--rm", *more, IMAGE, "check", check=False).stdout
    assert "let the filter of a container allow Landlock" in said
    shown = podman.run("run", "--rm", *more, IMAGE, "demo", seconds=READ_SECONDS)
    assert "repairs by the picture" in shown.stdout
