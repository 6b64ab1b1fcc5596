"""Confine the engine to what it needs, for good, before it opens the first hostile file."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog

from ocrwatchd.core import crashpoints, landlock, seccomp
from ocrwatchd.core.fs.anonymous_file import LARGE
from ocrwatchd.core.jsonlines import unpack
from ocrwatchd.core.landlock import Right
from ocrwatchd.core.process import give_up_all_but_files

if TYPE_CHECKING:
    from ocrwatchd.engine.grants import Access

PROGRAMS: Final = (
    *("/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin", "/nix/store", "/gnu/store"),
    *(sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix, str(Path(__file__).parents[2])),
)
"""Programs and libraries, including Python and this package."""

SETTINGS: Final = (
    *("/etc/ld.so.cache", "/etc/ld.so.preload", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives"),
    *("/etc/localtime", "/etc/timezone", "/etc/os-release", "/etc/mime.types", "/etc/fonts", "/var/cache/fontconfig"),
    *("/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/etc/ssl/openssl.cnf", "/etc/pki/tls/openssl.cnf"),
    *("/etc/crypto-policies", "/etc/locale.alias", "/proc", "/sys", "/dev/random", "/dev/urandom"),
)
"""Files that libraries read. Landlock hides the parts of /proc that show other processes of the same user."""

DEVICES: Final = ("/dev/null", "/dev/zero", "/dev/full")

GPU_DEVICES: Final = ("nvidia*", "dri", "kfd", "shm")
GPU_LIBRARIES: Final = ("/opt/cuda", "/opt/rocm", "/run/opengl-driver", "/etc/OpenCL", "/etc/vulkan", "/etc/nvidia")

NETWORK: Final = (
    *("/etc/hosts", "/etc/host.conf", "/etc/resolv.conf", "/etc/gai.conf", "/etc/services", "/etc/protocols"),
    *("/etc/ssl/certs", "/etc/ssl/cert.pem", "/etc/pki/tls", "/etc/pki/ca-trust", "/etc/ca-certificates"),
    *("/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager"),
)
"""Files that a download reads."""

log = structlog.get_logger()


def confine(access: Access, scratch: Path) -> None:
    """Give up every right that is not needed; in the main thread, before another thread starts.

    Temporary files are made in ``scratch`` from now on, the folder of this process.

    Raises:
        OSError: the kernel supports a restriction and refuses it.
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
    searched = map(Path, (*sys.path, *os.environ.get("LD_LIBRARY_PATH", "").split(":")))
    yield from ((each, landlock.RUN) for each in searched if each.is_absolute() and _holds_no_documents(each, jobs))
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


def _holds_no_documents(folder: Path, jobs: list[Path]) -> bool:
    """Whether a search folder is safe to open: a program may be started in a folder of documents."""
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - it does not fail for a user without one
    return not any(each.is_relative_to(folder) for each in (*jobs, home))


def _has_nameless(folder: Path) -> bool:
    """Whether the folder's file system supports large nameless files: see ``anonymous_file``."""
    try:
        os.close(os.open(folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600))
    except OSError:
        return False
    return True
