"""The hash of a scan, which may be several files."""

import hashlib
import os

import pytest

from ocrwatchd.core.content_hash import sha256_of_files
from ocrwatchd.core.fs.safe_open import BLOCK_BYTES


def test_several_files_have_the_hash_of_their_contents_in_order(tmp_path):
    """One after the other; life is shown after each block."""
    contents = [b"a" * (BLOCK_BYTES + 1), b"", b"b"]
    paths = [tmp_path / str(number) for number in range(3)]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    alive = []
    found = sha256_of_files(paths, lambda: alive.append(1))
    assert found == hashlib.sha256(b"".join(contents)).hexdigest()
    assert len(alive) == 3
    assert sha256_of_files(reversed(paths)) != found


def test_only_files_are_read(tmp_path):
    """Nobody waits for a pipe."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="not a regular file"):
        sha256_of_files([tmp_path / "pipe"])
