"""Errors of disks and folders, for people."""

import pytest

from ocrwatchd.core.fs import tree
from ocrwatchd.core.os_errors import in_words


@pytest.mark.parametrize("make", ["write_text", "symlink_to"])
def test_what_is_in_the_way_of_a_folder_is_named(tmp_path, make):
    """Else nobody knows what to remove: a part of a stack goes into another folder than its scan's."""
    getattr(tmp_path / "bills", make)("elsewhere")
    with pytest.raises(tree.Obstacle) as raised, tree.opened(tmp_path / "bills" / "2026", tmp_path, 0o700):
        pass
    assert str(in_words(raised.value)).endswith(f"remove it, in {tmp_path / 'bills'}")


def test_a_file_is_not_named(tmp_path):
    """Not everybody may see its name."""
    assert str(in_words(OSError(28, "No space left on device", str(tmp_path / "secret.pdf")))).startswith(
        f"No space left on device, in {tmp_path}: make room there"
    )
