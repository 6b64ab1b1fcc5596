"""Compiling the OpenSSL bridge, and what is said where it or Aspose is missing."""

from __future__ import annotations

import ctypes
import shutil
import signal
import sys
from pathlib import Path

import pytest

from ocrwatchd.core.errors import EngineUnavailable
from ocrwatchd.ocr import bridge, clr
from ocrwatchd.ocr.bridge.compile import LIBRARY, SOURCE, CannotCompile, compile_bridge, wanted

here = pytest.mark.skipif(not wanted(), reason="the bridge is for x86-64 Linux")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with the C source and nothing else."""
    monkeypatch.delenv("CC", raising=False)
    shutil.copy(bridge.library().with_name(SOURCE), tmp_path)
    return tmp_path


@here
def test_the_bridge_offers_what_openssl_1_1_had(folder):
    """The three missing functions, and through its dependencies all the others, under OpenSSL 1.1's name."""
    loaded = ctypes.CDLL(str(compile_bridge(folder)))
    assert all(hasattr(loaded, name) for name in (*bridge.RENAMED, *bridge.KEPT))
    assert b"libssl.so.1.1\0" in (folder / LIBRARY).read_bytes()


@here
def test_the_bridge_tells_a_digest_s_size(folder):
    """A call goes through to OpenSSL 3: SHA-256 has 32 bytes."""
    loaded = ctypes.CDLL(str(compile_bridge(folder)))
    loaded.EVP_sha256.restype = ctypes.c_void_p
    loaded.EVP_MD_size.argtypes = [ctypes.c_void_p]
    assert loaded.EVP_MD_size(loaded.EVP_sha256()) == 32


@here
def test_cc_names_the_compiler(folder, tmp_path, monkeypatch):
    """$CC is honoured, with its own arguments."""
    seen = tmp_path / "seen"
    compiler = tmp_path / "mycc"
    compiler.write_text(f'#!/bin/sh\necho "$1" > {seen}\nshift\nexec cc "$@"\n')
    compiler.chmod(0o755)
    monkeypatch.setenv("CC", f"{compiler} --mine")
    compile_bridge(folder)
    assert seen.read_text() == "--mine\n"


def test_no_compiler_is_said_plainly(folder, monkeypatch):
    """The person learns which program is missing, and no half-made file stays."""
    monkeypatch.setenv("CC", "/nowhere/cc")
    with pytest.raises(CannotCompile, match=r"no C compiler: /nowhere/cc"):
        compile_bridge(folder)
    assert [path.name for path in folder.iterdir()] == [SOURCE]


def test_a_failing_compiler_keeps_an_earlier_bridge(folder, monkeypatch):
    """A rebuild without OpenSSL 3's library does not take away what works."""
    (folder / LIBRARY).write_bytes(b"earlier")
    monkeypatch.setenv("CC", "false")
    with pytest.raises(CannotCompile, match="false ended with 1"):
        compile_bridge(folder)
    assert (folder / LIBRARY).read_bytes() == b"earlier"


def test_off_x86_64_linux_aspose_is_refused_before_anything_is_loaded(monkeypatch):
    """There are no wheels of Aspose for other machines."""
    monkeypatch.setattr(bridge, "wanted", lambda: False)
    with pytest.raises(EngineUnavailable, match=r'x86-64 Linux only; set ocr.engine = "rapidocr"'):
        bridge.prepare.__wrapped__()


@here
def test_a_missing_package_is_named_with_the_command_that_installs_it(monkeypatch):
    """The remedy can be copied as it stands."""
    monkeypatch.setattr(bridge.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(EngineUnavailable, match=f"{sys.executable} -m pip install aspose-ocr-python-net"):
        bridge.prepare.__wrapped__()


def test_signal_handlers_are_put_back():
    """Also one that replaces Python's at the kernel, as the .NET runtime does."""
    heard = []
    before = signal.signal(signal.SIGHUP, lambda number, frame: heard.append(number))
    try:
        with clr.kept_signals():
            ctypes.CDLL(None).signal(signal.SIGHUP, 1)  # SIG_IGN, behind Python's back
            signal.raise_signal(signal.SIGHUP)
            assert heard == []
        signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert heard == [signal.SIGHUP]


def test_a_licence_that_is_not_there_is_refused_in_words(tmp_path):
    """Aspose is not even asked."""
    assert clr.set_licence(None, Path(tmp_path / "no.lic")) == "No such file or directory"


@pytest.mark.parametrize(
    ("said", "plain"),
    [
        ("Proxy error(ArgumentException): Value is odd.", "Value is odd"),
        ("Proxy error(X): Failed to set license. Details: Cannot find license.", "Cannot find license"),
        ("Proxy error(\x02\x16): outer ---> \x02: inner", "outer"),
        ("something else", "something else"),
    ],
)
def test_the_proxy_s_words_are_left_out(said, plain):
    """What reaches a person's eyes is Aspose's own message."""
    assert clr.plain(RuntimeError(said)) == plain
