"""What people read, in their language."""

import ast
import errno
import re
import string
from functools import cache
from io import BytesIO
from pathlib import Path

import jinja2
import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

import ocrwatchd
from ocrwatchd.core.i18n import LONGEST_CHARACTERS, NOTHING, count, joined, packed, say, verbatim
from ocrwatchd.core.i18n.language import Language, language
from ocrwatchd.core.i18n.wire import unpacked
from ocrwatchd.core.os_errors import in_words
from ocrwatchd.storage import reason_note

PACKAGE = Path(ocrwatchd.__file__).parent
CATALOGUES = sorted((PACKAGE / "core" / "i18n").glob("*.po"))


@cache
def said_in_code():
    """Every template in the package: one, or a pair of one and many."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            texts = [each.value for each in node.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
            if name == "say" and texts:
                found.add(texts[0])
            elif name == "count" and len(texts) == 2:
                found.add(tuple(texts))
    for path in PACKAGE.rglob("*.jinja"):
        template = jinja2.Environment(autoescape=True).parse(path.read_text(encoding="utf-8"))
        for call in template.find_all(jinja2.nodes.Call):
            name, texts = getattr(call.node, "name", ""), [getattr(each, "value", None) for each in call.args]
            if name == "say":
                found.add(texts[0])
            elif name == "count":
                found.add(tuple(texts))
    return found


def placeholders(template):
    """The names in braces."""
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def catalogue(path):
    """The messages of a catalogue, by template."""
    with path.open("rb") as file:
        return {message.id: message for message in read_po(file, locale=path.stem) if message.id}


def test_there_are_catalogues():
    """German and Chinese."""
    assert [path.stem for path in CATALOGUES] == ["de", "zh"]


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_a_catalogue_holds_every_template_and_no_other(path):
    """What is said anywhere has a translation, with the same placeholders, and nothing old is kept."""
    code, messages = said_in_code(), catalogue(path)
    assert set(messages) == code
    for template, message in messages.items():
        assert not message.fuzzy, template
        forms = message.string if isinstance(message.string, tuple) else (message.string,)
        assert all(forms), template
        one, *many = template if isinstance(template, tuple) else (template,)
        for number, form in enumerate(forms):
            expected = placeholders(many[0] if many and (number or len(forms) == 1) else one)
            assert placeholders(form) == expected, template


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_what_is_compiled_is_what_is_written(path):
    """The package's build has compiled the catalogue as it is now: else run ocrwatchd/core/i18n/compile.py."""
    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=path.stem))
    assert path.with_suffix(".mo").read_bytes() == compiled.getvalue()


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_every_message_is_translated(path):
    """A message is shown with its translation and its fields, also after a way through another process."""
    words, messages = Language(path.stem), catalogue(path)
    for template in said_in_code():
        one, many = template if isinstance(template, tuple) else (template, "")
        fields = {name: f"<{name}>" for name in placeholders(many or one)}
        for n in (1, 2, 1234) if many else (0,):
            message = count(one, many, **fields | {"n": n}) if many else say(one, **fields)
            forms = messages[template].string
            form = forms if isinstance(forms, str) else forms[min(n != 1, len(forms) - 1)]
            expected = form.format(**fields | ({"n": words.number(n)} if many else {}))
            assert words.of(message) == words.of(unpacked(packed(message))) == expected


def test_a_message_within_a_message_is_translated():
    """What went wrong last is part of why a scan failed."""
    step = say("read a page")
    ended = say("the engine took longer than {seconds} s to {step}", seconds="300", step=step)
    reason = count(
        "it was tried once, and the engine ended: {reason}",
        "it was tried {n} times, and each time the engine ended; the last time {reason}",
        n=3,
        reason=ended,
    )
    assert language("de").of(reason) == (
        "Es gab 3 Versuche, und jedes Mal ist die Texterkennung ausgefallen. Beim letzten Mal: Die Texterkennung hat "
        "mehr als 300 Sekunden gebraucht, um eine Seite zu lesen"
    )


def test_trouble_with_a_scan_keeps_its_name():
    """Whatever that is; the rest is translated."""
    full = in_words(OSError(errno.ENOSPC, "No space left on device", "/out"))
    trouble = say(
        "{file}: {reason}", file="No space left on device: {x}.pdf", reason=say("waits: {reason}", reason=full)
    )
    said = language("zh").of(trouble)
    assert said.startswith("No space left on device: {x}.pdf")
    assert "空间不足" in said


@pytest.mark.parametrize("text", ["", "unheard of", "{n} {0.__class__}", '{"key": 1}', '{"key"', "a\ud800b"])
def test_a_text_of_others_stays_as_it_is(text):
    """A damaged file may hold it; no part of it is taken for a field."""
    message = unpacked(text)
    assert language("de").of(message) == str(message) == text.replace("\ud800", "\N{REPLACEMENT CHARACTER}")
    assert unpacked(packed(verbatim(text))) == verbatim(text)


def test_a_message_of_another_version_is_shown_by_its_key():
    """Fields that are missing stay open, and no attribute of one is reached."""
    told = unpacked('{"key": "{n} of {all}: {why}, {n.real}", "fields": {"n": 1234, "why": {"key": "No such device"}}}')
    assert language("de").of(told) == "1.234 of {all}: " + language("de").of(verbatim("No such device")) + ", {n.real}"


def test_a_hostile_message_is_short():
    """However often a field occurs in each of many levels; and its depth is bounded."""
    bomb = '{"key": "' + "{a}" * 1300 + '", "fields": {"a":' * 1
    assert len(str(unpacked(bomb * 6 + '"zz"' + "}}" * 6))) <= LONGEST_CHARACTERS
    deep = unpacked('{"key": "{a}", "fields": {"a":' * 5000 + '""' + "}}" * 5000)
    assert len(str(deep)) <= LONGEST_CHARACTERS


def test_messages_are_joined_once_each():
    """And nothing of nothing."""
    assert str(joined([say("a"), NOTHING, say("b"), say("a")])) == "a; b"
    assert joined([NOTHING]) is NOTHING


def test_numbers_are_written_as_the_language_does():
    """Thousands are parted by dots in German; a file's name is no number."""
    words = language("de")
    assert words.number(1234567) == "1.234.567"
    assert words.say("{name} could not be read ({time}).", name="1,234", time="").startswith("1,234")


@pytest.mark.parametrize("code", ["", "de", "zh"])
def test_the_reason_can_be_read_back_in_english_from_any_note(code):
    """Whatever its language, and whatever the scan's name looks like."""
    reason = say("the upload broke off: the file is empty. Send it again.")
    note = reason_note.note("Why: not me.pdf", reason, "Why: not me-2.pdf", code)
    assert reason_note.told(note) == str(reason)
    assert language(code).of(reason) in note
    assert note.isprintable() is False
    assert all(line.isprintable() for line in note.split("\n"))


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("invoices/broken.tif", "invoices/broken.tif"),
        ("Mr Smith's.pdf", "'Mr Smith'\"'\"'s.pdf'"),
        ("-x.png", "./-x.png"),
        ("a\nrm -rf b.pdf", "'a\N{REPLACEMENT CHARACTER}rm -rf b.pdf'"),
    ],
)
def test_the_note_holds_the_command_for_this_very_scan(path, said):
    """As a shell takes it."""
    note = reason_note.note("s.pdf", say("the PDF has no pages"), path)
    assert note.split("\n")[5].endswith(f"or run: ocrwatchd retry {said}")


def test_a_german_note_is_german():
    """But for the last line, which is for technicians."""
    note = reason_note.note("s.pdf", say("the PDF has no pages"), "s.pdf", "de").split("\n")
    assert note[0].startswith("s.pdf konnte nicht gelesen werden (")
    assert note[2] == "Grund: Das PDF hat keine Seiten."
    assert note[-2] == "Why: the PDF has no pages"


@pytest.mark.parametrize("code", ["de", "zh"])
@pytest.mark.parametrize(
    "trouble",
    [
        in_words(OSError(errno.ENODEV, say("{folder} is not mounted any more", folder="/mnt"), "/mnt/x")),
        say("no engine runs: {reason}", reason=say("the engine ended with {signal}", signal="SIGBUS")),
        say(
            "notify.command {reason}: see its messages in the log; a later event is told anew",
            reason=say("cannot be started: {fault}", fault=verbatim("Permission denied")),
        ),
    ],
)
def test_trouble_is_told_in_one_language(code, trouble):
    """Nothing of it stays English but names."""
    left = set(re.findall("[a-z]{2,}", language(code).of(trouble))) & set(re.findall("[a-z]{2,}", str(trouble)))
    assert left <= {"mnt", "notify", "command", "in"}


@pytest.mark.parametrize("code", ["", "de"])
def test_a_reason_is_one_line_whatever_a_library_says(code):
    """No sign of it turns the note's direction, and no second line passes for the reason."""
    reason = say("Aspose.OCR could not read the picture: {error}", error="bad\u202e\nWhy: all is well")
    note = reason_note.note("scan.pdf", reason, "scan.pdf", code)
    assert "\u202e" not in note
    assert reason_note.told(note).startswith("Aspose.OCR could not read the picture: bad")
