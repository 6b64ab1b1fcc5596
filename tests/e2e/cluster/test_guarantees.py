"""What holds on one machine holds on several: finished pages are kept, blame is just, urgent scans go first."""

import json
import subprocess
import sys

import pytest

from tests.e2e.cluster.brokers import Redis
from tests.e2e.cluster.lab import lab
from tests.e2e.cluster.test_line import drop
from tests.e2e.running import await_that

pytestmark = pytest.mark.slow

PUBLISH = """
import pathlib, sys
from ocrwatchd.core.config import loader
from ocrwatchd.dispatch.cluster import broker
queue, content = sys.argv[2], sys.stdin.read()
connected = broker.connect(loader.load(pathlib.Path(sys.argv[1])).queue)
broker.publish(connected, queue, content)
connected.close()
"""

PROFILES = {
    "profiles.urgent": {"priority": 5},
    "profiles.notes.ocr": {"mode": "handwritten"},
    "profiles.contracts.ocr": {"engine": "aspose"},
    "profiles.novels.llm": {"gpu_layers": 99},
}
NO_ORDERS = ("", "{}", "no order", '{"job": "../../etc"}', "x" * (1 << 19))


@pytest.fixture(scope="module")
def made():
    """A lab whose supervisor runs."""
    with lab(Redis, tls=False, **PROFILES) as lab_made:
        lab_made.supervisor.start()
        yield lab_made


@pytest.fixture
def join(made):
    """Starts workers that leave when the test ends."""
    joined = []

    def start(**tables):
        joined.append(made.worker(f"w{len(made.workers)}", **tables).start())
        return joined[-1]

    yield start
    for worker in joined:
        worker.__exit__()  # with a good-bye: nobody waits for its next sign of life


def pages_read(*workers):
    """How many pages their engines have finished."""
    return sum(len(worker.events("page.done")) for worker in workers)


def delivered(made, name):
    """Wait until a scan has been delivered; its receipt."""
    made.supervisor.await_files("outbox", [f"{name}.json"])
    return json.loads((made.supervisor.root / "outbox" / f"{name}.json").read_text())


def test_another_machine_goes_on_at_the_next_page(made, join):
    """Of a book whose worker has lost its power, no page that was kept is read again."""
    first = join()
    drop(made.supervisor, "book.tif", *["slow"] * 6)
    await_that(lambda: pages_read(first) >= 3, 60, "half of the book")
    first.kill()
    second = join()
    delivered(made, "book")
    assert pages_read(second) <= 3
    assert 6 <= pages_read(first, second) <= 7


def test_a_stopped_worker_completes_its_page(made, join):
    """It ends with 0 and hands the book back; the next one reads the other pages, and none twice."""
    first = join()
    drop(made.supervisor, "volume.tif", *["slow"] * 6)
    await_that(lambda: pages_read(first) >= 2, 60, "the book's first pages")
    first.process.terminate()
    assert first.process.wait(60) == 0, first.log_path.read_text()
    assert pages_read(first) < 6
    second = join()
    delivered(made, "volume")
    assert pages_read(first, second) == 6


def test_a_page_that_ends_engines_is_blamed_and_no_other(made, join):
    """Two engines die over a page, whosever they are; then it counts as unreadable, and the rest is delivered."""
    workers = [join(), join()]
    drop(made.supervisor, "deadly.tif", "fine", "abort", "fine")
    receipt = delivered(made, "deadly")
    assert not receipt["complete"]
    assert [page["number"] for page in receipt["pages"] if page["error"]] == [2]
    assert sum(len(worker.events("engine.died")) for worker in workers) == 2
    assert made.supervisor.lying("failed") == []


def test_an_urgent_scan_goes_first(made, join):
    """A book in work makes way for it after the page in work, and goes on afterwards."""
    worker = join()
    drop(made.supervisor, "long.tif", *["slow"] * 12)
    await_that(lambda: pages_read(worker) >= 1, 60, "the book's first page")
    drop(made.supervisor, "urgent/now.tif", "fine")
    delivered(made, "urgent/now")
    assert "long.json" not in made.supervisor.lying("outbox")
    delivered(made, "long")
    assert pages_read(worker) <= 14


def test_scans_wait_for_machines_that_can_read_them(made, join):
    """A worker without what they take never gets them, and goes on with others; `status` says what is missing."""
    special = ("notes/note", "contracts/contract", "novels/novel")
    for name in (*special, "print"):
        drop(made.supervisor, f"{name}.tif", "fine")
    plain = join()
    delivered(made, "print")
    await_that(
        lambda: (
            "worker with aspose: " in (said := made.supervisor.ask("status").stdout) and "worker with gpu: " in said
        ),
        60,
        "a word about both",
    )
    licensed = join(ocr={"license": "/licence.lic"})
    delivered(made, "notes/note")
    delivered(made, "contracts/contract")
    await_that(lambda: "worker with gpu:" in made.supervisor.ask("status").stdout, 60, "a word about a GPU")
    strong = join(llm={"gpu_layers": 20})
    delivered(made, "novels/novel")
    assert [pages_read(worker) for worker in (plain, licensed, strong)] == [1, 2, 1]
    await_that(lambda: "offers" not in made.supervisor.ask("status").stdout, 60, "the end of that")


def test_messages_that_are_no_orders_are_refused(made, join):
    """Whoever reaches the broker gets nothing done, and the next scan is read."""
    worker = join()
    script = (sys.executable, "-c", PUBLISH, worker.config, _queue(made))
    for content in NO_ORDERS:
        done = subprocess.run(
            made.supervisor.machine.inside(*script),
            input=content, env=worker.environment, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    await_that(lambda: len(worker.events("order.refused")) == len(NO_ORDERS), 60, "refusals")
    drop(made.supervisor, "after.tif", "fine")
    delivered(made, "after")


def _queue(made):
    root = (made.supervisor.root / ".work" / "root-id").read_text().strip()
    return f"ocrwatchd-{root}.any"
