"""Scans that come over SSH (sftp, scp, rsync), with OpenSSH's sshd; and what is left of uploads that broke off."""

import pytest

from tests.e2e.documents import document
from tests.e2e.servers import begun, end, run, ssh
from tests.e2e.transports.conftest import AFTER_CLOSE_SECONDS
from tests.programs import needs

pytestmark = pytest.mark.slow

PNG, PDF = document("PNG"), document("PDF", 2)

WHOLE = {
    "sftp-png.png": "sftp",
    "sftp-pdf.pdf": "sftp",
    "scp-png.png": "scp",
    "scp-old.pdf": "scp -O",
    "rsync.pdf": "rsync",
    "rsync-inplace.pdf": "rsync --inplace",
}
BROKEN = {
    "sftp-killed.png": "sftp",
    "scp-killed.png": "scp",
    "scp-old-killed.png": "scp -O",
    "rsync-inplace-killed.png": "rsync --inplace",
}


@pytest.fixture(scope="module")
def upload(line, tmp_path_factory):
    """Make a slow client's command line out of its name and the file's."""
    needs("sftp", "scp", "rsync")
    folder, network, inbox = tmp_path_factory.mktemp("ssh"), line.network, line.inbox
    with ssh(folder / "server", network.host) as (port, options):

        def command(program, name, put="put"):
            source, target, where = str(line.base / name), f"{inbox}/{name}", f"root@{network.host}"
            if program == "sftp":
                batch = folder / f"{name}.{put}"
                batch.write_text(f"{put.replace('resume', 'put -a')} {source} {target}\n", encoding="utf-8")
                client = ["sftp", *network.limit("-l", "4000"), *options, "-P", str(port), "-b", str(batch), where]
            elif program.startswith("scp"):
                client = [*program.split(), *network.limit("-l", "4000"), *options]
                client += ["-P", str(port), source, f"{where}:{target}"]
            else:
                shell = " ".join(("ssh", "-p", str(port), *options))
                client = [*program.split(), *network.limit("--bwlimit=500"), "-e", shell, source, f"{where}:{target}"]
            return [*network.slow, *client]

        yield command


@pytest.fixture(scope="module")
def broken(line, upload):
    """Uploads whose client was killed in the midst."""
    for name, program in BROKEN.items():
        line.send(name, PNG)
        with begun(upload(program, name)) as client:
            line.await_in_inbox(name, len(PNG) // 4)
            end(client)
        assert (line.inbox / name).stat().st_size < len(PNG)


@pytest.mark.usefixtures("broken")
@pytest.mark.parametrize("name", WHOLE)
def test_slow_upload_is_taken_when_it_is_complete(line, upload, name):
    """A slow upload is claimed after its last byte, and not before."""
    program, content = WHOLE[name], PNG if name.endswith("png") else PDF
    moved_in = name == "rsync.pdf"
    waits = AFTER_CLOSE_SECONDS if content is PDF and not moved_in else 0.0
    line.send(name, content)
    run(upload(program, name))
    line.arrives(name, content, f"{program}, slow, {name[-3:]}", waits=waits)


def test_killed_client_that_comes_again_and_resumes_is_waited_for(line, upload):
    """What a killed sftp left waits for the rest, and is delivered once, whole."""
    name = "sftp-resumed.png"
    line.send(name, PNG)
    with begun(upload("sftp", name)) as client:
        line.await_in_inbox(name, len(PNG) // 4)
        end(client)
    assert 0 < (line.inbox / name).stat().st_size < len(PNG)
    run(upload("sftp", name, "resume"))
    line.arrives(name, PNG, "sftp, client killed, upload resumed")


def test_killed_rsync_that_comes_again_is_delivered_once(line, upload):
    """Without --inplace a killed rsync leaves nothing that could be taken; the next one is taken at once."""
    name = "rsync-again.png"
    line.send(name, PNG)
    with begun(upload("rsync", name)) as client:
        line.await_in_inbox_like(f".{name}.*", len(PNG) // 4)
        end(client)
    assert not (line.inbox / name).exists()
    run(upload("rsync", name))
    line.arrives(name, PNG, "rsync, client killed, started again")


@pytest.mark.usefixtures("broken")
@pytest.mark.parametrize("name", BROKEN)
def test_killed_upload_is_set_aside(line, name):
    """What never goes on is reported after the deadline."""
    line.breaks(name, f"{BROKEN[name]}, client killed, png")
