"""Verdicts: kept by model and settings, found without reading the model, heeded."""

import os
import shutil

import pytest

from ocrwatchd.core.config.loader import parse
from ocrwatchd.core.errors import FolderUnusable
from ocrwatchd.llm import calibration_store, identity, models
from ocrwatchd.setup.check.model import look_at_verdicts


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    """A state directory of the test's own, not made yet."""
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def model(tmp_path):
    """A model's file."""
    shutil.copyfile(models.BUILTIN, tmp_path / "m.gguf")
    return tmp_path / "m.gguf"


def settings(model, **llm):
    """The settings that mean it."""
    return parse({"llm": {"model": str(model), **llm}})


def verdict(model, work, finding="gain", **more):
    """A verdict on it."""
    values = {
        "model": calibration_store.name_of(model),
        "sha256": calibration_store.sha256_of(model),
        "stamps": identity.stamps(model),
        "languages": work.ocr.languages,
        "gate": work.gate,
        "prompts": calibration_store.prompts_of(work),
        "method": "choose" if finding == "gain" else "none",
        "uses": {"choose": finding, "rewrite": "none", "both": "none", "text": "none"},
        "finding": finding,
        "why": "errors fall from 9 to 8",
        "basis": "typeset pages",
        "change": -0.1,
        "seconds_a_page": 0.4,
        "day": "2026-11-22",
        "version": "0.1.0",
    }
    return calibration_store.Record(**(values | more))


def test_a_verdict_is_found_without_reading_the_model(model, monkeypatch):
    """Some gigabytes are not read at each start: the file's size and time tell that it is the same."""
    work = settings(model).work()
    kept = verdict(model, work)
    calibration_store.keep(kept)
    monkeypatch.setattr(identity, "read", lambda _: pytest.fail("the model was read"))
    assert calibration_store.find(work, model) == kept


def test_another_model_in_its_place_has_no_verdict(model):
    """What was measured was the file's content."""
    work = settings(model).work()
    calibration_store.keep(verdict(model, work))
    os.utime(model, ns=(1, 1))
    assert calibration_store.find(work, model) is None


def test_another_model_of_the_same_size_and_time_has_no_verdict(model, monkeypatch):
    """Archives and images give all their files one time, and models of one shape have one size."""
    work = settings(model).work()
    calibration_store.keep(verdict(model, work))
    other = model.with_name("other.gguf")
    shutil.copy2(model, other)
    assert calibration_store.find(work, other) is None
    monkeypatch.setattr(identity, "recorded", lambda _: "0" * 64)
    assert calibration_store.find(work, model) is None  # it was replaced by a later one of which more is known


def test_a_model_of_the_hub_is_known_by_its_name_there(tmp_path, monkeypatch):
    """Fetched again, or copied to another disk, it is the same one: the cache names it for its content."""
    content = models.BUILTIN.read_bytes()
    sha256 = identity.read(models.BUILTIN)
    blob = tmp_path / sha256
    blob.write_bytes(content)
    link = tmp_path / "m.gguf"
    link.symlink_to(blob)
    work = settings(link).work()
    calibration_store.keep(verdict(link, work))
    os.utime(blob, ns=(1, 1))
    monkeypatch.setattr(identity, "read", lambda _: pytest.fail("the model was read"))
    assert calibration_store.find(work, link)


@pytest.mark.parametrize(
    "change",
    [
        {"gate": {"max_rewrite": 0.6}},
        {"ocr": {"languages": ["deu"]}},
        {"ocr": {"layout": "rows"}},
        {"llm": {"prompt": "Mend this."}},
    ],
)
def test_other_settings_want_a_verdict_of_their_own(model, change):
    """Gate, languages and prompts decide what a model does."""
    calibration_store.keep(verdict(model, settings(model).work()))
    other = parse({**change, "llm": {"model": str(model), **change.get("llm", {})}}).work()
    assert calibration_store.find(other, model) is None


def test_a_later_verdict_takes_the_place_of_an_earlier_one(model):
    """Those on other settings stay."""
    work, other = settings(model).work(), parse({"llm": {"model": str(model)}, "gate": {"digits": "protect"}}).work()
    for each in (verdict(model, work), verdict(model, other), verdict(model, work, "harm")):
        calibration_store.keep(each)
    assert calibration_store.find(work, model).finding == "harm"
    assert calibration_store.find(other, model).finding == "gain"


def test_a_damaged_file_is_as_good_as_none_and_is_written_anew(model, state):
    """A verdict can be had again at any time."""
    state.mkdir()
    (state / calibration_store.NAME).write_text("{")
    work = settings(model).work()
    assert calibration_store.find(work, model) is None
    calibration_store.keep(verdict(model, work))
    assert calibration_store.find(work, model)


def test_a_verdict_that_cannot_be_kept_is_told(model, state):
    """With what to do."""
    state.write_text("no folder")
    with pytest.raises(FolderUnusable, match=r"cannot be kept in .*: File exists; correct its owner"):
        calibration_store.keep(verdict(model, settings(model).work()))


@pytest.mark.parametrize(
    ("finding", "required", "words"),
    [
        (None, False, ""),
        ("harm", False, ""),
        (None, True, "never measured with these settings; run `ocrwatchd calibrate`"),
        ("harm", True, "the model m.gguf does harm here"),
        ("none", True, ""),
        ("unknown", False, ""),
        ("unknown", True, "the model m.gguf cannot be judged (2026-11-22: errors fall"),
        ("gain", True, ""),
    ],
)
def test_calibration_is_required_where_the_settings_say_so(model, finding, required, words):
    """Then a model corrects only with a verdict, and with one that is not harm; else nothing changes."""
    work = settings(model, require_calibration=required).work()
    if finding:
        calibration_store.keep(verdict(model, work, finding))
    said = calibration_store.objection(work, model)
    assert words in said
    assert bool(said) == bool(words)


@pytest.mark.parametrize(("method", "objects"), [("auto", False), ("choose", True), ("rewrite", False)])
def test_what_is_required_is_a_verdict_on_what_the_model_is_asked_to_do(model, method, objects):
    """A model that chooses badly may write well."""
    work = settings(model, require_calibration=True, method=method).work()
    uses = {"choose": "harm", "rewrite": "gain", "both": "harm", "text": "gain"}
    calibration_store.keep(verdict(model, work, uses=uses, method="rewrite"))
    assert bool(calibration_store.objection(work, model)) == objects


@pytest.mark.parametrize(
    ("method", "text", "with_picture", "without"),
    [
        ("choose", "harm", "choose", "none"),
        ("none", "gain", "none", "rewrite"),
        ("rewrite", "none", "rewrite", "rewrite"),
    ],
)
def test_the_verdict_advises_what_to_ask_the_model_for(model, method, text, with_picture, without):
    """For pages with a picture and for texts without; where ``llm.method`` says what is wanted, nothing is advised."""
    work = settings(model).work()
    assert calibration_store.best_methods(work, model) is None
    calibration_store.keep(verdict(model, work, method=method, uses={"text": text}))
    assert calibration_store.best_methods(work, model) == (with_picture, without)
    told = settings(model, method="both").work()
    assert calibration_store.best_methods(told, model) is None


def test_it_is_said_once_which_models_were_never_calibrated(model):
    """Once for the same model and settings; profiles that differ are named; one without a model is passed over."""
    config = parse(
        {
            "llm": {"model": str(model)},
            "profiles": {"same": {}, "de": {"ocr": {"languages": ["deu"]}}, "raw": {"llm": {"model": "off"}}},
        }
    )
    calibration_store.keep(verdict(model, config.work("de")))
    (said,) = calibration_store.notes(config)
    assert "the model m.gguf was never measured with these settings" in said.words
    assert "profiles" not in said.words
    assert not said.serious
    calibration_store.keep(verdict(model, config.work(), "harm", why="errors grow"))
    words = 'the model m.gguf does harm: errors grow (measured 2026-11-22); llm.method = "auto" does not use the model'
    assert [*calibration_store.notes(config)] == [(words, True)]


@pytest.mark.parametrize("finding", [None, "harm", "unknown"])
def test_what_leaves_texts_raw_is_serious(model, finding):
    """A log that keeps only warnings has it, too."""
    config = settings(model, require_calibration=True)
    if finding:
        calibration_store.keep(verdict(model, config.work(), finding))
    (said,) = calibration_store.notes(config)
    assert said.serious
    assert said.words.endswith("texts stay raw")


@pytest.mark.parametrize(
    ("finding", "required", "ok", "words"),
    [
        (None, False, True, "nobody has measured"),
        (None, True, False, "nobody has measured"),
        ("gain", True, True, "m.gguf, measured 2026-11-22, ocrwatchd 0.1.0, typeset pages: it does good: errors fall"),
        ("harm", False, False, "it does harm"),
        ("unknown", False, True, "it cannot be judged"),
        ("unknown", True, False, "it cannot be judged"),
    ],
)
def test_check_tells_when_and_what_was_found(model, finding, required, ok, words):
    """Harm is to be mended, and so is a verdict that is required and missing."""
    config = settings(model, require_calibration=required)
    if finding:
        calibration_store.keep(verdict(model, config.work(), finding))
    (found,) = look_at_verdicts(config)
    assert (found.what, found.ok) == ("calibration", ok)
    assert words in found.words


def test_check_names_the_profiles_that_differ(model):
    """It is they that are to be calibrated."""
    config = parse({"llm": {"model": str(model)}, "profiles": {"same": {}, "de": {"ocr": {"languages": ["deu"]}}}})
    calibration_store.keep(verdict(model, config.work()))
    whole, german = look_at_verdicts(config)
    assert "profiles" not in whole.words
    assert german.words.endswith("(profiles: de)")


def test_check_says_nothing_where_no_model_corrects():
    """The model's own line has said it."""
    assert [*look_at_verdicts(parse({"llm": {"model": "off"}}))] == []
