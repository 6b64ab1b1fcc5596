"""Files that tell the service what to do."""

import os
from pathlib import Path

import pytest

from ocrwatchd.core.config import loader
from ocrwatchd.core.config.profile import Ocr
from ocrwatchd.core.errors import ConfigError, EngineUnavailable
from ocrwatchd.core.fs import permissions
from ocrwatchd.ocr import selection
from tests.programs import needs_root

STRANGER = 4711


@pytest.fixture
def settings(tmp_path):
    """A configuration file of this user in a folder of its own."""
    (tmp_path / "etc").mkdir(mode=0o755)
    path = tmp_path / "etc" / "config.toml"
    path.write_text('[ocr]\nengine = "rapidocr"\n')
    path.chmod(0o644)
    return path


def test_a_file_of_this_user_or_root_is_believed(settings):
    """Readable by all is in order, and so is what systemd hands over as a credential."""
    assert loader.load(settings).ocr.engine == "rapidocr"
    settings.chmod(0o400)
    settings.parent.chmod(0o500)
    assert permissions.unsafe_reason(settings, "licence file") == ""


@pytest.mark.parametrize("mode", [0o664, 0o646, 0o666])
def test_a_file_that_others_may_write_is_refused(settings, mode):
    """The message names the file and the command that mends it, and that command does."""
    settings.chmod(mode)
    with pytest.raises(ConfigError, match=f"mode {mode:04o}.*chmod go-w '{settings}'"):
        loader.load(settings)
    settings.chmod(mode & ~0o022)
    loader.load(settings)


def test_a_folder_in_which_others_may_exchange_it_is_refused(settings):
    """Whoever may write in the folder can put another file there; not in one with the sticky bit."""
    settings.parent.chmod(0o777)
    with pytest.raises(ConfigError, match=f"chmod go-w '{settings.parent}'"):
        loader.load(settings)
    settings.parent.chmod(0o1777)
    loader.load(settings)


def test_a_link_in_a_folder_in_which_others_may_exchange_it_is_refused(settings, tmp_path):
    """What the link leads to today is safe; tomorrow it may lead elsewhere."""
    (tmp_path / "shared").mkdir()
    link = tmp_path / "shared" / "config.toml"
    link.symlink_to(settings)
    loader.load(link)
    link.parent.chmod(0o777)
    with pytest.raises(ConfigError, match=f"chmod go-w '{link.parent}'"):
        loader.load(link)


def test_a_file_of_another_user_is_refused(settings):
    """Its owner could change it, whatever its mode."""
    needs_root()
    os.chown(settings, STRANGER, -1)
    settings.chmod(0o400)
    with pytest.raises(ConfigError, match=f"uid {STRANGER}.*chown 0 '{settings}'"):
        loader.load(settings)


def test_a_link_counts_for_what_it_leads_to(settings, tmp_path):
    """A link does not make a stranger's file one of ours."""
    (tmp_path / "open.toml").write_text("")
    (tmp_path / "open.toml").chmod(0o666)
    settings.unlink()
    settings.symlink_to(tmp_path / "open.toml")
    with pytest.raises(ConfigError, match="chmod go-w"):
        loader.load(settings)


def test_settings_through_a_pipe_are_read():
    """``--config <(…)``: the shell's pipe is nobody else's."""
    reading, writing = os.pipe()
    try:
        os.write(writing, b'[ocr]\nengine = "rapidocr"\n')
        os.close(writing)
        config = loader.load(Path(f"/proc/self/fd/{reading}"))
    finally:
        os.close(reading)
    assert config.ocr.engine == "rapidocr"


@pytest.mark.parametrize("by", ["setting", "credential"])
def test_a_licence_that_others_may_write_is_refused(tmp_path, monkeypatch, by):
    """Whether it was configured or came as a credential; an engine that needs none does not mind."""
    licence = tmp_path / "aspose-license"
    licence.write_text("<License/>")
    licence.chmod(0o666)
    ocr = Ocr(license=str(licence)) if by == "setting" else Ocr()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    with pytest.raises(EngineUnavailable, match=f"the licence file .*chmod go-w '{licence}'"):
        selection.choose(ocr)
    assert selection.choose(ocr.model_copy(update={"engine": "rapidocr"})).name == "rapidocr"
    licence.chmod(0o400)
    assert selection.choose(ocr).name == "aspose"
