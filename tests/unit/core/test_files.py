"""Durable moves, on real file systems."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
from pathlib import Path

import pytest

from ocrwatchd.core.fs import files, rename, safe_open


@pytest.fixture
def elsewhere(tmp_path):
    """A folder on another mount than tmp_path, so that a rename to it is EXDEV."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], check=False, capture_output=True)
    if done.returncode:
        pytest.skip("mounting a tmpfs needs root")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.fixture(params=["renameat2", "link", "placeholder"])
def way(request, monkeypatch):
    """Each of the three ways to rename without replacing, as file systems grant them."""
    if request.param != "renameat2":
        monkeypatch.setattr(rename, "_renameat2", lambda *_: errno.EINVAL)
    if request.param == "placeholder":

        def refuse(*args, **kwargs):
            raise OSError(errno.EOPNOTSUPP, "no links here")

        monkeypatch.setattr(os, "link", refuse)
        monkeypatch.setattr(rename, "_rename_by_link", rename._rename_over_placeholder)
    return request.param


def test_move_renames(tmp_path, way):
    """The file has its new name, its content, and no longer the old name."""
    (tmp_path / "a").write_bytes(b"scan")
    files.move(tmp_path / "a", tmp_path / "b")
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {"b": b"scan"}


def test_move_never_replaces(tmp_path, way):
    """A taken name raises FileExistsError and both files stay."""
    (tmp_path / "a").write_bytes(b"new")
    (tmp_path / "b").write_bytes(b"old")
    with pytest.raises(FileExistsError):
        files.move(tmp_path / "a", tmp_path / "b")
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {"a": b"new", "b": b"old"}


def test_move_never_replaces_a_dangling_link(tmp_path, way):
    """A symbolic link to nowhere takes a name like anything else."""
    (tmp_path / "a").write_bytes(b"new")
    (tmp_path / "b").symlink_to(tmp_path / "nowhere")
    with pytest.raises(FileExistsError):
        files.move(tmp_path / "a", tmp_path / "b")
    assert not (tmp_path / "nowhere").exists()


def test_move_of_nothing_leaves_nothing(tmp_path, way):
    """A source that is gone raises FileNotFoundError and takes no name."""
    with pytest.raises(FileNotFoundError):
        files.move(tmp_path / "a", tmp_path / "b")
    assert list(tmp_path.iterdir()) == []


def test_undecodable_names_move(tmp_path, way):
    """Names that are not UTF-8 move like any other."""
    name, other = os.fsdecode(b"scan-\xff\xfe"), os.fsdecode(b"-\n\xe9")
    (tmp_path / name).write_bytes(b"scan")
    files.move(tmp_path / name, tmp_path / other)
    assert [p.name for p in tmp_path.iterdir()] == [other]


def test_move_between_mounts(tmp_path, elsewhere):
    """Between mounts the file is copied whole with mode and time, and nothing else is left behind."""
    source = tmp_path / "a"
    content = os.urandom(3 * files.BLOCK_BYTES + 17)[: 3 << 20]
    source.write_bytes(content)
    source.chmod(0o604)
    os.utime(source, ns=(1, 1_234_567_890_123_456_789))
    files.move(source, elsewhere / "b")
    assert not source.exists()
    assert [p.name for p in elsewhere.iterdir()] == ["b"]
    assert (elsewhere / "b").read_bytes() == content
    status = (elsewhere / "b").stat()
    assert stat.S_IMODE(status.st_mode) == 0o604
    assert status.st_mtime_ns == 1_234_567_890_123_456_789


def test_move_between_mounts_never_replaces(tmp_path, elsewhere):
    """A taken name on another mount raises FileExistsError; both files stay, without temporary ones."""
    (tmp_path / "a").write_bytes(b"new")
    (elsewhere / "b").write_bytes(b"old")
    with pytest.raises(FileExistsError):
        files.move(tmp_path / "a", elsewhere / "b")
    assert (tmp_path / "a").read_bytes() == b"new"
    assert [p.read_bytes() for p in elsewhere.iterdir()] == [b"old"]


def test_a_full_disk_leaves_the_source_alone(tmp_path, elsewhere):
    """No room on the other mount: the error comes through, the source stays, no part of a copy remains."""
    (tmp_path / "a").write_bytes(bytes(6 << 20))
    with pytest.raises(OSError, match="No space") as caught:
        files.move(tmp_path / "a", elsewhere / "b")
    assert caught.value.errno == errno.ENOSPC
    assert (tmp_path / "a").stat().st_size == 6 << 20
    assert list(elsewhere.iterdir()) == []


def test_a_copy_is_its_new_owners_to_read(tmp_path, elsewhere):
    """An upload that only its group could read stays readable where the copy's owner is another user."""
    (tmp_path / "a").write_bytes(b"scan")
    (tmp_path / "a").chmod(0o060)
    files.move(tmp_path / "a", elsewhere / "b")
    assert stat.S_IMODE((elsewhere / "b").stat().st_mode) == 0o660


@pytest.mark.parametrize("kind", ["link", "fifo"])
def test_only_regular_files_are_copied(tmp_path, elsewhere, kind):
    """Between mounts a link is not followed and a FIFO not waited for."""
    if kind == "link":
        (tmp_path / "a").symlink_to("/etc/passwd")
    else:
        os.mkfifo(tmp_path / "a")
    with pytest.raises(OSError, match=r"symbolic links|not a regular file"):
        files.move(tmp_path / "a", elsewhere / "b")
    assert list(elsewhere.iterdir()) == []


def test_resume_finishes_an_interrupted_copy(tmp_path, elsewhere):
    """Where an earlier copy is whole, resuming removes the source and nothing more."""
    (tmp_path / "a").write_bytes(b"scan")
    (elsewhere / "b").write_bytes(b"scan")
    files.move(tmp_path / "a", elsewhere / "b", resume=True)
    assert not (tmp_path / "a").exists()
    assert (elsewhere / "b").read_bytes() == b"scan"


def test_resume_finishes_an_interrupted_link(tmp_path):
    """Where both names are the same file, resuming removes the first."""
    (tmp_path / "a").write_bytes(b"scan")
    (tmp_path / "b").hardlink_to(tmp_path / "a")
    files.move(tmp_path / "a", tmp_path / "b", resume=True)
    assert [p.name for p in tmp_path.iterdir()] == ["b"]


@pytest.mark.parametrize("target", ["a", "../{}/a", "b"])
def test_resume_never_loses_a_file(tmp_path, target):
    """A different file under the target's name, or the source itself, is a taken name."""
    (tmp_path / "a").write_bytes(b"new")
    (tmp_path / "b").write_bytes(b"old")
    with pytest.raises(FileExistsError):
        files.move(tmp_path / "a", tmp_path / target.format(tmp_path.name), resume=True)
    assert (tmp_path / "a").read_bytes() == b"new"
    assert (tmp_path / "b").read_bytes() == b"old"


def test_write_new(tmp_path):
    """A small file gets its mode whatever the umask, and a name that is 255 bytes long."""
    path = tmp_path / ("n" * 251 + ".txt")
    before = os.umask(0o077)
    try:
        files.write_new(path, [b"one ", b"two"], 0o664)
    finally:
        os.umask(before)
    assert path.read_bytes() == b"one two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o664
    assert list(tmp_path.iterdir()) == [path]


def test_write_new_replaces_only_when_told(tmp_path):
    """A taken name raises unless replacing was asked for; no temporary file stays either way."""
    path = tmp_path / "status"
    files.write_new(path, b"1")
    with pytest.raises(FileExistsError):
        files.write_new(path, b"2")
    assert path.read_bytes() == b"1"
    files.write_new(path, b"3", replace=True)
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [b"3"]


def test_a_failing_writer_leaves_nothing(tmp_path):
    """When the blocks break off, neither a part nor a temporary file is left."""

    def blocks():
        yield b"half"
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        files.write_new(tmp_path / "a", blocks())
    assert list(tmp_path.iterdir()) == []


def test_what_gets_its_name_is_closed(tmp_path, monkeypatch):
    """Windows' shares rename no open file; and some say only with the closing that it was never written."""
    opened, rename_new = [], files.rename_new

    def seen(*arguments):
        opened.extend(found for each in Path("/proc/self/fd").iterdir() if (found := each.resolve()).is_file())
        rename_new(*arguments)

    def replaced(source, target, *, src_dir_fd, dst_dir_fd):
        seen(Path(source), src_dir_fd, Path(target), dst_dir_fd)

    monkeypatch.setattr(files, "rename_new", seen)
    monkeypatch.setattr(os, "replace", replaced)
    with (tmp_path / "scan").open("wb+") as scan:
        files.copy(scan.fileno(), tmp_path / "copied")
        files.write_new(tmp_path / "written", b"x")
        files.write_new(tmp_path / "another", b"y", replace=True)
    assert {path.name for path in opened if path.is_relative_to(tmp_path)} == {"scan"}


def test_a_closing_that_fails_leaves_no_name(tmp_path, monkeypatch):
    """A full share may say so only then."""
    close = os.close

    def fails(file):
        close(file)
        raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))

    monkeypatch.setattr(files.os, "close", fails)
    with pytest.raises(OSError, match="quota"):
        files.write_new(tmp_path / "file", b"x", lasting=False)
    monkeypatch.undo()
    assert [*tmp_path.iterdir()] == []


def test_write_new_does_not_write_through_a_link(tmp_path):
    """A link in place of the file is replaced itself; what it points to stays as it was."""
    (tmp_path / "victim").write_bytes(b"mine")
    (tmp_path / "status").symlink_to(tmp_path / "victim")
    files.write_new(tmp_path / "status", b"new", replace=True)
    assert (tmp_path / "victim").read_bytes() == b"mine"
    assert not (tmp_path / "status").is_symlink()


def test_make_folder(tmp_path):
    """Missing parents are made with the mode given, set-group-id included; existing ones keep theirs."""
    old = tmp_path / "old"
    old.mkdir(0o711)
    files.make_folder(old / "a" / "b", 0o2770, os.getgid(), below=tmp_path)
    files.make_folder(old / "a" / "b", 0o700)
    assert [stat.S_IMODE(p.stat().st_mode) for p in (old, old / "a", old / "a" / "b")] == [0o711, 0o2770, 0o2770]


def test_make_folder_refuses_links_below(tmp_path):
    """A symbolic link on the way below the given folder is refused, so nothing is written through it."""
    (tmp_path / "target").mkdir()
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "sub").symlink_to(tmp_path / "target")
    with pytest.raises(files.Obstacle):
        files.make_folder(tmp_path / "root" / "sub" / "x", below=tmp_path / "root")
    assert list((tmp_path / "target").iterdir()) == []


def test_a_folder_exchanged_for_a_link_gets_no_permissions(tmp_path, monkeypatch):
    """Who puts a link in a new folder's place in that moment opens nothing of anybody's."""
    (tmp_path / "private").mkdir(mode=0o700)
    real = os.mkdir

    def exchanged(name, mode, *, dir_fd):
        """Made, and gone again."""
        real(name, mode, dir_fd=dir_fd)
        (tmp_path / name).rmdir()
        (tmp_path / name).symlink_to(tmp_path / "private")

    monkeypatch.setattr(os, "mkdir", exchanged)
    with pytest.raises(OSError, match="Not a directory"):
        files.make_folder(tmp_path / "new", 0o2777)
    assert (tmp_path / "private").stat().st_mode & 0o7777 == 0o700


def test_make_folder_says_what_is_in_the_way(tmp_path):
    """A file with the folder's name raises NotADirectoryError."""
    (tmp_path / "a").touch()
    with pytest.raises(NotADirectoryError):
        files.make_folder(tmp_path / "a")


def test_no_descriptor_stays_open(tmp_path):
    """Moves, writes and refusals close whatever they opened."""
    before = sorted(Path("/proc/self/fd").iterdir())
    for turn in range(3):
        files.write_new(tmp_path / f"{turn}", b"x")
        files.move(tmp_path / f"{turn}", tmp_path / f"{turn}-moved")
        with pytest.raises(OSError, match="No such"):
            safe_open.open_regular(tmp_path / "gone")
        os.mkfifo(tmp_path / f"{turn}-fifo")
        with pytest.raises(OSError, match="not a regular"):
            safe_open.open_regular(tmp_path / f"{turn}-fifo")
    assert len(before) == len(sorted(Path("/proc/self/fd").iterdir()))


def test_file_that_may_not_be_read_is_its_own_trouble(tmp_path, elsewhere, monkeypatch):
    """Between mounts it cannot be moved; whoever uploads many of them must not stop everybody's scans for it."""
    source = tmp_path / "scan.png"
    source.write_bytes(b"scan")

    def refused(path, _folder):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(files, "open_regular", refused)
    with pytest.raises(files.Obstacle, match="may not be read"):
        files.move(source, elsewhere / "scan.png")
    assert source.exists()


def test_systemd_hears_of_a_long_copy(tmp_path, monkeypatch):
    """A large original goes to a slow share longer than the watchdog waits; killed over it, it would never arrive."""
    told = []
    monkeypatch.setattr(files, "STRETCH_BYTES", files.BLOCK_BYTES)
    monkeypatch.setattr(files.systemd, "notify", told.append)
    (tmp_path / "source").write_bytes(bytes(3 * files.BLOCK_BYTES + 1))
    with (tmp_path / "source").open("rb") as source:
        files.copy(source.fileno(), tmp_path / "target")
    assert told == ["WATCHDOG=1"] * 3
    assert (tmp_path / "target").read_bytes() == (tmp_path / "source").read_bytes()


def sparse(path, *pieces, size):
    """A file of this size in which only these pieces, each at its offset, were ever written."""
    with path.open("wb") as file:
        for offset, content in pieces:
            file.seek(offset)
            file.write(content)
        file.truncate(size)
    return path


@pytest.mark.parametrize("last", [b"", b"the end"])
def test_gaps_take_no_room_in_a_copy(tmp_path, last):
    """A file of a terabyte that holds some bytes is copied in a moment, and read as it was."""
    size = 1 << 40
    source = sparse(tmp_path / "source", (0, b"begins"), (9 << 30, b"middle"), (size - len(last), last), size=size)
    with source.open("rb") as file:
        file.seek(3)
        files.copy(file.fileno(), tmp_path / "target")
        assert file.tell() == 3
    copied = (tmp_path / "target").stat()
    assert copied.st_size == size
    assert copied.st_blocks <= source.stat().st_blocks + (4 * safe_open.BLOCK_BYTES) // 512
    with (tmp_path / "target").open("rb") as file:
        for offset, content in ((0, b"begins\0"), (9 << 30, b"middle\0"), (size - 7, last or bytes(7))):
            file.seek(offset)
            assert file.read(7) == content


@pytest.mark.parametrize("code", [errno.EINVAL, errno.EOPNOTSUPP])
def test_gaps_are_copied_where_the_file_system_does_not_tell(tmp_path, monkeypatch, code):
    """Nor, on a network, its server: then they are zeros like others."""
    real = os.lseek

    def untold(file, offset, whence):
        if whence == os.SEEK_DATA:
            raise OSError(code, os.strerror(code))
        return real(file, offset, whence)

    monkeypatch.setattr(os, "lseek", untold)
    source = sparse(tmp_path / "source", (3 << 20, b"middle"), size=5 << 20)
    with source.open("rb") as file:
        files.copy(file.fileno(), tmp_path / "target")
    assert (tmp_path / "target").read_bytes() == source.read_bytes()


def test_what_is_appended_during_a_copy_is_copied(tmp_path, monkeypatch):
    """Also behind a gap: what was there when the copy ended is in it."""
    source = sparse(tmp_path / "source", (0, b"begins"), size=5 << 20)
    real = os.lseek

    def then(*arguments):
        try:
            return real(*arguments)
        except OSError:  # at the gap
            if source.stat().st_size == 5 << 20:
                with source.open("ab") as upload:
                    upload.write(b"more")
            raise

    with source.open("rb") as file:
        monkeypatch.setattr(os, "lseek", then)
        files.copy(file.fileno(), tmp_path / "target")
    assert (tmp_path / "target").read_bytes() == b"begins" + bytes((5 << 20) - 6) + b"more"
