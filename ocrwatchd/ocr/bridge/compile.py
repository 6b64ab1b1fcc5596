"""Compile the OpenSSL bridge, during the build of the package or later by ``python -m ocrwatchd.ocr.bridge``.

It runs before the package is installed, so it imports only the standard library.
"""

from __future__ import annotations

import os
import platform
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

SOURCE = "openssl11.c"
LIBRARY = "openssl11.so"

COMPILE_SECONDS = 120
"""More than any compiler needs for three functions."""

FLAGS = (
    "-shared",
    "-fPIC",
    "-O2",
    "-Wall",
    # .NET finds the library by this name if it is already loaded.
    "-Wl,-soname,libssl.so.1.1",
    "-Wl,--no-as-needed",
    "-Wl,-z,defs",
    "-Wl,-z,relro,-z,now",
)
LIBRARIES = ("-l:libssl.so.3", "-l:libcrypto.so.3")


class CannotCompile(Exception):
    """The bridge could not be compiled; the message says why."""


def wanted() -> bool:
    """True if Aspose.OCR has wheels for this machine, which need the bridge: x86-64 Linux."""
    return sys.platform == "linux" and platform.machine() == "x86_64"


def compile_bridge(folder: Path) -> Path:
    """Compile the C source in ``folder`` to a shared object beside it.

    ``$CC`` names the compiler; the default is ``cc``. A rename puts the object in place, so a process that has loaded
    the earlier one keeps it.

    Raises:
        CannotCompile: there is no compiler, or no OpenSSL 3 to link against.
    """
    library = folder / LIBRARY
    with tempfile.TemporaryDirectory(dir=folder, prefix=".compile-") as scratch:
        made = Path(scratch) / LIBRARY
        _compile(folder / SOURCE, made)
        made.chmod(0o755)
        made.replace(library)
    return library


def _compile(source: Path, made: Path) -> None:
    compiler = shlex.split(os.environ.get("CC", "")) or ["cc"]
    command = [*compiler, *FLAGS, "-o", str(made), str(source), *LIBRARIES]
    try:
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, errors="replace", timeout=COMPILE_SECONDS
        )
    except FileNotFoundError:
        raise CannotCompile(f"no C compiler: {compiler[0]} is not installed") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotCompile(f"the C compiler {compiler[0]} cannot be run: {error}") from error
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        raise CannotCompile(f"{compiler[0]} ended with {done.returncode}: {said[0] if said else 'no message'}")
