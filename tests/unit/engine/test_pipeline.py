"""From a job to its finished set, in this process and with an engine of our own."""

import errno
import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from ocrwatchd.core.config.profile import Llm, Ocr, Output, Work
from ocrwatchd.core.errors import EngineUnavailable, UnreadableScan
from ocrwatchd.core.i18n import Message
from ocrwatchd.core.model import BY_HAND, Job, PageText
from ocrwatchd.core.reason import Reason
from ocrwatchd.correct.corrector import Corrector
from ocrwatchd.engine import page_failures
from ocrwatchd.engine.process import page_reader, pipeline, scan_file, sign_of_life
from ocrwatchd.engine.process.documents import Documents
from ocrwatchd.engine.process.page_store import PageStore
from ocrwatchd.engine.process.resources import Bench
from ocrwatchd.engine.process.resume_cache import MOST, Left, ResumeCache
from ocrwatchd.engine.protocol import Step
from ocrwatchd.formats.input.incomplete import ALL_READ
from ocrwatchd.gate.consistency import Memory
from ocrwatchd.llm.calibration_store import Methods
from ocrwatchd.llm.protocol import Ending, Proposal
from tests.fakes.engine import MAKERS, FakeCorrector, FakeEngine, write_scan
from tests.fakes.line import Line
from tests.lattices import page_of
from tests.programs import needs

WAYS = ("long", "short", "north", "south", "east")


class Watched(Line):
    """Runs jobs and keeps what was told."""

    def job(self, *scenes, relative="scan.tif", **settings):
        """A claimed scan with one page a scene."""
        return self.claimed(Work(**{"llm": Llm(model="off")} | settings), *scenes, relative=relative)


@pytest.fixture
def line(tmp_path):
    """The line, with the fake engine on its bench."""
    return Watched(tmp_path)


def receipt(job):
    """What the job's receipt says."""
    return json.loads((job.out / "document.json").read_text(encoding="utf-8"))


def test_a_job_becomes_a_finished_set(line):
    """The set lies in job.out, whole, and the figures tell about it."""
    job = line.job("fine", "fine", llm=Llm(model="/m/fake.gguf"), output=Output(formats=("txt", "raw", "pdf")))
    figures = line.work_off(job)
    assert sorted(path.name for path in job.out.iterdir()) == [
        "document.json", "document.pdf", "document.raw.txt", "document.txt"
    ]  # fmt: skip
    assert (job.out / "document.txt").read_text() == "a line of page 1\nthe end\n\fa line of page 2\nthe end\n"
    assert "teh" in (job.out / "document.raw.txt").read_text()
    assert receipt(job)["formats"] == ["txt", "raw", "pdf", "json"]
    assert (figures.pages, figures.edits, figures.corrected, figures.complete) == (2, 2, True, True)
    assert receipt(job)["versions"] | {"ocrwatchd": ""} == {
        "ocrwatchd": "", "rapidocr": "0", "model": "fake", "model_runtime": "0"
    }  # fmt: skip
    assert (figures.words, receipt(job)["totals"]) == (
        14,
        {
            "words": 14, "edits": 2, "reverted": 0, "refused": 0, "edits_by_reason": {Reason.SIMILAR_WORD: 2},
            "refused_by_reason": {}, "parts": {}, "confidence": 0.7857, "expected_errors": 0.0,
        },
    )  # fmt: skip
    assert (figures.edits_by_reason, figures.refused_by_reason) == ({Reason.SIMILAR_WORD: 2}, {})
    assert not job.folder.joinpath("out.tmp").exists()


def test_steps_are_told_in_order(line):
    """Each step is announced before it begins: the host's deadlines hang on it."""
    line.work_off(line.job("fine", "fine"))
    assert line.steps == [
        ("hash", 0), ("load", 0), ("open", 0),
        ("page", 1), ("page-done", 1), ("page", 2), ("page-done", 2), ("write", 0),
    ]  # fmt: skip
    line.steps.clear()
    line.work_off(line.job("fine", relative="other.tif", llm=Llm(model="/m/fake.gguf")))
    assert ("correct", 1) in line.steps


def test_a_long_writing_shows_signs_of_life(line, monkeypatch):
    """Between two pages the host hears that it goes on: it would end an engine that is silent for a page's time."""
    monkeypatch.setattr(sign_of_life, "SIGN_OF_LIFE_S", 0.0)
    line.work_off(line.job("fine", "fine"))
    assert line.steps.count(("write", 0)) > 2


def test_many_files_are_hashed_with_signs_of_life(line, monkeypatch):
    """All of them together may take longer than one page."""
    monkeypatch.setattr(sign_of_life, "SIGN_OF_LIFE_S", 0.0)
    line.work_off(line.job("fine"))
    assert line.steps.count(("hash", 0)) > 1


def test_without_a_model_the_text_stays_raw_with_the_reason(line):
    """The receipt says so, and the page is delivered."""
    job = line.job("fine", llm=Llm())
    figures = line.work_off(job)
    assert figures.corrected is False
    assert "no model at hand" in receipt(job)["reason"]
    assert receipt(job)["pages"][0]["text"] == receipt(job)["pages"][0]["raw"]


def test_a_model_that_fails_leaves_the_text_raw(line):
    """The reason names the kind of error and none of its words."""
    job = line.job("fine", llm=Llm(model="/m/broken.gguf"))
    line.work_off(job)
    assert receipt(job)["reason"] == "the language model failed (RuntimeError)"
    assert "secret" not in (job.out / "document.json").read_text()


def test_a_model_that_fails_to_choose_leaves_the_choice_to_the_picture(line, monkeypatch):
    """The page's words are corrected all the same."""

    def fail(*_args, **_keywords):
        raise RuntimeError("secret words of the document")

    monkeypatch.setattr(FakeEngine, "recognise", lambda *_: page_of(DOUBTFUL, casc=("cask", 0.2), hnman=("human", 0.3)))
    monkeypatch.setattr(FakeCorrector, "choose", fail, raising=False)
    monkeypatch.setattr(FakeCorrector, "decided", Methods("choose", "rewrite"))
    job = line.job("fine", "fine", "fine", llm=Llm(model="/m/fake.gguf"), ocr=Ocr(languages=("eng",)))
    line.work_off(job)
    assert [page["text"] for page in receipt(job)["pages"]] == [DOUBTFUL.replace("hnman", "human")] * 3


@pytest.mark.parametrize(("scene", "error"), [("unreadable", "too blurred"), ("raise", "failed on it (RuntimeError)")])
def test_a_bad_page_does_not_stop_the_others(line, scene, error):
    """It becomes a line that says so, and the document is not complete."""
    job = line.job("fine", scene, "fine")
    figures = line.work_off(job)
    assert (figures.complete, figures.unreadable) == (False, 1)
    assert (job.out / "document.txt").read_text().split("\f")[1] == "[page 2 could not be read]\n"
    assert error in receipt(job)["pages"][1]["error"]
    assert "secret" not in (job.out / "document.json").read_text()


def test_a_document_without_a_readable_page_is_unreadable(line):
    """Its reason is its first page's."""
    with pytest.raises(UnreadableScan, match="no page could be read: too blurred"):
        line.work_off(line.job("unreadable", "raise"))
    with pytest.raises(UnreadableScan, match=r"^too blurred"):
        line.work_off(line.job("unreadable"))


def test_what_is_the_machines_fault_is_not_the_pages(line):
    """A full disk and a missing engine end the attempt, not the page; what was done stays."""
    job = line.job("fine", "disk")
    with pytest.raises(OSError, match="No space left") as caught:
        line.work_off(job)
    assert caught.value.errno == errno.ENOSPC
    assert [path.name for path in (job.folder / "pages").iterdir()] == ["0001.json"]
    with pytest.raises(EngineUnavailable):
        line.work_off(line.job("unavailable"))


@pytest.mark.parametrize("scenes", [("fine", "unreadable"), ("unreadable",)])
def test_a_failing_disk_is_never_blamed_on_the_scan(line, monkeypatch, scenes):
    """What looks damaged is read once more: where the disk fails then, no page is given up and nothing is kept."""
    job = line.job(*scenes)
    real, reads = scan_file.sha256_of, []

    def failing(source, *alive):
        reads.append(source)
        if len(reads) == 2:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(source, *alive)

    monkeypatch.setattr(scan_file, "sha256_of", failing)
    with pytest.raises(OSError, match="Input/output error"):
        line.work_off(job)
    kept = sorted(path.name for path in job.folder.glob("pages/*"))
    assert kept == [f"{number:04}.json" for number, scene in enumerate(scenes, 1) if scene == "fine"]


def test_a_pdf_on_a_failing_disk_is_not_called_damaged(line, monkeypatch):
    """PDFium calls a file that cannot be read damaged; the disk is asked before the scan is blamed."""
    job = line.job("fine", relative="scan.pdf")
    job.source.write_bytes(b"%PDF-1.4 broken")
    with pytest.raises(UnreadableScan, match="the upload broke off"):
        line.work_off(job)
    hashes = iter(["one", "another"])
    monkeypatch.setattr(scan_file, "sha256_of", lambda *_: next(hashes))
    with pytest.raises(OSError, match="reads differently each time"):
        line.work_off(job)


def test_finished_pages_resume(line, monkeypatch):
    """A second attempt reads only what the first has not."""
    job = line.job("fine", "disk", "fine")
    with pytest.raises(OSError, match="No space left"):
        line.work_off(job)
    monkeypatch.setattr(FakeEngine, "disk", lambda self: None)
    line.steps.clear()
    assert line.work_off(job).pages == 3
    assert [page for name, page in line.steps if name == "page"] == [2, 3]


def test_what_earlier_attempts_have_taught_is_not_forgotten(line, monkeypatch):
    """The document's memory hears of the pages that were finished before."""
    heard = []
    monkeypatch.setattr(Memory, "remember", lambda self, admitted: heard.append(admitted))
    job = line.job("fine", "disk", "fine", llm=Llm(model="/m/fake.gguf"))
    with pytest.raises(OSError, match="No space left"):
        line.work_off(job)
    assert len(heard) == 1
    monkeypatch.setattr(FakeEngine, "disk", lambda self: None)
    line.work_off(job)
    assert [[(edit.before, edit.after) for edit in each.edits] for each in heard] == [[("teh", "the")]] * 4


DOUBTFUL = "teh word casc is hnman and odd"


class Gardener:
    """A model that mends "honse"; "garbon" and "wcrd" only where a part is about spring, elsewhere that is a "ward"."""

    name, version, languages, compares = "gardener", "0", (), False

    def propose(self, prompt, text, deadline, context):
        """Answer at once."""
        mended = text.replace("honse", "house")
        if "spring" in text:
            mended = mended.replace("garbon", "garden").replace("wcrd", "word")
        mended = mended.replace("wcrd", "ward")
        return Proposal(mended, Ending.FINISHED)

    def close(self):
        """Nothing to free."""


@pytest.mark.parametrize("interrupted", [0, 1, 2])
def test_a_resumed_document_is_corrected_like_one_that_was_not_interrupted(line, monkeypatch, interrupted):
    """Wherever it stopped: what pages teach each other is the same, with the real corrector, gate and memory."""
    winter = [f"in winter the garbon of the {one} house is bare" for one in ("old", "small", "great")]
    spring = [
        f"in spring the garbon of the {one} honse is green, upon my wcrd" for one in ("old", "small", "great", "white")
    ]
    filler = [f"the {one} road leads to the {two} hill" for one in WAYS for two in WAYS]
    texts = {
        1: "\n".join((*winter, *filler, "", *spring)),
        2: "\n".join(spring[:2]),
        3: "the honse of the winter is here, upon my wcrd\nand the garbon is behind it",
    }

    def recognise(_engine, page, _ocr):
        return PageText(page.number, texts[page.number], 10, 10, 300.0, engine="rapidocr")

    def stop():
        return interrupted and ("page-done", interrupted) in line.steps

    def load(path, llm):
        return Corrector(path, llm, load=lambda path, llm, clock: Gardener())

    monkeypatch.setattr(FakeEngine, "recognise", recognise)
    line.bench = Bench(replace(MAKERS, corrector=load), line.folder, lambda: None)
    job = line.job("fine", "fine", "fine", llm=Llm(model="/m/fake.gguf"))
    if interrupted:
        with pytest.raises(pipeline.Stopping):
            line.work_off(job, stop)
    line.steps.clear()
    line.work_off(job)
    pages = receipt(job)["pages"]
    assert len(pages[0]["parts"]) == 2
    # What the model leaves as it is stays; what it made a "word" six times does not become a "ward".
    assert [page["text"].count("garbon") for page in pages] == [3, 0, 1]
    refused = [(edit["before"], edit["why"]) for edit in pages[2]["refused"]]
    assert refused == [("wcrd", Reason.OTHERWISE_ELSEWHERE)]


def test_pages_of_other_settings_are_read_again(line):
    """A profile that has changed meanwhile counts."""
    line.work_off(line.job("fine"))
    line.steps.clear()
    line.work_off(line.job("fine", ocr=Ocr(dpi=200)))
    assert ("page", 1) in line.steps


@pytest.mark.parametrize(("earlier", "read"), [("none", [1, 2]), ("rewrite", [2])])
def test_no_document_mixes_pages_of_two_methods(line, monkeypatch, earlier, read):
    """A calibration that ends between two pages counts from the document's first page on."""
    job = line.job("fine", "fine", llm=Llm(model="/m/fake.gguf"))
    monkeypatch.setattr(FakeCorrector, "decided", Methods("rewrite", earlier))
    put_back(line, job)
    monkeypatch.setattr(FakeCorrector, "decided", Methods("rewrite", "rewrite"))
    line.steps.clear()
    line.work_off(job)
    assert [page for name, page in line.steps if name == "page"] == read


def test_stopping_is_between_pages(line):
    """Asked to stop, the page in work is completed and kept."""
    job = line.job("fine", "fine", "fine")
    with pytest.raises(pipeline.Stopping):
        line.work_off(job, lambda: ("page-done", 1) in line.steps)
    assert [path.name for path in (job.folder / "pages").iterdir()] == ["0001.json"]


def test_a_page_that_could_not_be_read_is_not_tried_again_after_a_stop(line):
    """It is kept as such, the disk being fine: whoever is asked to stop after each page comes to the end."""
    job = line.job("unreadable", "fine", "raise", "fine")
    for _ in range(3):
        line.steps.clear()
        with pytest.raises(pipeline.Stopping):
            line.work_off(job, lambda: any(name == "page-done" for name, _ in line.steps))
    line.steps.clear()
    assert line.work_off(job).unreadable == 2
    assert [page for name, page in line.steps if name == "page"] == [4]


def put_back(line, job):
    """Have one more page read, and the job back."""
    line.steps.clear()
    with pytest.raises(pipeline.Stopping):
        line.work_off(job, lambda: any(name == "page-done" for name, _ in line.steps))


def test_a_job_that_made_way_goes_on_without_a_look_back(line, monkeypatch):
    """Neither is a large file hashed again, nor are finished pages; the set is what it would have been."""
    job = line.job("fine", "unreadable", "fine", "fine")
    put_back(line, job)
    hashed, loaded = [], []
    real = scan_file.sha256_of, PageStore.load
    monkeypatch.setattr(
        scan_file, "sha256_of", lambda files, *alive: hashed.append(files[0].name) or real[0](files, *alive)
    )
    monkeypatch.setattr(PageStore, "load", lambda self, number: loaded.append(number) or real[1](self, number))
    put_back(line, job)
    assert hashed == ["scan.tif"], "only the disk's own look at the page that could not be read"
    put_back(line, job)
    assert loaded == [2, 3, 3, 4]
    figures = line.work_off(job)
    assert hashed == ["scan.tif"]
    again = line.work_off(job)
    assert hashed == ["scan.tif"] * 2, "what was left was for one time"
    assert replace(figures, seconds=0) == replace(again, seconds=0)
    assert (figures.pages, figures.unreadable) == (4, 1)


@pytest.mark.parametrize("change", ["file", "model"])
def test_a_job_that_made_way_begins_anew_where_it_is_another(line, change):
    """What was left counts for the same file, read with the same settings."""
    job = line.job("fine", "fine")
    put_back(line, job)
    if change == "file":
        write_scan(job.source, "slow", "slow", "slow")
    else:
        job = replace(job, work=Work(llm=Llm(model="/m/fake.gguf")))
    line.steps.clear()
    figures = line.work_off(job)
    assert figures.pages == (3 if change == "file" else 2)
    assert [page for name, page in line.steps if name == "page"] == [*range(1, figures.pages + 1)]


def test_few_scans_leave_something():
    """The oldest is forgotten, and begins with a look at what is on disk."""
    leavings, documents = ResumeCache(), Documents(Job("j", Path("j"), Path("scan.tif"), Work()))
    for number in range(MOST + 1):
        leavings.put(str(number), Left((number,), "", "", documents))
    assert leavings.take("0", (0,)) is None
    assert leavings.take("1", (1,)) is not None
    assert leavings.take("1", (1,)) is None
    assert leavings.take("2", (3,)) is None


def test_a_half_written_set_never_counts(line, monkeypatch):
    """job.out is there once everything in it is synced, and what an earlier attempt left is gone."""
    job = line.job("fine")
    (job.folder / "out.tmp").mkdir()
    (job.folder / "out.tmp" / "document.txt").write_text("half")
    synced = os.fsync

    def full(descriptor):
        if "document.json" in str(Path(f"/proc/self/fd/{descriptor}").readlink()):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        synced(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        line.work_off(job)
    assert not job.out.exists()
    monkeypatch.undo()
    line.work_off(job)
    assert (job.out / "document.txt").read_text() == "a line of page 1\nteh end\n"


def test_rotation_and_skew_come_from_cleaning(line):
    """What cleaning has done to the page is told; switched off, it does nothing."""
    job = line.job("fine")
    line.work_off(job)
    assert (receipt(job)["pages"][0]["rotation"], receipt(job)["pages"][0]["skew"]) == (90, 0.5)
    job = line.job("fine", ocr=Ocr(clean="off"))
    line.work_off(job)
    assert receipt(job)["pages"][0]["rotation"] == 0


def test_tick_boxes_are_in_every_file_and_no_correction_drops_them(line):
    """Symbols stand in the text like words, with their boxes, also beside a word that is corrected."""
    formats = ("txt", "raw", "md", "hocr", "pdf", "review")
    work = {"llm": Llm(model="/m/fake.gguf"), "ocr": Ocr(clean="off"), "output": Output(formats=formats)}
    job = line.job("fine", **work)
    with Image.open(job.source) as image:
        page = image.copy()
    ImageDraw.Draw(page).rectangle((60, 10, 74, 24), outline=0, width=1)
    page.save(job.source, dpi=(300, 300))
    line.work_off(job)
    for suffix in ("txt", "md", "hocr", "review.html"):
        assert "\u2610" in (job.out / f"document.{suffix}").read_text(encoding="utf-8")
    assert (job.out / "document.txt").read_text() == "a line of page 1\nthe end \u2610\n"
    assert (job.out / "document.raw.txt").read_text() == "a line of page 1\nteh end \u2610\n"
    (program,) = needs("pdftotext")
    text = subprocess.run([program, job.out / "document.pdf", "-"], capture_output=True, check=True, text=True).stdout
    assert text.split() == ["a", "line", "of", "page", "1", "the", "end", "\u2610"]


def test_a_search_for_tick_boxes_that_fails_costs_no_text(line, monkeypatch):
    """The page is delivered as it was read."""

    def stumble(read, image):
        raise ValueError

    monkeypatch.setattr(page_reader, "with_tick_boxes", stumble)
    job = line.job("fine")
    line.work_off(job)
    assert (job.out / "document.txt").read_text() == "a line of page 1\nteh end\n"


def test_a_link_in_the_scans_place_is_unreadable(line, tmp_path):
    """Nothing is read through a link."""
    job = line.job("fine")
    job.source.rename(tmp_path / "elsewhere.tif")
    job.source.symlink_to(tmp_path / "elsewhere.tif")
    with pytest.raises(UnreadableScan, match="link"):
        line.work_off(job)


def test_pages_that_were_cut_are_read_again_once_there_is_a_licence(line, monkeypatch, tmp_path):
    """A licence that comes through the credentials directory changes no setting, but the text."""
    monkeypatch.setattr(FakeEngine, "name", "aspose")
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    job = line.job("fine")
    line.work_off(job)
    line.steps.clear()
    line.work_off(job)
    assert ("page", 1) not in line.steps
    (tmp_path / "aspose-license").write_text("licence")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    line.work_off(job)
    assert ("page", 1) in line.steps


def test_a_cleaner_that_is_missing_tells_the_remedy(line, monkeypatch):
    """The page is read as it is, and its warning says what to do."""

    def missing(_ocr):
        raise EngineUnavailable("the model for turning pages is missing; install it again")

    monkeypatch.setattr(line.bench, "cleaner", missing)
    job = line.job("fine")
    line.work_off(job)
    (told,) = receipt(job)["pages"][0]["warnings"]
    assert "read unchanged: the model for turning pages is missing; install it again" in told


def test_a_page_that_is_given_up_is_left_out(line):
    """What ended the engine too often is not touched again; where only the correction did, the raw text stands."""
    job = line.job("fine", "segfault", "fine", llm=Llm(model="/m/fake.gguf"))
    for name, page in (("page", 2), ("correct", 3), ("correct", 3)):
        for _ in range(2):
            page_failures.record_crash(job, Step(job=job.id, name=name, page=page), Message("the engine ended"), 2)
    figures = line.work_off(job)
    assert (figures.unreadable, figures.complete) == (1, False)
    one, two, three = receipt(job)["pages"]
    assert one["text"].endswith("the end")
    assert two["error"] == "page 2: the engine ended, at each of 2 attempts"
    assert three["text"].endswith("teh end")
    assert "the language model was left out: the engine ended" in three["reason"]


def test_a_page_is_not_given_up_too_soon(line):
    """One death is none too many, and what belongs to no page is not noted."""
    job = line.job("fine")
    page_failures.record_crash(job, Step(job=job.id, name="page", page=1), Message("the engine ended"), 2)
    for _ in range(3):
        page_failures.record_crash(job, Step(job=job.id, name="write", pages=1), Message("the engine ended"), 2)
    assert line.work_off(job).complete is True


def test_too_little_memory_is_not_blamed_on_the_page(line, monkeypatch):
    """It ends this engine; another one, with fresh memory, tries again."""

    def starve(*_):
        raise MemoryError

    monkeypatch.setattr(FakeEngine, "recognise", starve)
    with pytest.raises(MemoryError):
        line.work_off(line.job("fine"))


def test_what_ocrwatchd_has_delivered_is_refused_unless_a_person_asks(line):
    """An outbox may lead into an inbox; with the receipt's id and what to do, and only there."""
    job = line.job("fine", output=Output(formats=("pdf",)))
    line.work_off(job)
    (job.out / "document.pdf").replace(job.source)
    with pytest.raises(UnreadableScan, match=r"written this PDF itself \(receipt j\).*original.*ocrwatchd process"):
        line.work_off(replace(job, id="k"))
    assert line.work_off(replace(job, id=BY_HAND)).pages == 1


@pytest.mark.parametrize("lost", [1, 30])
def test_a_scan_without_its_end_is_delivered_with_a_warning_if_all_rows_are_there(line, lost):
    """Else it broke off; a person who asks for the file hears that parts may be missing."""
    job = line.job("fine")
    with Image.open(job.source) as scan:
        scan.save(job.source, "GIF")
    job.source.write_bytes(job.source.read_bytes()[:-lost])
    if lost > 1:
        with pytest.raises(UnreadableScan, match="the upload broke off: the GIF file"):
            line.work_off(job)
        with pytest.raises(UnreadableScan, match="page 1 is damaged or broke off"):
            line.work_off(replace(job, id=BY_HAND))
    else:
        assert line.work_off(job).complete
        assert receipt(job)["warnings"] == [ALL_READ]
        line.work_off(replace(job, id=BY_HAND))
        assert receipt(job)["warnings"] == [ALL_READ]


@pytest.mark.parametrize(("more", "told"), [(b"", False), (b"more", True)])
def test_a_scan_that_is_changed_while_it_is_read_is_told(line, monkeypatch, more, told):
    """Where the receipt's hash is no longer the original's; a scan that was only touched is the same."""
    job = line.job("fine", "fine")
    content, recognise = job.source.read_bytes(), FakeEngine.recognise

    def recognised(engine, page, ocr):
        """Somebody writes meanwhile."""
        job.source.write_bytes(content + more)
        return recognise(engine, page, ocr)

    monkeypatch.setattr(FakeEngine, "recognise", recognised)
    line.work_off(job)
    assert (scan_file.CHANGED in receipt(job)["warnings"]) == told
