"""What a loaded model tells the log, and the person where it fails."""

import llama_cpp
import pytest
from structlog.testing import capture_logs

from ocrwatchd.core.config.profile import Llm
from ocrwatchd.llm import native
from tests.gguf_factory import noise

pytestmark = pytest.mark.slow


@pytest.fixture
def load(tmp_path):
    """Load a tiny model; its memory is freed with the test."""
    loaded = []

    def make(**settings):
        loaded.append(native.Native(noise(tmp_path / "tiny.gguf"), Llm(context_size=512, threads=1, **settings)))
        return loaded[-1]

    yield make
    for each in loaded:
        each.close()


def test_a_model_is_told_once_with_what_it_got(load):
    """By an event like all the others; the file's name, and no path."""
    with capture_logs() as told:
        load()
    assert told == [
        {"event": "model.loaded", "log_level": "info", "model": "tiny.gguf", "context": 512, "threads": 1},
    ]


@pytest.mark.parametrize(("code", "on_gpu", "helps"), [(-3, True, True), (-3, False, False), (1, True, False)])
def test_a_failure_with_layers_on_the_gpu_says_what_helps(load, monkeypatch, code, on_gpu, helps):
    """Its memory may be full; no such failure can be had without a GPU, so the library's answer is put in its mouth."""
    model = load()
    model._on_gpu = on_gpu
    monkeypatch.setattr(llama_cpp, "llama_decode", lambda *_: code)
    with pytest.raises(native.NativeFailure, match=rf"llama_decode: {code}\)") as caught:
        model.advance([1], 0)
    assert ("lower llm.gpu_layers" in str(caught.value)) == helps


def test_a_build_with_amx_keeps_to_avx(load, monkeypatch):
    """GCC 12 compiles AMX's set-up wrongly: a pass of more than a few tokens ended the engine by SIGILL."""
    settings = llama_cpp.llama_model_default_params()
    monkeypatch.setattr(llama_cpp, "llama_model_default_params", lambda: settings)
    monkeypatch.setattr(llama_cpp, "llama_print_system_info", lambda: b"CPU : AVX512 = 1 | AMX_INT8 = 1 | ")
    load().advance(list(range(1, 65)), 0)
    assert not settings.use_extra_bufts
