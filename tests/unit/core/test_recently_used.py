"""A few things that are held open."""

import pytest

from ocrwatchd.core.recently_used import RecentlyUsed


@pytest.fixture
def held():
    """Two at most; what was closed is listed in ``closed``."""
    closed = []
    made = RecentlyUsed(2, closed.append)
    made.closed = closed
    return made


def test_what_was_not_needed_for_the_longest_time_is_closed_first(held):
    """Before the next one is opened; what is held is not opened again."""
    for key in "aba":
        assert held.get(key, lambda key=key: key.upper()) == key.upper()
    assert held.get("a", lambda: pytest.fail("it is open")) == "A"
    held.get("c", lambda: "C" if held.closed == ["B"] else pytest.fail("three would be open"))
    assert ("a" in held, "b" in held) == (True, False)
    held.close()
    assert sorted(held.closed) == ["A", "B", "C"]


def test_a_thing_that_cannot_be_opened_is_not_held(held):
    """The error is passed on, and the next try opens it."""
    with pytest.raises(ZeroDivisionError):
        held.get("a", lambda: 1 / 0)
    assert held.get("a", lambda: 7) == 7
