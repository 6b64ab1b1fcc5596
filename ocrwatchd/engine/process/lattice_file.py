"""The lattices of a page's lines, in a file beside the finished page; ``calibrate`` corrects with them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ocrwatchd.core.fs.files import write_new
from ocrwatchd.core.lattice import Lattice
from ocrwatchd.core.model import Line, PageText

SUFFIX = ".npz"
FILE_MODE = 0o600


def save(page: Path, lines: Sequence[Line]) -> None:
    """Write the lattices of a page's lines beside the file of the finished page.

    Raises:
        OSError: the file cannot be written.
    """
    arrays = {}
    for number, line in enumerate(lines):
        if line.lattice:
            arrays[f"columns{number}"] = line.lattice.columns
            arrays[f"steps{number}"] = np.array(line.lattice.steps, np.int32)
    packed = io.BytesIO()
    np.savez_compressed(packed, **arrays)
    write_new(page.with_suffix(SUFFIX), packed.getvalue(), FILE_MODE, replace=True, lasting=False)


def attached(page: PageText, file: Path) -> PageText:
    """Attach the saved lattices, if any, to the lines of a finished page, whose file is given.

    Raises:
        OSError: the lattices cannot be read.
    """
    kept = file.with_suffix(SUFFIX)
    if not kept.exists():
        return page
    with np.load(kept, allow_pickle=False) as arrays:
        lattices = {
            number: Lattice(arrays[f"columns{number}"], tuple(arrays[f"steps{number}"].tolist()))
            for number in range(len(page.lines))
            if f"columns{number}" in arrays
        }
    lines = (replace(line, lattice=lattices.get(number)) for number, line in enumerate(page.lines))
    return replace(page, lines=tuple(lines))
