"""One machine with the daemon, and on it one server after the other, set up by what `share` prints."""

import pytest

from tests.e2e.documents import document
from tests.e2e.running import await_that
from tests.e2e.share.clients import CLIENTS, local
from tests.e2e.share.premises import premises

PNG = document("PNG")
STAYS = "stays.part"
"""A name that the daemon leaves alone: what clients may do with it can be tried at leisure."""


@pytest.fixture(scope="package")
def machine():
    """The daemon's machine, for all servers."""
    with premises() as made:
        yield made


@pytest.fixture(scope="package", params=CLIENTS, ids=[client.kind for client in CLIENTS])
def client(machine, request):
    """The server, set up by what was printed, and its client."""
    made = request.param(machine)
    machine.place(made.kind)
    made.passwords()
    with made.serving():
        yield made


@pytest.fixture(scope="package")
def scan(machine):
    """A scan to send."""
    return local(machine, "scan.png", PNG)


@pytest.fixture
def waiting(machine, client, scan):
    """A scan that has arrived and stays in the inbox."""
    sent = client.put(scan, STAYS)
    assert sent.worked, sent.words
    path = machine.inbox / STAYS
    yield path
    path.unlink()


def delivered(machine, name, content=PNG):
    """Wait until a scan has been delivered, and see that it is the one that was sent."""
    stem = name.rpartition(".")[0]
    machine.await_files("outbox", [f"{stem}.json", f"{stem}.txt"])
    archived = machine.root / "archive" / name
    await_that(archived.exists, 60, name)
    assert archived.read_bytes() == content
