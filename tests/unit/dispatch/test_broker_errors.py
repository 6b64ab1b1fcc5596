"""What people are told of a broker's faults that a test cannot easily bring about."""

import pytest
from dramatiq.errors import ConnectionClosed
from pika.exceptions import ChannelClosedByBroker, ConnectionBlockedTimeout
from redis.exceptions import BusyLoadingError, ResponseError

from ocrwatchd.core.errors import ConfigError
from ocrwatchd.dispatch.cluster.broker_errors import MOST_WORDS, REMEDIES, told

ACKNOWLEDGED = "PRECONDITION_FAILED - delivery acknowledgement on channel 1 timed out. Timeout value used: 1800000 ms"
OTHERWISE = "PRECONDITION_FAILED - inequivalent arg 'x-queue-type' for queue 'a' in vhost '/'"


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (ConnectionClosed(ChannelClosedByBroker(406, ACKNOWLEDGED)), "nothing is to be done"),
        (ConnectionClosed(ChannelClosedByBroker(406, OTHERWISE)), "delete that queue"),
        (ConnectionClosed(ConnectionBlockedTimeout("Blocked connection timeout expired")), "make room for the broker"),
        (ResponseError("MISCONF Redis is configured to save RDB snapshots, but it cannot"), "make room on"),
        (BusyLoadingError("Redis is loading the dataset in memory"), "wait a moment: the broker is starting"),
        (RuntimeError("what nobody knows"), "look into the broker's log"),
    ],
)
def test_the_cause_is_told_with_what_helps(error, remedy):
    """However deep the client has wrapped it."""
    words = str(told(error))
    assert words.rpartition("; ")[2].startswith(remedy)
    assert "ConnectionClosed" not in words


def test_what_a_broker_says_is_bounded_and_can_be_printed():
    """It may be anybody's."""
    words = str(told(ResponseError("\x1b[2J\n" * 999)))
    assert words.isprintable()
    assert len(words) < MOST_WORDS + max(len(str(remedy)) for _, remedy in REMEDIES) + 3


def test_a_mistake_of_ours_says_itself_what_to_do():
    """A password's file that has become another one's while the worker runs."""
    assert str(told(ConfigError("mend this"))) == "mend this"
