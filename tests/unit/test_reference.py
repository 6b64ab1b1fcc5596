"""The reference page names each verb, option, key, exit code and variable that there is, and no other."""

import argparse
import re
import tomllib
from pathlib import Path
from typing import Annotated, Literal, get_args, get_origin

import pytest
from annotated_types import Ge, Le
from pydantic_core import PydanticUndefined

import ocrwatchd
from ocrwatchd.cli import main
from ocrwatchd.core.config import loader, profile
from ocrwatchd.core.config.profile import Task, Work
from ocrwatchd.core.config.schema import Config
from ocrwatchd.core.errors import OcrwatchdError
from ocrwatchd.core.file_types import OUTPUT_SUFFIXES

PACKAGE = Path(ocrwatchd.__file__).parent
PAGE = (PACKAGE / "docs" / "reference.md").read_text(encoding="utf-8")

NOT_FOR_PEOPLE = {"CC", "OCRWATCHD_TEST_DATA", "ORT_DISABLE_TELEMETRY", "HF_HUB_DISABLE_TELEMETRY"}
"""Variables of the build and of the training, and those that ocrwatchd itself sets, whatever they were."""


def chapter(title):
    """The part of the page under a heading of the second level."""
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def parts(text):
    """Each heading of the third level, without its marks, and the text under it."""
    return dict(re.findall(r"^### `(.+?)`\n(.*?)(?=^### |\Z)", text, re.DOTALL | re.MULTILINE))


def rows(text):
    """The cells of a table's rows, without its head."""
    table = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table[2:]]


VERBS = parts(chapter("Verbs"))
SECTIONS = parts(chapter("Configuration"))


def actions_of(parser):
    """The arguments of a parser that help shows."""
    hidden = (argparse._HelpAction, argparse._VersionAction, argparse._SubParsersAction)
    return [each for each in parser._actions if each.help != argparse.SUPPRESS and not isinstance(each, hidden)]


def parsers(parser, name=""):
    """Each verb with its parser; the actions of a verb in place of a verb that has some."""
    below = [each for each in parser._actions if isinstance(each, argparse._SubParsersAction)]
    if not below:
        yield name, parser
    for action in below:
        for word, made in action.choices.items():
            yield from parsers(made, f"{name} {word}".strip())


PARSERS = dict(parsers(main._parser()))


def spelled(action):
    """An argument as the page has it: its names and what follows them."""
    value = "" if action.nargs == 0 else action.metavar or action.dest.upper()
    value += "…" if action.nargs in {"+", "*"} else ""
    if not action.option_strings:
        return f"`[{value}]`" if action.nargs in {"?", "*"} else f"`{value}`"
    *others, last = action.option_strings
    return ", ".join((*(f"`{name}`" for name in others), f"`{last} {value}`".replace(" `", "`")))


def described(verb):
    """The arguments of a verb that stand on the page, each with what is said of it."""
    return dict(rows(VERBS[verb]))


def test_every_verb_stands_there_and_no_other():
    """The headings are the verbs."""
    assert set(VERBS) == set(PARSERS)


@pytest.mark.parametrize("verb", PARSERS)
def test_every_argument_stands_there_with_its_values_and_its_default(verb):
    """A verb's table has the arguments of its parser; each with its choices and its default."""
    actions = {spelled(each): each for each in actions_of(PARSERS[verb]) if each.dest != "config"}
    told = described(verb)
    assert set(told) == set(actions)
    for name, action in actions.items():
        for choice in action.choices or ():
            assert f"`{choice}`" in told[name]
        if action.default not in (None, False, "", []):
            shown = f"{action.default:g}" if isinstance(action.default, float) else action.default
            assert told[name].endswith(f"default: `{shown}`")
        else:
            assert "default:" not in told[name]


def test_the_configuration_can_be_named_for_every_verb_but_service():
    """As the page's first lines say."""
    without = {name for name, parser in PARSERS.items() if "--config" not in parser._option_string_actions}
    assert without == {name for name in PARSERS if name.startswith("service ")}
    assert "`--config FILE` names the configuration file for every verb but `service`" in chapter("Verbs")


def sections():
    """Each table of the file with its model; ``profiles`` with what stands in no other table."""
    for name, field in Config.model_fields.items():
        if name not in {"tasks", "profiles"}:
            yield f"[{name}]", field.annotation.model_fields
    yield "[[tasks]]", Task.model_fields
    own = {name: field for name, field in Work.model_fields.items() if name not in Config.model_fields}
    yield "[profiles.NAME]", own


MODELS = dict(sections())
KEYS = [(section, key) for section, fields in MODELS.items() for key in fields]


def keys_of(section):
    """A table's keys on the page, each with default, values and meaning."""
    return {name.strip("`"): cells for name, *cells in rows(SECTIONS[section])}


def test_every_table_stands_there_and_no_other():
    """The headings are the configuration's tables."""
    assert set(SECTIONS) == set(MODELS)


@pytest.mark.parametrize("section", MODELS)
def test_every_key_stands_there_and_no_other(section):
    """A table's rows are the keys of its model."""
    assert list(keys_of(section)) == list(MODELS[section])


@pytest.mark.parametrize(("section", "key"), KEYS)
def test_every_default_is_the_schemas(section, key):
    """What stands in the table, or in the block below it, is the value that holds without the key."""
    field = MODELS[section][key]
    shown = keys_of(section)[key][0]
    if field.is_required():
        assert shown == "required"
        return
    if shown == "below":
        given = tomllib.loads(SECTIONS[section].partition("```toml\n")[2].partition("```")[0])[key]
    else:
        assert shown.startswith("`")
        given = tomllib.loads(f"x = {shown.strip('`')}")["x"]
    default = field.get_default(call_default_factory=True)
    assert default is not PydanticUndefined
    assert given == (list(default) if isinstance(default, tuple) else default)
    assert type(given) is (list if isinstance(default, tuple) else type(default))


def leaves(annotation):
    """Every type that an annotation is made of, with what limits it."""
    yield annotation
    for each in get_args(annotation) if get_origin(annotation) is not Literal else ():
        yield from leaves(each)


def limits(field):
    """The least and the greatest value that a key takes, each where there is one."""
    found = list(field.metadata)
    for each in leaves(field.annotation):
        if get_origin(each) is Annotated:
            found += [part for info in each.__metadata__ for part in getattr(info, "metadata", [])]
    least = next((each.ge for each in found if isinstance(each, Ge)), None)
    return least, next((each.le for each in found if isinstance(each, Le)), None)


@pytest.mark.parametrize(("section", "key"), KEYS)
def test_every_limit_and_every_choice_is_the_schemas(section, key):
    """The range of a number, and the words that a key takes, stand beside it."""
    field = MODELS[section][key]
    default, values, _ = keys_of(section)[key]

    def shown(number):
        return oct(number) if default.startswith("`0o") else f"{number:,g}" if number < 1e6 else f"{number:,}"

    least, greatest = limits(field)
    said = re.findall(r"(-?[0-9][0-9a-z,.]*) (to (-?[0-9][0-9a-z,.]*)|or more)", values)
    if least is None:
        assert not said
    else:
        rest = f"to {shown(greatest)}" if greatest is not None else "or more"
        assert [each[:2] for each in said] == [(shown(least), rest)]
    choices = [word for each in leaves(field.annotation) if get_origin(each) is Literal for word in get_args(each)]
    if choices:
        assert re.findall(r'`"([a-z0-9-]*)"`', values) == choices
    if field.annotation is bool:
        assert values == "`true`, `false`"


def test_our_formats_and_named_models_stand_there():
    """Which are no part of the schema's types."""
    assert re.findall(r'`"([a-z]+)"`', keys_of("[output]")["formats"][1]) == list(OUTPUT_SUFFIXES)
    assert re.findall(r'`"([a-z]+)"`', keys_of("[llm]")["model"][1]) == ["auto", "builtin", "huggingface", "off"]


def test_what_a_profile_may_set_and_what_belongs_to_a_machine_stand_there():
    """Both lists are the code's."""
    text = SECTIONS["[profiles.NAME]"]
    may = text.partition("may set keys of ")[2].partition(".")[0]
    assert re.findall("`([a-z]+)`", may) == list(loader.SHARED)
    machine = text.partition("**Several machines.**")[2]
    bound = [f"{section}.{key}" for section, keys in profile.MACHINE_BOUND.items() for key in keys]
    assert re.findall("`([a-z_.]+)`", machine) == bound


def test_the_profiles_of_the_page_are_accepted():
    """Its example can be copied."""
    example = SECTIONS["[profiles.NAME]"].partition("```toml\n")[2].partition("```")[0]
    config = loader.parse(tomllib.loads(example))
    assert config.work("invoices").priority == 5
    assert config.work("notes").ocr.mode == "handwritten"
    assert config.work("de").ocr.languages == ("deu",)


def errors(base=OcrwatchdError):
    """Every error of ours."""
    yield base
    for each in base.__subclasses__():
        yield from errors(each)


def test_every_exit_code_stands_there_and_no_other():
    """The codes of the table are those of the command line's help, and of every error."""
    told = {int(code) for code, _ in rows(chapter("Exit codes"))}
    assert told == set(main.EXIT_CODES)
    assert {each.exit_code for each in errors() if each.__module__.startswith("ocrwatchd")} <= told


def test_every_variable_that_is_read_stands_there_and_no_other():
    """The sources ask the environment for these variables; each that stands on the page occurs in the sources."""
    told = {name for cell, _ in rows(chapter("Environment variables")) for name in re.findall("`([A-Z_]+)`", cell)}
    sources = "\n".join(path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py"))
    asked = set(re.findall(r'environ(?:\.get\(|\.setdefault\(|\[)"([A-Z_]+)"', sources))
    asked |= set(re.findall(r'_directory\("([A-Z_]+)"', sources))
    assert asked - NOT_FOR_PEOPLE <= told
    assert not [name for name in told if f'"{name}"' not in sources]
