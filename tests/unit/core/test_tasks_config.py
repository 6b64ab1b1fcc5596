"""Tasks in the configuration, and what is said about mistakes in them."""

import math
import tomllib

import pytest

from ocrwatchd.core.config import loader
from ocrwatchd.core.config.profile import Task, Work
from tests.paths import CHECKOUT

EXAMPLE = """
[[tasks]]
name = "summary"
prompt = "Sum up."

[[tasks]]
name = "entities"
prompt = "Name them."
output = "json"
quotes = true
[tasks.json_schema]
type = "array"
items = { "$ref" = "#/$defs/entity" }
[tasks.json_schema."$defs".entity]
type = "string"

[profiles.notes]
tasks = []

[[profiles.letters.tasks]]
name = "sender"
prompt = "Who wrote this?"
output = "md"
"""


def refused(text):
    """What is said about a configuration."""
    with pytest.raises(loader.Mistakes) as caught:
        loader.parse(tomllib.loads(text))
    return str(caught.value)


def task(**keys):
    """A task's table with these keys."""
    table = {"name": "t", "prompt": "x"} | keys
    return {"tasks": [table]}


def test_tasks_travel_with_the_job():
    """Schema and all; a profile's tasks stand in place of the others."""
    config = loader.parse(tomllib.loads(EXAMPLE))
    assert [each.suffix for each in config.work().tasks] == [".summary.txt", ".entities.json"]
    assert config.work("notes").tasks == ()
    assert [each.suffix for each in config.work("letters").tasks] == [".sender.md"]
    assert Work.model_validate_json(config.work().model_dump_json()) == config.work()
    assert config.work().tasks[1].json_schema["items"] == {"$ref": "#/$defs/entity"}


def test_all_mistakes_in_tasks_are_named_at_once():
    """Each with its place, as everywhere."""
    said = refused(
        '[[tasks]]\nname = "Sum Up"\nprompt = ""\noutput = "pdf"\n'
        '[[tasks]]\nname = "a"\nprompt = "x"\nmax_tokens = 1\nbudget = 3\n'
        '[[tasks]]\nname = "raw"\nprompt = "x"\n'
        "[gate]\nmax_rewrite = 2.0\n"
    )
    for part in (
        "tasks[0].name = 'Sum Up': use up to 40 small letters, digits and hyphens",
        "tasks[0].prompt = '': must not be empty",
        "tasks[0].output = 'pdf': use 'txt', 'md' or 'json'",
        "tasks[1].max_tokens = 1: must be greater",
        "tasks[1].budget = 3: there is no such key; did you mean 'budget_s'?",
        "tasks[2]: NAME.raw.txt is a file that ocrwatchd itself writes",
        "gate.max_rewrite",
    ):
        assert part in said


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"json_schema": {"type": "arry"}, "output": "json"}, "no JSON Schema (2020-12) at $.type: 'arry'"),
        ({"json_schema": {"$ref": "http://127.0.0.1:9/x"}, "output": "json"}, "$ref leads to no place in the same"),
        ({"json_schema": {"items": {"$ref": "#/$defs/x"}}, "output": "json"}, "'#/$defs/…' does: #/$defs/x"),
        (
            {"json_schema": {"maximum": math.inf}, "output": "json"},
            "json_schema.maximum = inf: must be a finite number",
        ),
        ({"json_schema": {"type": "array"}}, 'are for output = "json"'),
        ({"quotes": True, "output": "md"}, 'are for output = "json"'),
        ({"join_prompt": "x", "output": "json"}, "join_prompt is for texts"),
        ({"name": "reason"}, "NAME.reason.txt is a file that ocrwatchd itself writes"),
    ],
)
def test_what_does_not_go_together_is_refused(keys, words):
    """With what would."""
    with pytest.raises(loader.Mistakes) as caught:
        loader.parse(task(**keys))
    assert words in str(caught.value)


def test_names_are_unique():
    """Two results cannot have one name, in a profile neither."""
    twice = task()["tasks"] * 2
    for table in ({"tasks": twice}, {"profiles": {"x": {"tasks": twice}}}):
        with pytest.raises(loader.Mistakes, match="given twice: t"):
            loader.parse(table)


def test_what_the_documentation_shows_is_accepted():
    """The tasks of the documentation, and those of the example configuration once their marks are taken off."""
    page = (CHECKOUT / "ocrwatchd" / "docs" / "correction.md").read_text(encoding="utf-8")
    shown = "[[tasks]]" + page.partition("```toml\n[[tasks]]")[2].partition("```")[0]
    example = (CHECKOUT / "config.example.toml").read_text(encoding="utf-8")
    marked = "# [[tasks]]" + example.partition("# [[tasks]]")[2]
    unmarked = "\n".join(line.removeprefix("#").removeprefix(" ") for line in marked.splitlines())
    for text in (shown, unmarked):
        tasks = loader.parse(tomllib.loads(text)).work().tasks
        assert [each.suffix for each in tasks] == [".summary.txt", ".entities.json"]
        assert tasks[1].quotes
        assert tasks[1].json_schema["items"]["required"] == ["kind", "text"]
    first = loader.parse(tomllib.loads(unmarked)).work().tasks[0]
    assert first == Task(name="summary", prompt=first.prompt)  # the example shows the defaults
