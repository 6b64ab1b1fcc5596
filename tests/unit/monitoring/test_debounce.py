"""Which troubles are told, and when."""

import pytest

from ocrwatchd.core.component import Trouble
from ocrwatchd.core.i18n import Message
from ocrwatchd.monitoring.notify.debounce import HOLD_SECONDS, Health


class Desk:
    """Health with a clock to be set, and what it told."""

    def __init__(self):
        self.now = 100.0
        self.told = []
        self.health = Health(lambda *told: self.told.append(told), lambda: self.now)

    def after(self, seconds):
        """Let time pass; what was told then."""
        self.now += seconds
        self.told.clear()
        self.health.tick(self.now)
        return list(self.told)


@pytest.fixture
def desk():
    """A fresh one."""
    return Desk()


def test_trouble_that_lasts_is_told_once_and_once_more_when_it_is_over(desk):
    """However often it is heard of, and however long it lasts."""
    for _ in range(50):
        desk.health.hear([Trouble("watch", Message("the inbox has gone"))])
    assert desk.after(HOLD_SECONDS - 0.1) == []
    assert desk.after(0.1) == [(True, Message("the inbox has gone"), HOLD_SECONDS)]
    for _ in range(10):
        desk.health.hear([Trouble("watch", Message("the inbox has still gone"))])
        assert desk.after(3600) == []
    desk.health.hear([])
    assert desk.after(HOLD_SECONDS - 1) == []
    assert desk.after(1) == [(False, Message("the inbox has gone"), HOLD_SECONDS + 36000)]
    assert desk.after(3600) == []
    assert desk.health.next_due() is None


def test_trouble_that_is_soon_over_is_never_told(desk):
    """A ledger that a backup has locked for a moment is no news."""
    desk.health.hear([Trouble("ledger", Message("locked"))])
    assert desk.after(1) == []
    desk.health.hear([])
    assert desk.after(3600) == []


def test_trouble_that_comes_and_goes_is_one(desk):
    """An engine that loads and dies, loads and dies, is told of once, and as over only once it stays away."""
    desk.health.hear([Trouble("engine", Message("it dies"))])
    assert len(desk.after(HOLD_SECONDS)) == 1
    for _ in range(20):
        desk.health.hear([])
        assert desk.after(2) == []
        desk.health.hear([Trouble("engine", Message("it dies"))])
        assert desk.after(30) == []
    desk.health.hear([])
    assert [begins for begins, *_ in desk.after(HOLD_SECONDS)] == [False]


def test_scans_that_wait_for_one_disk_are_one_trouble(desk):
    """Sixty scans that find the disk full are told once, and it is over when the last of them goes on."""
    jobs = [Trouble(f"job-{number}", Message("no space left"), f"{number}.pdf") for number in range(60)]
    other = Trouble("other", Message("another disk is broken"), "other.pdf")
    desk.health.hear([*jobs, other])
    assert {str(words) for _, words, _ in desk.after(HOLD_SECONDS)} == {"no space left", "another disk is broken"}
    desk.health.hear([jobs[-1], other])
    assert desk.after(HOLD_SECONDS) == []
    desk.health.hear([other])
    assert desk.after(HOLD_SECONDS) == [(False, Message("no space left"), 2 * HOLD_SECONDS)]


def test_a_scan_that_waits_for_something_else_now_changes_troubles(desk):
    """First the disk is full, then it has gone: the first is over, the second begins."""
    desk.health.hear([Trouble("job", Message("full"), "a.pdf")])
    desk.after(HOLD_SECONDS)
    desk.health.hear([Trouble("job", Message("gone"), "a.pdf")])
    assert sorted(begins for begins, *_ in desk.after(HOLD_SECONDS)) == [False, True]


def test_what_was_never_in_trouble_cannot_be_over(desk):
    """Every turn of the loop says that this and that is well."""
    desk.health.hear([])
    assert desk.health.next_due() is None
    assert desk.after(HOLD_SECONDS) == []
