"""What no scanner sends: each such file ends in its place, with a plain reason, and the daemon goes on."""

import contextlib
import json
import os
import random
import socket

import pytest
from PIL import Image

from tests import hostile
from tests.e2e.running import Running, await_that
from tests.fakes.engine import write_scan
from tests.programs import needs_root

pytestmark = pytest.mark.slow

PASSWORDS = ["not this one", "Käse", "secret"]

DELIVERED = {
    **hostile.whole(),
    "a-pdf.jpg": hostile.whole()["pages.pdf"],
    "a-png.pdf": hostile.whole()["grey.png"],
    "a-tiff.PNG": hostile.whole()["fax.tif"],
    "second-password.pdf": hostile.encrypted("Käse".encode("latin-1")),
    "third-password.pdf": hostile.encrypted(b"secret"),
    "no-xref.pdf": hostile.whole()["pages.pdf"].replace(b"xref\n0", b"yref\n9", 1),
    "loop.tif": hostile.whole()["lzw.tif"],
}
SET_ASIDE = {
    "nothing.pdf": (b"", "the file is empty"),
    "zeros.png": (bytes(5000), "nothing but zeros"),
    "words.png": (b"Dear Sir or Madam,\n" * 99, "it is named like a PNG file, but has something else inside"),
    "jpeg2000.jpg": (hostile.picture("JPEG2000"), "it is named like a JPEG file, but has something else inside"),
    "half.jpg": (hostile.whole()["colour.jpg"][:5000], "the upload broke off"),
    "bomb.png": (hostile.png_that_claims(60_000, 60_000), "more than 8 times the pixels of ocr.max_pixels"),
    "claims.png": (hostile.png_that_claims(35_000, 15_000), "35000 x 15000 pixels, too many for ocr.max_pixels"),
    "vast.tif": (hostile.tiff_chain(1, pixels=(35_000, 35_000)), "more than 8 times"),
    "endless.tif": (hostile.tiff_chain(50_000), "more parts than a scan would"),
    "no-password.pdf": (hostile.encrypted(b"unknown"), "none of those in ocr.pdf_passwords opens it"),
    "no-pages.pdf": (hostile.pdf_of_pages(0), "the PDF "),
    "junk.pdf": (b"%PDF-1.4\n" + random.Random(5).randbytes(3000) + b"\nstartxref\n9\n%%EOF\n", "the PDF is damaged"),
    "poster.pdf": (hostile.pdf_of_pages(1, side_pt=14_400_000), "page 1"),
}


def looped(data):
    """A TIFF whose last directory leads back to its first."""
    at = int.from_bytes(data[4:8], "little")
    first = at
    while True:
        end = at + 2 + 12 * int.from_bytes(data[at : at + 2], "little")
        following = int.from_bytes(data[end : end + 4], "little")
        if not following:
            return data[:end] + first.to_bytes(4, "little") + data[end + 4 :]
        at = following


def receipt(daemon, name):
    """A delivered document's receipt."""
    return json.loads((daemon.root / "outbox" / f"{name}.json").read_text(encoding="utf-8"))


def drop(daemon, name, content):
    """Put a file into the inbox in one step."""
    written = daemon.base / "dropped"
    written.write_bytes(content)
    written.rename(daemon.inbox / name)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A daemon, stopped again, to which every hostile file was given."""
    daemon = Running(tmp_path_factory.mktemp("hostile"), ocr={"pdf_passwords": PASSWORDS})
    with daemon:
        for name, content in DELIVERED.items():
            drop(daemon, name, looped(content) if name == "loop.tif" else content)
        for name, (content, _reason) in SET_ASIDE.items():
            drop(daemon, name, content)
        daemon.await_idle(300)
        daemon.long = (35_000, 20)
        Image.new("L", daemon.long, "white").save(daemon.base / "long.png")
        (daemon.base / "long.png").rename(daemon.inbox / "long.png")
        daemon.await_files("outbox", ["long.json"])
        daemon.await_idle(60)
        daemon.in_the_end = daemon.status()
    return daemon


def test_every_file_ends_in_its_place_exactly_once(served):
    """What can be read is delivered, what cannot is set aside, and each original is kept as it came."""
    archive, failed = served.root / "archive", served.root / "failed"
    originals = {path.read_bytes() for path in archive.iterdir()}
    assert served.lying("inbox") == []
    assert len(served.lying("archive")) == len(DELIVERED) + 1
    assert {content for name, content in DELIVERED.items() if name != "loop.tif"} <= originals
    kept = [name for name in served.lying("failed") if not name.endswith(".reason.txt")]
    assert sorted(kept) == sorted(SET_ASIDE)
    assert all((failed / name).read_bytes() == content for name, (content, _reason) in SET_ASIDE.items())


@pytest.mark.parametrize("name", SET_ASIDE)
def test_what_is_set_aside_says_why(served, name):
    """Each reason tells the person what is wrong with this file."""
    note = (served.root / "failed" / f"{name.rpartition('.')[0]}.reason.txt").read_text(encoding="utf-8")
    assert SET_ASIDE[name][1] in note


def test_no_file_cost_an_engine(served):
    """Every one of them is refused or read; none makes the engine die, and nothing is in trouble in the end."""
    assert served.events("attempt.died") == []
    assert len(served.events("engine.started")) == 1
    assert served.in_the_end["trouble"] == []


def test_what_is_odd_about_a_delivered_file_is_told(served):
    """An animation, a chain of pages that bites its tail: the receipt says so."""
    assert "only its first picture" in str(receipt(served, "animated")["pages"][0]["warnings"])
    assert "list of pages is damaged" in str(receipt(served, "loop")["warnings"])
    assert receipt(served, "long")["pages"][0]["width"] == served.long[0]


NAMES = [
    "caf\u00e9.tif", "cafe\u0301.tif", "\u05e9\u05dc\u05d5\u05dd.tif", "evil\u202efdp.tif", "a..tif", "~root.tif",
    "%2e%2e%2fup.tif", "up\\..\\..\\x.tif", "-rf", "--config=x.tif", "a\nb\r\x1b[2J.tif", " \t.tif", "nul.tif",
    "*?[a].tif", "`id`$(id);&|<>'\".tif", "caf\udce9.tif", "\udcff\udcfe.tif", "\ufeff\u200b.tif", "\U0001f600.tif",
    "document.tif", "x.json.tif", "x.reason.txt.tif", "l" * 251 + ".tif", "\u00e9" * 125 + ".tif",
]  # fmt: skip


def test_any_name_is_delivered_as_it_is(tmp_path):
    """Whatever bytes a name has, twins in two spellings included: one set and one original each, under that name."""
    daemon = Running(tmp_path)
    with daemon:
        write_scan(tmp_path / "plain.tif", "fine")
        content = (tmp_path / "plain.tif").read_bytes()
        for name in NAMES:
            drop(daemon, name, content)
        await_that(lambda: len(daemon.lying("archive")) == len(NAMES), 60, "every name in the archive")
        daemon.await_idle()
        assert daemon.status()["trouble"] == []
    short = {os.fsencode(name) for name in NAMES if len(os.fsencode(name)) < 200}
    assert {os.fsencode(name) for name in daemon.lying("archive")} >= short
    outbox = {os.fsencode(name) for name in daemon.lying("outbox")}
    assert outbox >= {name.removesuffix(b".tif") + suffix for name in short for suffix in (b".txt", b".json")}
    assert len(outbox) == 2 * len(NAMES)
    assert sorted(path.name for path in daemon.root.iterdir()) == [".work", "archive", "failed", "inbox", "outbox"]


def test_what_is_no_file_is_left_alone_and_holds_up_nothing(tmp_path):
    """Links, pipes, sockets, devices and folders full of them stay where they are, untouched."""
    daemon = Running(tmp_path)
    moved_in = tmp_path / "moved in"
    (moved_in / "deep" / "deeper").mkdir(parents=True)
    (tmp_path / "private").mkdir()
    write_scan(tmp_path / "private" / "secret.tif", "fine")
    before = (tmp_path / "private" / "secret.tif").stat()
    for folder in (daemon.inbox, moved_in / "deep"):
        (folder / "link.tif").symlink_to(tmp_path / "private" / "secret.tif")
        (folder / "dangling.tif").symlink_to(tmp_path / "nowhere.tif")
        (folder / "to-itself.tif").symlink_to("to-itself.tif")
        (folder / "folder").symlink_to(tmp_path / "private")
        os.mkfifo(folder / "pipe.tif")
        with socket.socket(socket.AF_UNIX) as end:
            bind(end, folder / "socket.tif")
        if os.geteuid() == 0:
            os.mknod(folder / "device.tif", 0o600 | 0o020000, os.makedev(1, 5))
        (folder / "a-folder.tif").mkdir()
    special = daemon.lying("inbox")
    with daemon:
        write_scan(moved_in / "deep" / "deeper" / "scan.tif", "fine")
        moved_in.rename(daemon.inbox / "moved in")
        write_scan(daemon.inbox / "good.tif", "fine")
        daemon.await_files("outbox", ["good.json", "moved in/deep/deeper/scan.json"])
        assert daemon.status()["trouble"] == []
    left = [*special, *(f"moved in/deep/{name}" for name in special)]
    assert daemon.lying("inbox") == sorted(left)
    assert daemon.lying("archive") == ["good.tif", "moved in/deep/deeper/scan.tif"]
    assert daemon.lying("failed") == []
    assert (tmp_path / "private" / "secret.tif").stat().st_atime_ns == before.st_atime_ns


def bind(end, path):
    """Bind to a path that may be too long for an address."""
    with contextlib.chdir(path.parent):
        end.bind(path.name)


def test_a_device_is_never_opened(tmp_path):
    """/dev/zero under a scan's name would have no end."""
    needs_root()
    daemon = Running(tmp_path)
    os.mknod(daemon.inbox / "zero.tif", 0o666 | 0o020000, os.makedev(1, 5))
    write_scan(daemon.inbox / "scan.tif", "fine")
    assert daemon.once().returncode == 0
    assert daemon.lying("outbox") == ["scan.json", "scan.txt"]
    assert daemon.lying("inbox") == ["zero.tif"]


@pytest.mark.parametrize("of_objects", [False, True])
def test_a_pdf_that_unpacks_without_end_holds_up_nobody(tmp_path, of_objects):
    """A PDF of some kilobytes that unpacks to gigabytes is read or set aside; the scans behind it are delivered."""
    bomb = hostile.object_stream_bomb((1, 2), 2 << 30, (b"/FlateDecode",) * 2) if of_objects else hostile.pdf_bomb()
    daemon = Running(tmp_path, ocr={"page_deadline_s": 60.0, **({"memory_mb": 256} if of_objects else {})})
    with daemon:
        drop(daemon, "a-bomb.pdf", bomb)
        write_scan(daemon.inbox / "b-good.tif", "fine")
        daemon.await_files("outbox", ["b-good.json"], 300)
        daemon.await_idle(300)
    assert len([name for folder in ("archive", "failed") for name in daemon.lying(folder) if name == "a-bomb.pdf"]) == 1


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_pdf_of_ten_thousand_pages_is_read(tmp_path):
    """Every page of it, with others behind it waiting their turn, in bounded memory."""
    daemon = Running(tmp_path)
    with daemon:
        drop(daemon, "book.pdf", hostile.pdf_of_pages(10_000))
        write_scan(daemon.inbox / "next.tif", "fine")
        daemon.await_files("outbox", ["book.json", "next.json"], 3000)
    assert len(receipt(daemon, "book")["pages"]) == 10_000
