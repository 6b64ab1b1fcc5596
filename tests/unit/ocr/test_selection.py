"""Which engine reads the pages, and where the licence is looked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ocrwatchd.core.config.profile import Ocr
from ocrwatchd.core.errors import EngineUnavailable
from ocrwatchd.ocr import selection


@pytest.fixture(autouse=True)
def _no_credentials(monkeypatch):
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    monkeypatch.setattr(selection, "aspose_runs_here", lambda: True)


@pytest.fixture
def elsewhere(monkeypatch):
    """A machine for which Aspose has no wheels."""
    monkeypatch.setattr(selection, "aspose_runs_here", lambda: False)


def test_auto_without_a_licence_takes_rapidocr_and_says_so():
    """Whole pages by RapidOCR are better than the beginnings of pages by Aspose."""
    chosen = selection.choose(Ocr())
    assert chosen.name == "rapidocr"
    assert "licence" in chosen.notice
    assert chosen.harmless


def test_auto_with_a_licence_takes_aspose_quietly():
    """A set licence, even one whose file is missing, means Aspose."""
    assert selection.choose(Ocr(license="/nowhere/Aspose.OCR.lic")) == selection.Choice("aspose")


def test_auto_takes_aspose_for_handwriting_even_without_a_licence():
    """RapidOCR cannot read handwriting; the notice says what evaluation mode cuts."""
    assert selection.choose(Ocr(mode="handwritten")) == selection.Choice("aspose", selection.EVALUATION)


def test_a_named_engine_is_taken():
    """Whoever names an engine gets it; Aspose without a licence says what it cuts."""
    assert selection.choose(Ocr(engine="rapidocr", license="/some.lic")) == selection.Choice("rapidocr")
    assert selection.choose(Ocr(engine="aspose")) == selection.Choice("aspose", selection.EVALUATION)
    assert selection.choose(Ocr(engine="aspose", license="/some.lic")) == selection.Choice("aspose")


@pytest.mark.parametrize("licence", ["", "/some.lic"])
@pytest.mark.parametrize("engine", ["auto", "aspose"])
def test_a_layout_that_aspose_does_not_have_is_told(engine, licence):
    """Whoever asks for rows learns that Aspose does not give them, with or without a licence."""
    chosen = selection.choose(Ocr(engine=engine, license=licence, layout="rows"))
    assert (selection.ROWS in chosen.notice) == (chosen.name == "aspose")
    assert (selection.EVALUATION in chosen.notice) == (chosen.name == "aspose" and not licence)


@pytest.mark.usefixtures("elsewhere")
def test_auto_never_takes_aspose_where_it_cannot_run():
    """A licence in a shared configuration does no harm on an ARM machine, but is not passed over in silence."""
    chosen = selection.choose(Ocr(license="/some.lic"))
    assert chosen.name == "rapidocr"
    assert "x86-64" in chosen.notice


@pytest.mark.usefixtures("elsewhere")
def test_handwriting_where_aspose_cannot_run_is_an_error_with_the_remedy():
    """Print recognition must not be passed off as handwriting recognition."""
    with pytest.raises(EngineUnavailable, match=r'set ocr.mode = "printed"'):
        selection.choose(Ocr(mode="handwritten"))


def test_the_configured_licence_is_named_even_if_it_is_missing():
    """A mistyped path must come to light later, not fall back to evaluation."""
    assert selection.licence_file(Ocr(license="/nowhere.lic")) == Path("/nowhere.lic")


@pytest.mark.parametrize("name", selection.CREDENTIALS)
def test_a_licence_is_found_among_the_credentials(name, tmp_path, monkeypatch):
    """Systemd's LoadCredential= puts it there under the name that the unit gives it."""
    (tmp_path / name).write_text("<License/>")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert selection.licence_file(Ocr()) == tmp_path / name
    assert selection.licence_file(Ocr(license="/configured.lic")) == Path("/configured.lic")


def test_credentials_without_a_licence_are_none(tmp_path, monkeypatch):
    """Other credentials of the unit are left alone."""
    (tmp_path / "database-password").write_text("secret")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert selection.licence_file(Ocr()) is None


def test_an_unknown_engine_is_refused(tmp_path):
    """A name that is neither is a mistake in the program."""
    with pytest.raises(ValueError, match="tesseract"):
        selection.load("tesseract", Ocr(), tmp_path)


def test_choosing_loads_no_engine():
    """The choice can be made in the supervisor and by ``check``."""
    heavy = ("numpy", "PIL", "cv2", "onnxruntime", "aspose", "rapidocr")
    asked = (
        "import sys, ocrwatchd.ocr.selection, ocrwatchd.ocr.availability; "
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", asked], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
