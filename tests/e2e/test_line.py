"""The main job: the daemon as a process, real engines, real scans."""

import itertools
import json
import os
import shutil
import signal
import time
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image

from ocrwatchd.gate.scoring import error_rate
from tests.demo_scan import LETTER
from tests.e2e.running import Running, await_that
from tests.gguf_factory import noise
from tests.paths import CHECKOUT, DATA

pytestmark = pytest.mark.slow

DEMO = CHECKOUT / "ocrwatchd" / "cli" / "demo"
TRUTH = (DATA / "phototest.gold.txt").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def picture():
    """A real scan as a picture."""
    with Image.open(DATA / "phototest.tif") as scan:
        return scan.convert("L")


def write_pdf(path, pages):
    """A PDF whose pages are pictures."""
    pages[0].save(path, save_all=True, append_images=pages[1:], resolution=200)


@pytest.mark.timeout(300)
def test_twenty_mixed_files_each_end_where_they_belong(tmp_path, picture):
    """Good files of every kind are read; junk, empty and broken ones fail with a reason; links are left alone."""
    daemon = Running(tmp_path, module="ocrwatchd", arrival={"incomplete_deadline_s": 6.0})
    good = {}
    with daemon:
        inbox = daemon.inbox
        whole = tmp_path / "whole.png"
        picture.save(whole)
        for number in range(3):
            shutil.copy(whole, inbox / f"copied{number}.png")
            good[f"copied{number}"] = 1
        for suffix in ("jpg", "bmp", "webp", "gif"):
            picture.save(inbox / f"type-{suffix}.{suffix}")
            good[f"type-{suffix}"] = 1
        whole.rename(inbox / "moved in.png")
        good["moved in"] = 1
        shutil.copy(DATA / "eurotext.tif", inbox)
        good["eurotext"] = 1
        picture.save(inbox / "three.tif", save_all=True, append_images=[picture, picture], dpi=(200, 200))
        good["three"] = 3
        write_pdf(inbox / "two.pdf", [picture, picture])
        good["two"] = 2
        picture.save(tmp_path / "hidden.part", format="PNG")
        (tmp_path / "hidden.part").rename(inbox / "uploading.part")
        (inbox / "uploading.part").rename(inbox / "renamed.png")
        good["renamed"] = 1
        (inbox / "junk.png").write_bytes(b"this is no picture" * 50)
        (inbox / "zero.png").touch()
        picture.save(tmp_path / "cut.png")
        (inbox / "truncated.png").write_bytes((tmp_path / "cut.png").read_bytes()[:3000])
        (inbox / "broken.pdf").write_bytes(b"%PDF-1.4\nnothing in here\nstartxref\n0\n%%EOF\n")
        (inbox / "link.png").symlink_to(DATA / "phototest.tif")
        os.mkfifo(inbox / "fifo.png")
        (inbox / ".hidden.png").write_bytes(b"x")
        content = (tmp_path / "cut.png").read_bytes()
        with (inbox / "slow.png").open("wb") as slow:
            for start in range(0, len(content), len(content) // 4):
                slow.write(content[start : start + len(content) // 4])
                slow.flush()
                daemon.await_files("archive", ["copied0.png"])  # the others go on meanwhile
        good["slow"] = 1
        daemon.await_files("outbox", [f"{name}.json" for name in good], 200)
        daemon.await_files("failed", [f"{name}.reason.txt" for name in ("junk", "zero", "truncated", "broken")])
    assert sorted({Path(name).stem for name in daemon.lying("outbox")}) == sorted(good)
    assert {Path(name).stem for name in daemon.lying("archive")} == set(good)
    assert {name for name in daemon.lying("failed") if "reason" not in name} == {
        "junk.png",
        "zero.png",
        "truncated.png",
        "broken.pdf",
    }
    left = sorted(path.name for path in daemon.inbox.iterdir())
    assert left == [".hidden.png", "fifo.png", "link.png"]
    for name, pages in good.items():
        receipt = json.loads((daemon.root / "outbox" / f"{name}.json").read_text(encoding="utf-8"))
        assert len(receipt["pages"]) == pages
        assert receipt["complete"]
        if name != "eurotext":
            for page in receipt["pages"]:
                assert error_rate(TRUTH, page["text"]) <= 0.02, name
    assert "broke off" in (daemon.root / "failed" / "truncated.reason.txt").read_text()


def resident_mb(pid):
    """A process's resident memory, MiB."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def test_supervisor_is_small_and_hears_sigterm_during_a_recognition(tmp_path):
    """While the engine reads, the supervisor stays under 60 MB and notices SIGTERM within half a second."""
    daemon = Running(tmp_path, module="ocrwatchd", job={"stop_seconds": 60})
    with daemon:
        shutil.copy(DATA / "eurotext.tif", daemon.inbox)
        await_that(lambda: daemon.status()["page"] == 1, what="page 1 in work")
        assert resident_mb(daemon.process.pid) < 60
        sent = time.monotonic()
        daemon.process.send_signal(signal.SIGTERM)
        await_that(lambda: daemon.events("daemon.stopping"), 0.5, "the stop")
        assert time.monotonic() - sent < 0.5
        assert daemon.process.wait(60) == 0
    assert daemon.lying("outbox") == ["eurotext.json", "eurotext.txt"]


def test_texts_are_corrected_from_the_first_minute_on(tmp_path):
    """Without a network and with nothing fetched: the package's own model mends a bad scan; the raw text is kept."""
    settings = {"llm": {"allow_auto_download": True}, "output": {"formats": ["txt", "raw"]}}
    with Running(tmp_path, module="ocrwatchd", **settings) as daemon:
        shutil.copy(DEMO / "letter.jpg", daemon.inbox)
        daemon.await_files("outbox", ["letter.json"])
        await_that(lambda: any("model not fetched" in each for each in daemon.status()["trouble"]), what="the trouble")
    raw, text = ((daemon.root / "outbox" / f"letter{suffix}").read_text("utf-8") for suffix in (".raw.txt", ".txt"))
    receipt = json.loads((daemon.root / "outbox" / "letter.json").read_text(encoding="utf-8"))
    assert (receipt["corrected"], receipt["versions"]["model"]) == (True, "builtin")
    assert error_rate(text, LETTER) < 0.8 * error_rate(raw, LETTER)
    assert daemon.events("engine.ready")[0]["model"] == "builtin"


def test_a_built_in_model_that_cannot_be_loaded_costs_no_scan(tmp_path):
    """Its file is damaged: the text is delivered without the model's corrections, and the receipt says why."""
    package = tmp_path / "site" / "ocrwatchd"
    shutil.copytree(CHECKOUT / "ocrwatchd", package, ignore=shutil.ignore_patterns("__pycache__", "training"))
    model = package / "llm" / "builtin" / "model.gguf"
    model.write_bytes(model.read_bytes()[:100_000])
    daemon = Running(tmp_path, module="ocrwatchd")
    copied = {"PYTHONPATH": str(tmp_path / "site"), "PYTHONSAFEPATH": "1"}
    shutil.copy(DATA / "phototest.tif", daemon.inbox)
    ended = daemon.once(**copied)
    assert ended.returncode == 0, ended.stderr
    receipt = json.loads((daemon.root / "outbox" / "phototest.json").read_text(encoding="utf-8"))
    assert "model" not in receipt["versions"]
    assert "llama.cpp cannot load this model" in receipt["reason"]


def test_noise_of_a_real_model_is_refused_and_the_raw_text_delivered(tmp_path):
    """A random model through real llama.cpp: the gate lets nothing of its noise through."""
    model = noise(tmp_path / "noise.gguf")
    llm = {"model": str(model), "method": "rewrite"}
    daemon = Running(tmp_path, module="ocrwatchd", llm=llm, output={"formats": ["txt", "raw"]})
    with daemon:
        shutil.copy(DATA / "phototest.tif", daemon.inbox)
        daemon.await_files("outbox", ["phototest.json"])
    raw, text = ((daemon.root / "outbox" / f"phototest{suffix}").read_bytes() for suffix in (".raw.txt", ".txt"))
    assert text == raw
    page = json.loads((daemon.root / "outbox" / "phototest.json").read_text(encoding="utf-8"))["pages"][0]
    assert page["edits"] == []
    assert page["refused"]


def test_once_works_the_inbox_off_and_ends(tmp_path, picture):
    """`run --once` reads what is there, accounts for every file, failures included, and exits 0."""
    daemon = Running(tmp_path, module="ocrwatchd", arrival={"incomplete_deadline_s": 300})
    picture.save(daemon.inbox / "good.png")
    (daemon.inbox / "junk.png").write_bytes(b"junk" * 100)
    picture.save(tmp_path / "cut.png")
    (daemon.inbox / "cut.png").write_bytes((tmp_path / "cut.png").read_bytes()[:2000])
    finished = daemon.once()
    assert finished.returncode == 0, finished.stderr
    assert daemon.lying("outbox") == ["good.json", "good.txt"]
    assert [name for name in daemon.lying("failed") if "reason" not in name] == ["cut.png", "junk.png"]
    assert daemon.lying("inbox") == []


def test_aspose_evaluation_text_is_marked(tmp_path):
    """Without a licence Aspose delivers what evaluation mode grants, and says so in text and receipt."""
    pytest.importorskip("aspose.ocr", reason="Aspose.OCR has no wheel for this machine")
    daemon = Running(tmp_path, module="ocrwatchd", ocr={"engine": "aspose"})
    shutil.copy(DATA / "phototest.tif", daemon.inbox)
    finished = daemon.once()
    assert finished.returncode == 0, finished.stderr
    text = (daemon.root / "outbox" / "phototest.txt").read_text(encoding="utf-8")
    receipt = json.loads((daemon.root / "outbox" / "phototest.json").read_text(encoding="utf-8"))
    assert receipt["evaluation"] is True
    assert "evaluation" in text.splitlines()[0]
    assert "Trial" not in text
    granted = "\n".join(text.splitlines()[1:])
    assert 100 < len(granted) <= 300
    assert granted.startswith("This is a lot of 12 point text")


def scans(folder):
    """Files of one page and of three, without end: three real scans in turn, as they are and turned."""
    pictures = []
    for name in ("phototest.tif", "eurotext.tif", "8087_054.3B.tif"):
        with Image.open(DATA / name) as scan:
            pictures.append(scan.convert("L"))
    turns = (None, Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270)
    for number in itertools.count():
        if number % 7 == 6:
            write_pdf(folder / f"{number}.pdf", pictures)
            yield number, len(pictures)
        else:
            picture, turn = pictures[number % 3], turns[number % 4]
            (picture if turn is None else picture.transpose(turn)).save(folder / f"{number}.png")
            yield number, 1


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_hundred_pages_through_one_engine_do_not_grow_it(tmp_path):
    """Resident memory after page 100 lies within 10 % of that after page 20, one engine all along."""
    daemon = Running(tmp_path, module="ocrwatchd")
    with daemon:
        at, pages = {}, 0
        for number, more in scans(daemon.inbox):
            daemon.await_files("outbox", [f"{number}.json"], 120)
            at |= {page: resident_mb(daemon.engine_pid) for page in range(pages + 1, pages + more + 1)}
            pages += more
            if pages >= 100:
                break
        assert len(daemon.events("engine.started")) == 1
    print({page: round(at[page]) for page in (1, 5, 10, 20, 40, 60, 80, 100)})  # noqa: T201
    assert at[100] <= 1.1 * at[20]


def test_pdf_of_the_line_is_a_real_one(tmp_path, picture):
    """The PDF that these tests write is one that PDFium reads."""
    write_pdf(tmp_path / "two.pdf", [picture, picture])
    document = pypdfium2.PdfDocument(tmp_path / "two.pdf")
    assert len(document) == 2
    document.close()
