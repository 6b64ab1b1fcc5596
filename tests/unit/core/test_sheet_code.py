"""The code on a separator sheet: what is signed comes back, and nothing else counts."""

import base64
import hashlib
import hmac

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ocrwatchd.core.config import loader
from ocrwatchd.core.config.profile import is_profile_name
from ocrwatchd.core.model import Sheets
from ocrwatchd.core.sheet_code import (
    LONGEST_CHARACTERS,
    LONGEST_NAME_BYTES,
    MOST_LANGUAGES,
    PREFIX,
    Sheet,
    SheetSettings,
    decode,
    encode,
)
from ocrwatchd.core.sheets import SheetsRecord

KEY = bytes(range(32))
OTHER = bytes(32)
CUTS_ONLY = Sheet(SheetSettings(), signed=False)

names = st.text(min_size=1, max_size=60).filter(is_profile_name).filter(lambda name: name.isprintable() or "\n" in name)
languages = st.lists(st.text("abcdefghijklmnopqrstuvwxyz", min_size=3, max_size=3), max_size=MOST_LANGUAGES)
settings = st.builds(
    SheetSettings,
    profile=st.just("") | names,
    languages=languages.map(tuple),
    priority=st.none() | st.integers(-100, 100),
    duplex=st.booleans(),
)


def signed(told):
    """A code with a right signature for any fields."""
    whole = hmac.new(KEY, f"{PREFIX}{told}".encode(), hashlib.sha256).digest()[:16]
    return f"{PREFIX}{base64.urlsafe_b64encode(whole).decode().rstrip('=')}:{told}"


@given(settings)
@example(SheetSettings("x" * LONGEST_NAME_BYTES, ("deu",) * MOST_LANGUAGES, -100, duplex=True))
@example(SheetSettings("\N{CJK UNIFIED IDEOGRAPH-7968}" * (LONGEST_NAME_BYTES // 3), ("zho",) * MOST_LANGUAGES, -100))
@example(SheetSettings("a=b;d &+%", ("deu", "deu"), 0))
def test_what_is_encoded_comes_back(given_settings):
    """Any settings, in a text that a code can hold; with another key nothing but the cut is left."""
    text = encode(given_settings, KEY)
    assert text.startswith(PREFIX)
    assert text.isascii()
    assert text.isprintable()
    assert " " not in text
    assert len(text) <= LONGEST_CHARACTERS
    assert decode(text, KEY) == Sheet(given_settings, signed=True)
    assert decode(text, OTHER) == CUTS_ONLY


@given(settings, st.data())
def test_no_changed_code_has_settings(given_settings, data):
    """Whichever character is exchanged, added or left out, the signature is wrong, or it is no sheet at all."""
    text = encode(given_settings, KEY)
    at = data.draw(st.integers(0, len(text)))
    put, gone = data.draw(st.text(max_size=2)), data.draw(st.integers(0, 2))
    changed = text[:at] + put + text[at + gone :]
    if changed != text:
        found = decode(changed, KEY)
        assert found == CUTS_ONLY if changed.startswith(PREFIX) else found in {None, CUTS_ONLY}


@given(st.text() | st.binary().map(lambda raw: raw.decode("utf-8", "surrogateescape")))
def test_any_text_may_be_in_a_code(text):
    """What is not of this format is no sheet; what only looks like it cuts; neither raises an error."""
    assert decode(text, KEY) is None or text.startswith("ocrwatchd")
    assert decode(PREFIX + text, KEY) == CUTS_ONLY
    assert decode(f"{PREFIX}{'A' * 22}:{text}", KEY) == CUTS_ONLY


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("", SheetSettings()),
        ("p=invoices;l=deu+eng;n=5;d", SheetSettings("invoices", ("deu", "eng"), 5, duplex=True)),
        ("p=..", None),
        ("p=a%2Fb", None),
        ("p=a%00b", None),
        ("p=%ff", None),
        ("p=%ED%A0%80", None),
        ("p=%61", None),
        ("p=" + "a" * (LONGEST_NAME_BYTES + 1), None),
        ("p=a;p=b", None),
        ("l=de", None),
        ("l=deu+", None),
        ("l=" + "+".join(["deu"] * (MOST_LANGUAGES + 1)), None),
        ("n=101", None),
        ("n=-0", None),
        ("n=+5", None),
        ("d;n=5", None),
        (";", None),
        ("d;", None),
        ("x=1", None),
        ("n=" + "9" * 2000, None),
    ],
)
def test_a_signed_code_of_other_content_only_cuts(told, expected):
    """A later version may sign what this one does not know: only what this one writes is taken."""
    assert decode(signed(told), KEY) == (Sheet(expected, signed=True) if expected is not None else CUTS_ONLY)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ocrwatchd2:whatever", CUTS_ONLY),
        ("ocrwatchd1:", CUTS_ONLY),
        ("ocrwatchd:", None),
        ("ocrwatchd99999:", None),
        ("Ocrwatchd1:", None),
        (" ocrwatchd1:", None),
        ("", None),
        ("ocrwatchd\N{ARABIC-INDIC DIGIT ONE}:", None),
    ],
)
def test_the_format_is_known_by_its_first_letters(text, expected):
    """A sheet of a later version still separates documents."""
    assert decode(text, KEY) == expected


@pytest.mark.parametrize(
    "wrong",
    [
        SheetSettings("a/b"),
        SheetSettings(".hidden"),
        SheetSettings("a\ud800"),
        SheetSettings(languages=("de",)),
        SheetSettings(languages=("deu\n",)),
        SheetSettings(languages=("deu",) * (MOST_LANGUAGES + 1)),
        SheetSettings(priority=101),
    ],
)
def test_no_sheet_says_what_the_configuration_would_refuse(wrong):
    """It is refused before it is printed."""
    with pytest.raises(ValueError, match="no sheet can say this"):
        encode(wrong, KEY)


@given(st.text(max_size=3) | st.sampled_from(["a/b", ".a", "\0", "a\0", "..", "/"]))
def test_a_sheet_names_exactly_the_profiles_of_a_configuration(name):
    """The rule is the configuration's own."""
    try:
        accepted = bool(loader.parse({"profiles": {name: {}}, "arrival": {"ignore": []}}).profiles)
    except loader.Mistakes:
        accepted = False
    assert accepted == is_profile_name(name)


def test_without_a_key_no_sheet_is_signed():
    """Who may not read the key has none, and everybody can sign with that."""
    assert decode(encode(SheetSettings("x"), b""), b"") == CUTS_ONLY


def test_the_key_is_not_shown():
    """Whatever is logged of a job or of a message about it."""
    sheets = Sheets({}, KEY)
    shown = repr(sheets) + repr(SheetsRecord.of(sheets)) + str(SheetsRecord.of(sheets))
    assert KEY.hex() not in shown
    assert repr(KEY) not in shown
