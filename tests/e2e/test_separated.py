"""A stack of paper with separator sheets, blank backs and two profiles, through the daemon, killed at each new step."""

import hashlib
import json
import signal

import pytest

from ocrwatchd.core.sheet_code import SheetSettings
from ocrwatchd.storage import sheet_key
from tests.e2e.running import Running
from tests.e2e.test_kill import kill_at, work_off
from tests.e2e.witness import Witness
from tests.fakes.stacks import blank_back, letter, printed_sheet, write_stack

pytestmark = pytest.mark.slow

SHEETS = (
    SheetSettings(profile="notes", duplex=True),
    SheetSettings(profile="bills", duplex=True),
    SheetSettings(duplex=True),
    SheetSettings(profile="notes", languages=("deu",), duplex=True),
    SheetSettings(profile="bills", priority=3, duplex=True),
)
PAPERS = 3
"""Of each document: the last one has print on its back, the others have not."""

PROFILES = {
    "profiles.notes.output": {"formats": ["txt", "raw"]},
    "profiles.bills.output": {"formats": ["txt", "md", "pdf"], "name": "{profile}-{name}"},
}
STEPS = (
    ("engine-page", 1),
    ("engine-page-done", 2),
    ("engine-page", 9),
    ("engine-page-done", 40),
    ("engine-part-written", 1),
    ("engine-part-written", 5),
    ("engine-set-written", 1),
    ("delivery-recorded", 1),
    ("moved", 1),
    ("moved", 3),
    ("moved", 4),
    ("moved", 11),
    ("moved", 16),
    ("moved", 17),
    ("end-recorded", 1),
    ("cleared", 1),
)
SETS = {
    "notes/stack-part-1": [".json", ".raw.txt", ".txt"],
    "bills/bills-stack-part-2": [".json", ".md", ".pdf", ".txt"],
    "stack-part-3": [".json", ".txt"],
    "notes/stack-part-4": [".json", ".raw.txt", ".txt"],
    "bills/bills-stack-part-5": [".json", ".md", ".pdf", ".txt"],
}


@pytest.fixture
def daemon(tmp_path):
    """A daemon whose inbox holds a stack of 40 pages: five sheets of two sides, and 15 papers of two sides."""
    made = Running(
        tmp_path,
        arrival={"settle_seconds": 0.05},
        ocr={"engine": "rapidocr"},
        llm={"model": "off"},
        split={"on": ["sheet"]},
        output={"formats": ["txt"]},
        **PROFILES,
    )
    for name in ("inbox", "outbox", "archive", "failed", "outbox/notes", "outbox/bills"):
        (made.root / name).mkdir(parents=True)
    key = sheet_key.read_or_make(made.base / "state")
    pages = []
    for sheet in SHEETS:
        pages += [sheet, sheet, *["fine", "blank"] * (PAPERS - 1), "fine", "fine"]
    assert len(pages) == 40
    write_stack(made.inbox / "stack.tif", key, *pages)
    made.content = (made.inbox / "stack.tif").read_bytes()
    return made


def confirm(daemon):
    """Each part lies in its profile's folder once, whole, with its own files, and the original in the archive."""
    assert daemon.lying("inbox") == daemon.lying("failed") == []
    assert daemon.lying("archive") == ["stack.tif"]
    assert (daemon.root / "archive" / "stack.tif").read_bytes() == daemon.content
    assert daemon.lying("outbox") == sorted(f"{name}{suffix}" for name, suffixes in SETS.items() for suffix in suffixes)
    assert not [path for path in daemon.lying(".work") if "/scan/" in path]
    told = [json.loads((daemon.root / "outbox" / f"{name}.json").read_bytes()) for name in SETS]
    for number, receipt in enumerate(told, 1):
        first = 8 * (number - 1) + 1
        assert (receipt["part"], receipt["parts"], receipt["parent"]) == (number, 5, "stack.tif")
        assert receipt["pages_from"] == [first + each for each in (2, 4, 6, 7)]
        assert receipt["left_out"] == [
            {"page": first, "why": "sheet"},
            {"page": first + 1, "why": "sheet"},
            {"page": first + 3, "why": "blank"},
            {"page": first + 5, "why": "blank"},
        ]
        assert receipt["sha256"] == hashlib.sha256(daemon.content).hexdigest()
        name = list(SETS)[number - 1]
        for suffix, sha256 in receipt["files"].items():
            assert hashlib.sha256((daemon.root / "outbox" / f"{name}{suffix}").read_bytes()).hexdigest() == sha256


def confirm_order(witness):
    """No name appeared twice or half; each receipt came after its set, and the original last."""
    seen = [each for each in witness.seen() if not each[1].endswith(("notes", "bills"))]
    assert all(what == "came" for _, _, what in seen), seen
    came = [(folder, name) for folder, name, _ in seen]
    assert len(came) == len(set(came))
    assert came[-1] == ("archive", "stack.tif")
    for place, (folder, name) in enumerate(came[:-1]):
        if name.endswith(".json"):
            others = {other for above, other in came[:place] if above == folder}
            own = name.removesuffix(".json")
            suffixes = next(suffixes for path, suffixes in SETS.items() if path.endswith(own))
            assert {f"{own}{suffix}" for suffix in suffixes if suffix != ".json"} <= others


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("step", "number"), STEPS)
def test_a_stack_is_delivered_once_whatever_dies(daemon, step, number):
    """Each part exactly once, with its own profile's settings, and no page is read twice."""
    folders = [daemon.root / name for name in ("outbox", "outbox/notes", "outbox/bills", "archive", "failed")]
    with Witness(*folders) as witness:
        struck, fatal = kill_at(daemon, step, number)
        first = work_off(daemon, **fatal)
        assert struck.exists()
        assert first == (0 if step.startswith("engine") else -signal.SIGKILL), daemon.log_path.read_text()
        if first:
            assert work_off(daemon) == 0, daemon.log_path.read_text()
        confirm(daemon)
        confirm_order(witness)
    numbers = [event["page"] for event in daemon.events("page.done")]
    assert len(numbers) == len(set(numbers)) >= 39  # one is told before it is logged


def test_a_second_stack_of_the_same_name_gets_free_names(daemon):
    """All parts of it with one number, as the original."""
    assert work_off(daemon) == 0, daemon.log_path.read_text()
    (daemon.inbox / "stack.tif").write_bytes(daemon.content)
    assert work_off(daemon) == 0, daemon.log_path.read_text()
    assert daemon.lying("archive") == ["stack-2.tif", "stack.tif"]
    again = {f"{name}-2{suffix}" for name, suffixes in SETS.items() for suffix in suffixes}
    first = {f"{name}{suffix}" for name, suffixes in SETS.items() for suffix in suffixes}
    assert set(daemon.lying("outbox")) == first | again


def test_a_lost_ledger_knows_the_stack_again(daemon):
    """It is built from the receipts: the stack is one original, and a copy of it is skipped."""
    assert work_off(daemon) == 0, daemon.log_path.read_text()
    for path in (daemon.base / "state").rglob("ledger.sqlite3*"):
        path.unlink()
    text = daemon.config.read_text(encoding="utf-8")
    daemon.config.write_text(f'{text}\n[job]\nduplicates = "skip"\n', encoding="utf-8")
    (daemon.inbox / "copy.tif").write_bytes(daemon.content)
    assert work_off(daemon) == 0, daemon.log_path.read_text()
    receipt = json.loads((daemon.root / "outbox" / "copy.json").read_bytes())
    assert "stack" in receipt["duplicate_of"]


def real_stack():
    """Five letters of three papers each behind their sheets: 40 pages."""
    for number, sheet in enumerate(SHEETS, 1):
        yield sheet
        yield sheet
        for paper in range(1, PAPERS + 1):
            front = letter(f"This is the letter number {number}", "about the rent of the house", f"sheet {paper}")
            yield front
            back = letter(f"the last page of letter {number}", "with kind regards")
            yield back if paper == PAPERS else blank_back(front, number * paper)


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("step", "number"), [("engine-part-written", 2), ("moved", 6)])
def test_the_real_engine_reads_a_stack(daemon, step, number):
    """With RapidOCR, printed sheets and backs that shine through; each text in its own part, once."""
    key = sheet_key.read(daemon.base / "state")
    pages = [printed_sheet(each, key) if isinstance(each, SheetSettings) else each for each in real_stack()]
    write_stack(daemon.inbox / "stack.tif", key, *pages)
    daemon.content = (daemon.inbox / "stack.tif").read_bytes()
    daemon.module = "ocrwatchd"
    struck, fatal = kill_at(daemon, step, number)
    first = work_off(daemon, **fatal)
    assert struck.exists()
    if first:
        assert first == -signal.SIGKILL
        assert work_off(daemon) == 0, daemon.log_path.read_text()
    confirm(daemon)
    for place, name in enumerate(SETS, 1):
        text = (daemon.root / "outbox" / f"{name}.txt").read_text(encoding="utf-8")
        assert text.count(f"letter number {place}") == PAPERS, text
        assert "kind regards" in text
