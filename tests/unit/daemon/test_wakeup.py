"""What wakes the loop, and what a signal asks for."""

import contextlib
import os
import selectors
import signal

import pytest

from ocrwatchd.daemon import wakeup
from ocrwatchd.daemon.wakeup import SignalWakeup


@pytest.fixture
def make(monkeypatch, tmp_path):
    """A waker in its selector, with or without a terminal."""
    with contextlib.ExitStack() as stack:

        def made(*, terminal=False, **more):
            monkeypatch.setattr(wakeup, "TERMINAL", os.devnull if terminal else str(tmp_path / "none"))
            selector = stack.enter_context(selectors.DefaultSelector())
            return selector, stack.enter_context(SignalWakeup(selector, **more))

        yield made


@pytest.fixture(autouse=True)
def heard():
    """Whoever started these tests under nohup has the signal ignored."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


def test_a_hangup_asks_for_a_reload(make):
    """Once, however many came since the last look; and it wakes the loop."""
    selector, waker = make()
    assert not waker.asked_to_reload()
    signal.raise_signal(signal.SIGHUP)
    signal.raise_signal(signal.SIGHUP)
    assert selector.select(10)
    assert (waker.asked_to_reload(), waker.asked_to_reload(), waker.stops) == (True, False, 0)


def test_a_hangup_of_its_terminal_asks_for_a_stop(make):
    """A daemon that somebody started by hand does not outlive the window unseen."""
    _, waker = make(terminal=True)
    signal.raise_signal(signal.SIGHUP)
    assert (waker.asked_to_reload(), waker.stops) == (False, 1)


def test_where_nothing_can_be_reloaded_a_hangup_is_a_stop(make):
    """As with `run --once`."""
    _, waker = make(reloads=False)
    signal.raise_signal(signal.SIGHUP)
    assert (waker.asked_to_reload(), waker.stops) == (False, 1)


def test_under_nohup_a_hangup_is_a_reload(make):
    """Whoever ignores the end of the terminal wants the daemon to stay."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        _, waker = make(terminal=True)
        signal.raise_signal(signal.SIGHUP)
        assert (waker.asked_to_reload(), waker.stops) == (True, 0)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_afterwards_the_signals_are_as_before(make):
    """Whoever had them has them again."""
    before = signal.getsignal(signal.SIGHUP)
    with selectors.DefaultSelector() as selector, SignalWakeup(selector):
        assert signal.getsignal(signal.SIGHUP) is not before
    assert signal.getsignal(signal.SIGHUP) is before
