"""Where Aspose.OCR's licence lies."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ocrwatchd.core.config.profile import Ocr

CREDENTIALS = ("aspose-license", "aspose-licence", "Aspose.OCR.lic")
"""Names under which a licence is looked for among systemd's credentials."""


def licence_file(ocr: Ocr) -> Path | None:
    """Where Aspose's licence lies: as configured, else among systemd's credentials, else nowhere.

    A configured path is returned whether or not there is such a file: to miss it must not go unnoticed.
    """
    if ocr.license:
        return Path(ocr.license).expanduser()
    directory = os.environ.get("CREDENTIALS_DIRECTORY")
    if not directory:
        return None
    return next((path for name in CREDENTIALS if (path := Path(directory) / name).is_file()), None)
