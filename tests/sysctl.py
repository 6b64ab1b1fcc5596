"""What the kernel is asked to do otherwise, for a while."""

from contextlib import contextmanager
from pathlib import Path

from tests.programs import lacks, needs_root

_PROTECTED_REGULAR = Path("/proc/sys/fs/protected_regular")


@contextmanager
def protected_regular():
    """As Debian has it: in a sticky folder of a group nobody opens another account's file with O_CREAT.

    The whole machine has one such setting; what it was comes back.
    """
    needs_root()
    before = _PROTECTED_REGULAR.read_text(encoding="ascii")
    try:
        _PROTECTED_REGULAR.write_text("2\n", encoding="ascii")
    except OSError as error:
        lacks(f"fs.protected_regular cannot be set here: {error.strerror}")
    try:
        yield
    finally:
        _PROTECTED_REGULAR.write_text(before, encoding="ascii")
