"""What the engine needs of a machine follows from the settings."""

import pytest

from ocrwatchd.core.config.loader import parse
from ocrwatchd.core.jsonlines import pack
from ocrwatchd.engine.grants import needed
from ocrwatchd.llm import calibration_store
from ocrwatchd.ocr.bridge.compile import wanted


@pytest.fixture
def access(tmp_path, monkeypatch):
    """What is needed with some settings, the cache and the state directory lying in the test's folder."""
    for name in ("cache", "state"):
        monkeypatch.setenv(f"{name.upper()}_DIRECTORY", str(tmp_path / name))
    return lambda settings: needed(parse(settings).works().values(), tmp_path / "jobs")


def test_only_the_jobs_may_be_written(access, tmp_path):
    """Models of the hub are read in the cache; no device is used without a model that might."""
    found = access({"ocr": {"engine": "rapidocr"}, "llm": {"model": "off"}})
    assert found.write == {pack(tmp_path / "jobs")}
    assert found.read == {pack(tmp_path / "cache" / "huggingface"), pack(tmp_path / "cache" / "fetch")}
    assert (found.gpu, found.network) == (False, False)


@pytest.mark.skipif(not wanted(), reason="Aspose.OCR runs on x86-64 Linux only")
@pytest.mark.parametrize("downloads", [True, False])
def test_aspose_may_use_a_network_and_write_its_resources_only_where_it_may_download(access, tmp_path, downloads):
    """In a profile too; else its resources are read."""
    ocr = {"engine": "aspose", "allow_downloads": downloads, "resources_dir": str(tmp_path / "resources")}
    found = access({"llm": {"gpu_layers": 0}, "profiles": {"letters": {"ocr": ocr}}})
    assert found.network is downloads
    assert (pack(tmp_path / "resources") in found.write) is downloads
    assert (pack(tmp_path / "resources") in found.read) is not downloads


def test_a_model_and_a_licence_are_granted_where_they_lie(access, tmp_path):
    """Each file by itself, of a link that to which it leads; the verdicts where they are asked for."""
    (tmp_path / "blob").write_bytes(b"GGUF")
    (tmp_path / "model.gguf").symlink_to(tmp_path / "blob")
    llm = {"model": str(tmp_path / "model.gguf"), "require_calibration": True}
    found = access({"ocr": {"engine": "rapidocr", "license": str(tmp_path / "licence")}, "llm": llm})
    assert {pack(tmp_path / name) for name in ("blob", "licence")} <= found.read
    assert pack(calibration_store.kept_in()) in found.read
    assert pack(tmp_path) not in found.read
    assert found.names == {pack(tmp_path)}


def test_a_link_that_leads_out_of_the_cache_is_granted_where_it_leads(access, tmp_path):
    """Without that the engine would take the built-in model, and say nothing."""
    (tmp_path / "disk.gguf").write_bytes(b"GGUF")
    snapshot = tmp_path / "cache" / "huggingface" / "models--a--b" / "snapshots" / "1"
    snapshot.mkdir(parents=True)
    (snapshot / "m.gguf").symlink_to(tmp_path / "disk.gguf")
    found = access({"llm": {"hugging_face_repo_id": "a/b", "hugging_face_file_name": "m.gguf"}})
    assert pack(tmp_path / "disk.gguf") in found.read


@pytest.mark.parametrize(("method", "granted"), [("auto", True), ("choose", False)])
def test_the_verdicts_are_read_where_the_method_follows_them(access, method, granted):
    """Whoever says what the model shall do needs none."""
    assert (pack(calibration_store.kept_in()) in access({"llm": {"method": method}}).read) is granted


def test_what_has_been_replaced_has_another_stamp(access, tmp_path):
    """The kernel takes it for another file; so does the host."""
    (tmp_path / "jobs").mkdir()
    found = access({})
    before = found.stamps()
    assert before == found.stamps()
    (tmp_path / "jobs").rename(tmp_path / "moved")
    assert found.stamps()[pack(tmp_path / "jobs")] is None
    (tmp_path / "jobs").mkdir()
    assert found.stamps() != before


@pytest.mark.parametrize("name", ["huggingface", "fetch", "ocr"])
def test_what_is_fetched_later_needs_no_other_engine(access, tmp_path, name):
    """The folders of the cache are there before the engine, with whatever comes into them."""
    found = access({"ocr": {"engine": "aspose", "license": str(tmp_path / "licence")}} if name == "ocr" else {})
    before = found.stamps()
    (tmp_path / "cache" / name / "blobs").mkdir(parents=True)
    assert found.stamps() == before


def test_no_folder_is_made_where_somebody_keeps_models(access, tmp_path, monkeypatch):
    """It may be a mount that is away for now."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "share" / "models"))
    assert pack(tmp_path / "share" / "models") in access({}).read
    assert not (tmp_path / "share").exists()
