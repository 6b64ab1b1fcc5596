"""The bounds of an engine at work."""

import os

import pytest

from ocrwatchd.core.process import memory_bytes
from ocrwatchd.engine.host import limits
from ocrwatchd.engine.host.limits import LOOK_S, Bounds, memory_of


@pytest.fixture
def now(monkeypatch):
    """A clock to set, and an engine whose memory is what the test says."""
    state = {"time": 0.0, "memory": 100.0}
    monkeypatch.setattr(limits, "memory_of", lambda pid: state["memory"])
    return state


def test_silence_is_bounded_until_the_next_step(now):
    """Each step has its own allowance, and lifting ends them all."""
    held = Bounds(lambda: now["time"], 10)
    held.expect("page", 5)
    now["time"] = 4.0
    assert (str(held.passed()), held.next_due()) == ("", 5.0)
    held.expect("correct", 5)
    now["time"] = 9.0
    assert str(held.passed()) == "the engine took longer than 5 s to correct a page"
    held.lift()
    assert (str(held.passed()), held.next_due()) == ("", None)


def test_growth_counts_from_where_it_was_weighed(now):
    """Three budgets over one scan are allowed; what was loaded before does not count."""
    held = Bounds(lambda: now["time"], 10)
    held.weigh(1)
    now["memory"] = 130.0
    now["time"] = held.next_due()
    assert str(held.passed()) == ""
    assert held.next_due() == now["time"] + LOOK_S
    now["memory"] = 131.0
    assert str(held.passed()) == ""
    now["time"] = held.next_due()
    assert str(held.passed()).startswith("the engine took more than 30 MiB of memory")
    assert str(held.passed()) != ""
    held.lift()
    assert (str(held.passed()), held.next_due()) == ("", None)


def ended_at(held, now):
    """When an engine is ended about which is asked whenever that is due, and why."""
    for _ in range(10_000):
        if reason := held.passed():
            return now["time"], str(reason)
        now["time"] = held.next_due()
    raise AssertionError("it is never ended")


def test_an_engine_is_not_ended_for_what_hung_the_supervisor_too(now):
    """Both wait for a share that is away: what it took does not count, what is left of the step's time does."""
    held = Bounds(lambda: now["time"], 10)
    held.weigh(1)
    held.expect("page", 100)
    assert str(held.passed()) == ""
    now["time"] = held.next_due() + 1000
    assert ended_at(held, now) == (1100, "the engine took longer than 100 s to read a page")


def test_a_step_after_a_standstill_has_no_more_than_its_own_time(now):
    """What the engine said first afterwards has set a new bound."""
    held = Bounds(lambda: now["time"], 10)
    held.weigh(1)
    held.expect("page", 100)
    now["time"] = 1000
    held.expect("page", 10)
    assert ended_at(held, now) == (1010, "the engine took longer than 10 s to read a page")


def test_memory_of_a_process():
    """This one has some, and one that is not there has none."""
    assert memory_of(os.getpid()) > 5
    assert memory_of(2**22 + 1) == 0.0


def test_a_control_group_s_limit_counts_as_the_machine(tmp_path):
    """The lowest limit on the way up is what there is; "max" and missing files are no limit."""
    own = tmp_path / "cgroup"
    own.write_text("0::/system.slice/ocrwatchd.service\n")
    service = tmp_path / "groups" / "system.slice" / "ocrwatchd.service"
    service.mkdir(parents=True)
    (service / "memory.max").write_text("max\n")
    machine = memory_bytes(tmp_path / "none", tmp_path / "none")
    assert memory_bytes(tmp_path / "groups", own) == machine > 100 << 20
    (service.parent / "memory.max").write_text(f"{64 << 20}\n")
    assert memory_bytes(tmp_path / "groups", own) == 64 << 20
