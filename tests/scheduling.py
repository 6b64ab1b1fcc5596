"""Which tests run side by side with ``pytest -n``."""

from xdist.scheduler import LoadScopeScheduling

ONE_AFTER_THE_OTHER = (
    *("tests/e2e/booted/", "tests/e2e/cluster/", "tests/e2e/share/", "tests/e2e/transports/"),
    "tests/integration/test_group_member.py",
)
"""What sets up networks, servers, mounts or the kernel: the machine has only one of each."""


class ByFile(LoadScopeScheduling):
    """Give each process whole files, in the order in which they are collected: the longest come first."""

    def __init__(self, config, log):
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid):
        """What one process runs alone: a file, or all that needs the machine."""
        return "the machine" if nodeid.startswith(ONE_AFTER_THE_OTHER) else nodeid.partition("::")[0]
