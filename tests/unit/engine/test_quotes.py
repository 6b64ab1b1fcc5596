"""Strings that have to occur in the text."""

import json

import pytest

from ocrwatchd.engine.process.tasks.quotes import Quotes

TEXT = "Dear Ann\n  Lee,\n\nyour bill no. 2012-7 of 3 May\tcomes to 12.50 EUR. 我在北京大学学习。 GRÜẞE"


@pytest.mark.parametrize(
    "quoted",
    [
        "Ann Lee",
        "Ann\nLee",
        "3 May",
        "12.50",
        "12.50 EUR",
        "2012-7",
        "北京",
        "",
        "no.",
        "Dear Ann Lee, your bill",
        "GRÜẞE",
    ],
)
def test_what_occurs_stays(quoted):
    """However its white space is written; in scripts without spaces between words also inside of others."""
    quotes = Quotes(TEXT, {})
    assert (quotes.kept([quoted]), quotes.dropped) == ([quoted], 0)


@pytest.mark.parametrize(
    "quoted", ["Anna", "An", "ann lee", "Lee Ann", "012", "2.5", "50 EU", "Bob", "上海", "2012-7 of 3 June"]
)
def test_what_does_not_occur_goes(quoted):
    """Also what is only a part of a word or a number, or is written otherwise."""
    quotes = Quotes(TEXT, {})
    assert (quotes.kept([quoted]), quotes.dropped) == ([], 1)


def test_an_entry_goes_as_a_whole_and_a_field_becomes_null():
    """Half an entity would say something else; a record keeps its fields."""
    value = {
        "sender": "Bob",
        "name": "Ann Lee",
        "sums": [{"of": "12.50 EUR", "for": {"what": "bill"}}, {"of": "12.50 EUR", "for": {"what": "horse"}}],
        "tags": ["bill", "horse"],
        "pages": 3,
        "paid": None,
    }
    quotes = Quotes(TEXT, {})
    assert quotes.kept(value) == {
        "sender": None, "name": "Ann Lee", "sums": [{"of": "12.50 EUR", "for": {"what": "bill"}}], "tags": ["bill"],
        "pages": 3, "paid": None,
    }  # fmt: skip
    assert quotes.dropped == 3


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"properties": {"kind": {"enum": ["invoice"]}}}, {"kind": "invoice"}),
        ({"properties": {"kind": {"const": "invoice"}}}, {"kind": "invoice"}),
        ({"properties": {"kinds": {"items": {"enum": ["invoice"]}}}}, {"kinds": ["invoice"]}),
        ({"properties": {"kind": {"anyOf": [{"type": "null"}, {"enum": ["invoice"]}]}}}, {"kind": "invoice"}),
        ({"properties": {"kind": {"$ref": "#/$defs/k"}}, "$defs": {"k": {"enum": ["invoice"]}}}, {"kind": "invoice"}),
        ({"items": {"enum": ["invoice"]}}, ["invoice"]),
        ({"enum": ["invoice"]}, "invoice"),
    ],
)
def test_labels_are_no_quotations(schema, value):
    """Where the schema itself gives the choice, the operator has written the words."""
    quotes = Quotes(TEXT, schema)
    assert (quotes.kept(value), quotes.dropped) == (value, 0)


def test_a_label_excuses_no_other_field():
    """A person who is called like a label must still occur."""
    schema = {"items": {"properties": {"kind": {"enum": ["invoice"]}, "name": {"type": "string"}}}}
    quotes = Quotes(TEXT, schema)
    assert quotes.kept([{"kind": "invoice", "name": "invoice"}]) == []


def test_a_label_is_the_schemas_own_word():
    """Where the schema gives a choice among others, or for the same key elsewhere, anything else must occur."""
    choice = {"properties": {"name": {"anyOf": [{"type": "string"}, {"enum": ["unknown"]}]}}}
    assert Quotes(TEXT, choice).kept({"name": "unknown"}) == {"name": "unknown"}
    assert Quotes(TEXT, choice).kept({"name": "Bob"}) == {"name": None}
    elsewhere = {"properties": {"paper": {"properties": {"type": {"const": "bill"}}}, "people": {"type": "array"}}}
    assert Quotes(TEXT, elsewhere).kept({"people": [{"type": "Bob"}]}) == {"people": []}


def test_composed_letters_are_one():
    """However Unicode writes an accent, a name with it occurs, and the letter below it alone does not."""
    for text in ("Rene\u0301 n\u0331", "Ren\u00e9 n\u0331"):
        assert Quotes(text, {}).kept(["Rene\u0301", "Ren\u00e9", "Rene", "n"]) == ["Rene\u0301", "Ren\u00e9"]


def test_schemas_may_go_in_circles():
    """A schema of trees refers to itself, in several places."""
    tree = {"properties": {"a": {"$ref": "#/$defs/t"}, "b": {"$ref": "#/$defs/t"}}, "anyOf": [{"$ref": "#/$defs/t"}]}
    quotes = Quotes(TEXT, {"$ref": "#/$defs/t", "$defs": {"t": tree}})
    assert quotes.kept(json.loads('{"a": {"b": "Ann"}}')) == {"a": {"b": "Ann"}}
