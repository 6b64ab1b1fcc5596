"""Code decides on values: the text of a message is made where people read it, and read by nobody else."""

import ast
from pathlib import Path

import pytest

import ocrwatchd

PACKAGE = Path(ocrwatchd.__file__).parent

RENDERERS = (
    *("cli/edits/receipt_edits.py", "cli/edits/show.py", "core/i18n/__init__.py", "core/i18n/language.py"),
    *("engine/process/tasks/files.py", "formats/output/evidence.py", "formats/output/review/__init__.py"),
    *("formats/output/review/marks.py", "formats/output/txt.py", "monitoring/status_page/__init__.py"),
    *("cli/sheet/__init__.py", "cli/sheet/drawing.py", "formats/output/md.py", "storage/reason_note.py"),
)
"""The files and pages that people read: modules that may ask for a language."""

READS = {"casefold", "count", "endswith", "find", "lower", "partition", "rpartition", "split", "startswith"}
"""Methods by which code reads a text."""


def trees():
    """Every module of the package, by its path."""
    return {path.relative_to(PACKAGE).as_posix(): ast.parse(path.read_text("utf-8")) for path in PACKAGE.rglob("*.py")}


def is_message(annotation):
    """Whether an annotation says that a value is a message."""
    return "Message" in {getattr(annotation, "id", ""), getattr(annotation, "attr", "")}


def message_names(modules):
    """What messages are called: fields, arguments and properties that are annotated as such."""
    names = set()
    for tree in modules:
        for node in ast.walk(tree):
            if isinstance(node, ast.AnnAssign) and is_message(node.annotation):
                names.add(getattr(node.target, "attr", getattr(node.target, "id", "")))
            elif isinstance(node, ast.arg) and is_message(node.annotation):
                names.add(node.arg)
            elif isinstance(node, ast.FunctionDef) and is_message(node.returns):
                names.add(node.name)
    # Exceptions are called so everywhere, and those of libraries have nothing but a text; counts are mostly numbers.
    return names - {"error", "count"}


def rendered(node, names):
    """Whether an expression holds the text of a message: ``str(reason)``, ``f"{reason}"``, ``words.say(…)``."""
    for each in ast.walk(node):
        if isinstance(each, ast.Call) and getattr(each.func, "id", "") in {"str", "text_of", "printable"} and each.args:
            shown = each.args[0]
        elif isinstance(each, ast.FormattedValue):
            shown = each.value
        else:
            continue
        shown = shown.func if isinstance(shown, ast.Call) else shown
        if getattr(shown, "attr", getattr(shown, "id", "")) in names:
            yield ast.unparse(each)


def decisions(function, names):
    """Where a function decides on the text of a message, also on one that it has given a name."""
    texts = {
        target.id
        for node in ast.walk(function)
        if isinstance(node, ast.Assign) and any(rendered(node.value, names))
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(function):
        for condition in conditions(node):
            yield from rendered(condition, names)
            if not isinstance(node, ast.If | ast.While | ast.IfExp):
                yield from (ast.unparse(condition) for each in ast.walk(condition) if getattr(each, "id", "") in texts)


def conditions(node):
    """The parts of a statement or expression by which code decides."""
    if isinstance(node, ast.If | ast.While | ast.IfExp):
        yield node.test
    elif isinstance(node, ast.BoolOp):
        yield from node.values[:-1]  # the last one is a value
    elif isinstance(node, ast.Match):
        yield node.subject
    elif isinstance(node, ast.Compare):
        yield node
    elif isinstance(node, ast.comprehension):
        yield from node.ifs
    elif isinstance(node, ast.Attribute) and node.attr in READS:
        yield node.value
    elif isinstance(node, ast.Call) and getattr(getattr(node.func, "value", None), "id", "") == "re":
        yield from node.args


def found(modules, names):
    """Every decision on a text, with its module."""
    return [
        f"{path}: {what}"
        for path, tree in modules.items()
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for what in decisions(function, names)
    ]


def test_no_code_decides_on_the_text_of_a_message():
    """Rewording a message changes nothing but what people read."""
    modules = trees()
    names = message_names(modules.values())
    assert {"reason", "trouble", "unavailable", "told", "wording"} <= names
    assert found(modules, names) == []


@pytest.mark.parametrize(
    "code",
    [
        "if 'full' in str(job.reason): pass",
        "return [each for each in jobs if str(each.trouble) == '']",
        "return f'{host.trouble}'.split(';')[0]",
        "text = str(reason)\n    return 'x' in text",
        "return str(reason) or 'unknown'",
        "match str(job.reason):\n        case 'full': pass",
        "return re.search('full', str(reason))",
        "text = printable(str(host.trouble()))\n    return text.startswith('x')",
    ],
)
def test_a_decision_on_a_text_is_found(code):
    """However it is written."""
    assert found({"a": ast.parse(f"def act(job):\n    {code}")}, {"reason", "trouble"})


def test_only_what_people_read_asks_for_a_language():
    """Everybody else hands the message on."""
    asking = {
        path
        for path, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        if {"language", "Language", "text_of"} & {each.name for each in node.names}
        if (node.module or "").startswith("ocrwatchd.core.i18n")
    }
    assert asking <= set(RENDERERS)
