"""Names that every disk takes."""

import errno
from pathlib import Path

import pytest

from ocrwatchd.core.config.schema import Folders
from ocrwatchd.core.fs import files
from ocrwatchd.storage import delivery_plan, outbox, set_names
from ocrwatchd.storage.ledger import Ledger
from tests.fakes.finished import finished_job
from tests.lying import lying


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("Scan 12:30.tif", "Scan 12_30.tif"),
        ('a"b*c<d>e?f|g\\h.pdf', "a_b_c_d_e_f_g_h.pdf"),
        ("raw \udcff\x01.tif", "raw __.tif"),
        ("Kanzlei. .", "Kanzlei___"),
        ("CON/nul.tif", "_CON/_nul.tif"),
        ("Prüfung/Ärzte.tif", "Pr_fung/_rzte.tif"),
        ("扫描.pdf", "__.pdf"),
        ("x" * 200 + "/" + "y" * 200 + ".pdf", "x" * 100 + "/" + "y" * 96 + ".pdf"),
        ("plain/scan-2 (copy).tif", "plain/scan-2 (copy).tif"),
    ],
)
def test_a_plainer_name_has_no_character_that_a_disk_refuses(name, plain):
    """Windows' own characters go first; then all that is not ASCII, and what is long; and then nothing more."""
    assert set_names.plainer(Path(name)) == Path(plain)
    assert set_names.plainer(Path(plain)) == Path(plain)


def test_umlauts_stay_where_only_a_colon_is_refused():
    """The first step leaves letters alone."""
    assert set_names.plainer(Path("Ärzte: neu/Öl.pdf")) == Path("Ärzte_ neu/Öl.pdf")


def test_folder_called_like_the_status_page_gets_a_number():
    """A scan of that name is none: only a folder is in the page's way."""
    assert set_names.first_place(Path("Status.html/a.tif"), plain=False) == Path("Status.html-2/a.tif")
    assert set_names.first_place(Path("status.html"), plain=False) == Path("status.html")


class Picky:
    """A root whose archive refuses names, as an outbox on another disk does."""

    def __init__(self, tmp_path, ledger, monkeypatch, refuses):
        self.folders = Folders(root=str(tmp_path / "root"))
        self.ledger = ledger
        self.outbox = outbox.Outbox(self.folders, ledger)
        self.outbox.prepare()
        real = files.move

        def move(source, target, **options):
            if target.is_relative_to(self.folders.path("archive")) and (number := refuses(target.name)):
                raise OSError(number, "refused", str(target))
            real(source, target, **options)

        monkeypatch.setattr(files, "move", move)

    def job(self, relative):
        """A claimed job whose set is finished."""
        return finished_job(self.ledger, self.folders, relative)


@pytest.fixture
def ledger(tmp_path):
    """An open ledger."""
    with Ledger(tmp_path / "ledger.sqlite3") as opened:
        yield opened


def test_encrypting_disk_that_takes_short_names_only(tmp_path, ledger, monkeypatch):
    """ENAMETOOLONG, as eCryptfs says it from 143 bytes on: set and original lie under one shorter name."""
    picky = Picky(tmp_path, ledger, monkeypatch, lambda name: errno.ENAMETOOLONG if len(name.encode()) > 143 else 0)
    name = picky.outbox.deliver(picky.job("n" * 200 + ".tif"))
    assert name == "n" * 96
    assert lying(picky.folders.path("archive")) == [f"{name}.tif"]
    assert lying(picky.folders.path("outbox")) == [f"{name}.json", f"{name}.txt"]


def test_delivery_under_a_plainer_path_is_completed_after_a_restart(tmp_path, ledger, monkeypatch):
    """The ledger and the job's folder know the plainer path; the scan itself still lies under its own."""
    picky = Picky(tmp_path, ledger, monkeypatch, lambda name: errno.EINVAL if ":" in name else 0)
    job = picky.job("Scan 1.30:45")
    real, done = files.move, []

    def move(source, target, **options):
        if source == job.source and "_" in target.name:
            raise OSError(errno.EIO, "Input/output error", str(target))
        real(source, target, **options)
        done.append(target.name)

    with monkeypatch.context() as patched:
        patched.setattr(files, "move", move)
        with pytest.raises(OSError, match="Input/output"):
            picky.outbox.deliver(job)
    entry = ledger.entry("j")
    assert (entry.state, entry.relative) == ("delivering", Path("Scan 1.30_45"))
    assert delivery_plan.read(job.folder).relative == entry.relative
    assert outbox.Outbox(picky.folders, ledger).resume(job, entry) == "Scan 1"
    assert lying(picky.folders.path("archive")) == ["Scan 1.30_45"]
    assert not job.source.exists()


def test_name_that_no_plainer_one_helps_is_the_disks_fault(tmp_path, ledger, monkeypatch):
    """Where the plainest name is refused too the error is told, and the scan stays."""
    picky = Picky(tmp_path, ledger, monkeypatch, lambda _: errno.EINVAL)
    job = picky.job("Ärzte: neu.tif")
    with pytest.raises(OSError, match="refused"):
        picky.outbox.deliver(job)
    assert job.source.exists()
