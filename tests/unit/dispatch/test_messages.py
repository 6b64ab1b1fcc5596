"""What machines tell each other is validated, and an attempt keeps to its own folder."""

import datetime as dt
import json
import os
from pathlib import Path

import pytest

from ocrwatchd import __version__
from ocrwatchd.core.attempt import PartFigures, ScanFigures
from ocrwatchd.core.config.profile import Llm, Ocr, Task, Work
from ocrwatchd.core.errors import ConfigError, FolderUnusable
from ocrwatchd.core.model import Job, Sheets
from ocrwatchd.dispatch.cluster import attempts, capabilities, registry
from ocrwatchd.dispatch.cluster.messages import (
    MAX_BYTES,
    MAX_ORDER_BYTES,
    MAX_REPORT_BYTES,
    Card,
    Order,
    Refused,
    Report,
    Token,
    decode,
    read,
    write,
)
from ocrwatchd.storage.group_members import MOST_MEMBERS, MOST_NAME_BYTES

TOKEN = Token(root="0123456789abcdef", version="1")
JOB = "20260101-000000-000001-abcdef"


def order(folder: Path, attempt=1, work=None, relative="office/a.tif"):
    """An order for a scan that lies there."""
    source = folder / JOB / "scan" / relative
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_bytes(b"scan")
    return Order.of(Job(JOB, folder / JOB, Path(relative), work or Work()), attempt, TOKEN)


def changed(folder, **fields):
    """An order with other fields, as JSON."""
    return json.dumps(order(folder).model_dump(mode="json") | fields)


def test_an_order_comes_as_it_was_sent(tmp_path):
    """Also with a name that is not valid UTF-8."""
    name = os.fsdecode(b"office/\xff\xe4.tif")
    sent = order(tmp_path, relative=name, work=Work(ocr=Ocr(languages=("deu",)), priority=3))
    got = decode(Order, sent.model_dump_json())
    assert got == sent
    job = attempts.begin(got, tmp_path, "w1", Work())
    assert (str(job.relative), job.source.read_bytes(), job.work.priority) == (name, b"scan", 3)


def test_an_order_for_several_files_names_them(tmp_path):
    """In the order of their pages; each has to be a file of the job's own folder."""
    names = (os.fsdecode(b"\xff1.tif"), "2.tif")
    job = Job(JOB, tmp_path / JOB, Path("letter"), Work(), members=names)
    job.source.mkdir(parents=True)
    for file in job.files:
        file.write_bytes(b"scan")
    sent = Order.of(job, 1, TOKEN)
    got = decode(Order, sent.model_dump_json())
    begun = attempts.begin(got, tmp_path, "w1", Work())
    assert begun.files == job.files
    (tmp_path / "away").write_bytes(b"scan")
    job.files[1].unlink()
    assert attempts.begin(Order.of(job, 2, TOKEN), tmp_path, "w1", Work()) is None
    job.files[1].symlink_to(tmp_path / "away")
    assert attempts.begin(Order.of(job, 3, TOKEN), tmp_path, "w1", Work()) is None


def test_the_longest_order_is_within_bounds(tmp_path):
    """As many files as a document may have, with names of bytes that each take six characters, and many profiles."""
    length = MOST_NAME_BYTES // MOST_MEMBERS
    names = tuple(os.fsdecode(f"{number:04}".encode() + b"\x01" * (length - 4)) for number in range(MOST_MEMBERS))
    prompt = "x" * 2000
    tasks = tuple(Task(name=f"t{number}", prompt=prompt, join_prompt=prompt) for number in range(20))
    sheets = Sheets({str(number): Work(tasks=tasks) for number in range(60)}, b"k" * 32)
    sent = Order.of(Job(JOB, tmp_path / JOB, Path("letter"), Work(), members=names, sheets=sheets), 1, TOKEN)
    assert decode(Order, sent.model_dump_json(), MAX_ORDER_BYTES).names == names


@pytest.mark.parametrize(
    "fields",
    [
        {"relative": "../../../etc/passwd"},
        {"relative": "office/../../x"},
        {"relative": "/etc/passwd"},
        {"relative": "."},
        {"relative": ""},
        {"relative": "a\0b"},
        {"relative": "\u20ac"},
        {"relative": "x" * 5000},
        {"members": ["../x"]},
        {"members": [".."]},
        {"members": [""]},
        {"members": ["a", "a"]},
        {"members": ["\u20ac"]},
        {"members": ["a\0b"]},
        {"members": ["x" * 256]},
        {"members": [str(number) for number in range(MOST_MEMBERS + 1)]},
        {"job": "../20260101-000000-000001-abcdef"},
        {"job": f"{JOB}\n"},
        {"job": "lock"},
        {"attempt": 0},
        {"token": {"root": "x", "version": "1"}},
        {"work": {"ocr": {"no_such_key": 1}}},
        {"work": {"ocr": {"dpi": -1}}},
        {"text": "of a document"},
    ],
    ids=str,
)
def test_what_is_no_order_is_refused(tmp_path, fields):
    """Paths that lead elsewhere, unknown keys, values out of range; what stood there is not repeated."""
    with pytest.raises(Refused) as refusal:
        decode(Order, changed(tmp_path, **fields))
    assert "passwd" not in str(refusal.value)


@pytest.mark.parametrize("content", ["", "{", "[]", "null", "7", "\xff", " " * (MAX_BYTES + 1)])
def test_junk_is_refused(content):
    """Whatever comes from the broker."""
    with pytest.raises(Refused):
        decode(Order, content)


def test_a_files_size_is_bounded_before_it_is_read(tmp_path):
    """And a link or a pipe is none."""
    (tmp_path / "large").write_bytes(b" " * (MAX_BYTES + 1))
    with pytest.raises(Refused, match="longer"):
        read(Card, tmp_path / "large")
    (tmp_path / "link").symlink_to("large")
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "pipe"):
        with pytest.raises(OSError, match=r"link|regular"):
            read(Card, tmp_path / name)


def test_what_a_machine_has_is_its_own_business(tmp_path):
    """Licence, threads, downloads and GPU are the worker's; how the document is read is the job's."""
    theirs = Work(ocr=Ocr(license="/theirs", threads=9, dpi=200), llm=Llm(threads=9, gpu_layers=5, context_size=1024))
    own = Work(ocr=Ocr(license="/own", threads=2, dpi=600), llm=Llm(threads=2, gpu_layers=40))
    work = attempts.begin(order(tmp_path, work=theirs), tmp_path, "w1", own).work
    assert (work.ocr.license, work.ocr.threads, work.ocr.dpi) == ("/own", 2, 200)
    assert (work.llm.threads, work.llm.gpu_layers, work.llm.context_size) == (2, 40, 1024)


@pytest.mark.parametrize(("own", "used"), [("/m/fit.gguf", "/m/fit.gguf"), ("/m/other.gguf", "fit.gguf")])
def test_a_models_file_is_the_machines_own_of_that_name(tmp_path, own, used):
    """No path from elsewhere is opened."""
    sent = order(tmp_path, work=Work(llm=Llm(model="/far/away/fit.gguf")))
    assert "away" not in sent.model_dump_json()
    assert attempts.begin(sent, tmp_path, "w1", Work(llm=Llm(model=own))).work.llm.model == used


def test_an_attempt_writes_in_a_folder_of_its_own_and_reads_the_one_scan(tmp_path):
    """Pages of earlier attempts come along, those of the later ones first."""
    base = tmp_path / JOB
    for folder, pages in (
        (base / "pages", "12"),
        (base / "attempts/1-a/pages", "23"),
        (base / "attempts/2-b/pages", "3"),
    ):
        folder.mkdir(parents=True)
        for page in pages:
            (folder / f"000{page}.json").write_text(f"{folder.parent.name}", encoding="ascii")
    (base / "attempts/1-a/pages/.ocrwatchd-half").write_text("x", encoding="ascii")
    job = attempts.begin(order(tmp_path, 3), tmp_path, "w1", Work())
    assert (job.desk.parent, job.out) == (base / "attempts", job.desk / "out")
    assert job.desk.name.startswith("3-w1_")
    assert job.source == base / "scan/office/a.tif"
    kept = {path.name: path.read_text() for path in job.pages.iterdir()}
    assert kept == {"0001.json": JOB, "0002.json": "1-a", "0003.json": "2-b"}


def test_what_is_not_to_be_done_is_dropped(tmp_path):
    """The job has ended; another worker has begun this attempt, or a later one; the folder is a link."""
    sent = order(tmp_path, 2)
    assert attempts.begin(sent, tmp_path / "elsewhere", "w1", Work()) is None
    other = tmp_path / JOB / "attempts" / "3-w2"
    other.mkdir(parents=True)
    assert attempts.begin(sent, tmp_path, "w1", Work()) is None
    other.rename(other.with_name("2-w2"))
    assert attempts.begin(sent, tmp_path, "w1", Work()) is None
    other.with_name("2-w2").rename(other.with_name("1-w2"))
    assert attempts.begin(sent, tmp_path, "w1", Work()) is not None
    (tmp_path / JOB).rename(tmp_path / "moved")
    (tmp_path / JOB).symlink_to("moved")
    assert attempts.begin(order(tmp_path, 9), tmp_path, "w1", Work()) is None


@pytest.mark.parametrize("link", ["scan", "scan/office", "scan/office/a.tif"])
def test_a_link_on_the_way_to_a_scan_is_not_followed(tmp_path, link):
    """It may lead to what lies on the worker's machine only."""
    sent = order(tmp_path)
    away = tmp_path / "away"
    (tmp_path / JOB / link).rename(away)
    (tmp_path / JOB / link).symlink_to(away)
    assert (tmp_path / JOB / "scan/office/a.tif").exists()
    assert attempts.begin(sent, tmp_path, "w1", Work()) is None
    assert not (tmp_path / JOB / "attempts").exists()


def test_a_worker_sees_the_supervisors_folder_and_version(tmp_path):
    """Else it is told what to do, with the exit code of a folder or of a configuration."""
    with pytest.raises(FolderUnusable, match="mount the share"):
        registry.read_token(tmp_path)
    registry.write_token(tmp_path, TOKEN.root)
    assert registry.read_token(tmp_path) == Token(root=TOKEN.root, version=__version__)
    path = tmp_path / registry.CLUSTER_FILE
    other = json.loads(path.read_text()) | {"version": "0.0.7", "what only that one tells": 1}
    path.write_text(json.dumps(other), encoding="ascii")
    with pytest.raises(ConfigError, match=r"runs ocrwatchd 0\.0\.7.*install the same version"):
        registry.read_token(tmp_path)
    path.write_text("{", encoding="ascii")
    with pytest.raises(FolderUnusable, match=r"is damaged.*start the supervisor again"):
        registry.read_token(tmp_path)
    path.unlink()
    path.mkdir()
    with pytest.raises(FolderUnusable, match="cannot be read here: not a regular file"):
        registry.read_token(tmp_path)


def test_a_token_of_another_user_is_told_with_both_numbers(tmp_path, monkeypatch):
    """Whose it is, and as whom the worker runs: that is what has to be made the same."""

    def refuse(_kind, path):
        raise PermissionError(13, "Permission denied", str(path))

    registry.write_token(tmp_path, TOKEN.root)
    monkeypatch.setattr(registry, "read", refuse)
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    own = (tmp_path / registry.CLUSTER_FILE).stat().st_uid
    with pytest.raises(FolderUnusable, match=rf"Permission denied.*it is {own}'s, this one runs as 12345"):
        registry.read_token(tmp_path)


def test_a_card_counts_while_it_changes_by_the_supervisors_clock(tmp_path):
    """What the worker's own clock says is nobody's concern; a card of another one's name, or none, does not count."""
    now = [0.0]
    seen = registry.Roster(tmp_path, 60.0, lambda: now[0])
    registry.show(Card(name="w1", version="1", beat=1, job=JOB, attempt=2), tmp_path)
    (tmp_path / registry.WORKERS / "w2.json").write_text("{", encoding="ascii")
    (tmp_path / registry.WORKERS / "w3.json").write_bytes(registry.card_path(tmp_path, "w1").read_bytes())
    for now[0] in (0.0, 30.0, 60.0):
        seen.look()
        assert [card.name for card in seen.living] == ["w1"]
    now[0] = 61.0
    assert seen.living == []
    assert seen.holder(JOB, 2)[1] == 0.0
    registry.show(Card(name="w1", version="1", beat=2), tmp_path)
    seen.look()
    assert [card.beat for card in seen.living] == [2]
    assert seen.holder(JOB, 2) is None
    registry.card_path(tmp_path, "w1").unlink()
    seen.look()
    assert seen.living == []


def test_a_card_that_nobody_renews_is_removed(tmp_path):
    """A machine that was taken away leaves nothing for ever."""
    now = [0.0]
    seen = registry.Roster(tmp_path, 60.0, lambda: now[0])
    registry.show(Card(name="w1", version="1", beat=1), tmp_path)
    seen.look()
    now[0] = 60.0 * registry.FORGOTTEN_AFTER + 1
    seen.look()
    assert not registry.card_path(tmp_path, "w1").exists()


def test_workers_look_first_where_fewest_can_help():
    """And in no queue whose jobs they cannot read."""
    names = capabilities.queues("r", ("gpu", "aspose"))
    assert [name.rpartition(".")[2] for name in names] == ["aspose-gpu", "aspose", "gpu", "any"]
    assert [name.rpartition(".")[2] for name in capabilities.queues("r", ())] == ["any"]


@pytest.mark.parametrize(
    ("work", "needs"),
    [
        (Work(), ()),
        (Work(ocr=Ocr(engine="aspose")), ("aspose",)),
        (Work(ocr=Ocr(mode="handwritten")), ("aspose",)),
        (Work(ocr=Ocr(license="/licence")), ("aspose",)),
        (Work(ocr=Ocr(license="/licence", engine="rapidocr")), ()),
        (Work(llm=Llm(gpu_layers=9)), ("gpu",)),
        (Work(llm=Llm(gpu_layers=0)), ()),
        (Work(ocr=Ocr(engine="aspose"), llm=Llm(gpu_layers=9)), ("aspose", "gpu")),
    ],
)
def test_what_a_profile_needs_a_machine_with_its_settings_offers(work, needs):
    """The same keys say both; and the engine that reads is settled before the order goes out."""
    assert capabilities.required(work) == needs
    assert capabilities.settled(work).ocr.engine == ("aspose" if "aspose" in needs else "rapidocr")


def test_the_report_of_a_stack_with_the_most_documents_is_read(tmp_path):
    """Else the scan would be read again and again."""
    part = PartFigures("\N{CJK UNIFIED IDEOGRAPH-7968}" * 85, dt.date(2026, 3, 12))
    report = Report(worker="w", ending="done", figures=ScanFigures(parts=(part,) * 50_000))
    write(report, tmp_path / "ended.json")
    assert read(Report, tmp_path / "ended.json", MAX_REPORT_BYTES) == report
