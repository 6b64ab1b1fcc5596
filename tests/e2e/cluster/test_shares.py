"""The root over real network file systems: what goes on where calls hang, links are refused and caches are behind."""

import pytest

from tests.e2e.cluster.brokers import Redis
from tests.e2e.cluster.lab import lab
from tests.e2e.cluster.shares import Glusterfs, Smbnetfs, Sshfs
from tests.e2e.cluster.test_guarantees import pages_read
from tests.e2e.cluster.test_line import drop
from tests.e2e.running import await_that
from tests.e2e.witness import confirm_delivered

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

BOOK = ["slow"] * 6
ODD, ODDER = "Volume 10:30?.tif", "b\udcfcro.tif"
"""Names that SMB does not take."""


@pytest.mark.parametrize("share", [Sshfs, Smbnetfs, pytest.param(Glusterfs, marks=pytest.mark.soak)])
def test_workers_on_a_network_share(share):
    """A killed worker's book is taken over at its next page, a cut-off one's too, and both work again."""
    tables = {"queue": {"lease_seconds": 1.0}, "output": {"formats": ["txt", "json", "pdf"]}}
    with lab(Redis, tls=False, share=share, **tables) as made, made.supervisor as daemon:
        first = made.worker("w1").start()
        scans = {"book.tif": drop(daemon, "book.tif", *BOOK)}
        await_that(lambda: pages_read(first) >= 3, 60, "half of the book")
        first.kill()
        second = made.worker("w2").start()
        daemon.await_files("archive", scans)
        assert pages_read(second) <= 3
        scans[ODD] = drop(daemon, ODD, *BOOK)
        await_that(lambda: pages_read(first, second) >= 9, 60, "half of the volume")
        second.machine.cut()
        first.start()
        daemon.await_files("archive", scans)
        second.machine.join()
        first.process.terminate()
        assert first.process.wait(60) == 0, first.log_path.read_text()
        scans[ODDER] = drop(daemon, ODDER, "fine")
        daemon.await_files("archive", scans)
        daemon.await_idle()
        drawn = [*(daemon.root / "outbox").glob("*.pdf")]
        assert len(drawn) == len(scans)
        for each in drawn:  # what is left is what each scan has
            each.unlink()
        confirm_delivered(daemon, scans)
