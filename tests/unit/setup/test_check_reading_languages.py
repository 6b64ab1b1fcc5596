"""What `check` says of the documents' languages."""

import pytest

from ocrwatchd.core.config import loader
from ocrwatchd.setup.check import model


def told(**tables):
    """The lines for these settings."""
    tables.setdefault("llm", {"model": "off"})
    return [(found.what, found.ok, found.words) for found in model.look_at_languages(loader.parse(tables))]


@pytest.mark.parametrize("settings", [{}, {"ocr": {"languages": ["deu"]}}, {"llm": {"model": "builtin"}}])
def test_nothing_is_said_where_both_know_the_languages(settings):
    """RapidOCR reads German, and without a model nothing is expected of one."""
    assert told(**settings) == []


@pytest.mark.parametrize("code", ["rus", "xxx"])
def test_a_language_whose_letters_the_engine_does_not_know_is_a_fault(code):
    """With what the engine would say to the first scan, and with the profile where only that names the language."""
    ((what, ok, words),) = told(ocr={"languages": [code]})
    assert (what, ok) == ("engine's languages", False)
    assert words.startswith(f"RapidOCR's model does not know the letters of {code}: set ocr.engine")
    ((_, _, words),) = told(profiles={"letters": {"ocr": {"languages": [code]}}})
    assert words.endswith(" (profiles: letters)")


def test_a_language_that_the_built_in_model_does_not_know_is_a_fault():
    """Nobody waits for corrections that never come."""
    ((what, ok, words),) = told(ocr={"languages": ["deu"]}, llm={"model": "builtin"})
    assert (what, ok) == ("model's languages", False)
    assert words == (
        "texts stay raw: the model builtin corrects English only, and ocr.languages names German; "
        'set llm.model to "auto" or to the path of a .gguf file'
    )
    assert told(ocr={"languages": ["deu", "eng"]}, llm={"model": "builtin"}) == []
