"""One daemon and one slow network for all transports; at the end a table of what was measured (``pytest -s``)."""

import datetime as dt
import hashlib
import re
import shutil

import pytest

from tests.e2e.running import Running, await_that
from tests.e2e.servers import Network
from tests.programs import needs_root

AFTER_CLOSE_SECONDS = 2.0
SETTLE_SECONDS = 1.5
DEADLINE_SECONDS = 8.0
PATIENCE_SECONDS = 90.0


class Line:
    """The daemon at the end of every transport.

    Args:
        daemon: running.
        network: on whose address servers listen.
        base: a folder for what is sent.
    """

    def __init__(self, daemon, network, base):
        self.daemon, self.network, self.base = daemon, network, base
        self.inbox = daemon.inbox
        self._rows = []

    def send(self, name, content):
        """A file to be sent, outside the inbox."""
        path = self.base / name
        path.write_bytes(content)
        return path

    def await_in_inbox(self, name, size=0):
        """Wait until an upload has begun, and this many bytes of it have arrived."""

        def begun():
            path = self.inbox / name
            return path.exists() and path.stat().st_size >= size

        await_that(begun, PATIENCE_SECONDS, f"{name} in the inbox")

    def await_in_inbox_like(self, pattern, size):
        """Wait until this many bytes have arrived in a file that the pattern fits."""
        sizes = lambda: [path.stat().st_size for path in self.inbox.glob(pattern)]  # noqa: E731
        await_that(lambda: max(sizes(), default=0) >= size, PATIENCE_SECONDS, f"{pattern} in the inbox")

    def started(self, name):
        """The attempts that were begun for a name."""
        return [event for event in self.daemon.events("attempt.started") if event["file"] == name]

    def claimed(self, name):
        """Seconds since the epoch at which each file of that name was claimed."""
        found = [event for event in self.daemon.events("scan.claimed") if event["file"] == name]
        return [dt.datetime.fromisoformat(event["timestamp"]).timestamp() for event in found]

    def arrives(self, name, content, how, *, waits=0.0, last_byte=None):
        """Assert that a file is delivered whole and once, and note when it was claimed.

        Args:
            name: in the inbox.
            content: what has to lie in ``archive/``, byte for byte.
            how: the table's words for the way it came.
            waits: seconds of the settings that it has to wait.
            last_byte: when it was complete in the inbox; without it, the time of its last write.
        """
        stem = name.rpartition(".")[0]
        await_that(lambda: self.claimed(name), PATIENCE_SECONDS, f"the claim of {name}")
        self.daemon.await_files("outbox", [f"{stem}.json", f"{stem}.txt"], PATIENCE_SECONDS)
        archived = self.daemon.root / "archive" / name
        await_that(archived.exists, PATIENCE_SECONDS, f"{name} in the archive")
        self.daemon.await_idle()
        assert hashlib.sha256(archived.read_bytes()).digest() == hashlib.sha256(content).digest()
        assert self._lying(stem) == [f"archive/{name}", f"outbox/{stem}.json", f"outbox/{stem}.txt"]
        (claimed,) = self.claimed(name)
        seconds = claimed - (archived.stat().st_mtime if last_byte is None else last_byte)
        # The time of a last write is never later than the write.
        assert last_byte is not None or seconds >= waits
        self._rows.append((how, "delivered whole, once", f"{max(seconds, 0.0):.3f} s", f"{waits:g} s"))

    def breaks(self, name, how, reason="broke off"):
        """Assert that a broken upload is set aside with its reason after the deadline, and no page of it recognised."""
        stem = name.rpartition(".")[0]
        self.daemon.await_files("failed", [name, f"{stem}.reason.txt"], PATIENCE_SECONDS)
        self.daemon.await_idle()
        assert self._lying(stem) == sorted([f"failed/{name}", f"failed/{stem}.reason.txt"])
        folder = self.daemon.root / "failed"
        note = (folder / f"{stem}.reason.txt").read_text(encoding="utf-8")
        assert reason in note, note
        (claimed,) = self.claimed(name)
        seconds = claimed - (folder / name).stat().st_mtime
        assert seconds >= DEADLINE_SECONDS - 0.01
        assert not [event for event in self.daemon.events("page.done") if event["file"] == name]
        self._rows.append((how, "failed/: the upload broke off", f"{seconds:.3f} s", f"{DEADLINE_SECONDS:g} s"))

    def table(self):
        """What was measured, as a table."""
        head = ("way", "then", "last byte to claim", "of which the settings ask")
        return "\n".join(f"| {' | '.join(row)} |" for row in (head, ("---",) * 4, *self._rows))

    def _lying(self, stem):
        folders = ("archive", "failed", "inbox", "outbox")
        found = [f"{folder}/{name}" for folder in folders for name in self.daemon.lying(folder)]
        ours = re.compile(rf"\w+/{re.escape(stem)}(-\d+)?\.")
        return sorted(filter(ours.match, found))


@pytest.fixture(scope="package")
def network():
    """An address to serve on, and a slow way to it."""
    needs_root()
    with Network() as made:
        if made.reason:
            print(f"\n{made.reason}")  # noqa: T201
        yield made


@pytest.fixture(scope="package")
def line(tmp_path_factory, network):
    """A daemon with short waits and an engine that takes no time, so that the arrival is what is measured."""
    base = tmp_path_factory.mktemp("transports")
    sent = base / "sent"
    sent.mkdir()
    arrival = {
        "settle_seconds": SETTLE_SECONDS,
        "after_close_seconds": AFTER_CLOSE_SECONDS,
        "incomplete_deadline_s": DEADLINE_SECONDS,
        "sweep_seconds": 1.0,
    }
    with Running(base, arrival=arrival) as daemon:
        made = Line(daemon, network, sent)
        yield made
    print(f"\n{made.table()}")  # noqa: T201
    shutil.rmtree(sent)
