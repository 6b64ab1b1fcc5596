"""Names of sets, made from a template and hostile values."""

import datetime as dt
import os
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrwatchd.core.name_template import BIDI, FIELDS, LONGEST_BYTES, NO_NAME, TEMPLATE_BYTES, parse

DAY = dt.date(2024, 3, 12)


def rendered(template, name="scan", **values):
    """The name that a template gives, of an ordinary scan."""
    return parse(template).render(name, **{"date": DAY, "profile": "mail", "counter": 7} | values)


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("{name}", "scan"),
        ("{date} {name}", "2024-03-12 scan"),
        ("{profile}-{counter:05}", "mail-00007"),
        ("{counter}", "7"),
        ("letter of {date}", "letter of 2024-03-12"),
        ("Brief {name} ({date})", "Brief scan (2024-03-12)"),
    ],
)
def test_a_name_has_its_fields(template, name):
    """Each field stands where the template has it."""
    assert rendered(template) == name


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("{date}_{name}", "scan"),
        ("{name} - {date}", "scan"),
        ("{name} - {date}_{counter}", "scan_7"),
        ("{date} {profile} {name}", "scan"),
        ("{name} ({date})", "scan"),
        ("[{date}] {name}", "scan"),
        ("{name}-{profile}{date}", "scan"),
        ("{profile}{date}.{counter}", "7"),
        ("{name}_{part}", "scan"),
        ("letter of {date}", "letter of"),
    ],
)
def test_an_empty_field_vanishes_with_its_separator(template, name):
    """No date was found, the scan lay in the inbox itself, and it has one part."""
    assert rendered(template, date=None, profile="") == name


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("{name}", "scan-part-03"),
        ("{part} {name}", "03 scan"),
        ("{name} ({date})", "scan (2024-03-12)-part-03"),
    ],
)
def test_parts_are_numbered_so_that_they_sort(template, name):
    """At the end where the template does not say where."""
    assert rendered(template, part=3, parts=12) == name
    names = [rendered(template, part=each, parts=12) for each in range(1, 13)]
    assert names == sorted(names)


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{nam}", r"no field \{nam\}; there are \{name\}, \{date\}"),
        ("{}", "no field"),
        ("{name.__class__}", r"no field \{name.__class__\}"),
        ("{name[0]}", "no field"),
        ("{name!r}", "no field"),
        ("{0}", "no field"),
        ("{name:>99999999}", "only the counter has a width"),
        ("{counter:0}", "of 1 to 9 digits"),
        ("{counter:099}", "of 1 to 9 digits"),
        ("{counter:{name}}", "brace"),
        ("{name", "brace { stands alone"),
        ("name}", "brace } stands alone"),
        ("{{name}}", "brace"),
        ("a/{name}", "no slash"),
        ("..\\{name}", "no slash"),
        ("{name}\n", "no control characters"),
        ("{name}\u202e", "turn the direction"),
        (".{name}", "a dot or a space"),
        (" {name}", "a dot or a space"),
        ("{date}", "could be empty"),
        ("{date}_{profile}-{part}", "could be empty"),
        ("--", "could be empty"),
        ("{name}{name}", "use each field once"),
        ("x" * (TEMPLATE_BYTES + 1), "at most 100 bytes"),
    ],
)
def test_a_template_that_says_nothing_good_is_refused(template, words):
    """When the configuration is loaded, with the remedy."""
    with pytest.raises(ValueError, match=words):
        parse(template)


@pytest.mark.parametrize("name", [".hidden", "a\tb", "x\u202ey", "n" * 250, "", "..", os.fsdecode(b"\xff")])
def test_the_name_alone_stays_as_it_is(name):
    """Without a template of its own a set is named as ever."""
    assert rendered("{name}", name) == name


@pytest.mark.parametrize(
    ("name", "profile", "expected"),
    [
        ("{profile}", "{name}", "{name} {profile}"),
        ("../../etc/passwd", "p", "p .._.._etc_passwd"),
        ("a\0b\x9bc\u2028d", "..", "a_b_c_d"),
        ("\u202efdp", "p", "p _fdp"),
        (os.fsdecode(b"caf\xe9"), "p", "p caf\udce9"),
        ("\ud800", "p", "p _"),
        ("", "", NO_NAME),
    ],
)
def test_hostile_values_are_shown_and_not_obeyed(name, profile, expected):
    """Braces in a name are no fields, and what no name should have is replaced."""
    assert rendered("{profile} {name}", name, profile=profile) == expected


def test_a_leading_dot_comes_from_the_scans_own_name_only():
    """A hidden scan stays hidden, and no folder hides a set."""
    assert rendered("{name} {date}", ".hidden").startswith(".hidden")
    assert rendered("{profile}{name}", "scan", profile=".x").startswith("x")


def test_a_long_name_loses_its_own_end_only():
    """What tells sets apart stays: the date and the numbers behind the name."""
    name = rendered("{name} {date} {counter:05}", "\N{HIRAGANA LETTER A}" * 200, part=2, parts=30)
    assert name.endswith(" 2024-03-12 00007-part-02")
    assert LONGEST_BYTES - 3 < len(os.fsencode(name)) <= LONGEST_BYTES


FIELD = st.sampled_from([*(f"{{{field}}}" for field in FIELDS), "{counter:07}"])
LITERAL = st.text(" -_.x()[\u00e9", max_size=8)
HOSTILE = st.text(st.sampled_from("./\\ {}name\0\n\x7f\u202e\u2066\udcff\ud800\U0001f600"), max_size=300)


@given(
    st.lists(FIELD | LITERAL, min_size=1, max_size=6).map("".join),
    HOSTILE,
    st.fixed_dictionaries(
        {"date": st.none() | st.dates(), "profile": HOSTILE, "counter": st.integers(0, 10**9)}
        | dict.fromkeys(("part", "parts"), st.shared(st.integers(1, 5000)))
    ),
)
def test_every_name_is_a_plain_file_name(template, name, values):
    """Whatever a template is given, its name stays in its folder and can be shown."""
    try:
        parsed = parse(template)
    except ValueError:
        return
    if template == "{name}" and values["parts"] == 1:
        return
    made = parsed.render(name, **values)
    assert "/" not in made
    assert made.strip(". ")
    assert name.startswith(".") or not made.startswith(".")
    assert not any(unicodedata.category(each) == "Cc" or each in BIDI for each in made)
    assert len(os.fsencode(made)) <= LONGEST_BYTES
