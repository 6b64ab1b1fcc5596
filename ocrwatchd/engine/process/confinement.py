"""Confine the engine to what it needs, for ever, before the first hostile file: a fault in a library is worth less."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog

from ocrwatchd.core import crashpoints, landlock, seccomp
from ocrwatchd.core.fs.anonymous_file import LARGE
from ocrwatchd.core.jsonlines import unpack
from ocrwatchd.core.process import give_up_all_but_files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ocrwatchd.core.landlock import Right
    from ocrwatchd.engine.grants import Access

PROGRAMS: Final = (
    *("/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin", "/nix/store", "/gnu/store"),
    *(sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix, str(Path(__file__).parents[2])),
)
"""Programs and libraries; Python, and this package, among them."""

SETTINGS: Final = (
    *("/etc/ld.so.cache", "/etc/ld.so.preload", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives"),
    *("/etc/localtime", "/etc/timezone", "/etc/os-release", "/etc/mime.types", "/etc/fonts", "/var/cache/fontconfig"),
    *("/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/etc/ssl/openssl.cnf", "/etc/pki/tls/openssl.cnf"),
    *("/etc/crypto-policies", "/etc/locale.alias", "/proc", "/sys", "/dev/random", "/dev/urandom"),
)
"""What libraries read. Of other processes Landlock hides in /proc what one of the same user might see."""

DEVICES: Final = ("/dev/null", "/dev/zero", "/dev/full")

GPU_DEVICES: Final = ("nvidia*", "dri", "kfd", "shm")
GPU_LIBRARIES: Final = ("/opt/cuda", "/opt/rocm", "/run/opengl-driver", "/etc/OpenCL", "/etc/vulkan", "/etc/nvidia")

NETWORK: Final = (
    *("/etc/hosts", "/etc/host.conf", "/etc/resolv.conf", "/etc/gai.conf", "/etc/services", "/etc/protocols"),
    *("/etc/ssl/certs", "/etc/ssl/cert.pem", "/etc/pki/tls", "/etc/pki/ca-trust", "/etc/ca-certificates"),
    *("/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager"),
)
"""What a download reads."""

log = structlog.get_logger()


def confine(access: Access, scratch: Path) -> None:
    """Give up every right that is not needed; in the main thread, before there is another one.

    Args:
        access: what the work needs.
        scratch: the folder of this process's own. Temporary files lie there from now on.

    Raises:
        OSError: the kernel refuses what it is able to do.
    """
    tempfile.tempdir = str(scratch)
    if "TMPDIR" in os.environ:
        os.environ["TMPDIR"] = str(scratch)
    give_up_all_but_files()
    version = landlock.restrict(_rules(access, scratch), network=access.network)
    local = not access.network and seccomp.allow_only_local_sockets()
    if not version or not (local or access.network):
        log.warning("engine.not_confined", landlock=version, local_sockets_only=local)


def _rules(access: Access, scratch: Path) -> Iterator[tuple[Path, Right]]:
    jobs = [unpack(each) for each in access.write]
    yield from ((Path(each), landlock.RUN) for each in PROGRAMS)
    yield from ((each, landlock.RUN) for each in _searched() if _holds_no_documents(each, jobs))
    yield from ((Path(each), landlock.READ) for each in SETTINGS)
    yield from ((Path(each), landlock.DEVICE) for each in DEVICES)
    yield from ((unpack(each), landlock.READ) for each in access.read)
    yield from ((unpack(each), landlock.LIST) for each in access.names)
    yield from ((each, landlock.WRITE) for each in (*jobs, scratch))
    if not all(map(_has_nameless, jobs)):
        yield LARGE, landlock.CHANGE & ~landlock.LIST
    if access.gpu:
        yield from (
            (path, landlock.WRITE | landlock.DEVICE) for each in GPU_DEVICES for path in Path("/dev").glob(each)
        )
        yield from ((Path(each), landlock.RUN) for each in GPU_LIBRARIES)
    if access.network:
        yield from ((Path(each), landlock.READ) for each in NETWORK)
    if (made := crashpoints.made_file()) is not None:
        yield made.parent, landlock.WRITE


def _searched() -> list[Path]:
    """Where Python and the dynamic linker look, as this process was told."""
    told = (*sys.path, *os.environ.get("LD_LIBRARY_PATH", "").split(":"))
    return [path for path in map(Path, told) if path.is_absolute()]


def _holds_no_documents(folder: Path, jobs: list[Path]) -> bool:
    """A program may be started from anywhere, and Python looks there: not all of that is meant."""
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - it does not fail for a user without one
    return not any(each.is_relative_to(folder) for each in (*jobs, home))


def _has_nameless(folder: Path) -> bool:
    """Whether large temporary files can lie there, or are put elsewhere: see ``anonymous_file``."""
    try:
        os.close(os.open(folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600))
    except OSError:
        return False
    return True
