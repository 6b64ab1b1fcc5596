"""Aspose.OCR itself, in processes of its own: what it reads, and that it never takes a process down with it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import ocrwatchd
from ocrwatchd.core.errors import EngineUnavailable
from ocrwatchd.ocr import bridge
from ocrwatchd.ocr.bridge.compile import FLAGS, LIBRARY, wanted
from tests.paths import DATA

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not wanted(), reason="Aspose.OCR runs on x86-64 Linux only")]


LOAD = """
import sys
from pathlib import Path
from ocrwatchd.core.config.profile import Ocr
from ocrwatchd.core.errors import OcrwatchdError
from ocrwatchd.ocr.selection import load
try:
    load("aspose", Ocr(license=sys.argv[2]), Path(sys.argv[1]))
except OcrwatchdError as error:
    print(error, file=sys.stderr)
    sys.exit(error.exit_code)
"""

EXAMINE = """
import json, sys
from ocrwatchd.core.config.profile import Ocr
from ocrwatchd.ocr.availability import examine
print(json.dumps(examine(Ocr.model_validate_json(sys.argv[1]))))
"""

READ = """
import faulthandler, json, os, signal, sys
from pathlib import Path
from PIL import Image
from ocrwatchd.core.config.profile import Ocr
from ocrwatchd.core.errors import EngineUnavailable
from ocrwatchd.core.model import Page
from ocrwatchd.ocr.selection import load

data, scratch = Path(sys.argv[1]), Path(sys.argv[2])
heard = []
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
    signal.signal(number, lambda number, frame: heard.append(int(number)))
def ring():
    heard.clear()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        os.kill(os.getpid(), number)
    return sorted(heard)

told = {}
ocr = Ocr(allow_downloads=False)
engine = load("aspose", ocr, scratch)
told["heard_after_loading"] = ring()
phototest = Image.open(data / "phototest.tif").convert("L")

def told_of(page_text):
    return {"text": page_text.text, "evaluation": page_text.evaluation, "lines": len(page_text.lines),
            "warnings": page_text.warnings, "engine": page_text.engine, "size": [page_text.width, page_text.height]}

told["first"] = told_of(engine.recognise(Page(1, phototest, 72.0), ocr))
told["heard_after_reading"] = ring()
engine.free_page()
engine.free_document()
told["again"] = told_of(engine.recognise(Page(2, phototest.convert("RGB"), 72.0), ocr))
told["blank"] = told_of(engine.recognise(Page(3, Image.new("L", (600, 800), 255), 72.0), ocr))
for name, other in (
    ("handwritten", Ocr(allow_downloads=False, mode="handwritten")),
    ("russian", Ocr(allow_downloads=False, languages=("rus",))),
    ("mistyped", Ocr(languages=("enk",))),
):
    try:
        engine.recognise(Page(4, phototest, 72.0), other)
    except EngineUnavailable as error:
        told[name] = str(error)
told["after_errors"] = told_of(engine.recognise(Page(5, phototest, 72.0), ocr))
told["threads"] = engine._module.OnnxRuntimeSessionOptions.intra_op_num_threads
told["models"] = engine._module.Resources.get_local_path()
told["logs_to_file"] = engine._module.Logging.file_system
told["cpus"] = len(os.sched_getaffinity(0))
engine.close()
print(json.dumps(told))
"""


def python(code, *arguments, cwd, **environment):
    """Run code in a process of its own, without core dumps and without this process's environment changes."""
    return subprocess.run(
        [sys.executable, "-P", "-c", f"import resource; resource.setrlimit(resource.RLIMIT_CORE, (0, 0))\n{code}"]
        + [str(argument) for argument in arguments],
        cwd=cwd,
        env={**os.environ, **environment},
        check=False,
        capture_output=True,
        text=True,
        timeout=100,
    )


@pytest.fixture(scope="module")
def reading(tmp_path_factory):
    """What one engine told over several pages, and the folder that held its current directory and its scratch."""
    folder = tmp_path_factory.mktemp("reading")
    (folder / "cwd").mkdir()
    done = python(READ, DATA, folder / "scratch", cwd=folder / "cwd")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), folder


@pytest.fixture
def copy(tmp_path):
    """The package as a build without a compiler leaves it; the genuine OpenSSL 1.1 must be absent too."""
    genuine = python("import ctypes; ctypes.CDLL('libssl.so.1.1')", cwd=tmp_path)
    if genuine.returncode == 0:
        pytest.skip("the system has OpenSSL 1.1, so the bridge is not used")
    source = Path(ocrwatchd.__file__).parent
    shutil.copytree(source, tmp_path / "copy" / "ocrwatchd", ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    return tmp_path / "copy"


def load_in(copy, tmp_path, licence=""):
    """Load the engine of a copied package."""
    here = tmp_path / "cwd"
    here.mkdir()
    done = python(LOAD, tmp_path / "scratch", licence, cwd=here, PYTHONPATH=str(copy))
    assert list(here.iterdir()) == []
    return done


def plant(copy, tmp_path, code):
    """Put an object compiled from this code in the bridge's place."""
    source = tmp_path / "planted.c"
    source.write_text(code)
    target = copy / "ocrwatchd" / "ocr" / "bridge" / LIBRARY
    subprocess.run(["cc", *FLAGS, "-o", str(target), str(source)], check=True)


def test_without_the_bridge_loading_ends_in_words_and_not_in_an_abort(copy, tmp_path):
    """Exit code 3 and the command that compiles it."""
    done = load_in(copy, tmp_path)
    assert done.returncode == EngineUnavailable.exit_code
    assert "bridge, which was not compiled" in done.stderr
    assert "-m ocrwatchd.ocr.bridge" in done.stderr


def test_the_named_remedy_works(copy, tmp_path):
    """Compiling the bridge afterwards makes the same package load."""
    compiled = subprocess.run(
        [sys.executable, "-P", "-m", "ocrwatchd.ocr.bridge"],
        env={**os.environ, "PYTHONPATH": str(copy)},
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    assert compiled.stdout.strip() == str(copy / "ocrwatchd" / "ocr" / "bridge" / LIBRARY)
    done = load_in(copy, tmp_path)
    assert done.returncode == 0, done.stderr


def test_a_bridge_that_lacks_functions_is_refused(copy, tmp_path):
    """The runtime is not even started with it."""
    plant(copy, tmp_path, "int nothing;")
    done = load_in(copy, tmp_path)
    assert done.returncode == EngineUnavailable.exit_code
    assert "lacks EVP_MD_size" in done.stderr


def test_a_runtime_that_aborts_takes_only_its_trial_with_it(copy, tmp_path):
    """A bridge that looks right and is not: .NET aborts, and the engine process lives to tell of it."""
    plant(copy, tmp_path, "".join(f"int {name}(void) {{ return 0; }}\n" for name in (*bridge.RENAMED, *bridge.KEPT)))
    done = load_in(copy, tmp_path)
    assert done.returncode == EngineUnavailable.exit_code
    assert "cannot start here (status -6" in done.stderr


def examined(settings, cwd, **environment):
    """What ``check`` would say: subject, whether all is well, and words."""
    done = python(EXAMINE, json.dumps(settings), cwd=cwd, **environment)
    assert done.returncode == 0, done.stderr
    return {subject: (ok, words) for subject, ok, words in json.loads(done.stdout)}


def test_an_examination_finds_all_well(tmp_path):
    """Engine, Aspose and licence, a line each; evaluation mode is named but is no fault."""
    found = examined({"engine": "aspose"}, tmp_path)
    assert [ok for ok, words in found.values()] == [True, True, True]
    assert found["Aspose.OCR"][1].startswith("its .NET runtime starts, with OpenSSL")
    assert "evaluation" in found["licence"][1]
    assert list(tmp_path.iterdir()) == []


def test_an_examination_survives_a_runtime_that_aborts(copy, tmp_path):
    """It is a fault only where Aspose would read the pages."""
    plant(copy, tmp_path, "".join(f"int {name}(void) {{ return 0; }}\n" for name in (*bridge.RENAMED, *bridge.KEPT)))
    ok, words = examined({"engine": "aspose"}, tmp_path, PYTHONPATH=str(copy))["Aspose.OCR"]
    assert not ok
    assert "cannot start here" in words
    assert examined({}, tmp_path, PYTHONPATH=str(copy))["Aspose.OCR"][0]


def test_an_examination_names_a_bad_licence(tmp_path):
    """With its path, and without loading the engine."""
    ok, words = examined({"license": str(tmp_path / "missing.lic")}, tmp_path)["licence"]
    assert not ok
    assert str(tmp_path / "missing.lic") in words
    assert "put a valid one there" in words


@pytest.mark.parametrize(("name", "said"), [("junk.lic", "not accepted"), ("missing.lic", "No such file")])
def test_a_bad_licence_is_refused_by_its_path(name, said, tmp_path):
    """Evaluation mode in place of a paid licence would go unnoticed for months."""
    (tmp_path / "junk.lic").write_text("junk")
    done = python(LOAD, tmp_path / "scratch", tmp_path / name, cwd=tmp_path)
    assert done.returncode == EngineUnavailable.exit_code
    assert str(tmp_path / name) in done.stderr
    assert said in done.stderr


def test_phototest_gives_its_beginning_marked_as_evaluation(reading):
    """60 % of the page's text, no notice in it, and no lines, which would tell more."""
    first = reading[0]["first"]
    assert first["text"].startswith("This is a lot of 12 point text to test the\nocr code and see if it works")
    assert first["evaluation"] is True
    assert len(first["text"]) <= 0.6 * 286
    assert "*" not in first["text"]
    assert "Trial" not in first["text"]
    assert (first["lines"], first["warnings"], first["engine"]) == (0, [], "aspose")
    assert first["size"] == [640, 480]


def test_a_blank_page_has_no_text(reading):
    """Not even a piece of the notice."""
    assert reading[0]["blank"]["text"] == ""


def test_the_engine_reads_on_after_freeing_and_after_errors(reading):
    """Same page, same text, grey or colour."""
    told = reading[0]
    assert told["again"]["text"] == told["first"]["text"] == told["after_errors"]["text"]


def test_our_signal_handlers_stay_in_force(reading):
    """SIGINT, SIGQUIT and SIGTERM reach Python after loading and after reading."""
    assert reading[0]["heard_after_loading"] == reading[0]["heard_after_reading"] == [2, 3, 15]


def test_threads_match_the_machine(reading):
    """ONNX runtime takes 8 of its own accord, whatever there is."""
    assert reading[0]["threads"] == reading[0]["cpus"]


def test_a_missing_model_file_is_named(reading):
    """Handwriting and other scripts need downloads; the error says what to do without a network."""
    for name, file in (
        ("handwritten", "aspose-ocr-advanced-recognition-v1.ocr"),
        ("russian", "aspose-ocr-cyrillic-v1.ocr"),
    ):
        assert file in reading[0][name]
        assert "ocr.allow_downloads" in reading[0][name]


def test_aspose_offers_every_setting_that_the_languages_may_need(tmp_path):
    """The table of scripts holds names that this version of Aspose has."""
    code = """
from ocrwatchd.ocr import clr
from ocrwatchd.ocr.aspose_languages import EVERYTHING, LATIN, OTHER_NAMES, SCRIPTS, WITH_ENGLISH
names = {LATIN, EVERYTHING, *SCRIPTS, *WITH_ENGLISH.values(), *OTHER_NAMES.values()}
names |= {name for languages in SCRIPTS.values() for name in languages.split()}
print(sorted(names - set(clr.start().Language.__members__)))
"""
    done = python(code, cwd=tmp_path)
    assert done.stdout.strip() == "[]", done.stderr


def test_a_mistyped_language_is_named(reading):
    """The page is not read in some other language instead."""
    assert '"enk"' in reading[0]["mistyped"]


def test_nothing_is_written_into_the_current_directory(reading):
    """No aspose_data folder, for models go to the scratch folder, and no Aspose.OCR.log.txt."""
    told, folder = reading
    assert list((folder / "cwd").iterdir()) == []
    assert told["models"] == str(folder / "scratch")
    assert told["logs_to_file"] is False


def test_faulthandler_still_reports_a_crash(tmp_path):
    """The runtime hands on the faults that are not its own."""
    code = """
import ctypes, faulthandler
from ocrwatchd.ocr import clr
faulthandler.enable()
clr.start()
ctypes.string_at(0)
"""
    done = python(code, cwd=tmp_path)
    assert done.returncode == -11
    assert "Fatal Python error: Segmentation fault" in done.stderr
