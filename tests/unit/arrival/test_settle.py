"""The settle rule, with a clock that stands still until it is told."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from ocrwatchd.arrival import settle
from ocrwatchd.arrival.settle import MOST_KNOWN, UNREAD_TYPE_SECONDS, Decision, How, Settle, Stamp
from ocrwatchd.core.config.schema import Arrival
from ocrwatchd.core.i18n import Message
from ocrwatchd.formats.input.completeness import Examined, Finding

SETTLE, AFTER_CLOSE, DEADLINE = 4.0, 6.0, 300.0
PNG, PDF, OTHER = Path("/inbox/a.png"), Path("/inbox/a.pdf"), Path("/inbox/a.docx")
STAMP, GROWN = Stamp(10, 1, 7), Stamp(20, 2, 7)
WHOLE_PNG, WHOLE_PDF = Examined(Finding.WHOLE, "PNG"), Examined(Finding.WHOLE, "PDF")
PARTIAL = Examined(Finding.PARTIAL, "PNG", Message("the upload broke off"))
ENDLESS = Examined(Finding.PARTIAL, "PNG", Message("the upload broke off"), readable=True)
WRONG = Examined(Finding.WRONG, "", Message("not a picture"))
UNREAD = Examined(Finding.UNREAD, "", Message("not read"))
DENIED = Examined(Finding.DENIED, "", Message("no permission"))


class Bench:
    """The rule, its clock, and what a person would ask of the two."""

    def __init__(self, *, once=False):
        self.now = 1000.0
        arrival = Arrival(
            settle_seconds=SETTLE, after_close_seconds=AFTER_CLOSE, incomplete_deadline_s=DEADLINE, sweep_seconds=60.0
        )
        self.rule = Settle(arrival, lambda: self.now, once=once)

    def wait_for(self, path):
        """Let time pass until the path is due; the seconds that it took."""
        began = self.now
        while (found := self.rule.due()) is None:
            due = self.rule.next_due()
            assert due is not None, "nothing is waited for"
            self.now = max(self.now, due)
        assert found == path
        return self.now - began

    def end(self, path, examined, stamp=STAMP, written=False):
        """Look whenever it is due, always finding the same; the decision and the seconds until it fell."""
        began = self.now
        for _ in range(1000):
            self.wait_for(path)
            decision = self.rule.judge(path, stamp, examined, written=written)
            if decision is not Decision.WAIT:
                return decision, self.now - began
        raise AssertionError("never decided")


@pytest.fixture
def bench():
    """The rule as the daemon uses it."""
    return Bench()


@pytest.mark.parametrize(
    ("path", "how", "examined", "seconds"),
    [
        (PNG, How.MOVED, WHOLE_PNG, 0),
        (PDF, How.MOVED, WHOLE_PDF, 0),
        (PNG, How.CLOSED, WHOLE_PNG, 0),
        (PDF, How.CLOSED, WHOLE_PDF, AFTER_CLOSE),
        (PNG, How.CLOSED, WHOLE_PDF, AFTER_CLOSE),
        (PNG, How.CREATED, WHOLE_PNG, SETTLE),
        (PNG, How.MODIFIED, WHOLE_PNG, SETTLE),
        (PDF, How.SWEPT, WHOLE_PDF, SETTLE),
    ],
)
def test_a_whole_file_is_ready(bench, path, how, examined, seconds):
    """Moved in or closed at once, after the close where pages may follow, else after the settle time."""
    bench.rule.see(path, how)
    assert bench.end(path, examined) == (Decision.READY, seconds)
    assert len(bench.rule) == 0


@pytest.mark.parametrize(
    ("path", "how", "examined", "seconds"),
    [
        (PNG, How.CLOSED, PARTIAL, DEADLINE),
        (PNG, How.MOVED, PARTIAL, DEADLINE),
        (PNG, How.SWEPT, PARTIAL, DEADLINE),
        (PNG, How.CLOSED, WRONG, SETTLE),
        (PNG, How.SWEPT, WRONG, SETTLE),
        (OTHER, How.MOVED, UNREAD, UNREAD_TYPE_SECONDS),
        (OTHER, How.SWEPT, DENIED, DEADLINE),
    ],
)
@pytest.mark.parametrize("once", [False, True])
def test_other_files_are_set_aside_after_their_patience(path, how, examined, seconds, once):
    """Each finding has its own patience; with ``once`` it is the settle time."""
    bench = Bench(once=once)
    bench.rule.see(path, how)
    assert bench.end(path, examined) == (Decision.FAILED, SETTLE if once else seconds)
    assert len(bench.rule) == 0


def test_each_write_starts_the_wait_anew(bench):
    """A file that is still being written is not due, however many writes there are."""
    bench.rule.see(PNG, How.CREATED)
    for _ in range(50):
        bench.now += SETTLE * 0.9
        bench.rule.see(PNG, How.MODIFIED)
        assert bench.rule.due() is None
    assert bench.wait_for(PNG) == SETTLE


def test_a_write_after_the_close_takes_the_close_back(bench):
    """A scanner that adds a page is waited for until it closes the file again."""
    bench.rule.see(PDF, How.CLOSED)
    bench.now += AFTER_CLOSE - 1
    bench.rule.see(PDF, How.MODIFIED)
    bench.rule.see(PDF, How.CLOSED)
    assert bench.end(PDF, WHOLE_PDF) == (Decision.READY, AFTER_CLOSE)


def test_a_close_shortens_the_wait(bench):
    """A closed picture is due at once though it was to settle first."""
    bench.rule.see(PNG, How.CREATED)
    bench.now += 1
    bench.rule.see(PNG, How.CLOSED)
    assert bench.wait_for(PNG) == 0


def test_a_part_that_grows_again_is_waited_for(bench):
    """Further writes after a look start the deadline anew, and a whole file is ready after its close."""
    bench.rule.see(PNG, How.CLOSED)
    bench.wait_for(PNG)
    assert bench.rule.judge(PNG, STAMP, PARTIAL, written=False) is Decision.WAIT
    bench.now += DEADLINE - 1
    bench.rule.see(PNG, How.MODIFIED)
    bench.wait_for(PNG)
    assert bench.rule.judge(PNG, GROWN, PARTIAL, written=False) is Decision.WAIT
    bench.rule.see(PNG, How.CLOSED)
    assert bench.end(PNG, WHOLE_PNG, GROWN) == (Decision.READY, 0)


def test_who_waits_for_the_rest_is_known_with_the_deadline(bench):
    """Until it grows, is whole, or has gone; so many as are asked for."""
    for path in (PNG, PDF):
        bench.rule.see(path, How.CREATED, STAMP)
    until = bench.now + DEADLINE
    assert bench.rule.partial(3) == []
    for path in (PNG, PDF):
        bench.wait_for(path)
        bench.rule.judge(path, STAMP, PARTIAL, written=False)
    assert bench.rule.partial(3) == [(PNG, until), (PDF, until)]
    assert bench.rule.partial(1) == [(PNG, until)]
    bench.rule.see(PNG, How.MODIFIED, GROWN)
    assert bench.rule.partial(3) == [(PDF, until)]
    bench.rule.see(PDF, How.GONE)
    assert bench.rule.partial(3) == []


def test_a_stamp_that_changed_in_silence_settles_anew(bench):
    """Where no event tells of a write, the stamp at the look does."""
    bench.rule.see(PNG, How.SWEPT, STAMP)
    bench.wait_for(PNG)
    assert bench.rule.judge(PNG, GROWN, WHOLE_PNG, written=None) is Decision.WAIT
    assert bench.end(PNG, WHOLE_PNG, GROWN, written=None) == (Decision.READY, SETTLE)


def test_a_sweep_that_finds_a_change_settles_anew(bench):
    """Another stamp in a sweep counts as a write; the same one as nothing."""
    bench.rule.see(PNG, How.SWEPT, STAMP)
    bench.now += 1
    bench.rule.see(PNG, How.SWEPT, STAMP)
    bench.now += 1
    bench.rule.see(PNG, How.SWEPT, GROWN)
    assert bench.wait_for(PNG) == SETTLE


def test_a_sweep_does_not_take_a_close_back(bench):
    """What is closed stays due at once when a sweep comes by."""
    bench.rule.see(PNG, How.CLOSED)
    bench.rule.see(PNG, How.SWEPT, STAMP)
    assert bench.end(PNG, WHOLE_PNG) == (Decision.READY, 0)


@pytest.mark.parametrize("examined", [PARTIAL, WRONG, UNREAD])
def test_what_somebody_has_open_for_writing_is_never_set_aside(bench, examined):
    """A slow upload may be silent for much longer than any deadline."""
    bench.rule.see(PNG, How.CREATED)
    for _ in range(2000):
        bench.wait_for(PNG)
        assert bench.rule.judge(PNG, STAMP, examined, written=True) is Decision.WAIT
    assert bench.now > 1000 + 10 * DEADLINE


def test_a_whole_file_that_stays_open_is_ready_after_the_deadline(bench):
    """A writer who forgot to close does not keep a whole file for ever."""
    bench.rule.see(PNG, How.CREATED)
    decision, seconds = bench.end(PNG, WHOLE_PNG, written=True)
    assert decision is Decision.READY
    assert DEADLINE <= seconds <= DEADLINE + SETTLE


@pytest.mark.parametrize(("once", "patience"), [(False, DEADLINE), (True, SETTLE)])
def test_a_file_whose_end_is_missing_is_read_after_its_patience(once, patience):
    """The engine finds out whether all of it is there."""
    bench = Bench(once=once)
    bench.rule.see(PNG, How.CLOSED)
    assert bench.end(PNG, ENDLESS) == (Decision.READY, patience)


@pytest.mark.parametrize("examined", [PARTIAL, ENDLESS])
def test_once_gives_up_on_a_writer_at_the_deadline(examined):
    """Working the inbox off ends even if somebody keeps a part open; what may still grow is not read."""
    bench = Bench(once=True)
    bench.rule.see(PNG, How.CREATED)
    decision, seconds = bench.end(PNG, examined, written=True)
    assert decision is Decision.FAILED
    assert DEADLINE <= seconds <= DEADLINE + SETTLE


def test_the_first_look_after_a_close_is_repeated_soon(bench):
    """A file that counts as open for a moment after its close is looked at again within a tenth of a second."""
    bench.rule.see(PNG, How.CLOSED)
    bench.wait_for(PNG)
    assert bench.rule.judge(PNG, STAMP, WHOLE_PNG, written=True) is Decision.WAIT
    assert bench.wait_for(PNG) < 0.1


def test_a_file_without_permission_is_looked_at_in_between(bench):
    """Permissions change without an event, so the wait is cut into short ones."""
    bench.rule.see(PNG, How.CREATED)
    bench.wait_for(PNG)
    assert bench.rule.judge(PNG, STAMP, DENIED, written=None) is Decision.WAIT
    assert bench.wait_for(PNG) <= SETTLE


def test_what_is_gone_is_forgotten(bench):
    """A deleted or renamed file is waited for no longer, and its name starts afresh."""
    bench.rule.see(PNG, How.CLOSED)
    bench.rule.see(PNG, How.GONE)
    assert (len(bench.rule), bench.rule.due(), bench.rule.next_due()) == (0, None, None)
    bench.rule.see(PNG, How.CREATED)
    assert bench.wait_for(PNG) == SETTLE


def test_postponed_is_not_changed(bench):
    """A look that could not be taken is taken later, without a new settle time."""
    bench.rule.see(PNG, How.MOVED)
    bench.wait_for(PNG)
    bench.rule.postpone(PNG, 30)
    assert bench.wait_for(PNG) == 30
    assert bench.rule.judge(PNG, STAMP, WHOLE_PNG, written=False) is Decision.READY


def test_ten_thousand_files_come_in_the_order_in_which_they_fell_due(bench):
    """Many files, each with many writes, leave a heap of the same size."""
    paths = [Path(f"/inbox/{n}.png") for n in range(10_000)]
    for _ in range(3):
        for path in paths:
            bench.rule.see(path, How.MODIFIED)
            bench.now += 0.000_01
    for path in paths[:10]:
        for _ in range(1000):
            bench.rule.see(path, How.CLOSED)
            bench.rule.see(path, How.MODIFIED)
    assert len(bench.rule._heap) < 30_000
    bench.now += SETTLE
    found = [bench.rule.due() for _ in paths]
    assert set(found) == set(paths)
    assert [path for path in found if path not in paths[:10]] == paths[10:]
    assert bench.rule.due() is None


def test_urgent_files_that_are_due_go_first_and_none_for_ever():
    """Among files that are due, one goes ahead of those that have waited less longer than it is ahead."""
    arrival = Arrival(settle_seconds=SETTLE, after_close_seconds=AFTER_CLOSE)
    now = [1000.0]
    urgent = Path("/inbox/urgent/a.png")
    rule = Settle(arrival, lambda: now[0], ahead_s=lambda path: 100.0 if path == urgent else 0.0)
    rule.see(OTHER, How.SWEPT, STAMP)
    now[0] += 101
    rule.see(PNG, How.SWEPT, STAMP)
    rule.see(urgent, How.SWEPT, STAMP)
    assert rule.due() == OTHER
    now[0] += SETTLE
    rule.see(PDF, How.SWEPT, STAMP)
    assert rule.next_due() <= now[0]
    assert [rule.due(), rule.due(), rule.due()] == [urgent, PNG, None]
    now[0] += SETTLE
    assert rule.due() == PDF


def test_a_place_for_urgent_files_is_not_taken_by_others():
    """Nor by those that an urgent one would have to wait for; all stay known, and in their order."""
    now = [1000.0]
    rule = Settle(Arrival(settle_seconds=SETTLE), lambda: now[0], ahead_s=lambda path: 100.0 if path == PNG else 0.0)
    for path in (PDF, OTHER, PNG):
        rule.see(path, How.SWEPT, STAMP)
    now[0] += SETTLE
    assert [rule.due(101.0), rule.due(100.0), rule.due(100.0)] == [None, PNG, None]
    assert {rule.due(0.0), rule.due()} == {PDF, OTHER}
    assert rule.due() is None


def test_file_that_changes_while_it_is_overdue_waits_anew_and_holds_nothing_up():
    """An urgent file that is still written to is not offered, and those behind it are."""
    now = [1000.0]
    rule = Settle(Arrival(settle_seconds=SETTLE), lambda: now[0], ahead_s=lambda path: 100.0 if path == PNG else 0.0)
    for path in (PNG, PDF, OTHER):
        rule.see(path, How.SWEPT, STAMP)
    now[0] += SETTLE
    first = rule.due()
    assert first == PNG
    rule.postpone(PNG, 0.0)
    rule.see(PNG, How.SWEPT, GROWN)
    assert {rule.due(), rule.due()} == {PDF, OTHER}
    assert rule.due() is None
    assert rule.next_due() == now[0] + SETTLE


@pytest.mark.slow
def test_any_number_of_files_takes_a_bounded_room():
    """Of 120,000 files those that are known are taken first; the memory is for them alone."""
    now = [1000.0]
    held = {}
    # Not what Path makes: Python keeps the parts of paths in a table of its own, which grows in jumps.
    of_the_rule = [tracemalloc.Filter(True, settle.__file__)]
    tracemalloc.start()
    try:
        rule = Settle(Arrival(settle_seconds=SETTLE), lambda: now[0])
        for number in range(120_000):
            rule.see(Path(f"/inbox/profile/a name of a scan {number}.png"), How.SWEPT, Stamp(number, number, number))
            if number + 1 in {MOST_KNOWN, 120_000}:
                traces = tracemalloc.take_snapshot().filter_traces(of_the_rule)
                held[number + 1] = sum(trace.size for trace in traces.traces)
    finally:
        tracemalloc.stop()
    assert len(rule) == MOST_KNOWN
    assert 0 < held[120_000] < 1.5 * held[MOST_KNOWN], "six times as many came"


def test_files_for_which_there_was_no_room_are_wanted_again(monkeypatch):
    """Once half of those that were known are gone; a sweep that finds no more of them is the last."""
    monkeypatch.setattr(settle, "MOST_KNOWN", 4)
    rule = Settle(Arrival(settle_seconds=SETTLE), lambda: 1000.0)
    paths = [Path(f"/inbox/{number}.png") for number in range(6)]
    asked = []
    for path in paths:
        rule.see(path, How.SWEPT, STAMP)
    for path in paths:
        asked.append((len(rule), rule.has_room_again))
        rule.forget(path)
    assert asked == [(4, False), (3, False), (2, True), (1, True), (0, True), (0, True)]
    rule.sweeps()
    for path in paths[4:]:
        rule.see(path, How.SWEPT, STAMP)
    assert (len(rule), rule.has_room_again) == (2, False)


def test_urgent_files_have_room_of_their_own(monkeypatch):
    """However many others wait."""
    monkeypatch.setattr(settle, "MOST_KNOWN", 4)
    now = [1000.0]
    rule = Settle(Arrival(settle_seconds=SETTLE), lambda: now[0], ahead_s=lambda path: 100.0 if path == PNG else 0.0)
    for path in (*(Path(f"/inbox/{number}.png") for number in range(6)), PNG):
        rule.see(path, How.SWEPT, STAMP)
    now[0] += SETTLE
    assert (len(rule), rule.due()) == (5, PNG)
