"""Scans through a broker to workers on other machines, and back, with fakes and with real engines."""

import json
import os
import shutil
from pathlib import Path

import pytest

from ocrwatchd.core.sheet_code import SheetSettings, encode
from ocrwatchd.storage import sheet_key
from tests.e2e.cluster.brokers import Redis
from tests.e2e.cluster.lab import lab
from tests.e2e.running import Running, await_that
from tests.e2e.witness import Witness, confirm_delivered
from tests.fakes.engine import write_scan
from tests.fakes.stacks import code_page, write_stack
from tests.paths import DATA

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

PAGES = ("phototest.tif", "eurotext.tif", "notes/phototest.tif")
FORMATS = ["txt", "json", "raw", "hocr", "md"]
MOMENTARY = {"seconds", "timings", "job"}
"""What a receipt tells of this one reading; no other of the same scan has the same."""


def watching(daemon):
    """A witness of all that becomes visible."""
    return Witness(*(daemon.root / name for name in ("outbox", "archive", "failed")))


def drop(daemon, name, *scenes):
    """Move a scan into the inbox, as a scanner does; its content."""
    scan = write_scan(daemon.root / "making.tif", *scenes)
    content = scan.read_bytes()
    scan.rename(daemon.root / "inbox" / name)
    return content


def test_scans_are_read_by_all_workers():
    """Each scan is delivered once; every worker reads some; `status` names them; a stopped one ends with 0."""
    with lab(Redis) as made, made.supervisor as daemon, watching(daemon) as witness:
        workers = [made.worker(f"w{number}").start() for number in (1, 2)]
        scans = {f"{number:02}.tif": drop(daemon, f"{number:02}.tif", "slow", "fine") for number in range(12)}
        await_that(lambda: all(worker.events("page.done") for worker in workers), 60, "a page by each worker")
        await_that(lambda: any(worker["job"] for worker in daemon.status()["workers"]), 60, "a worker at work")
        assert sorted(worker["name"].split("-")[0] for worker in daemon.status()["workers"]) == ["w1", "w2"]
        daemon.await_files("archive", scans)
        daemon.await_idle()
        for worker in workers:
            worker.process.terminate()
            assert worker.process.wait(60) == 0, worker.log_path.read_text()
        confirm_delivered(daemon, scans)
        witness.confirm()


def test_two_machines_read_as_one(tmp_path):
    """With real engines on real pages, what two workers deliver, one with Aspose, is what one machine delivers."""
    tables = {"ocr": {"engine": "rapidocr"}, "llm": {"model": "builtin"}, "output": {"formats": FORMATS}}
    tables |= {"profiles.notes.ocr": {"engine": "aspose"}}
    alone = Running(tmp_path, module="ocrwatchd", **tables)
    (alone.inbox / "notes").mkdir()
    for name in PAGES:
        shutil.copy(DATA / Path(name).name, alone.inbox / name)
    assert alone.once().returncode == 0
    with lab(Redis, real=True, **tables) as made, made.supervisor as daemon:
        workers = [made.worker("w1").start(), made.worker("w2", ocr={"engine": "aspose"}).start()]
        for worker in workers:
            await_that(lambda worker=worker: worker.events("engine.ready"), 120, "a loaded engine")
        for name in reversed(PAGES):  # the one with Aspose is at work when the others come
            shutil.copy(DATA / Path(name).name, daemon.base / "copied.tif")
            os.rename(daemon.base / "copied.tif", daemon.root / "inbox" / name)  # noqa: PTH104
        daemon.await_files("archive", PAGES, 120)
        daemon.await_idle()
        assert all(worker.events("page.done") for worker in workers)
        assert daemon.lying("outbox") == alone.lying("outbox")
        for path in alone.lying("outbox"):
            assert _lasting(daemon.root / "outbox" / path) == _lasting(alone.root / "outbox" / path), path


def _lasting(path):
    """A delivered file's content, without what tells of one reading only."""
    text = path.read_text(encoding="utf-8")
    return _without(json.loads(text)) if path.suffix == ".json" else text


def _without(part):
    if isinstance(part, list):
        return [_without(each) for each in part]
    if isinstance(part, dict):
        return {key: _without(value) for key, value in part.items() if key not in MOMENTARY}
    return part


def test_several_files_become_one_document_on_another_machine():
    """Also where a share does not take their names."""
    names = ("1:one.tif", "2:two.tif", "10:ten.tif")
    with lab(Redis, pages={"join": "folder", "join_wait_s": 1.0}) as made, made.supervisor as daemon:
        worker = made.worker("w1").start()
        (daemon.root / "inbox/letter").mkdir()
        contents = {f"letter/{name}": drop(daemon, f"letter/{name}", "fine") for name in names}
        daemon.await_files("archive", contents)
        daemon.await_idle()
        assert daemon.lying("outbox") == ["letter.json", "letter.txt"]
        assert {name: (daemon.root / "archive" / name).read_bytes() for name in contents} == contents
        assert len(worker.events("page.done")) == len(names)
        assert json.loads((daemon.root / "outbox/letter.json").read_text())["page_count"] == len(names)


def test_a_stack_is_cut_on_another_machine():
    """By the sheets that were signed here, each part with its profile's settings; a foreign one only cuts."""
    profiles = {"profiles.notes.output": {"formats": ["txt", "raw"]}}
    with lab(Redis, split={"on": ["sheet"]}, **profiles) as made, made.supervisor as daemon:
        made.worker("w1").start()
        key = sheet_key.read(daemon.base / "state")
        foreign = code_page(encode(SheetSettings("notes"), b"another installation"))
        pages = ("fine", SheetSettings("notes"), "fine", "fine", foreign, "fine")
        scan = write_stack(daemon.root / "making.tif", key, *pages)
        scan.rename(daemon.root / "inbox/stack.tif")
        daemon.await_files("archive", ["stack.tif"])
        daemon.await_idle()
        assert daemon.lying("outbox") == [
            *("notes/stack-part-2.json", "notes/stack-part-2.raw.txt", "notes/stack-part-2.txt"),
            *("notes/stack-part-3.json", "notes/stack-part-3.raw.txt", "notes/stack-part-3.txt"),
            *("stack-part-1.json", "stack-part-1.txt"),
        ]
        told = json.loads((daemon.root / "outbox/notes/stack-part-3.json").read_text())
        assert told["pages_from"] == [5, 6]
        assert "has not signed" in told["warnings"][0]
