"""The list of the files of a document that came as several."""

import json
import os
from pathlib import Path

import pytest

from ocrwatchd.storage import group_members
from ocrwatchd.storage.group_members import MOST_MEMBERS, Members

GOOD = {"relative": "letter", "folder": "in/letter", "names": ["1.png", "2.png"]}


@pytest.mark.parametrize("folder", ["", "in/letter", os.fsdecode(b"\xff")])
def test_what_is_written_is_read(tmp_path, folder):
    """Also names that are not valid UTF-8."""
    members = Members(Path("letter"), Path(folder), (os.fsdecode(b"\xff.png"), "2.png"))
    assert not group_members.is_group(tmp_path)
    group_members.write(tmp_path, members)
    assert group_members.is_group(tmp_path)
    assert group_members.read(tmp_path) == members


@pytest.mark.parametrize(
    "fields",
    [
        {"relative": "../letter"},
        {"relative": "/letter"},
        {"relative": ""},
        {"relative": 7},
        {"folder": "../in"},
        {"folder": "/"},
        {"folder": None},
        {"names": []},
        {"names": "1.png"},
        {"names": [1]},
        {"names": ["../1.png"]},
        {"names": ["a/b"]},
        {"names": [".."]},
        {"names": ["a\0b"]},
        {"names": ["\ud800"]},
        {"names": ["1.png", "1.png"]},
        {"names": [str(number) for number in range(MOST_MEMBERS + 1)]},
        {"names": [f"{number:0255}" for number in range(MOST_MEMBERS)]},
    ],
    ids=lambda fields: str(fields)[:40],
)
def test_an_invalid_list_is_none(tmp_path, fields):
    """Any program may have changed it."""
    (tmp_path / group_members.FILE).write_text(json.dumps(GOOD | fields))
    assert group_members.is_group(tmp_path)
    assert group_members.read(tmp_path) is None


@pytest.mark.parametrize("content", ["", "[]", "null", "{", "[" * 100_000, '{"relative": "letter"}'])
def test_junk_is_none(tmp_path, content):
    """It is no reason to fail."""
    (tmp_path / group_members.FILE).write_text(content)
    assert group_members.read(tmp_path) is None


def test_what_is_no_file_is_none(tmp_path):
    """No link is followed, and nobody waits for a pipe."""
    (tmp_path / "good").write_text(json.dumps(GOOD))
    path = tmp_path / group_members.FILE
    path.symlink_to("good")
    assert group_members.read(tmp_path) is None
    path.unlink()
    os.mkfifo(path)
    assert group_members.read(tmp_path) is None
