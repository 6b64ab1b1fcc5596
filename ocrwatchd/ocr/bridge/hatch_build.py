"""Build step of the package: compile the translations and the OpenSSL bridge into the wheel.

For an editable install both go into the source tree. Hatchling loads this file by its path before the package can be
imported; wheels do not contain it.
"""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FOLDER = "ocrwatchd/ocr/bridge"
WORDS = "ocrwatchd/core/i18n"


class BridgeHook(BuildHookInterface[Any]):
    """Adds the compiled bridge, and then the platform tag."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's signature
        """Compile the bridge if the machine needs one; a wheel without it stays pure.

        A machine without a compiler still gets a working install, because RapidOCR needs no bridge. The failure is
        reported here and, because pip hides this, again with the remedy when Aspose is used.
        """
        words = Path(self.root) / WORDS
        for catalogue in runpy.run_path(str(words / "compile.py"))["compile_catalogues"](words):
            build_data["artifacts"].append(f"/{WORDS}/{catalogue.name}")
        folder = Path(self.root) / FOLDER
        compiling = runpy.run_path(str(folder / "compile.py"))
        if not compiling["wanted"]():
            return
        try:
            library = compiling["compile_bridge"](folder)
        except (compiling["CannotCompile"], OSError) as error:
            self.app.display_warning(f"built without the OpenSSL bridge that Aspose.OCR needs: {error}")
            return
        build_data["artifacts"].append(f"/{FOLDER}/{library.name}")
        build_data["pure_python"] = False
        build_data["tag"] = "py3-none-linux_x86_64"
