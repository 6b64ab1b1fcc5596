"""Scans that are put in the inbox on the machine itself: moves, links, scanners that add pages, names used twice."""

import shutil
import tempfile
import time
from pathlib import Path

import pytest
from PIL import TiffImagePlugin

from tests.e2e.documents import document, page
from tests.e2e.running import await_that
from tests.e2e.servers import run
from tests.e2e.transports.conftest import AFTER_CLOSE_SECONDS, SETTLE_SECONDS
from tests.fakes.engine import PAUSE_FILE, write_scan
from tests.programs import lacks

pytestmark = pytest.mark.slow

PNG, PDF, TIFF = document("PNG"), document("PDF", 2), document("TIFF", 2)
PAGES = 4


@pytest.fixture
def elsewhere(line):
    """A folder on another file system than the inbox."""
    memory = Path("/dev/shm")  # noqa: S108 - not for temporary files, but because it lies on no disk
    if not memory.is_dir() or memory.stat().st_dev == line.inbox.stat().st_dev:
        lacks("no second file system")
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        yield Path(folder)


def add_page(scan, kind, number):
    """Open a scan, add a page, and close it, as a scanner with a feeder may."""
    if kind == "PDF":
        page(number).save(scan, kind, append=number > 0)
        return
    with TiffImagePlugin.AppendingTiffWriter(str(scan), new=number == 0) as pages:
        page(number).save(pages, kind)
        pages.newFrame()


def test_move_on_one_file_system_is_taken_at_once(line):
    """A rename needs no wait, whatever the type."""
    name = "mv.pdf"
    source = line.send(name, PDF)
    run(["mv", str(source), str(line.inbox)])
    line.arrives(name, PDF, "mv, same file system, pdf", last_byte=time.time())


@pytest.mark.parametrize(
    ("name", "content", "waits"), [("mv2-png.png", PNG, 0.0), ("mv2-tif.tif", TIFF, AFTER_CLOSE_SECONDS)]
)
def test_move_between_file_systems_is_a_copy(line, elsewhere, name, content, waits):
    """A move between file systems is written like an upload, and closed."""
    source = elsewhere / name
    source.write_bytes(content)
    run(["mv", str(source), str(line.inbox)])
    line.arrives(name, content, f"mv, across, {name[-3:]}", waits=waits, last_byte=time.time())


def test_hard_link_is_copied_and_its_other_name_stays(line):
    """A link tells nothing of a writer, so it settles; it is copied, for the other name may still be written to."""
    name = "linked.png"
    source = line.send(name, PNG)
    run(["ln", str(source), str(line.inbox)])
    line.arrives(name, PNG, "hard link, png", waits=SETTLE_SECONDS, last_byte=time.time())
    assert source.read_bytes() == PNG
    archived = (line.daemon.root / "archive" / name).stat()
    assert archived.st_ino != source.stat().st_ino
    assert archived.st_nlink == 1


@pytest.mark.parametrize("kind", ["TIFF", "PDF"])
def test_scanner_that_adds_page_after_page_is_waited_for(line, kind):
    """The file is whole and closed after each page, and claimed once, with the last one."""
    name = f"pages-{kind}.{kind.lower()}"
    scan = line.inbox / name
    for number in range(PAGES):
        add_page(scan, kind, number)
        pause = time.monotonic() + AFTER_CLOSE_SECONDS / 4
        await_that(lambda pause=pause: time.monotonic() > pause, what="the feeder's next page")
    written = scan.read_bytes()
    line.arrives(name, written, f"page after page, closed after each, {kind}", waits=AFTER_CLOSE_SECONDS)
    text = (line.daemon.root / "outbox" / f"pages-{kind}.txt").read_text(encoding="utf-8")
    assert text.count("\f") + 1 == PAGES


def test_rename_from_a_temporary_name_is_taken_at_once(line):
    """A name that is left alone may be written to at leisure; its rename makes it a scan."""
    name = "renamed.tif"
    temporary = line.inbox / f"{name}.part"
    shutil.copy(line.send(name, TIFF), temporary)
    temporary.rename(line.inbox / name)
    line.arrives(name, TIFF, "written as .part, then renamed, tif", last_byte=time.time())


def test_name_is_used_again_while_the_first_is_in_work(line):
    """Two scans of one name are two scans: each is delivered, and nothing is replaced."""
    name = "same.tif"
    first = write_scan(line.base / name, "pause").read_bytes()
    shutil.copy(line.base / name, line.inbox)
    await_that(lambda: line.started(name), 90, "the first one in work")
    line.send(name, TIFF).replace(line.inbox / name)
    await_that(lambda: len(line.claimed(name)) == 2, 90, "the claim of the second")
    (Path(f"/proc/{line.daemon.engine_pid}/cwd").resolve() / PAUSE_FILE).touch()
    line.daemon.await_files("archive", ["same.tif", "same-2.tif"])
    line.daemon.await_idle()
    archive = line.daemon.root / "archive"
    assert (archive / "same.tif").read_bytes() == first
    assert (archive / "same-2.tif").read_bytes() == TIFF
    sets = [found for found in line.daemon.lying("outbox") if found.startswith("same")]
    assert sets == ["same-2.json", "same-2.txt", "same.json", "same.txt"]
    assert len(line.claimed(name)) == 2
