"""Start the .NET runtime of Aspose.OCR safely.

The runtime aborts its process if it lacks something. So it is started in a trial process first, and in this process
only after the trial has succeeded.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from ocrwatchd.core.errors import EngineUnavailable
from ocrwatchd.ocr import bridge

Untyped: TypeAlias = Any
"""Aspose.OCR's modules are compiled, without type information."""

TRY_SECONDS = 60.0
"""The trial takes half a second. A machine that needs a hundred times as long has another problem."""

KEPT_SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGCHLD, signal.SIGPIPE)
"""Without the signals of faults: the runtime needs SIGSEGV and SIGFPE for its null and zero checks, and passes foreign
ones on to an earlier faulthandler."""

_SIGACTION_BYTES = 512
"""More than the size of struct sigaction on any Linux (152 on x86-64 glibc)."""


class Trial(NamedTuple):
    """The OpenSSL that a started Aspose.OCR uses, and why it refused the licence, or ""."""

    openssl: str
    refusal: str


def try_out(licence: Path | None = None) -> Trial:
    """Start Aspose.OCR in a trial process, which may abort.

    Raises:
        EngineUnavailable: Aspose cannot run here; the message names the remedy.
    """
    bridge.prepare()
    command = [sys.executable, "-P", "-m", "ocrwatchd.ocr.clr", *([str(licence.absolute())] if licence else [])]
    # Aspose.OCR creates folders and files in the current directory.
    with tempfile.TemporaryDirectory(prefix="ocrwatchd-") as elsewhere:
        try:
            done = subprocess.run(
                command, cwd=elsewhere, check=False, capture_output=True, errors="replace", timeout=TRY_SECONDS
            )
        except subprocess.TimeoutExpired:
            raise EngineUnavailable(
                f"Aspose.OCR did not start within {TRY_SECONDS:.0f} s: see what the machine is busy with"
            ) from None
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        raise EngineUnavailable(
            f"Aspose.OCR cannot start here (status {done.returncode}: {said[-1] if said else 'no message'}); "
            f"it needs OpenSSL and must be allowed executable memory. If its libraries are at fault, {bridge.REMEDY}"
        )
    return Trial(*json.loads(done.stdout))


def start() -> Untyped:
    """Start the runtime in this process, and keep the signal handlers.

    Returns:
        The module ``aspose.ocr``. Its resources still belong to the current directory: set their local path first.

    Raises:
        EngineUnavailable: Aspose cannot run here.
    """
    bridge.prepare()
    with kept_signals():
        import aspose.ocr  # it must not be imported before the bridge is loaded

        aspose.ocr.Logging.set_file_system(False)  # it would write a log into the current directory
        aspose.ocr.AsposeOcr()
    return aspose.ocr


def set_licence(module: Untyped, licence: Path) -> str:
    """Give Aspose.OCR its licence; return the reason of a refusal, or ""."""
    try:
        with licence.open("rb"):
            pass
        module.License().set_license(str(licence))
    except OSError as error:
        return error.strerror or str(error)
    except RuntimeError as error:
        return plain(error)
    return "" if module.License().is_licensed else "it is not valid, or no longer valid"


def plain(error: RuntimeError) -> str:
    """The text of an error from Aspose's proxy, without the proxy's own words."""
    text = str(error).split(" ---> ", 1)[0].replace("\n", " ")
    _, found, rest = text.partition("): ")
    said = rest if found and text.startswith("Proxy error(") else text
    return said.removeprefix("Failed to set license. Details: ").strip().rstrip(".")


@contextlib.contextmanager
def kept_signals() -> Iterator[None]:
    """Restore the signal handlers that the block replaces, exactly as the kernel had them.

    The signal module works only in the main thread and does not know handlers that faulthandler registered.
    """
    libc = ctypes.CDLL(None)
    kept = {number: ctypes.create_string_buffer(_SIGACTION_BYTES) for number in KEPT_SIGNALS}
    for number, action in kept.items():
        libc.sigaction(number, None, action)
    try:
        yield
    finally:
        for number, action in kept.items():
            libc.sigaction(number, action, None)


def _main(arguments: list[str]) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # an abort is an expected result and needs no core dump
    module = start()
    refusal = set_licence(module, Path(arguments[0])) if arguments else ""
    sys.stdout.write(json.dumps([bridge.prepare(), refusal]))


if __name__ == "__main__":
    _main(sys.argv[1:])
