"""Limit how much qpdf unpacks of one stream: a PDF of one megabyte can hold objects of gigabytes.

qpdf skips larger streams, as it skips damaged ones, and only warns about them. It has no limit for LZW,
which packs a thousandfold: there the engine's own limit of memory holds.
"""

from __future__ import annotations

from typing import Final

from pikepdf import Pdf
from pikepdf.settings import set_qpdf_limits

MOST_UNPACKED_BYTES: Final = 64 << 20
"""Lists of objects take a fraction of that, and pictures are not unpacked here."""

# For the whole process, so once, before the first PDF.
set_qpdf_limits(
    flate_max_memory=MOST_UNPACKED_BYTES,
    png_max_memory=MOST_UNPACKED_BYTES,
    run_length_max_memory=MOST_UNPACKED_BYTES,
    tiff_max_memory=MOST_UNPACKED_BYTES,
)


def was_exceeded(pdf: Pdf) -> bool:
    """Whether a part of this PDF was skipped so far because of the limit. Can be asked once."""
    warnings = [str(warning) for warning in pdf.get_warnings()]
    # A stream that qpdf only wanted to compress again is copied unchanged.
    copied = sum("without filtering" in warning for warning in warnings)
    return sum("memory limit" in warning for warning in warnings) > copied
