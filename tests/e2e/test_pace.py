"""What must not wait for one another, as the daemon's log shows it: the order of steps, never a time."""

import json

import pytest

from tests.e2e.running import Running
from tests.fakes.engine import write_scan

pytestmark = pytest.mark.slow


def order(lines):
    """Where each event of each scan stands in the log."""
    events = [json.loads(line) for line in lines.splitlines() if line.startswith("{")]
    return {(event["event"], event["file"]): place for place, event in enumerate(events) if "file" in event}


@pytest.mark.parametrize(
    ("duplicates", "alike", "reads_on"), [("process", True, True), ("skip", False, True), ("skip", True, False)]
)
def test_engine_reads_on_while_a_scan_is_delivered(tmp_path, duplicates, alike, reads_on):
    """The next scan is with the engine before the last one is delivered, but where that one may be its twin."""
    daemon = Running(tmp_path, job={"duplicates": duplicates})
    names = ["a.tif", "b.tif"]
    one = write_scan(daemon.inbox / names[0], "fine").read_bytes()
    if alike:  # of one size, with another pixel
        (daemon.inbox / names[1]).write_bytes(one.replace(b"\xff" * 8, b"\xff" * 7 + b"\xfe", 1))
    else:
        write_scan(daemon.inbox / names[1], "fine", "fine")
    done = daemon.once()
    assert done.returncode == 0
    places = order(done.stderr)
    first, second = sorted(names, key=lambda name: places["attempt.started", name])
    assert (places["attempt.started", second] < places["job.delivered", first]) == reads_on
