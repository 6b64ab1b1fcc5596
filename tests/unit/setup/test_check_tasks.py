"""What `check` says of follow-up tasks."""

from ocrwatchd.core.config import loader
from ocrwatchd.setup.check import model

TASKS = [{"name": "summary", "prompt": "Sum up."}, {"name": "sender", "prompt": "Who?"}]


def told(**tables):
    """The lines for these settings."""
    return [(found.what, found.ok, found.words) for found in model.look_for_tasks(loader.parse(tables))]


def test_nothing_is_said_where_there_are_no_tasks():
    """Most have none."""
    assert told() == []


def test_a_model_that_cannot_do_them_is_a_fault(tmp_path, monkeypatch):
    """Each profile with tasks has its line, with what to do."""
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    builtin, off = told(llm={"model": "builtin"}, tasks=TASKS, profiles={"x": {"llm": {"model": "off"}}})
    assert builtin[:2] == ("tasks", False)
    assert builtin[2].startswith("summary, sender: left out: the built-in model only corrects; for tasks set llm.model")
    assert off[:2] == ("tasks of x", False)
    assert 'llm.model is "off"' in off[2]
    assert told(llm={"model": "builtin"}, tasks=TASKS, profiles={"x": {"tasks": []}})[1:] == []


def test_a_model_of_ones_own_can(tmp_path):
    """Any GGUF file that was made for chat."""
    (tmp_path / "m.gguf").write_bytes(b"GGUF" + bytes(60))
    assert told(llm={"model": str(tmp_path / "m.gguf")}, tasks=TASKS) == [("tasks", True, "summary, sender, by m.gguf")]
