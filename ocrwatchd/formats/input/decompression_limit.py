"""How much of one stream qpdf unpacks: a PDF of a megabyte can hold objects that unpack to gigabytes.

qpdf passes over what it may not unpack, as over any damage, and tells so by a warning only. It has no limit for LZW,
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
    """Whether a part of this PDF, as far as it was read, is missing because of the limit; asked once."""
    warnings = [str(warning) for warning in pdf.get_warnings()]
    # A stream that would only have been packed anew is copied as it is.
    copied = sum("without filtering" in warning for warning in warnings)
    return sum("memory limit" in warning for warning in warnings) > copied
