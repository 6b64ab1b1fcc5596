"""What people read, in their language."""

import ast
import errno
import re
import string
from functools import cache
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

import ocrwatchd
from ocrwatchd.core.i18n import count, say
from ocrwatchd.core.i18n.language import NESTED, Language, language
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
def test_every_sentence_is_known_again(path):
    """A sentence made from any template is said with that template's translation, its values inside."""
    words = Language(path.stem)
    for template in said_in_code():
        one, many = template if isinstance(template, tuple) else (template, "")
        names = placeholders(many or one)
        values = {name: "No space left on device" if name in NESTED else f"<{name}>" for name in names}
        translated = {key: words.say(value) if key in NESTED else value for key, value in values.items()}
        if many:
            rest = {key: value for key, value in translated.items() if key != "n"}
            for n in (1, 2, 1234):
                english = count(one, many, n=n, **{key: values[key] for key in rest})
                assert words.of(english) == words.count(one, many, n=n, **rest)
        else:
            assert words.of(say(one, **values)) == words.say(one, **translated), template


def test_sentences_within_sentences_are_said_too():
    """What went wrong last is part of why a scan failed."""
    reason = (
        "it was tried 3 times, and each time the engine ended; the last time the engine took longer than 300 s to "
        "read a page"
    )
    assert language("de").of(reason) == (
        "Es gab 3 Versuche, und jedes Mal ist die Texterkennung ausgefallen. Beim letzten Mal: Die Texterkennung hat "
        "mehr als 300 Sekunden gebraucht, um eine Seite zu lesen"
    )


@pytest.mark.parametrize("name", ["scan.pdf", "a: b: c.pdf", "No space left on device: x.pdf"])
def test_a_file_s_name_before_a_sentence_stays(name):
    """Trouble with a scan begins with its name, whatever that is."""
    trouble = "waits: No space left on device, in /out: make room there. Processing then resumes automatically"
    told = language("zh").of_named(f"{name}: {trouble}")
    assert told == f"{name}: 正在等待：/out：磁盘空间不足。请在那里腾出空间，之后一切会自动继续"  # noqa: RUF001 - Chinese has marks of its own


@pytest.mark.parametrize("sentence", ["", "unheard of", "x" * 100_000, "waits: " * 900, "{n} {0.__class__}", "a, in b"])
def test_what_is_not_known_stays_as_it_is(sentence):
    """In bounded time, and no value is taken for a template."""
    assert "{0" not in sentence or language("de").of(sentence) == sentence
    assert language("de").of(sentence).rpartition(": ")[2] == sentence.rpartition(": ")[2]


def test_numbers_are_written_as_the_language_does():
    """Thousands are parted by dots in German; a file's name is no number."""
    words = language("de")
    assert words.number(1234567) == "1.234.567"
    assert "1,234" in words.of("1,234 could not be read (now).")


@pytest.mark.parametrize("code", ["", "de", "zh"])
def test_the_reason_can_be_read_back_in_english_from_any_note(code):
    """Whatever its language, and whatever the scan's name looks like."""
    reason = "the upload broke off: the file is empty. Send it again."
    note = reason_note.note("Why: not me.pdf", reason, "Why: not me-2.pdf", code)
    assert reason_note.told(note) == reason
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
    note = reason_note.note("s.pdf", "the PDF has no pages", path)
    assert note.split("\n")[5].endswith(f"or run: ocrwatchd retry {said}")


def test_a_german_note_is_german():
    """But for the last line, which is for technicians."""
    note = reason_note.note("s.pdf", "the PDF has no pages", "s.pdf", "de").split("\n")
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
            reason=say("cannot be started: {fault}", fault="Permission denied"),
        ),
    ],
)
def test_trouble_is_told_in_one_language(code, trouble):
    """Nothing of it stays English but names."""
    left = set(re.findall("[a-z]{2,}", language(code).of_named(trouble))) & set(re.findall("[a-z]{2,}", trouble))
    assert left <= {"mnt", "notify", "command", "in"}


@pytest.mark.parametrize("code", ["", "de"])
def test_a_reason_is_one_line_whatever_a_library_says(code):
    """No sign of it turns the note's direction, and no second line passes for the reason."""
    reason = say("Aspose.OCR could not read the picture: {error}", error="bad\u202e\nWhy: all is well")
    note = reason_note.note("scan.pdf", reason, "scan.pdf", code)
    assert "\u202e" not in note
    assert reason_note.told(note).startswith("Aspose.OCR could not read the picture: bad")
