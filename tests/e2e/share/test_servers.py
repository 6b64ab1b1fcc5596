"""What concerns one server only: its own ways in, and what its comments say to relax."""

import sys

import pytest

from tests.e2e.share.clients import HOST, Ftp, Samba, Sftp, local
from tests.e2e.share.conftest import PNG, STAYS, delivered
from tests.e2e.share.premises import PASSWORD, SERVICE
from tests.sysctl import protected_regular

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def only(kind):
    """A mark for what concerns one server."""
    return pytest.mark.parametrize("client", [kind], ids=[kind.kind], indirect=True, scope="package")


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


GO_ON = ((r"^file_open_mode=0660", "file_open_mode=0260"), (r"^local_umask=0607", "local_umask=0007"))
"""What a comment of the script says for scanners that go on where an upload broke off."""


@only(Ftp)
def test_ftp_account_goes_on_with_its_own_uploads_only(machine, client, scan):
    """By REST, APPE and anew; another account is refused with a message, and the daemon takes what both have sent."""
    half, junk = local(machine, "half.png", PNG[: len(PNG) // 2]), local(machine, "junk.png", b"no picture")
    rest = local(machine, "rest.png", PNG[len(PNG) // 2 :])
    part = machine.inbox / "own.part"

    def append(user):
        appended = ("--ssl-reqd", "-k", "-sS", "-a", "-T", rest, "-u", f"{user}:{PASSWORD}")
        return machine.call("curl", *appended, f"ftp://{HOST}/inbox/own.part")

    with protected_regular():
        try:
            for user in ("scanner", "second"):
                machine.place("vsftpd", *GO_ON, user=user)
            machine.passwords("second")
            assert client.do(f'put "{half}" -o /inbox/own.part').worked
            others = [client.do(f'put {how} "{scan}" -o /inbox/own.part', user="second") for how in ("", "-c")]
            assert [done.worked for done in others] == [False, False]
            assert all("Access failed: 553 Could not create file" in done.words for done in others)
            assert "553" in append("second").stderr
            assert client.do(f'put "{junk}" -o /inbox/its.part', user="second").worked
            assert not client.do("mv /inbox/its.part /inbox/own.part", user="second").worked
            assert part.read_bytes() == PNG[: len(PNG) // 2]
            assert append("scanner").returncode == 0
            assert part.read_bytes() == PNG
            assert client.do(f'put "{half}" -o /inbox/own.part').worked
            went_on = client.do(f'put -c "{scan}" -o /inbox/own.part', "mv /inbox/own.part /inbox/own.png")
            assert went_on.worked, went_on.words
            sent = client.do(f'put "{scan}" -o /inbox/its.part', "mv /inbox/its.part /inbox/its.png", user="second")
            assert sent.worked, sent.words
            for name in ("own.png", "its.png"):
                delivered(machine, name)
        finally:
            machine.place("vsftpd")
            machine.must("umount", "/srv/ocrwatchd.gate/second/inbox")
            machine.must("sed", "-i", r"\|/second/inbox|d", "/etc/fstab")


@only(Ftp)
def test_ftp_can_be_relaxed_as_its_comments_say(machine, client, scan):
    """For scanners that go on where an upload broke off, list the folder and delete a test file: that, and no more."""
    machine.place(
        "vsftpd",
        *GO_ON,
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
def test_accounts_of_one_root_are_not_taken_for_another(machine, client):
    """A second instance's scanner needs a name of its own: else what is meant for the first would land in it."""
    other, config = machine.base / "other (2)", machine.base / "other.toml"
    for name in ("inbox", "outbox", "failed"):
        machine.must("install", "-d", "-m", "2770", "-o", SERVICE, "-g", SERVICE, other / name)
    config.write_text(f'[folders]\nroot = "{other}"\n')
    verb = (sys.executable, "-m", "ocrwatchd", "share", client.kind, "--config", config)
    for names, option in ((("--office", "desk"), "--user"), (("--user", "canon"), "--office")):
        before = machine.must("cat", "/etc/fstab")
        refused = machine.call("sh", said=machine.must(*verb, *names))
        assert refused.returncode == 1
        assert f"name another with {option}" in refused.stderr
        assert machine.must("cat", "/etc/fstab") == before
    machine.must("rm", "-r", other)


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
    assert "name a separate account" in refused.stderr
