"""Scans that come over SMB, with Samba; clients that set the size first; and what is left of those that were killed."""

import contextlib
import subprocess
import sys
import time

import pytest

from tests.e2e.documents import document
from tests.e2e.running import await_that
from tests.e2e.servers import begun, end, run, samba
from tests.e2e.transports.conftest import AFTER_CLOSE_SECONDS, DEADLINE_SECONDS
from tests.programs import needs

pytestmark = pytest.mark.slow

PNG, PDF = document("PNG"), document("PDF", 2)

BROKEN = [("PNG", "0"), ("JPEG", "0"), ("PDF", "01"), ("TIFF", "012"), ("BMP", "01"), ("WEBP", "02"), ("JPEG", "013")]
"""Types, and the quarters that arrived: the last quarter, which says that the file is whole, may come early."""


@pytest.fixture(scope="module")
def port(line, tmp_path_factory):
    """Of a Samba server whose share is the inbox."""
    needs("smbclient")
    folder = tmp_path_factory.mktemp("smb")
    with samba(folder / "server", line.inbox, line.network.host) as port:
        yield port


def put(line, port, name):
    """Upload by smbclient, slowly; without a slow link its standard input is the brake."""
    source = "-" if not line.network.shaped else line.base / name
    share = (f"//{line.network.host}/inbox", "-p", str(port), "-N", "-U%")
    return [*line.network.slow, "smbclient", *share, "-c", f"put {source} {name}"]


@contextlib.contextmanager
def size_first(line, port, name, content, quarters):
    """A size-first client that has written these quarters and is still there; (process, go on)."""
    order = "".join(sorted("0123", key=(quarters + "0123").index))
    where = (line.network.host, str(port), "inbox", name, line.send(name, content), order)
    command = [sys.executable, "-m", "tests.fakes.smb_client", *map(str, where)]
    with begun(command, stdin=subprocess.PIPE, text=True) as client:

        def go_on(quarters):
            for quarter in quarters:
                client.stdin.write("\n")
                client.stdin.flush()
                said = client.stdout.readline()
                assert said.strip() == quarter, said + client.stdout.read()

        said = client.stdout.readline()
        assert said == "size\n", said + client.stdout.read()
        go_on(quarters)
        yield client, go_on


@pytest.fixture(scope="module")
def broken(line, port):
    """Uploads whose client was killed in the midst."""
    name = "smb-killed.png"
    line.send(name, PNG)
    with begun(put(line, port, name), stdin=subprocess.PIPE) as client:
        if not line.network.shaped:
            client.stdin.write(PNG[: len(PNG) // 2])
            client.stdin.flush()
        line.await_in_inbox(name)
    for kind, quarters in BROKEN:
        name = f"size-first-{kind}-{quarters}.{kind.lower()}"
        with size_first(line, port, name, document(kind), quarters) as (client, _):
            end(client)


@pytest.mark.usefixtures("broken")
@pytest.mark.parametrize(("suffix", "content"), [("png", PNG), ("pdf", PDF)])
def test_slow_upload_is_taken_when_it_is_complete(line, port, suffix, content):
    """Silence for as long as the upload takes, at whatever size, is waited for."""
    name, waits = f"smb-{suffix}.{suffix}", AFTER_CLOSE_SECONDS if suffix == "pdf" else 0.0
    line.send(name, content)
    if line.network.shaped:
        run(put(line, port, name))
    else:
        with begun(put(line, port, name), stdin=subprocess.PIPE) as client:
            for start in range(0, len(content), 1 << 16):
                client.stdin.write(content[start : start + (1 << 16)])
            client.stdin.close()
            assert client.wait() == 0
    line.arrives(name, content, f"SMB, slow, {suffix}", waits=waits)


def test_size_first_client_that_falls_silent_is_waited_for(line, port):
    """A file of its full size, with a gap, is neither read nor given up while its writer has it open."""
    silent = {"BMP": "01", "PNG": "013", "TIFF": "0"}
    names = {kind: f"size-first-silent-{kind}.{kind.lower()}" for kind in silent}
    with contextlib.ExitStack() as stack:
        clients = {
            kind: stack.enter_context(size_first(line, port, names[kind], document(kind), quarters))
            for kind, quarters in silent.items()
        }
        quiet = time.monotonic() + DEADLINE_SECONDS + 3.0
        await_that(lambda: time.monotonic() > quiet, what="more than the deadline")
        assert not any(line.claimed(name) for name in names.values())
        for kind, (client, go_on) in clients.items():
            go_on("".join(number for number in "0123" if number not in silent[kind]))
            client.stdin.write("\n")
            client.stdin.close()
            assert client.wait() == 0
    for kind, name in names.items():
        waits = AFTER_CLOSE_SECONDS if kind == "TIFF" else 0.0
        line.arrives(name, document(kind), f"SMB, size first, silent beyond the deadline, {kind}", waits=waits)


def test_killed_upload_is_set_aside(broken, line):
    """What a killed smbclient leaves, an empty file or a part, is reported after the deadline."""
    line.breaks("smb-killed.png", "SMB, client killed, png")


@pytest.mark.parametrize(("kind", "quarters"), BROKEN)
def test_killed_size_first_upload_is_set_aside(broken, line, kind, quarters):
    """A file of full size of which parts never came is no whole file, whichever parts."""
    name = f"size-first-{kind}-{quarters}.{kind.lower()}"
    line.breaks(name, f"SMB, size first, client killed after parts {quarters}, {kind}")
