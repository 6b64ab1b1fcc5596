"""Scans that come over FTP, with vsftpd; and what is left of uploads that broke off."""

import pytest

from tests.e2e.documents import document
from tests.e2e.servers import begun, end, ftp, run
from tests.e2e.transports.conftest import AFTER_CLOSE_SECONDS
from tests.programs import needs

pytestmark = pytest.mark.slow

PNG, TIFF = document("PNG"), document("TIFF", 2)


@pytest.fixture(scope="module")
def server(line, tmp_path_factory):
    """The address of the inbox by FTP."""
    needs("curl", "lftp")
    folder = tmp_path_factory.mktemp("ftp")
    with ftp(folder / "server", line.inbox, line.network.host) as port:
        yield f"ftp://{line.network.host}:{port}"


def slowly(line):
    """The beginning of a command line that uploads slowly."""
    return [*line.network.slow, "curl", "-sS", *line.network.limit("--limit-rate", "500K")]


@pytest.fixture(scope="module")
def broken(line, server):
    """Uploads whose client was killed in the midst."""
    for name, content in (("ftp-killed-png.png", PNG), ("ftp-killed-tif.tif", TIFF)):
        with begun([*slowly(line), "-T", line.send(name, content), f"{server}/{name}"]):
            line.await_in_inbox(name, len(content) // 4)


@pytest.mark.usefixtures("broken")
@pytest.mark.parametrize(("suffix", "content"), [("png", PNG), ("tif", TIFF)])
def test_slow_upload_is_taken_when_it_is_complete(line, server, suffix, content):
    """A slow upload is claimed after its last byte, and not before."""
    name, waits = f"ftp-{suffix}.{suffix}", AFTER_CLOSE_SECONDS if suffix == "tif" else 0.0
    run([*slowly(line), "-T", line.send(name, content), f"{server}/{name}"])
    line.arrives(name, content, f"FTP, slow, {suffix}", waits=waits)


def test_killed_client_that_comes_again_and_resumes_is_waited_for(line, server):
    """What a killed client left waits for the rest, and is delivered once, whole."""
    name = "ftp-resumed.png"
    command = [*slowly(line), "-T", line.send(name, PNG), f"{server}/{name}"]
    with begun(command) as client:
        line.await_in_inbox(name, len(PNG) // 4)
        end(client)
    assert 0 < (line.inbox / name).stat().st_size < len(PNG)
    run([*command, "-C", "-"])
    line.arrives(name, PNG, "FTP, client killed, upload resumed")


def test_temporary_name_is_not_taken(line, server):
    """A client that uploads under another name and renames when it is done: claimed under the final name only."""
    name = "ftp-renamed.tif"
    put = f"set xfer:use-temp-file yes; set xfer:temp-file-name *.upload; put {line.send(name, TIFF)} -o {name}"
    run([*line.network.slow, "lftp", "-c", f"open {server}; {put}"])
    line.arrives(name, TIFF, "FTP, other name, then renamed")
    assert not line.claimed(f"{name}.upload")


@pytest.mark.parametrize("name", ["ftp-killed-png.png", "ftp-killed-tif.tif"])
def test_killed_upload_is_set_aside(broken, line, name):
    """What never goes on is reported after the deadline."""
    line.breaks(name, f"FTP, client killed, {name[-3:]}")
