"""Fresh attempts for failed scans."""

import errno
import os

import pytest

from ocrwatchd.cli.main import main
from ocrwatchd.cli.retry.move_back import retry
from ocrwatchd.core.config.schema import Folders
from ocrwatchd.core.errors import ConfigError, FolderUnusable
from ocrwatchd.core.fs import files
from ocrwatchd.core.i18n import Message
from ocrwatchd.storage import reason_note
from tests.lying import lying


@pytest.fixture
def folders(tmp_path):
    """A root with failed scans."""
    made = Folders(root=str(tmp_path))
    for path in ("failed/a.pdf", "failed/a.reason.txt", "failed/b.png", "failed/sub/c.tif", "inbox/b.png"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(path)
    return made


def test_named_scan_goes_back_and_its_reason_with_it(folders, tmp_path):
    """A scan named by its stem lies in the inbox again; its note has gone."""
    assert list(retry(folders, ["a"])) == [tmp_path / "inbox" / "a.pdf"]
    assert not (tmp_path / "failed" / "a.reason.txt").exists()


def test_all_go_back_into_their_profiles_and_replace_nothing(folders, tmp_path):
    """Every failed scan goes back to where it came from; a name in use gets a number."""
    assert list(retry(folders, [])) == [tmp_path / "inbox" / name for name in ("a.pdf", "b-2.png", "sub/c.tif")]
    assert (tmp_path / "inbox" / "b.png").read_text() == "inbox/b.png"


def test_unknown_name_is_an_error_that_tells_where_to_look(folders):
    """A name that is not there gives a message, and nothing moves."""
    with pytest.raises(ConfigError, match='there is no scan "zzz" in'):
        list(retry(folders, ["zzz"]))


def test_ambiguous_name_lists_what_it_could_be(folders, tmp_path):
    """A stem that fits two scans asks for the full name."""
    (tmp_path / "failed" / "a.png").write_text("")
    with pytest.raises(ConfigError, match="fits several scans"):
        list(retry(folders, ["a"]))


@pytest.mark.parametrize(
    "name",
    [
        "sub/c",
        "c.reason.txt",
        "sub/c.reason.txt",
        "{failed}/sub/c.tif",
        "{failed}/sub/c",
        "failed/sub/c.tif",
        "./b/../failed/sub/c.tif",
    ],
)
def test_a_scan_may_be_named_by_its_path_or_its_note(folders, tmp_path, monkeypatch, name):
    """Below failed/, from the current directory and from /; with its suffix, without, or with the note's."""
    (tmp_path / "b").mkdir()
    monkeypatch.chdir(tmp_path)
    assert list(retry(folders, [name.format(failed=tmp_path / "failed")])) == [tmp_path / "inbox" / "sub" / "c.tif"]


def test_a_whole_path_counts_before_a_name_in_any_folder(folders, tmp_path):
    """Each of two scans of one name in two folders can be named."""
    (tmp_path / "failed" / "sub" / "b.png").touch()
    with pytest.raises(ConfigError, match=r"give the full name of one: b\.png, sub/b\.png"):
        list(retry(folders, ["b"]))
    assert list(retry(folders, ["b.png"])) == [tmp_path / "inbox" / "b-2.png"]
    assert list(retry(folders, ["sub/b.png"])) == [tmp_path / "inbox" / "sub" / "b.png"]


@pytest.mark.parametrize("name", ["a\ufffdb/x.png", "a\ufffdb/x", "a\ufffdb/x.reason.txt", "{failed}/a\ufffdb/x.png"])
def test_a_scan_may_be_named_as_its_note_and_the_status_show_it(folders, tmp_path, name):
    """There each byte that is not valid UTF-8, and each control character, is replaced."""
    path = os.fsdecode(b"a\xffb/x.png")
    (tmp_path / "failed" / path).parent.mkdir()
    (tmp_path / "failed" / path).touch()
    assert list(retry(folders, [name.format(failed=tmp_path / "failed")])) == [tmp_path / "inbox" / path]


def test_a_whole_path_as_shown_counts_before_a_name_in_any_folder(folders, tmp_path):
    """Also where the shown path of one scan is the shown name of another, and where it is the name of a third."""
    name = os.fsdecode(b"x\xff.png")
    for path in (name, f"sub/{name}"):
        (tmp_path / "failed" / path).touch()
    assert list(retry(folders, ["x\ufffd.png"])) == [tmp_path / "inbox" / name]
    for path in (name, "x\ufffd.png"):
        (tmp_path / "failed" / path).touch()
    assert list(retry(folders, ["x\ufffd.png"])) == [tmp_path / "inbox" / "x\ufffd.png"]


def test_a_scan_that_is_named_twice_goes_back_once(folders, tmp_path):
    """By two of its names."""
    assert list(retry(folders, ["a", "a.pdf"])) == [tmp_path / "inbox" / "a.pdf"]


def test_without_the_folder_the_configuration_is_asked_for(folders, tmp_path):
    """Nobody is sent to look into a folder that does not exist."""
    with pytest.raises(ConfigError, match=r"there is no folder .*/nowhere/failed; .*--config"):
        list(retry(Folders(root=str(tmp_path / "nowhere")), ["a"]))


def test_names_and_all_failed_exclude_each_other(capsys):
    """Told in so few words."""
    assert main(["retry", "--all-failed", "a"]) == 2
    assert "not both" in capsys.readouterr().err


def test_where_nothing_has_failed_that_is_said(tmp_path, capsys):
    """With the folder that was looked at."""
    config = tmp_path / "config.toml"
    config.write_text(f'[folders]\nroot = "{tmp_path}"\n')
    assert main(["retry", "--all-failed", "--config", str(config)]) == 0
    assert capsys.readouterr().out == f"no scans in {tmp_path}/failed\n"


def test_a_link_in_the_inbox_is_not_followed(folders, tmp_path):
    """Whoever plants a link in the inbox does not choose where a scan goes; the scan stays in failed/."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "inbox" / "sub").symlink_to(tmp_path / "outside")
    with pytest.raises(FolderUnusable, match="a link where a folder belongs; remove it"):
        list(retry(folders, ["c"]))
    assert list((tmp_path / "outside").iterdir()) == []
    assert (tmp_path / "failed" / "sub" / "c.tif").exists()


def test_scan_that_is_called_like_a_note_is_still_a_scan(folders, tmp_path):
    """A note belongs to a scan beside it; a file named like one, with a note of its own, goes back too."""
    (tmp_path / "failed" / "list.reason.txt").write_text("an upload of that name")
    (tmp_path / "failed" / "list.reason.reason.txt").write_text("its note")
    assert tmp_path / "inbox" / "list.reason.txt" in list(retry(folders, []))
    assert not (tmp_path / "failed" / "list.reason.reason.txt").exists()


@pytest.mark.parametrize("language", ["en", "de", "zh"])
def test_a_note_apart_from_its_scan_is_no_scan(folders, tmp_path, language):
    """People took the scan, or a kill came between its move and the note's: the note never goes to the inbox."""
    (tmp_path / "failed" / "gone.reason.txt").write_text(
        reason_note.note("gone.pdf", "the upload broke off", "gone.pdf", language)
    )
    assert list(retry(folders, [])) == [tmp_path / "inbox" / name for name in ("a.pdf", "b-2.png", "sub/c.tif")]
    with pytest.raises(ConfigError, match="there is no scan"):
        list(retry(folders, ["gone.reason.txt"]))
    assert (tmp_path / "failed" / "gone.reason.txt").exists()


def test_a_note_stays_where_its_scan_cannot_be_moved(folders, tmp_path, monkeypatch):
    """The note goes before its scan, and comes back as it was."""
    note = tmp_path / "failed" / "a.reason.txt"
    note.chmod(0o640)

    def refuse(*_args, **_options):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files, "move", refuse)
    with pytest.raises(FolderUnusable, match=r"a\.pdf cannot be moved to the inbox: No space left"):
        list(retry(folders, ["a"]))
    assert note.read_text() == "failed/a.reason.txt"
    assert note.stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "failed" / "a.pdf").exists()


def test_upload_that_is_no_copy_of_the_scan_stays(folders, tmp_path):
    """What a killed call has left is told by content and time: another upload of that name keeps it."""
    scan, upload = tmp_path / "failed" / "b.png", tmp_path / "inbox" / "b.png"
    upload.write_text(scan.read_text())
    os.utime(upload, ns=(0, scan.stat().st_mtime_ns - 10_000_000_000))
    assert list(retry(folders, ["b"])) == [tmp_path / "inbox" / "b-2.png"]
    assert upload.exists()


@pytest.fixture
def stack(folders, tmp_path):
    """A failed document of several files, with its note."""
    failed = tmp_path / "failed"
    (failed / "sub/letter").mkdir()
    for name in ("1.png", "2.png"):
        (failed / "sub/letter" / name).write_text(name)
    note = reason_note.note("letter", Message("too blurred"), "sub/letter")
    (failed / "sub/letter.reason.txt").write_text(note)
    return failed / "sub/letter"


@pytest.mark.parametrize("name", ["letter", "sub/letter", "letter.reason.txt", "{failed}/sub/letter"])
def test_a_document_of_several_files_goes_back_as_a_folder(folders, tmp_path, stack, name):
    """And its note goes."""
    assert list(retry(folders, [name.format(failed=tmp_path / "failed")])) == [tmp_path / "inbox/sub/letter"]
    assert {path.name: path.read_text() for path in (tmp_path / "inbox/sub/letter").iterdir()} == {
        "1.png": "1.png",
        "2.png": "2.png",
    }
    assert sorted(path.name for path in stack.parent.iterdir()) == ["c.tif"]


def test_a_document_of_several_files_is_one_of_all(folders, tmp_path, stack):
    """Its files are not listed one by one; a folder in use gets a number, for two documents must not mix."""
    (tmp_path / "inbox/sub/letter").mkdir(parents=True)
    (tmp_path / "inbox/sub/letter/1.png").write_text("another")
    back = [tmp_path / "inbox" / name for name in ("a.pdf", "b-2.png", "sub/c.tif", "sub/letter-2")]
    assert list(retry(folders, [])) == back
    assert (tmp_path / "inbox/sub/letter/1.png").read_text() == "another"


def test_what_failed_alone_within_a_document_is_named_alone(folders, tmp_path, stack):
    """A sub-folder that was joined too, and a scan that came later: neither they nor their notes go as pages."""
    (stack / "inner").mkdir()
    for name, about in (("inner/3.png", "inner"), ("late.png", "late.png")):
        (stack / name).write_text(name)
        (stack / f"{about.removesuffix('.png')}.reason.txt").write_text(
            reason_note.note(about, Message("too blurred"), f"sub/letter/{about}")
        )
    (tmp_path / "inbox/sub/letter/inner").mkdir(parents=True)
    assert list(retry(folders, ["letter"])) == [tmp_path / "inbox/sub/letter"]
    assert lying(tmp_path / "inbox/sub/letter") == ["1.png", "2.png"]
    assert lying(stack) == ["inner.reason.txt", "inner/3.png", "late.png", "late.reason.txt"]
    assert list(retry(folders, ["inner", "late"])) == [
        tmp_path / "inbox/sub/letter" / name for name in ("inner", "late.png")
    ]
    assert lying(stack) == []


def test_all_go_back_where_a_document_lies_within_another(folders, tmp_path, stack):
    """Each with its own files."""
    (stack / "inner").mkdir()
    (stack / "inner/3.png").write_text("3")
    (stack / "inner.reason.txt").write_text(reason_note.note("inner", Message("too blurred"), "sub/letter/inner"))
    assert [path.relative_to(tmp_path / "inbox").as_posix() for path in retry(folders, [])][-2:] == [
        "sub/letter",
        "sub/letter/inner",
    ]
    assert lying(tmp_path / "inbox/sub/letter") == ["1.png", "2.png", "inner/3.png"]


def test_a_folder_beside_the_note_of_a_scan_is_no_document(folders, tmp_path):
    """A profile's folder may have the name of a scan that failed."""
    (tmp_path / "failed/a").mkdir()
    (tmp_path / "failed/a/1.png").write_text("1")
    (tmp_path / "failed/a.reason.txt").write_text(reason_note.note("a.pdf", Message("too blurred"), "a.pdf"))
    assert [path.relative_to(tmp_path / "inbox").as_posix() for path in retry(folders, [])] == [
        "a/1.png",
        "a.pdf",
        "b-2.png",
        "sub/c.tif",
    ]


def test_a_document_that_cannot_move_whole_keeps_its_note(folders, tmp_path, stack, monkeypatch):
    """The next call moves the rest into the same folder."""
    move = files.move

    def refuse(source, target, **more):
        if source.name == "2.png":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(source))
        move(source, target, **more)

    with monkeypatch.context() as full:
        full.setattr(files, "move", refuse)
        with pytest.raises(FolderUnusable, match="No space left"):
            list(retry(folders, ["letter"]))
    assert (stack.parent / "letter.reason.txt").exists()
    assert list(retry(folders, ["letter"])) == [tmp_path / "inbox/sub/letter"]
    assert sorted(path.name for path in (tmp_path / "inbox/sub/letter").iterdir()) == ["1.png", "2.png"]
