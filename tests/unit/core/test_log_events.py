"""The names of what is logged."""

import ast
import re
from pathlib import Path

import ocrwatchd

LEVELS = {"debug", "info", "warning", "error", "exception"}


def test_every_event_has_a_name_and_no_prose():
    """``noun.verb``, so that a log can be searched; what else there is to say stands in fields."""
    names = [
        call.args[0].value
        for path in Path(ocrwatchd.__file__).parent.rglob("*.py")
        for call in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id in {"log", "_log"}
        and call.func.attr in LEVELS
        and call.args
        and isinstance(call.args[0], ast.Constant)
    ]
    assert len(names) > 30
    assert [name for name in names if not re.fullmatch(r"[a-z_]+\.[a-z_]+", name)] == []
