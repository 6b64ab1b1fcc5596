"""One image for all of these tests, built as the documentation says."""

import pytest

from tests.e2e.container.podman import Podman
from tests.programs import needs, needs_root


@pytest.fixture(scope="package")
def podman(tmp_path_factory):
    """Podman with the image; without a cgroup manager, and with Debian's own tree as the base."""
    needs_root()
    needs("buildah", "podman", "crun", "debootstrap", "unshare")
    made = Podman(tmp_path_factory.mktemp("podman"))
    try:
        made.make_base()
        made.build()
        yield made
    finally:
        made.remove()
