"""Finding the model's file, and saying what to do where there is none."""

import os
import subprocess
import sys

import pytest

from ocrwatchd.core.config.profile import Llm
from ocrwatchd.core.config.schema import cache_directory
from ocrwatchd.core.errors import ModelUnavailable
from ocrwatchd.llm import cache, models
from ocrwatchd.llm.models import BUILTIN, fetchable, resolve, why_builtin


@pytest.fixture
def model(tmp_path):
    """A file that begins like a model."""
    file = tmp_path / "small.gguf"
    file.write_bytes(b"GGUF\x03\0\0\0")
    return file


def refusal(**settings):
    """What is said about these settings."""
    with pytest.raises(ModelUnavailable) as caught:
        resolve(Llm(**settings))
    return str(caught.value)


def test_a_path_is_the_model(model):
    """``llm.model`` names the file."""
    assert resolve(Llm(model=str(model))) == model


def test_the_built_in_model_lies_in_the_package(model, tmp_path):
    """Whoever asks for it gets it, whatever other models there are."""
    assert resolve(Llm(model="builtin")) == resolve(Llm(model="builtin", directory_model_path=str(tmp_path))) == BUILTIN
    assert BUILTIN.read_bytes()[:4] == b"GGUF"


def test_without_its_file_the_remedy_is_told(monkeypatch, tmp_path):
    """A package that was taken apart."""
    monkeypatch.setattr(models, "BUILTIN", tmp_path / "gone.gguf")
    assert "the built-in model is missing; install ocrwatchd again" in refusal(model="builtin")
    assert "install ocrwatchd again" in refusal()


def test_a_path_beside_a_directory_wins(model, tmp_path):
    """The more particular key decides."""
    assert resolve(Llm(model=str(model), directory_model_path=str(tmp_path / "nowhere"))) == model


@pytest.mark.parametrize("choice", ["auto", "huggingface"])
def test_a_directory_with_one_model_goes_before_the_cache(model, tmp_path, choice):
    """A model put in place by hand is taken before anything is fetched."""
    (tmp_path / "README.txt").touch()
    assert resolve(Llm(model=choice, directory_model_path=str(tmp_path))) == model


def test_a_directory_path_may_name_the_file(model):
    """``directory_model_path`` takes a file too."""
    assert resolve(Llm(directory_model_path=str(model))) == model


def test_a_split_model_is_its_first_part(tmp_path):
    """Later parts are found by llama.cpp itself."""
    parts = [tmp_path / f"big-{number:05}-of-00002.gguf" for number in (1, 2)]
    for part in parts:
        part.write_bytes(b"GGUF")
    assert resolve(Llm(directory_model_path=str(tmp_path))) == parts[0]
    assert "big-00001-of-00002.gguf" in refusal(model=str(parts[1]))
    parts[1].unlink()
    assert "1 of its 2 parts are missing" in refusal(model=str(parts[0]))


def test_several_models_are_named(model, tmp_path):
    """Which one is meant is for the person to say."""
    (tmp_path / "other.gguf").write_bytes(b"GGUF")
    said = refusal(directory_model_path=str(tmp_path))
    assert "small.gguf" in said
    assert "other.gguf" in said


def test_what_is_missing_is_told_with_its_remedy(tmp_path):
    """No model, no file, an empty folder: each says which key to set."""
    assert "`ocrwatchd models pull`" in refusal(model="huggingface")
    assert "no such file" in refusal(model=str(tmp_path / "nowhere.gguf"))
    assert "no .gguf file in this folder" in refusal(directory_model_path=str(tmp_path))
    assert refusal(model="off") == 'llm.model is "off"'


def test_a_file_that_is_no_model_is_refused(tmp_path):
    """A download page saved under the model's name is a common one."""
    file = tmp_path / "page.gguf"
    file.write_text("<!doctype html>")
    assert "not a GGUF file" in refusal(model=str(file))


def test_a_fifo_does_not_hold_anyone_up(tmp_path):
    """It is refused without being opened."""
    os.mkfifo(tmp_path / "pipe.gguf")
    assert "not a regular file" in refusal(model=str(tmp_path / "pipe.gguf"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_is_told_apart(model):
    """It is there, but not for this user."""
    model.chmod(0)
    assert "not readable" in refusal(model=str(model))


COMMITS = ["1" * 40, "2" * 40]


@pytest.fixture
def cached(tmp_path, monkeypatch):
    """Put a model into the cache, as the library lays it out."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))

    def put(name, commit=COMMITS[0], repository="Qwen/Qwen2.5-3B-Instruct-GGUF", content=b"GGUF\x03"):
        base = tmp_path / "hub" / f"models--{repository.replace('/', '--')}"
        place = base / "snapshots" / commit / name
        place.parent.mkdir(parents=True, exist_ok=True)
        blob = base / "blobs" / f"{commit}{name.replace('/', '-')}"
        blob.parent.mkdir(exist_ok=True)
        blob.write_bytes(content)
        place.symlink_to(blob)
        return place

    return put


def test_auto_takes_the_built_in_model_until_the_other_is_here(cached):
    """At once, with the reason; what is damaged or named wrongly is no better than what is missing."""
    assert resolve(Llm()) == resolve(Llm(allow_auto_download=False)) == BUILTIN
    assert "not on this machine" in why_builtin(Llm())
    assert resolve(Llm(hugging_face_repo_id="../x")) == BUILTIN
    assert "is no repository" in why_builtin(Llm(hugging_face_repo_id="../x"))
    place = cached("m-q8_0.gguf", content=b"<!doctype html>")
    assert resolve(Llm()) == BUILTIN
    assert "not a GGUF file" in why_builtin(Llm())
    place.resolve().write_bytes(b"GGUF")
    assert (resolve(Llm()), why_builtin(Llm())) == (place, "")


def test_only_auto_changes_over_to_the_built_in_model(tmp_path):
    """Who has named a model gets that one or none."""
    assert "not on this machine" in refusal(model="huggingface")
    assert "no such file" in refusal(directory_model_path=str(tmp_path / "nowhere"))
    for llm in (Llm(model="huggingface"), Llm(model="builtin"), Llm(model="off"), Llm(model="/x.gguf")):
        assert why_builtin(llm) == ""


@pytest.mark.parametrize("choice", ["auto", "huggingface"])
def test_a_cached_model_is_found(cached, choice):
    """Without the network and without the library."""
    place = cached("x/m-q8_0.gguf")
    cached("m-q4_k_m.gguf")
    assert resolve(Llm(model=choice)) == place


def test_the_branchs_own_revision_goes_first(cached):
    """Then the latest; what is only in an older one is found too."""
    old, new = cached("m-q8_0.gguf", COMMITS[0]), cached("m-q8_0.gguf", COMMITS[1])
    os.utime(old.parent, (1, 1))
    assert resolve(Llm()) == new
    main = old.parents[2] / "refs" / "main"
    main.parent.mkdir()
    main.write_text(COMMITS[0])
    assert resolve(Llm()) == old
    older = cached("m-q4_k_m.gguf", COMMITS[1])
    assert resolve(Llm(hugging_face_quantization="int4")) == older


def test_a_link_without_its_blob_is_no_model(cached):
    """Somebody has cleared the cache."""
    cached("m-q8_0.gguf").resolve().unlink()
    assert "not on this machine" in refusal(model="huggingface")


def test_a_half_download_and_the_last_failure_are_told(cached):
    """The receipt of a raw text says why it is raw."""
    place = cached("m-q4_k_m.gguf")
    (place.resolve().parent / "abc.incomplete").write_bytes(bytes(3_000_000))
    cache.note_failure(Llm().hugging_face_repo_id, "the hub was out for lunch")
    said = refusal(model="huggingface")
    assert "3 MB are downloaded so far" in said
    assert "failed: the hub was out for lunch" in said
    cache.note_failure(Llm().hugging_face_repo_id, "")
    assert "lunch" not in refusal(model="huggingface")


def test_what_to_do_is_told_whoever_asks(monkeypatch):
    """No daemon is promised where none may be; nor a download where the network is to be left alone."""
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    assert "the running daemon or `ocrwatchd models pull` downloads the model" in refusal(model="huggingface")
    for word in ("1", "true"):
        monkeypatch.setenv("HF_HUB_OFFLINE", word)
        for allowed in (True, False):
            said = refusal(model="huggingface", allow_auto_download=allowed)
            assert "HF_HUB_OFFLINE is set: unset HF_HUB_OFFLINE for `ocrwatchd models pull`" in said
            assert "downloads the model" not in said


def test_a_damaged_model_in_the_cache_is_told_with_its_remedy(cached):
    """Which is another than for one that was put in place by hand."""
    place = cached("m-q8_0.gguf", content=b"<!doctype html>")
    assert "not a GGUF file; run `ocrwatchd models pull`" in refusal(model="huggingface")
    assert "not a GGUF file; download the model again" in refusal(model=str(place))


def test_with_downloads_off_nothing_is_promised(monkeypatch):
    """What to do then is for the person."""
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    assert "llm.allow_auto_download is false" in refusal(model="huggingface", allow_auto_download=False)


@pytest.mark.parametrize("name", ["../../etc", "a/b/c", "", "a//b", "x/..", "a/b--c", "/a/b"])
def test_a_name_that_leads_elsewhere_is_no_repository(name):
    """It never becomes a path."""
    assert "is no repository" in refusal(model="huggingface", hugging_face_repo_id=name)


def test_where_the_cache_lies(monkeypatch, tmp_path):
    """The user's own where one is named, else a folder of ocrwatchd's."""
    assert cache.root() == cache_directory() / "huggingface"
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    assert cache.root() == tmp_path / "hub"
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "mine"))
    assert cache.root() == tmp_path / "mine"


def test_only_a_missing_model_that_may_be_fetched_is_fetchable(cached, model):
    """Not one that is here, put in place by hand, forbidden, or not a repository's."""
    assert fetchable(Llm())
    assert fetchable(Llm(model="huggingface"))
    assert not fetchable(Llm(allow_auto_download=False))
    assert not fetchable(Llm(directory_model_path=str(model)))
    assert not fetchable(Llm(model=str(model)))
    assert not fetchable(Llm(model="off"))
    assert not fetchable(Llm(hugging_face_repo_id="../x"))
    cached("m-q8_0.gguf")
    assert not fetchable(Llm())


def test_looking_for_the_model_loads_no_engine():
    """``check`` stays quick: neither numpy nor llama.cpp comes with it."""
    code = (
        "import sys, ocrwatchd.llm.models\n"
        "print(sorted({'huggingface_hub', 'numpy', 'llama_cpp', 'rapidfuzz', 'jinja2'} & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
