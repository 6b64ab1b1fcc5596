"""Finished pages on disk."""

import math
import typing
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ocrwatchd.core.config.profile import Llm, Ocr, Output, Work
from ocrwatchd.core.i18n import verbatim
from ocrwatchd.core.model import (
    Box,
    Correction,
    Doubt,
    Edit,
    Fate,
    FinishedPage,
    Line,
    PageText,
    Part,
    Source,
    Term,
    Word,
)
from ocrwatchd.core.reason import Reason
from ocrwatchd.engine.process.page_store import PageStore, fingerprint, legible
from tests.lattices import page_of

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=30)
NUMBER = st.floats(width=32)
COUNT = st.integers(0, 1 << 30)
BOX = st.none() | st.builds(Box, NUMBER, NUMBER, NUMBER, NUMBER)
WORDS = st.lists(st.builds(Word, ANY_TEXT, COUNT, BOX, st.none() | NUMBER), max_size=2).map(tuple)
LINES = st.lists(st.builds(Line, ANY_TEXT, COUNT, BOX, st.none() | NUMBER, WORDS), max_size=2).map(tuple)
TERMS = st.lists(st.builds(Term, st.sampled_from(["picture", "words"]), NUMBER), max_size=2).map(tuple)
REASONS = st.sampled_from(Reason)
SOURCES = st.sampled_from(typing.get_args(Source))
EDITS = st.lists(st.builds(Edit, COUNT, ANY_TEXT, ANY_TEXT, REASONS, SOURCES, TERMS), max_size=2).map(tuple)
DOUBTS = st.lists(st.builds(Doubt, COUNT, COUNT, NUMBER), max_size=2).map(tuple)
FATES = st.sampled_from(typing.get_args(Fate))
PARTS = st.lists(st.builds(Part, COUNT, COUNT, FATES, st.none() | REASONS, ANY_TEXT), max_size=2).map(tuple)
PAGE = st.builds(
    PageText, number=st.just(1), text=ANY_TEXT, width=COUNT, height=COUNT, dpi=NUMBER, engine=st.just("e"), lines=LINES,
    rotation=st.sampled_from([0, 90, 180, 270]), skew=NUMBER, evaluation=st.booleans(),
    warnings=st.lists(ANY_TEXT, max_size=2).map(tuple), error=ANY_TEXT.map(verbatim), seconds=NUMBER,
)  # fmt: skip
CORRECTION = st.builds(
    Correction, ANY_TEXT, EDITS, EDITS, st.booleans(), ANY_TEXT.map(verbatim), ANY_TEXT, NUMBER, PARTS, DOUBTS
)
FINISHED = st.builds(FinishedPage, PAGE, CORRECTION)
PLAIN = FinishedPage(PageText(1, "text", 1, 1, 0.0), Correction("text"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(FINISHED)
def test_a_page_comes_back_as_it_was_kept(tmp_path, finished):
    """Every value survives, whatever the engine and the model have said."""
    files = PageStore(tmp_path / "pages", "s")
    kept = files.save(finished)
    assert kept == legible(finished)
    assert files.load(1) == kept


@given(FINISHED)
def test_legible_keeps_every_offset(finished):
    """Characters are replaced one for one, and nothing is left that no file can carry."""
    clean = legible(finished)
    assert len(clean.page.text) == len(finished.page.text)
    assert [len(edit.before) for edit in clean.correction.edits] == [len(e.before) for e in finished.correction.edits]
    clean.page.text.encode("utf-8")
    assert not set(clean.page.text) & {"\0", "\x1b", "\f", "\r", "\uffff"}
    assert math.isfinite(clean.page.dpi)
    numbers = [term.nats for edit in clean.correction.edits for term in edit.terms]
    assert all(map(math.isfinite, [*numbers, *(doubt.wrong for doubt in clean.correction.doubts)]))
    assert legible(clean) == clean


def test_what_the_recogniser_saw_is_kept_where_it_is_wanted(tmp_path):
    """Line by line, beside the page; lines without it stay without it."""
    seen = page_of("the casc", casc=("cask", 0.2))
    page = replace(seen, lines=(replace(seen.lines[0], lattice=None), *seen.lines))
    for wanted in (False, True):
        folder = tmp_path / str(wanted)
        PageStore(folder, "s", lattices=wanted).save(FinishedPage(page, Correction(page.text)))
        (found,) = PageStore.left_in(folder)
        assert found.page == page  # lattices are not compared
        first, second = (line.lattice for line in found.page.lines)
        assert first is None
        assert (second is not None) is wanted
    assert second.steps == seen.lines[0].lattice.steps
    assert np.array_equal(second.columns, seen.lines[0].lattice.columns)


def test_ordinary_text_is_not_touched():
    """Tabs, newlines and letters of any script stay."""
    text = "a\tb\nß 漢字 e\u0301 \U0001f600 \u200f"
    page = legible(FinishedPage(PageText(1, text, 1, 1, 0.0), Correction(text)))
    assert page.page.text == page.correction.text == text


@pytest.mark.parametrize("damage", [b"", b"{", b"\xff", b'{"schema": 1}'])
def test_a_damaged_page_does_not_count(tmp_path, damage):
    """It is read again."""
    files = PageStore(tmp_path, "s")
    files.save(PLAIN)
    assert files.load(1) == PLAIN
    (tmp_path / "0001.json").write_bytes(damage)
    assert files.load(1) is None
    assert files.load(2) is None


def test_a_page_of_other_settings_does_not_count(tmp_path):
    """Settings that change the text change the fingerprint; those that don't, don't."""
    work = Work()
    PageStore(tmp_path, fingerprint(work, "engine")).save(PLAIN)
    others = [
        fingerprint(work, "another"),
        fingerprint(Work(ocr=Ocr(dpi=200)), "engine"),
        fingerprint(Work(llm=Llm(prompt="x")), "engine"),
    ]
    assert all(PageStore(tmp_path, other).load(1) is None for other in others)
    assert PageStore(tmp_path, fingerprint(Work(output=Output(formats=("raw",))), "engine")).load(1) == PLAIN
    assert PageStore(tmp_path, fingerprint(Work(ocr=Ocr(engine="rapidocr")), "engine")).load(1) == PLAIN


def test_a_page_of_another_version_does_not_count(tmp_path, monkeypatch):
    """An update may read and correct otherwise."""
    PageStore(tmp_path, fingerprint(Work(), "engine")).save(PLAIN)
    monkeypatch.setattr("ocrwatchd.engine.process.page_store.__version__", "0.0.0")
    assert PageStore(tmp_path, fingerprint(Work(), "engine")).load(1) is None


def test_a_page_with_a_reason_that_is_unknown_does_not_count(tmp_path):
    """It is read again, as a damaged one is."""
    files = PageStore(tmp_path, "s")
    files.save(replace(PLAIN, correction=Correction("text", refused=(Edit(0, "text", "next", Reason.KNOWN_WORD),))))
    path = tmp_path / "0001.json"
    assert b'"known-word"' in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(b'"known-word"', b'"of-another-version"'))
    assert files.load(1) is None
