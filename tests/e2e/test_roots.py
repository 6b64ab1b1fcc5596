"""Several roots with one state directory."""

import json
import shutil
import signal
import subprocess
import sys

import pytest

from tests.e2e.running import Running, await_that
from tests.fakes.engine import write_scan

pytestmark = pytest.mark.slow


class Sharing(Running):
    """A daemon that has its state directory in common with others."""

    @property
    def environment(self):
        """With the state directory of all, and without any configuration but the one that is named."""
        common = self.base.parent
        places = {"STATE_DIRECTORY": str(common / "state"), "CONFIGURATION_DIRECTORY": str(common / "none")}
        return super().environment | places


@pytest.fixture
def two(tmp_path):
    """Two daemons, not started."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    return Sharing(tmp_path / "one"), Sharing(tmp_path / "two")


def asked(daemon, *arguments):
    """The finished process of a verb, run without a configuration."""
    command = [sys.executable, "-m", "ocrwatchd", *arguments]
    return subprocess.run(command, env=daemon.environment, capture_output=True, text=True, timeout=60, check=False)


def test_two_roots_are_served_side_by_side(two):
    """Each daemon delivers its own scans; `status` tells of its own root by configuration, and else of both."""
    one, other = two
    with one:
        write_scan(other.inbox / "b.tif", "fine")
        assert other.once().returncode == 0
        write_scan(one.inbox / "a.tif", "fine")
        with other:
            one.await_files("archive", ["a.tif"])
            assert (one.lying("outbox"), other.lying("outbox")) == (["a.json", "a.txt"], ["b.json", "b.txt"])
            await_that(lambda: [daemon.status()["delivered_today"] for daemon in two] == [1, 1], what="both in status")
            assert [daemon.status()["root"] for daemon in two] == [str(one.root), str(other.root)]
            told = asked(one, "status")
            assert told.returncode == 0
            assert [part.splitlines()[1].split()[1] for part in told.stdout.split("\n\n")] == [
                str(one.root),
                str(other.root),
            ]
            for daemon in two:
                assert json.loads(daemon.ask("report", "--json").stdout)["total"]["documents"] == 1
        told = asked(one, "status")
        assert (told.returncode, "not running: stopped" in told.stdout) == (0, True), "the first one serves on"
        assert other.ask("status").returncode == 1
    assert asked(one, "status").returncode == 1


@pytest.mark.parametrize("as_json", [False, True])
def test_watch_without_a_configuration_shows_every_root(two, as_json):
    """A line a change and root, which names the root."""
    one, other = two
    assert other.once().returncode == 0
    command = [sys.executable, "-m", "ocrwatchd", "status", "--watch", *(["--json"] if as_json else [])]
    with one, subprocess.Popen(command, env=one.environment, stdout=subprocess.PIPE, text=True) as watching:
        lines = {}
        while len(lines) < 2:
            line = watching.stdout.readline()
            root, words = (json.loads(line)[key] for key in ("root", "state")) if as_json else line.split(": ", 1)
            lines[root] = words
        watching.send_signal(signal.SIGINT)
    assert watching.returncode == 0
    assert lines[str(one.root)].startswith("running")
    assert lines[str(other.root)].startswith("stopped" if as_json else "not running: stopped")


def test_copied_root_is_refused_while_the_first_is_served(two):
    """The copy has the first one's id: the message says what to do, and after that it is a root of its own."""
    one, copy = two
    with one:
        shutil.copytree(one.root, copy.root)
        refused = copy.ask("run", "--once")
        assert refused.returncode == 4
        assert (
            f"(process {one.process.pid}) already serves {one.root}; stop that one first, or remove" in refused.stderr
        )
        (copy.root / ".work" / "root-id").unlink()
        assert copy.once().returncode == 0
