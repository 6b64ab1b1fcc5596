"""What `share` prints, run as it is printed: the real servers, the real clients, a daemon with a user of its own."""

import stat

import pytest

from tests.e2e.share.clients import local
from tests.e2e.share.conftest import PNG, STAYS, delivered
from tests.e2e.share.premises import PROFILE, SERVICE

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

JUNK = b"no picture"


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
