"""Paper that a scanner without a duplex unit reads in two passes, sent over SMB: all fronts, then all backs."""

import json
import subprocess

import pytest

from tests.e2e.running import Running, await_that
from tests.e2e.servers import samba
from tests.fakes.engine import WIDTH, write_scan
from tests.programs import needs

pytestmark = pytest.mark.slow

FRONT, BACK = "fine", "steady"
WAIT_S = 12.0
"""Longer than both uploads and the settle time of the second one."""


class Scanner:
    """Sends stacks of paper to the share of a daemon that pairs them."""

    def __init__(self, daemon, host, port, base):
        self.daemon, self.base = daemon, base
        self._share = [f"//{host}/inbox", "-p", str(port), "-N", "-U%"]

    def send(self, name, *scenes):
        """One pass, a page a scene; what it contains."""
        content = write_scan(self.base / name, *scenes).read_bytes()
        folder, _, leaf = name.rpartition("/")
        into = f"mkdir {folder}; cd {folder}; " if folder else ""
        command = ["smbclient", *self._share, "-c", f"{into}put {self.base / name} {leaf}"]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        return content

    def receipt(self, name):
        """Of the delivered set, once it is there."""
        self.daemon.await_files("outbox", [f"{name}.json", f"{name}.txt"], 90)
        return json.loads((self.daemon.root / "outbox" / f"{name}.json").read_text(encoding="utf-8"))

    def archived(self, stem):
        """The originals of a set."""
        self.daemon.await_idle()
        return [path for path in self.daemon.lying("archive") if path.startswith(stem)]


@pytest.fixture(scope="module")
def scanner(tmp_path_factory, network):
    """A scanner, a Samba server and a daemon."""
    needs("smbclient")
    base = tmp_path_factory.mktemp("stacks")
    (base / "made").mkdir()
    pages = {"duplex": "stacks", "duplex_wait_s": WAIT_S}
    with (
        Running(base, pages=pages) as daemon,
        samba(base / "server", daemon.inbox, network.host) as port,
    ):
        yield Scanner(daemon, network.host, port, base / "made")


def widths(receipt):
    """Of the pages, in their order: each pass has its own."""
    return [page["width"] for page in receipt["pages"]]


def test_two_passes_are_one_document(scanner):
    """The second pass is the turned stack: its pages come last to first."""
    fronts = scanner.send("letter.tif", FRONT, FRONT)
    await_that(lambda: scanner.daemon.status()["incomplete"], what="a stack that waits")
    backs = scanner.send("turned.tif", BACK, BACK)
    receipt = scanner.receipt("letter")
    assert widths(receipt) == [WIDTH[FRONT], WIDTH[BACK]] * 2
    assert receipt["warnings"] == []
    assert scanner.archived("letter") == ["letter/letter.tif", "letter/turned.tif"]
    archive = scanner.daemon.root / "archive/letter"
    assert [(archive / name).read_bytes() for name in ("letter.tif", "turned.tif")] == [fronts, backs]


def test_the_second_pass_may_arrive_first(scanner):
    """Numbered names say which is which."""
    scanner.send("scan0002.tif", BACK, BACK)
    await_that(lambda: scanner.daemon.status()["incomplete"], what="a stack that waits")
    scanner.send("scan0001.tif", FRONT, FRONT)
    assert widths(scanner.receipt("scan0001")) == [WIDTH[FRONT], WIDTH[BACK]] * 2
    assert scanner.archived("scan0001") == ["scan0001/scan0001.tif", "scan0001/scan0002.tif"]


def test_passes_of_unequal_length_are_one_document_with_a_warning(scanner):
    """A sheet was pulled twice, or lost: no page is left out, and the warning says so."""
    scanner.send("unequal1.tif", FRONT, FRONT, FRONT)
    scanner.send("unequal2.tif", BACK, BACK)
    receipt = scanner.receipt("unequal1")
    assert receipt["page_count"] == 5
    assert sorted(widths(receipt)) == sorted([WIDTH[FRONT]] * 3 + [WIDTH[BACK]] * 2)
    assert receipt["warnings"]


def test_a_pass_whose_partner_is_missing_is_delivered_alone(scanner):
    """After its wait, with a warning; and so is a partner that comes too late."""
    scanner.send("late1.tif", FRONT, FRONT)
    first = scanner.receipt("late1")
    scanner.send("late2.tif", BACK, BACK)
    second = scanner.receipt("late2")
    assert [widths(each) for each in (first, second)] == [[WIDTH[FRONT]] * 2, [WIDTH[BACK]] * 2]
    assert all(each["warnings"] for each in (first, second))
    assert scanner.archived("late") == ["late1.tif", "late2.tif"]
