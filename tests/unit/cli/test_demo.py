"""The demo's words and its configuration; what it shows, tests/e2e/test_cli.py sees."""

import contextlib

import pytest

from ocrwatchd.cli.demo import run_demo
from ocrwatchd.core.config import loader


@pytest.mark.parametrize("prompt", ["Mend this \U0001f600 text", 'A tab \t, a quote " and \x7f'])
def test_whatever_the_settings_say_reaches_the_daemon(tmp_path, prompt):
    """Its configuration is TOML whatever characters a prompt holds."""
    given = tmp_path / "given.toml"
    escaped = prompt.replace('"', '\\"').replace("\t", "\\t").replace("\x7f", "\\u007F")
    given.write_text(f'[llm]\nprompt = "{escaped}"\n', encoding="utf-8")
    written = loader.load(run_demo._write_settings(tmp_path, "rapidocr", given))
    assert (written.llm.prompt, written.llm.model) == (prompt, "builtin")


def test_a_scan_that_was_set_aside_was_not_delivered(monkeypatch, capsys):
    """Without a text the demo says so, why, and ends with 1."""

    @contextlib.contextmanager
    def daemon(root, _settings):
        for name in ("inbox", "failed"):
            (root / name).mkdir()
        (root / "failed" / "letter.reason.txt").write_text("Why: it was a bad day")
        yield

    monkeypatch.setattr(run_demo, "_daemon", daemon)
    monkeypatch.setattr(run_demo, "_await_receipt", lambda *_: None)
    assert run_demo.show("auto", keep=False, config=None) == 1
    said = capsys.readouterr().out
    assert "delivered" not in said
    assert "set aside" in said
    assert "a bad day" in said
