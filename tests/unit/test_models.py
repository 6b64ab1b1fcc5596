"""Finding the model's file, and saying what to do where there is none."""

import os
import subprocess
import sys

import pytest

from ocrwatchd.config import Llm
from ocrwatchd.correct.models import resolve
from ocrwatchd.errors import ModelUnavailable


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


def test_a_path_beside_a_directory_wins(model, tmp_path):
    """The more particular key decides."""
    assert resolve(Llm(model=str(model), directory_model_path=str(tmp_path / "nowhere"))) == model


@pytest.mark.parametrize("choice", ["auto", "builtin", "huggingface"])
def test_a_directory_with_one_model_serves_every_choice(model, tmp_path, choice):
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
    assert "set llm.model to the path of a .gguf file" in refusal()
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


def test_looking_for_the_model_loads_no_engine():
    """``check`` stays quick: neither numpy nor llama.cpp comes with it."""
    code = (
        "import sys, ocrwatchd.correct.models\n"
        "print(sorted({'numpy', 'llama_cpp', 'rapidfuzz', 'jinja2'} & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
