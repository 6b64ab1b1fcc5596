"""Files of full size of which parts were never written, as clients leave them that set the size first."""

from __future__ import annotations

import io
import os
import random
import time
from pathlib import Path

import pytest
from PIL import Image

from ocrwatchd.core.fs.mounts import holes_are_gaps
from ocrwatchd.formats.input.completeness import Finding, examine

BLOCK = 1 << 16
MOUNTED = "1 0 8:1 / / rw - ext4 /dev/a rw\n2 1 0:5 / /tank rw - zfs tank rw\n3 1 0:6 / /nas rw - nfs4 nas:/x rw\n"


def picture(kind: str) -> bytes:
    """Noise that fills several blocks."""
    out = io.BytesIO()
    more = {"lossless": True} if kind == "WEBP" else {}
    Image.frombytes("L", (700, 700), random.Random(5).randbytes(490_000)).save(out, kind, **more)
    return out.getvalue()


def found(path: Path) -> Finding:
    """What is said of the file at a path."""
    file = os.open(path, os.O_RDONLY)
    try:
        os.lseek(file, 7, os.SEEK_SET)
        finding = examine(file, path.suffix).finding
        assert os.lseek(file, 0, os.SEEK_CUR) == 7
    finally:
        os.close(file)
    return finding


@pytest.mark.parametrize("end", [b"", b"\xff\xd9"])
def test_hole_of_any_size_is_judged_at_once(tmp_path, end):
    """A JPEG is searched for its end; whoever makes that a long way must not hold up everybody's scans."""
    path = tmp_path / "a.jpg"
    with path.open("wb") as file:
        file.write(picture("JPEG")[:-2])
        file.seek(1 << 42)
        file.write(end)
        file.truncate()
    began = time.process_time()
    assert found(path) is Finding.PARTIAL
    assert time.process_time() - began < 10


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP", "PDF"])
def test_a_part_that_never_came_makes_the_file_partial(tmp_path, kind):
    """A hole says it where the structure cannot; the same bytes written, zeros and all, are judged by structure."""
    content = picture(kind)
    path = tmp_path / f"scan.{kind.lower()}"
    with path.open("wb") as file:
        file.truncate(len(content))
        file.write(content[:BLOCK])
        file.seek(2 * BLOCK)
        file.write(content[2 * BLOCK :])
    assert found(path) is Finding.PARTIAL
    path.write_bytes(content)
    assert found(path) is Finding.WHOLE


def test_zeros_that_were_written_are_no_gap(tmp_path):
    """A black page is a page."""
    Image.new("L", (1000, 1000)).save(tmp_path / "black.bmp")
    assert found(tmp_path / "black.bmp") is Finding.WHOLE


def test_holes_prove_nothing_where_zeros_become_holes(tmp_path):
    """ZFS stores zeros as holes, and what a server on a network does with them cannot be known."""
    table = tmp_path / "mountinfo"
    table.write_text(MOUNTED)
    told = {name: holes_are_gaps(Path(name), table) for name in ("/srv/a.bmp", "/tank/a.bmp", "/nas/a.bmp")}
    assert told == {"/srv/a.bmp": True, "/tank/a.bmp": False, "/nas/a.bmp": False}
