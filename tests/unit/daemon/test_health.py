"""How often the supervisor looks at its own ground."""

import time
from types import SimpleNamespace

import pytest

from ocrwatchd.core.i18n import Message
from ocrwatchd.daemon.health import HEALTH_SECONDS, MENDING_SECONDS, Health


def test_what_is_wrong_is_looked_at_again_at_once():
    """A folder that is back is used within a second or so, while nothing is looked at so often where all is well."""
    wrong = [Message("the inbox has gone")]
    arrivals = SimpleNamespace(health=lambda: wrong[-1], mend=lambda: None)
    health = Health(arrivals, SimpleNamespace(held=lambda: True))

    def told():
        return [str(each.message) for each in health.troubles()]

    health.tick(time.monotonic())
    assert told() == ["the inbox has gone", ""]
    assert 0 < health.next_due() - time.monotonic() <= MENDING_SECONDS < HEALTH_SECONDS
    wrong.append(Message(""))
    health.tick(time.monotonic())
    assert told() == ["the inbox has gone", ""]  # not due yet
    health._due = 0.0
    health.tick(time.monotonic())
    assert told() == ["", ""]
    assert MENDING_SECONDS < health.next_due() - time.monotonic() <= HEALTH_SECONDS


@pytest.mark.parametrize(("look_s", "rest_s"), [(0.001, MENDING_SECONDS), (0.1, 2.0), (30.0, HEALTH_SECONDS)])
def test_a_look_that_is_dear_is_not_taken_each_second(monkeypatch, look_s, rest_s):
    """What nobody mends stays wrong for months, in an inbox of many folders, too."""
    clock = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])

    def look():
        clock[0] += look_s
        return "a scan cannot be moved"

    arrivals = SimpleNamespace(health=look, mend=lambda: None)
    health = Health(arrivals, SimpleNamespace(held=lambda: True))
    health.tick(time.monotonic())
    assert health.next_due() - clock[0] == pytest.approx(rest_s)
