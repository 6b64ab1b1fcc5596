"""``ocrwatchd calibrate`` with real models, and what its verdict does."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ocrwatchd.cli.main import main
from ocrwatchd.core.config.profile import Work
from ocrwatchd.llm import calibration_store, models
from tests import gguf_factory
from tests.fakes.own_pages import Made, lines_at
from tests.paths import DATA
from tests.unit.llm.test_calibration_store import verdict


@pytest.fixture
def configured(tmp_path):
    """Write a configuration for a model; its path, as the command line wants it."""

    def write(model, more=""):
        path = tmp_path / "config.toml"
        # Two threads over a tiny model wait for each other more than they work, on a busy machine for minutes.
        settings = f'[folders]\nroot = "{tmp_path / "root"}"\n[llm]\nmodel = "{model}"\nthreads = 1\n{more}'
        path.write_text(settings, encoding="utf-8")
        path.chmod(0o600)
        return ["--config", str(path)]

    return write


@pytest.fixture
def noise(tmp_path):
    """A model with random weights."""
    return gguf_factory.noise(tmp_path / "noise.gguf")


@pytest.mark.slow
def test_the_built_in_model_does_good(configured, capsys):
    """It repairs, harms nothing, takes its time, and the verdict is kept; what was read is there for the next run."""
    assert main(["calibrate", "--pages", "10", "--json", *configured("builtin")]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["model"], told["uses"]["text"], told["best_gate"]) == ("builtin", "gain", "yours")
    assert [*told["ways"]] == ["none", "rewrite"]
    none, rewrite, yours = told["ways"]["none"], told["ways"]["rewrite"], told["gates"]["yours"]
    assert rewrite["after"] < none["after"] < yours["after"] < yours["before"] == none["before"]
    assert (rewrite["worse"], rewrite["digits"], yours["worse"], yours["digits"]) == (0, 0, 0, 0)
    assert rewrite["seconds_a_page"] > none["seconds_a_page"] > 0
    (kept,) = calibration_store._read()
    assert kept.sha256 == told["sha256"]
    assert len(list(Path(os.environ["CACHE_DIRECTORY"], "calibrate").glob("*/*.npz"))) == 10
    assert main(["calibrate", "--pages", "10", "--json", *configured("builtin")]) == 0
    again = json.loads(capsys.readouterr().out)
    assert (again["texts"], again["ways"]["none"]["after"]) == (told["texts"], none["after"])


@pytest.mark.slow
def test_random_weights_do_harm_and_correct_nothing_where_calibration_is_required(configured, noise, tmp_path, capsys):
    """The verdict is harm; with `llm.require_calibration` neither `correct` nor the engine process uses the model."""
    assert main(["calibrate", "--pages", "10", "--json", *configured(noise)]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["finding"], told["method"]) == ("harm", "none")
    assert told["uses"] == {"choose": "harm", "rewrite": "harm", "both": "harm", "text": "harm"}
    assert told["ways"]["choose"]["after"] > told["ways"]["none"]["after"]
    assert told["compared_words"] > 0
    required = configured(noise, "require_calibration = true\n")
    text = tmp_path / "text.txt"
    text.write_text("Tbe cornmittee met.", encoding="utf-8")
    assert main(["correct", str(text), *required]) == 3
    assert "the model noise.gguf does harm here" in capsys.readouterr().err
    assert main(["process", str(DATA / "phototest.tif"), "-o", str(tmp_path / "out"), *required]) == 0
    receipt = json.loads((tmp_path / "out" / "phototest.json").read_text(encoding="utf-8"))
    assert all(edit["source"] == "picture" for page in receipt["pages"] for edit in page["edits"])
    assert "the model noise.gguf does harm here" in receipt["reason"]
    assert main(["process", str(DATA / "eurotext.tif"), "-o", str(tmp_path / "out"), *configured(noise)]) == 0
    receipt = json.loads((tmp_path / "out" / "eurotext.json").read_text(encoding="utf-8"))
    assert receipt["reason"].startswith("by its calibration the model is of no use here, and was not asked")
    assert not any("context" in edit.get("terms", {}) for page in receipt["pages"] for edit in page["edits"])


@pytest.mark.slow
def test_a_model_that_was_never_calibrated_corrects_nothing_where_that_is_required(configured, tmp_path, capsys):
    """What to run is said; once that is done, it corrects."""
    required = configured("builtin", "require_calibration = true\n")
    text = tmp_path / "text.txt"
    text.write_text("The cornmittee met in tbe morning and spoke about the garden fence.", encoding="utf-8")
    assert main(["correct", str(text), *required]) == 3
    assert "run `ocrwatchd calibrate`" in capsys.readouterr().err
    clean = tmp_path / os.fsdecode(b"caf\xe9.txt")
    clean.write_text("What no bytes can spell may still be a name.", encoding="utf-8")
    assert main(["calibrate", "--pages", "5", "--json", str(clean), *required]) == 0
    assert json.loads(capsys.readouterr().out)["texts"][-1]["name"] == "caf\ufffd.txt, 1"
    assert main(["correct", str(text), *required]) == 0
    assert "committee met in the" in capsys.readouterr().out


@pytest.mark.slow
def test_own_scans_are_read_and_what_remains_is_shown(configured, tmp_path, capsys):
    """Engine included: each document's error rate before and after; what cannot be used is named and left out."""
    folder = tmp_path / "truth"
    folder.mkdir()
    for name, truth in (("eurotext", "eurotext.txt"), ("phototest", "phototest.gold.txt")):
        shutil.copyfile(DATA / f"{name}.tif", folder / f"{name}.tif")
        shutil.copyfile(DATA / truth, folder / f"{name}.txt")
    (folder / "broken.png").write_bytes(b"no picture")
    (folder / "broken.txt").write_text("no picture", encoding="utf-8")
    (folder / "alone.png").write_bytes(b"no text beside it")
    Made().draw(lines_at(50, 500)).save(folder / "written.pdf")
    (folder / "written.txt").write_text("what a program has written", encoding="utf-8")
    harm = verdict(models.BUILTIN, Work(), "harm")
    calibration_store.keep(harm)
    assert main(["calibrate", "--truth", str(folder), *configured("builtin")]) == 0
    told = capsys.readouterr()
    assert "skipped 1 of 5 scans without a .txt beside them" in told.err
    assert "skipped broken.png: this type of file is not read" in told.err
    assert "skipped written.pdf: its text comes from a program" in told.err
    lines = {line.split()[0]: line for line in told.out.splitlines() if line}
    assert lines["phototest.tif"].split() == ["phototest.tif", "0.00%", "0.00%"]
    assert 0 < float(lines["eurotext.tif"].split()[1].rstrip("%")) < 2
    assert "recognition" in lines["time"]
    assert lines["remaining"].split()[1] in {"marks", "letters"}
    assert lines["by"].split() == ["by", "the", "picture,", "with", "no", "model", "rewrite"]
    assert lines["verdict"].startswith("verdict    unknown: ")
    assert "too few to tell" in lines["verdict"]
    assert (
        "not enough evidence; an earlier verdict is kept: 2026-11-22, ocrwatchd 0.1.0, typeset pages: it does harm"
        in lines["not"]
    )
    assert calibration_store._read() == (harm,)
    assert not list((tmp_path / "root").rglob("*"))


@pytest.mark.slow
def test_run_says_once_that_the_model_was_never_calibrated(configured):
    """In the log, at the start, and not any more once it was."""
    settings = configured("builtin", '[log]\nformat = "json"\n')
    command = [sys.executable, "-m", "ocrwatchd", "run", "--once", *settings]

    def said():
        log = subprocess.run(command, capture_output=True, text=True, timeout=100, check=True).stderr
        return [line["note"] for line in map(json.loads, log.splitlines()) if line["event"] == "model.calibration"]

    (note,) = said()
    assert "the model builtin was never measured with these settings" in note
    assert main(["calibrate", "--pages", "1", *settings]) == 0
    assert said() == []


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--truth", "/nowhere"], 2, "/nowhere: No such file or directory; --truth needs a folder"),
        (["--truth", str(DATA / "eurotext.txt")], 2, "Not a directory; --truth needs a folder"),
        (["--truth", "EMPTY"], 2, "holds 0 scans, and none with its text beside it"),
        (["--truth", "EMPTY", "text.txt"], 2, "one at a time"),
        (["--profile", "x"], 2, "the configuration has no profile x; its profiles: none"),
        (["nowhere.txt"], 5, "nowhere.txt cannot be read"),
    ],
)
def test_what_cannot_be_measured_on_is_told(  # noqa: PLR0917 - what is given, and what comes of it
    configured, tmp_path, capsys, arguments, status, words
):
    """In a line, with what is wrong, before any model is loaded; nothing is kept."""
    (tmp_path / "empty").mkdir()
    given = [str(tmp_path / "empty") if each == "EMPTY" else each for each in arguments]
    assert main(["calibrate", *given, *configured("builtin")]) == status
    assert words in capsys.readouterr().err
    assert calibration_store._read() == ()


@pytest.mark.parametrize(
    ("model", "words"),
    [("off", 'llm.model is "off": there is no model to measure'), ("/nowhere.gguf", "/nowhere.gguf: no such file")],
)
def test_without_a_model_there_is_nothing_to_measure(configured, capsys, model, words):
    """What to set is said."""
    assert main(["calibrate", *configured(model)]) == 3
    assert words in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_real_model_is_of_use_where_it_chooses(configured, capsys):
    """The model that ``OCRWATCHD_TEST_MODEL`` names, a GGUF file that has learnt English."""
    file = os.environ.get("OCRWATCHD_TEST_MODEL")
    if not file:
        pytest.skip("OCRWATCHD_TEST_MODEL names no model")
    assert main(["calibrate", "--json", *configured(file)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["uses"]["choose"] == "gain"
    assert told["ways"]["choose"]["after"] < told["ways"]["none"]["after"]
    assert told["method"] in {"choose", "rewrite", "both"}
