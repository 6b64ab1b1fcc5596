"""JSON answers of a model: find the value, check it against its schema, merge the values of several parts."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from itertools import islice
from typing import NoReturn

from jsonschema import Draft202012Validator
from pydantic import JsonValue
from referencing import Registry

from ocrwatchd.core.legible import legible_text

MOST_BEGINNINGS = 20
"""Number of brackets in an answer that are tried as the beginning of its value."""

_BRACKET = re.compile(r"[\[{]")
_EMPTY: tuple[JsonValue, ...] = (None, "", [], {})


class NoValue(Exception):
    """The answer has no valid value; the message names the reason and quotes nothing of the answer."""


def found(answer: str, schema: Mapping[str, JsonValue]) -> JsonValue:
    """The value in an answer: the whole answer, or what begins at its first bracket with a valid value.

    A code fence or words around the value are allowed; an empty schema allows any value.

    Raises:
        NoValue: there is no valid value.
    """
    why = "the answer is not JSON"
    for value in _values(answer):
        place = broken(value, schema)
        if not place:
            return value
        why = f"the answer does not keep to json_schema, at {place}"
    raise NoValue(why)


def broken(value: JsonValue, schema: Mapping[str, JsonValue]) -> str:
    """The place in the schema that a value violates; "" if the value is valid."""
    # An empty registry: nothing is ever downloaded.
    validator = Draft202012Validator(schema, registry=Registry())
    fault = next(iter(validator.iter_errors(value)), None)
    # The validator's message would quote the answer.
    return "/".join(map(str, fault.absolute_schema_path)) if fault else ""


def merged(values: Sequence[JsonValue]) -> JsonValue:
    """Merge the values of several parts.

    Lists are joined without repeated entries, and a value that is not a list becomes one entry. Objects are merged key
    by key. Of other values the first non-empty one counts.
    """
    return reduce(_both, values)


def _both(one: JsonValue, other: JsonValue) -> JsonValue:
    if isinstance(one, list) or isinstance(other, list):
        said = {_written(each) for each in _listed(one)}
        return [*_listed(one), *(each for each in _listed(other) if _written(each) not in said)]
    if isinstance(one, dict) and isinstance(other, dict):
        more = {key: _both(one[key], value) if key in one else value for key, value in other.items()}
        return {**one, **more}
    return other if one in _EMPTY else one


def _listed(value: JsonValue) -> list[JsonValue]:
    if isinstance(value, list):
        return value
    return [] if value in _EMPTY else [value]


def _written(value: JsonValue) -> str:
    return json.dumps(value, sort_keys=True)  # in Python 1 == True


def _values(answer: str) -> Iterator[JsonValue]:
    decoder = json.JSONDecoder(parse_float=_finite, parse_constant=_refused, strict=False)
    beginnings = [len(answer) - len(answer.lstrip()), *(each.start() for each in _BRACKET.finditer(answer))]
    end = 0
    for start in islice(dict.fromkeys(beginnings), MOST_BEGINNINGS):
        if start < end:
            continue  # inside an earlier value
        try:
            value, end = decoder.raw_decode(answer, start)
            # An escape may mean half a surrogate pair, which no file can contain.
            value = json.loads(legible_text(json.dumps(value, ensure_ascii=False)))
        except (ValueError, RecursionError):
            continue
        yield value


def _finite(number: str) -> float:
    value = float(number)
    return value if math.isfinite(value) else _refused(number)


def _refused(number: str) -> NoReturn:
    raise ValueError(f"{number} is no number of JSON's")
