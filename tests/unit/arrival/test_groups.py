"""Which scans wait for others, and when they are a document; the clock stands still until it is told."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrwatchd.arrival import groups
from ocrwatchd.arrival.claim import Ready, Seen
from ocrwatchd.arrival.group_rules import Pending, Rules
from ocrwatchd.arrival.groups import Groups
from ocrwatchd.arrival.settle import Stamp
from ocrwatchd.core.canary_name import new_name
from ocrwatchd.core.config.paper import Paper
from ocrwatchd.core.i18n import NOTHING
from ocrwatchd.core.model import Scan
from ocrwatchd.formats.input.completeness import Examined, Finding

INBOX = Path("/inbox")
JOIN_S, DUPLEX_S = 30.0, 600.0
FOLDER, PREFIX = (Paper(join=way, join_wait_s=JOIN_S) for way in ("folder", "prefix"))
STACKS = Paper(duplex="stacks", duplex_wait_s=DUPLEX_S)


def scan(name):
    """A scan by its path under the inbox."""
    return Scan(INBOX / name, Path(name))


class Desk:
    """The rule, its clock, and what has not arrived yet."""

    def __init__(self, paper, **settings):
        self.now = 1000.0
        self.pending = {}
        self.mtimes = itertools.count(1)
        self.rules = Rules(lambda _: paper, {"invoices"})
        self.rule = Groups(self.rules, lambda: self.now, **settings)

    def ready(self, name, mtime_ns=None, inode=1):
        """An offer."""
        stamp = Stamp(10, next(self.mtimes) if mtime_ns is None else mtime_ns, inode)
        return Ready(scan(name), NOTHING, Seen(stamp, 1, Examined(Finding.WHOLE, "PNG"), written=False))

    def arrive(self, *names, mtime_ns=None):
        """Scans arrive; those that wait for none are given back."""
        single = []
        for name in names:
            self.pending.pop(name, None)
            ready = self.ready(name, mtime_ns)
            if key := self.rules.key(ready.scan):
                self.rule.hold(ready, key)
            else:
                single.append(name)
        return single

    def begin(self, name, mtime_ns=1 << 60):
        """A scan is being written."""
        self.pending[name] = Pending(scan(name), mtime_ns)

    def _coming(self, folders):
        return [each for each in self.pending.values() if each.scan.relative.parent in folders]

    def documents(self):
        """What is complete: path of the document, and the names of its files, or nothing where it is a file."""
        found = []
        while self.rule.first(self._coming):
            ready = self.rule.take()
            found.append((str(ready.scan.relative), [each.scan.path.name for each in ready.members]))
        return found

    def after(self, seconds):
        """What is complete a while later."""
        self.now += seconds
        return self.documents()


def test_a_folder_is_a_document_in_the_order_of_its_numbers():
    """Two comes before ten, and the document has the folder's name."""
    desk = Desk(FOLDER)
    assert desk.arrive("letter/p10.png", "letter/p2.png", "letter/p1.jpg") == []
    assert desk.after(JOIN_S - 1) == []
    assert desk.after(1) == [("letter", ["p1.jpg", "p2.png", "p10.png"])]
    assert len(desk.rule) == 0
    assert desk.after(JOIN_S) == []


def test_files_of_the_inbox_and_of_a_profiles_folder_are_single_scans():
    """A profile's folder is no document; a folder in it is one, even of one page."""
    desk = Desk(FOLDER)
    assert desk.arrive("a.png", "invoices/b.png") == ["a.png", "invoices/b.png"]
    assert desk.arrive("invoices/march/c.png", "other/d.png") == []
    assert desk.after(JOIN_S) == [("invoices/march", ["c.png"]), ("other", ["d.png"])]


def test_files_of_one_name_with_a_counter_are_a_document():
    """Of one folder and one type; a file without a counter is a single scan, and so is one that is alone."""
    desk = Desk(PREFIX)
    names = ["scan_002.png", "scan_001.png", "scan_003.pdf", "x/scan_004.png", "scan.png", "letter (2).jpg"]
    assert desk.arrive(*names, "letter (10).jpeg", "2026.png", "2027.png") == ["scan.png"]
    assert sorted(desk.after(JOIN_S)) == [
        ("2026", ["2026.png", "2027.png"]),
        ("letter", ["letter (2).jpg", "letter (10).jpeg"]),
        ("scan", ["scan_001.png", "scan_002.png"]),
        ("scan_003.pdf", []),
        ("x/scan_004.png", []),
    ]


def test_a_document_is_not_named_like_a_profiles_folder():
    """Its original would lie among the originals of that profile."""
    desk = Desk(PREFIX)
    desk.arrive("invoices_1.png", "invoices_2.png")
    assert desk.after(JOIN_S) == [("invoices_1.png", ["invoices_1.png", "invoices_2.png"])]


@pytest.mark.parametrize("paper", [PREFIX, STACKS])
def test_a_canary_waits_for_nothing(paper):
    """Somebody waits for it, and it is no document."""
    name = new_name()
    assert Desk(paper).arrive(name) == [name]


def test_each_arrival_begins_the_wait_anew_and_an_unfinished_one_keeps_it_open():
    """However long the next page takes; then no longer."""
    desk = Desk(FOLDER)
    desk.arrive("a/1.png")
    assert desk.after(JOIN_S - 1) == []
    desk.arrive("a/2.png")
    assert desk.after(JOIN_S - 1) == []
    desk.begin("a/3.png")
    desk.begin("b/1.png")
    assert desk.after(10 * JOIN_S) == []
    desk.arrive("a/3.png")
    assert desk.rule.next_due() == desk.now + JOIN_S
    assert desk.after(JOIN_S) == [("a", ["1.png", "2.png", "3.png"])]


def test_an_unfinished_page_that_is_removed_holds_nothing_up():
    """A broken upload goes to failed/ on its own."""
    desk = Desk(FOLDER)
    desk.arrive("a/1.png")
    desk.begin("a/2.png")
    assert desk.after(JOIN_S) == []
    del desk.pending["a/2.png"]
    assert desk.after(groups.RECHECK_S) == [("a", ["1.png"])]


def test_two_stacks_are_a_pair_at_once():
    """The third one waits for the fourth."""
    desk = Desk(STACKS)
    desk.arrive("fronts.pdf")
    assert desk.documents() == []
    desk.arrive("backs.pdf")
    assert desk.documents() == [("fronts", ["fronts.pdf", "backs.pdf"])]
    desk.arrive("x/c.pdf")
    desk.arrive("a.pdf")
    assert desk.after(DUPLEX_S - 1) == []


def test_numbered_stacks_pair_by_number_and_others_by_time():
    """The second may arrive before the first."""
    desk = Desk(STACKS)
    desk.arrive("scan_10.pdf", "scan_9.pdf")
    assert desk.documents() == [("scan_9", ["scan_9.pdf", "scan_10.pdf"])]
    desk.arrive("scan_14.pdf", "scan_11.pdf", "scan_13.pdf", "scan_12.pdf")
    found = [["scan_11.pdf", "scan_12.pdf"], ["scan_13.pdf", "scan_14.pdf"]]
    assert [names for _, names in desk.documents()] == found
    desk.arrive("late.pdf", mtime_ns=100)
    desk.arrive("early.pdf", mtime_ns=99)
    assert desk.documents() == [("early", ["early.pdf", "late.pdf"])]


def test_a_stack_waits_for_the_one_before_it():
    """The second and the third are no pair while the first is being written."""
    desk = Desk(STACKS)
    desk.begin("scan_1.pdf")
    desk.arrive("scan_2.pdf", "scan_3.pdf")
    assert desk.documents() == []
    desk.arrive("scan_1.pdf")
    assert desk.documents() == [("scan_1", ["scan_1.pdf", "scan_2.pdf"])]
    desk.begin("scan_4.pdf")
    assert desk.after(DUPLEX_S) == []  # its partner is on its way
    desk.arrive("scan_4.pdf")
    assert desk.documents() == [("scan_3", ["scan_3.pdf", "scan_4.pdf"])]


def test_a_lone_stack_goes_alone():
    """After its wait, as the file that it is."""
    desk = Desk(STACKS)
    desk.arrive("fronts.pdf")
    assert desk.after(DUPLEX_S - 1) == []
    assert desk.after(1) == [("fronts.pdf", [])]


@pytest.mark.parametrize(("paper", "names"), [(FOLDER, []), (STACKS, ["a/1.png"])])
def test_once_does_not_wait_longer_than_it_is_told(paper, names):
    """`run --once` waits for partners as long as for a file."""
    desk = Desk(paper, most_wait_s=5.0)
    desk.arrive("a/1.png")
    assert desk.after(4.9) == []
    assert [path for path, _ in desk.after(0.1)] == (names or ["a"])


def test_a_scan_that_leaves_is_in_no_document():
    """People may take it out of the inbox, also when its document is complete and waits for room."""
    desk = Desk(FOLDER)
    desk.arrive("a/1.png", "a/2.png", "b/1.png")
    assert desk.rule.drop(INBOX / "b/1.png")
    desk.now += JOIN_S
    assert desk.rule.first(desk._coming)
    desk.rule.drop(INBOX / "a/2.png")
    assert desk.documents() == []
    assert desk.after(groups.RECHECK_S) == [("a", ["1.png"])]


def test_a_scan_that_was_exchanged_counts_once():
    """The new one takes the old one's place."""
    desk = Desk(FOLDER)
    desk.arrive("a/1.png")
    desk.arrive("a/1.png")
    assert desk.after(JOIN_S) == [("a", ["1.png"])]


def test_a_document_has_a_bounded_number_of_files(monkeypatch):
    """The rest is the next document; the names are bounded too."""
    monkeypatch.setattr(groups, "MOST_MEMBERS", 3)
    desk = Desk(FOLDER)
    desk.arrive(*(f"a/{number}.png" for number in range(1, 8)))
    found = [["1.png", "2.png", "3.png"], ["4.png", "5.png", "6.png"], ["7.png"]]
    assert desk.after(JOIN_S) == [("a", names) for names in found]
    monkeypatch.setattr(groups, "MOST_NAME_BYTES", 10)
    desk.arrive(*(f"a/{number}.png" for number in range(1, 4)))
    assert [names for _, names in desk.after(JOIN_S)] == [["1.png", "2.png"], ["3.png"]]


def test_the_rule_holds_a_bounded_number_of_scans(monkeypatch):
    """Then what is there is complete: an inbox that is filled on purpose does not stop the line."""
    monkeypatch.setattr(groups, "MOST_HELD", 4)
    desk = Desk(FOLDER)
    desk.arrive("a/1.png", "a/2.png", "b/1.png")
    assert desk.documents() == []
    desk.begin("a/3.png")
    desk.arrive("b/2.png")
    assert [path for path, _ in desk.documents()] == ["a", "b"]


def test_what_waits_is_told():
    """By document, with the time."""
    desk = Desk(FOLDER)
    desk.arrive("a/1.png", "b/1.png")
    assert desk.rule.waiting(1) == [(Path("a"), desk.now + JOIN_S)]


def test_a_name_that_leaves_no_room_stays_single():
    """Its path in the job's folder would be too long."""
    desk = Desk(PREFIX)
    long = "/".join(["d" * 250] * 16) + "/" + "s" * 200 + "1.png"
    assert desk.arrive(long) == [long]


NAMES = st.lists(
    st.sampled_from([f"{folder}{name}{number}.{suffix}" for folder in ("", "a/", "invoices/") for name in ("s", "t_")
                     for number in ("", 1, 2, 10) for suffix in ("png", "pdf")]),
    unique=True, max_size=20,
)  # fmt: skip


@given(
    paper=st.sampled_from([FOLDER, PREFIX, STACKS]),
    names=NAMES,
    dice=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 40)), min_size=20, max_size=20),
)
def test_no_scan_is_lost_or_used_twice(paper, names, dice):
    """Whatever the order in which scans arrive, change and leave, and whenever somebody looks."""
    desk = Desk(paper)
    expected, found = set(), []
    for name, (what, seconds) in zip(names, dice, strict=False):
        single = desk.arrive(name)
        if what == 0 and desk.rule.drop(INBOX / name):
            continue
        if what == 1 and not single:
            desk.arrive(name)
        expected.add(name)
        found += [(path, []) for path in single]
        desk.now += seconds
        if what > 1:
            found += desk.documents()
    for _ in range(3):
        found += desk.after(DUPLEX_S + JOIN_S)
    assert len(desk.rule) == 0
    assert desk.rule.next_due() is None
    parents = {path: str(Path(path).parent / "x").removesuffix("x") for path, _ in found}
    used = []
    for path, members in found:
        folder = f"{path}/" if paper is FOLDER else parents[path]
        used += [f"{folder}{name}" for name in members] or [path]
    assert sorted(used) == sorted(expected)
