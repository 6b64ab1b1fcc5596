"""What `share` prints, run as it is printed: the real servers, the real clients, a daemon with a user of its own."""

import stat
import sys

import pytest

from tests.e2e.documents import document
from tests.e2e.running import await_that
from tests.e2e.share.clients import CLIENTS, HOST, Ftp, Samba, Sftp, local
from tests.e2e.share.premises import PROFILE, SERVICE, premises

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

PNG, JUNK = document("PNG"), b"no picture"
STAYS = "stays.part"
"""A name that the daemon leaves alone: what clients may do with it can be tried at leisure."""


@pytest.fixture(scope="module")
def machine():
    """The daemon's machine, for all servers."""
    with premises() as made:
        yield made


@pytest.fixture(scope="module", params=CLIENTS, ids=[client.kind for client in CLIENTS])
def client(machine, request):
    """The server, set up by what was printed, and its client."""
    made = request.param(machine)
    machine.place(made.kind)
    made.passwords()
    with made.serving():
        yield made


@pytest.fixture(scope="module")
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


@pytest.mark.parametrize("folder", ["", f"{PROFILE}/"])
def test_a_scan_that_is_dropped_is_delivered(machine, client, scan, folder):
    """Into the inbox, or into a profile's folder that was made at the start and is mirrored in the outbox."""
    sent = client.put(scan, f"{folder}{client.kind}.png")
    assert sent.worked, sent.words
    delivered(machine, f"{folder}{client.kind}.png")


def test_a_scan_under_another_name_first_is_delivered(machine, client, scan):
    """Scanners rename what they have sent; only the final name counts."""
    name = f"{client.kind}-renamed"
    for done in (client.put(scan, f"{name}.part"), client.rename(f"{name}.part", f"{name}.png")):
        assert done.worked, done.words
    delivered(machine, f"{name}.png")


def test_the_scanner_can_neither_list_nor_read_nor_replace_nor_delete(machine, client, waiting):
    """Not even what it has sent itself."""
    refused = {
        "list": client.listing(),
        "read": client.get(STAYS, machine.base / "read"),
        "replace": client.put(local(machine, "other.png", JUNK), STAYS),
        "delete": client.delete(STAYS),
        "list the outbox": client.listing(folder="outbox"),
        "list failed": client.listing(folder="failed"),
    }
    assert not any(done.worked for done in refused.values()), refused
    assert not any(STAYS in done.words for what, done in refused.items() if "list" in what)
    assert waiting.read_bytes() == PNG
    assert not (machine.base / "read").exists()


def test_what_has_arrived_is_the_services_to_read(machine, waiting):
    """Group and set-group-id bit see to it; its sender may do nothing with it any more."""
    status = waiting.stat()
    assert machine.must("id", "-g", SERVICE).strip() == str(status.st_gid)
    assert machine.must("id", "-u", "scanner").strip() == str(status.st_uid)
    assert stat.S_IMODE(status.st_mode) & 0o747 == 0o040


def test_the_office_reads_results_and_changes_nothing(machine, client, scan):
    """Texts, and what could not be read with its reason; and not the inbox."""
    name = f"{client.kind}-office"
    for path, as_name in ((scan, f"{name}.png"), (local(machine, "junk.png", JUNK), f"{name}-junk.png")):
        sent = client.put(path, as_name)
        assert sent.worked, sent.words
    delivered(machine, f"{name}.png")
    machine.await_files("failed", [f"{name}-junk.png", f"{name}-junk.reason.txt"])
    read = machine.base / f"{name}.read"
    wanted = {"outbox": f"{name}.txt", "failed": f"{name}-junk.png"}
    for folder, wanted_name in wanted.items():
        listing = client.listing(user="office", folder=folder)
        assert listing.worked, listing.words
        assert wanted_name in listing.words
        got = client.get(wanted_name, read, user="office", folder=folder)
        assert got.worked, got.words
        assert read.read_bytes() == (machine.root / folder / wanted_name).read_bytes()
        read.unlink()
        refused = [client.delete(wanted_name, user="office", folder=folder), client.write(scan, folder)]
        assert not any(done.worked for done in refused), refused
        assert (machine.root / folder / wanted_name).exists()
    assert not client.listing(user="office", folder="inbox").worked
    assert not client.write(scan, "inbox").worked


def test_permissions_hold_whatever_a_server_allows(machine, waiting):
    """A program that runs as the scanner or the office, past all configurations, can do no more."""

    def may(who, groups, *command):
        return machine.call("setpriv", f"--reuid={who}", "--regid=nogroup", groups, "--", *command).returncode == 0

    gate = "/srv/ocrwatchd.gate"
    inbox, outbox = f"{gate}/scanner/inbox", f"{gate}/office/outbox"
    others = waiting.with_name("others.part")
    others.write_bytes(PNG)
    others.chmod(0o666)
    (machine.root / "outbox" / "text.txt").write_text("words")
    try:
        assert not may("scanner", "--clear-groups", "ls", inbox)
        assert not may("scanner", "--clear-groups", "cat", f"{inbox}/{STAYS}")
        assert not may("scanner", "--clear-groups", "sh", "-c", f": >>{inbox}/{STAYS}")
        assert not may("scanner", "--clear-groups", "rm", "-f", f"{inbox}/others.part")
        assert not may("scanner", "--clear-groups", "mv", f"{inbox}/others.part", f"{inbox}/mine.part")
        assert not may("scanner", "--clear-groups", "ls", outbox)
        assert not may("scanner", "--clear-groups", "ls", str(machine.root))
        assert not may("scanner", "--clear-groups", "touch", f"{gate}/scanner/file")
        assert may("scanner", "--clear-groups", "touch", f"{inbox}/new.part")
        assert not may("office", "--init-groups", "touch", f"{outbox}/new.txt")
        assert not may(SERVICE, "--init-groups", "touch", f"{outbox}/new.txt"), "read-only for whomever a server acts"
    finally:
        for name in ("others.part", "new.part"):
            (machine.inbox / name).unlink(missing_ok=True)
        (machine.root / "outbox" / "text.txt").unlink()


def test_what_fstab_says_holds_after_a_restart_of_the_machine(machine, client, scan):
    """The hostile path of this root is read back from it; without the mount nobody can put anything in its place."""
    gates = [f"/srv/ocrwatchd.gate/{place}" for place in ("scanner/inbox", "office/outbox", "office/failed")]
    for gate in gates:
        machine.must("umount", "-l", gate)
    refused = client.put(scan, f"{client.kind}-lost.png")
    machine.must("mount", "-a")
    assert not refused.worked
    assert machine.must("cat", "/etc/fstab").count("\n") == len(gates), "one line each, however often it was run"
    sent = client.put(scan, f"{client.kind}-again.png")
    assert sent.worked, sent.words
    delivered(machine, f"{client.kind}-again.png")


# -- one server's own ------------------------------------------------------------------------------------------------


def only(kind):
    """A mark for what concerns one server."""
    return pytest.mark.parametrize("client", [kind], ids=[kind.kind], indirect=True, scope="module")


@only(Samba)
def test_samba_lets_no_guest_in_and_no_old_protocol(client):
    """A password is needed, for every share; and SMB 2."""
    for share in ("inbox", "outbox", "failed"):
        assert not client.do("ls", user=None, share=share).worked
        assert not client.do("put /etc/hostname guest", user="nobody", share=share, password="").worked
    old = client._machine.call(
        "smbclient", f"//{HOST}/inbox", "-U", "scanner%open Sesame", "-m", "NT1", "--option=client min protocol=NT1"
    )
    assert old.returncode != 0


@only(Samba)
def test_samba_scanner_that_deletes_gets_nothing_away(machine, client, scan):
    """Where it may list, as a comment says how, it can delete a file for a test; the file is kept, out of its reach."""
    machine.must("setfacl", "-m", "u:scanner:rwx", machine.inbox)
    kept = machine.inbox / ".ocrwatchd-deleted"
    try:
        for _ in range(2):
            assert client.put(scan, STAYS).worked
            listing, read = client.listing(), client.get(STAYS, machine.base / "read")
            assert client.delete(STAYS).worked
        again = client.delete(f"{kept.name}/{STAYS}")
        moved = client.rename(f"{kept.name}/{STAYS}", "x.part")
        seen = client.listing()
    finally:
        machine.must("setfacl", "-m", "u:scanner:-wx", machine.inbox)
    assert STAYS in listing.words
    assert not read.worked
    assert not any(done.worked for done in (again, moved))
    assert kept.name not in seen.words
    assert [path.read_bytes() for path in kept.iterdir()] == [PNG, PNG]
    assert not [event for event in machine.events("scan.claimed") if STAYS in event["file"]]


@only(Samba)
def test_samba_folder_that_a_scanner_makes_is_served(machine, client, scan):
    """Some make one for each user or day; what lies in it is read with the default settings."""
    made = client.do('mkdir "by scanner"', f'put "{scan}" "by scanner\\in-folder.png"')
    assert made.worked, made.words
    delivered(machine, "by scanner/in-folder.png")


@only(Ftp)
def test_ftp_without_tls_is_turned_away_before_the_password(machine, client, scan):
    """And nobody but the two accounts is let in, with or without it."""
    plain = machine.call("curl", "-sS", "-v", "-T", scan, "-u", "scanner:open Sesame", f"ftp://{HOST}/inbox/plain.png")
    assert plain.returncode != 0
    assert "530 Non-anonymous sessions must use encryption" in plain.stderr
    assert "> PASS" not in plain.stderr
    machine.must("chpasswd", said=f"{SERVICE}:open Sesame\n")
    for user in ("anonymous", "ftp", SERVICE, "root"):
        assert not client.do("cd /", "pwd", "put /etc/hostname -o /inbox/x.png", user=user).worked


@only(Ftp)
def test_ftp_uploads_lose_nothing(machine, client, scan):
    """Twelve in a row, closed as clients close them: with TLS 1.3 about one in three came short."""
    names = [f"row-{number}" for number in range(12)]
    for name in names:
        sent = client.put(scan, f"{name}.png")
        assert sent.worked, sent.words
    for name in names:
        delivered(machine, f"{name}.png")


@only(Ftp)
def test_ftp_can_be_relaxed_as_its_comments_say(machine, client, scan):
    """For scanners that go on where an upload broke off, list the folder and delete a test file: that, and no more."""
    machine.place(
        "vsftpd",
        (r"^file_open_mode=0660", "file_open_mode=0260"),
        (r"^local_umask=0607", "local_umask=0007"),
        (r"^(cmds_allowed=.*)$", r"\1,DELE,XRMD,RMD,MKD,XMKD,LIST,NLST\ndirlist_enable=YES"),
    )
    try:
        half = local(machine, "half.png", PNG[: len(PNG) // 2])
        tested = client.do(f'put "{half}" -o /inbox/test.part', "cd /inbox", "rm test.part", "mkdir made")
        assert tested.worked, tested.words
        assert client.do(f'put "{half}" -o /inbox/resumed.part').worked
        listed = client.listing()
        assert listed.worked, listed.words
        assert "resumed" not in listed.words
        went_on = client.do(f'put -c "{scan}" -o /inbox/resumed.part', "mv /inbox/resumed.part /inbox/resumed.png")
        assert went_on.worked, went_on.words
        read = client.get("resumed.png", machine.base / "read")
        assert not read.worked
    finally:
        machine.place("vsftpd")
    delivered(machine, "resumed.png")


@only(Sftp)
def test_sftp_accounts_can_do_nothing_else(machine, client):
    """No shell, no forwarding, no way out of the gate; and other users' settings stay as they were."""
    assert "uid=" not in client.ssh("ssh", f"scanner@{HOST}", "id").words
    assert not client.ssh("ssh", "-N", "-o", "ExitOnForwardFailure=yes", "-W", f"{HOST}:22", f"scanner@{HOST}").worked
    assert not client.do("cd /../../etc", "ls").worked
    assert not client.do("symlink /etc/passwd /inbox/link.png").worked
    assert not client.do("mkdir /inbox/folder").worked
    for user, forced in (("scanner", True), ("office", True), ("root", False)):
        told = machine.must("sshd", "-T", "-C", f"user={user},host=x,addr={HOST}")
        assert ("forcecommand internal-sftp" in told) is forced
        assert ("disableforwarding yes" in told) is forced


@only(Sftp)
def test_sftp_takes_scp_too(machine, client, scan):
    """Today's scp speaks SFTP."""
    sent = client.ssh("scp", str(scan), f"scanner@{HOST}:/inbox/by-scp.png")
    assert sent.worked, sent.words
    delivered(machine, "by-scp.png")


@only(Sftp)
def test_sftp_file_that_shuts_the_service_out_fails_with_the_reason(machine, client, scan):
    """A client can ask for a mode with which only its owner could read."""
    private = local(machine, "private.png", PNG)
    private.chmod(0o600)
    sent = client.put(private, "private.png")
    assert sent.worked, sent.words
    machine.await_files("failed", ["private.png", "private.reason.txt"])
    assert "no permission to read the file" in (machine.root / "failed" / "private.reason.txt").read_text()


def test_the_verb_needs_no_more_than_the_folders(machine):
    """Anybody may print it who may look at the folders, and names what it cannot do."""
    refused = machine.call(
        sys.executable, "-m", "ocrwatchd", "share", "samba", "--user", SERVICE, "--config", machine.config
    )
    assert refused.returncode == 2
    assert "name an account of its own" in refused.stderr
