"""Pauses between tries."""

import pytest

from ocrwatchd.core.backoff import JITTER, Backoff


def test_pauses_double_up_to_the_cap():
    """However often a try fails, the next one comes."""
    backoff = Backoff(first_s=1.0, cap_s=10.0, jitter=0.0)
    assert [backoff.pause_s(failures) for failures in (1, 2, 3, 4, 5, 10_000)] == [1.0, 2.0, 4.0, 8.0, 10.0, 10.0]


@pytest.mark.parametrize(("failures", "longest"), [(1, 1.0), (4, 8.0), (9, 10.0)])
def test_jitter_shortens_a_pause_a_little_and_differs_each_time(failures, longest):
    """Many that failed together are not tried again together; the cap holds."""
    backoff = Backoff(first_s=1.0, cap_s=10.0)
    pauses = [backoff.pause_s(failures) for _ in range(200)]
    assert longest * (1 - JITTER) <= min(pauses) < max(pauses) <= longest
