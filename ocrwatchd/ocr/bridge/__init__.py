"""Give the .NET runtime of Aspose.OCR a usable OpenSSL.

Aspose.OCR contains .NET Core 3.1, which supports only OpenSSL 1.1 and aborts the process without it: on every current
Debian and Ubuntu. The bridge, a small shared object with the name ``libssl.so.1.1``, lets it use the system's OpenSSL
3. All checks are made here, before the runtime starts.
"""

from __future__ import annotations

import ctypes
import functools
import importlib.util
import os
import sys
from pathlib import Path

from ocrwatchd.core.errors import EngineUnavailable
from ocrwatchd.ocr.bridge.compile import LIBRARY, wanted

PACKAGE = "aspose-ocr-python-net"

RENAMED = ("EVP_MD_size", "SSL_get_peer_certificate", "ERR_put_error")
"""Functions that .NET Core 3.1 needs and OpenSSL 3 lacks."""

KEPT = ("OPENSSL_init_ssl", "SSL_CTX_new", "EVP_DigestInit_ex", "X509_verify_cert")
"""Functions of both versions, from libssl and libcrypto; their presence shows that the libraries are loaded."""

ENVIRONMENT = {
    # Work without ICU: compare texts by code point.
    "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1",
    # Create no debugger socket and pipes in the temporary directory.
    "COMPlus_EnableDiagnostics": "0",
}

REMEDY = (
    "install a C compiler and OpenSSL 3 (apt install gcc libc6-dev libssl3), then run "
    f'"{sys.executable} -m ocrwatchd.ocr.bridge", or set ocr.engine = "rapidocr"'
)


def library() -> Path:
    """Path of the compiled bridge; the file may be missing."""
    return Path(__file__).parent / LIBRARY


@functools.cache
def prepare() -> str:
    """Prepare this process for ``import aspose.ocr``; call it before.

    Returns:
        Name of the OpenSSL that the runtime will use.

    Raises:
        EngineUnavailable: Aspose.OCR cannot run here; the message names the remedy.
    """
    _check_package()
    os.environ.update(ENVIRONMENT)
    genuine = _load("libssl.so.1.1", ctypes.RTLD_LOCAL)
    if genuine is not None and not _missing(genuine):
        return "OpenSSL 1.1"
    path = library()
    if not path.exists():
        raise EngineUnavailable(f"Aspose.OCR needs the OpenSSL bridge, which was not compiled: {REMEDY}")
    bridge = _load(str(path), ctypes.RTLD_GLOBAL)
    if bridge is None:
        raise EngineUnavailable(f"the OpenSSL bridge {path} cannot be loaded, OpenSSL 3 is probably missing: {REMEDY}")
    if missing := _missing(bridge):
        raise EngineUnavailable(f"the OpenSSL bridge {path} lacks {', '.join(missing)}: {REMEDY}")
    return "OpenSSL 3 by the bridge"


def _check_package() -> None:
    if not wanted():
        raise EngineUnavailable('Aspose.OCR runs on x86-64 Linux only; set ocr.engine = "rapidocr"')
    # The parent package is plain Python; the runtime starts only when aspose.ocr is used.
    if importlib.util.find_spec("aspose") is None or importlib.util.find_spec("aspose.ocr") is None:
        version = ".".join(map(str, sys.version_info[:2]))
        raise EngineUnavailable(
            f"Aspose.OCR is not installed for this Python ({version}): run "
            f'"{sys.executable} -m pip install {PACKAGE}" (Python 3.11 to 3.13), or set ocr.engine = "rapidocr"'
        )


def _load(name: str, mode: int) -> ctypes.CDLL | None:
    try:
        return ctypes.CDLL(name, mode=mode)
    except OSError:
        return None


def _missing(loaded: ctypes.CDLL) -> list[str]:
    return [name for name in (*RENAMED, *KEPT) if not hasattr(loaded, name)]
