"""The verb ``sheet``: a PDF that a bad scanner can read, signed with the key of the daemon that will read it."""

import io
import os
import stat
import sys

import pikepdf
import pypdfium2
import pytest

from ocrwatchd.cli.main import main
from ocrwatchd.cli.sheet import drawing
from ocrwatchd.core.config.schema import ROOTS, state_directory
from ocrwatchd.core.i18n.language import Language
from ocrwatchd.core.sheet_code import MOST_LANGUAGES, Sheet, SheetSettings, decode, encode
from ocrwatchd.monitoring import status
from ocrwatchd.ocr import barcodes
from ocrwatchd.storage import sheet_key
from tests.fakes.past import ROOT_OF_OURS
from tests.scanner import drawn, worn

KEY = bytes(range(32))
FULL = SheetSettings("Rechnungen für Müller", ("deu", "eng"), 5, duplex=True)
LONGEST = SheetSettings("\N{CJK UNIFIED IDEOGRAPH-7968}" * 85, ("deu",) * MOST_LANGUAGES, -100, duplex=True)
LANGUAGES = ["en", "de", "zh"]
SAFE_MM = 7
"""Hardly a printer leaves a wider edge white."""


def words(pdf):
    """What stands on each page."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [document[number].get_textpage().get_text_range() for number in range(len(document))]
    finally:
        document.close()


def sheet(settings, code="en"):
    """A sheet of these settings, and its code."""
    text = encode(settings, KEY)
    return drawing.draw(text, settings, Language(code)), text


@pytest.fixture
def config(tmp_path, past):
    """The configuration of a root that a daemon has served."""
    path = tmp_path / "config.toml"
    path.write_text(
        f"""
        [folders]
        root = '{past.folders.root}'
        [profiles.invoices]
        split = {{ on = ["sheet"] }}
        [profiles."Müller & Söhne"]
        output = {{ language = "de" }}
        """,
        encoding="utf-8",
    )
    return path


def printed(config, capsysbinary, *options):
    """The PDF that the verb writes."""
    assert main(["sheet", "--config", str(config), *options]) == 0
    out, errors = capsysbinary.readouterr()
    assert errors == b""
    return out


def refused(config, capsys, *options):
    """What the verb says in place of a PDF, after its exit code."""
    code = main(["sheet", "--config", str(config), *options])
    out, errors = capsys.readouterr()
    assert out == ""
    return code, errors


def read(pdf, key, page=0):
    """What a daemon reads on a page of the sheet."""
    (code,) = barcodes.texts(drawn(pdf, 150, page))
    return decode(code, key)


def test_a_sheet_says_what_was_asked_for(config, capsysbinary):
    """The daemon of this root, with its key, reads all of it."""
    options = ("--profile", "invoices", "--language", "deu", "--language", "eng", "--priority", "-5")
    pdf = printed(config, capsysbinary, *options)
    key = sheet_key.read(state_directory())
    assert read(pdf, key) == Sheet(SheetSettings("invoices", ("deu", "eng"), -5), signed=True)
    assert read(pdf, KEY) == Sheet(SheetSettings(), signed=False)
    (text,) = words(pdf)
    assert all(each in text for each in ("Separator sheet", "Profile: invoices", "Languages: deu, eng", "Priority: -5"))


def test_a_plain_sheet_only_cuts(config, capsysbinary):
    """It has one page, and no settings."""
    pdf = printed(config, capsysbinary)
    assert read(pdf, sheet_key.read(state_directory())) == Sheet(SheetSettings(), signed=True)
    assert len(words(pdf)) == 1


def test_a_sheet_for_paper_with_two_sides_has_two(config, capsysbinary):
    """Both bear the same code, and the printer is told."""
    pdf = printed(config, capsysbinary, "--duplex")
    key = sheet_key.read(state_directory())
    assert [read(pdf, key, page) for page in (0, 1)] == [Sheet(SheetSettings(duplex=True), signed=True)] * 2
    with pikepdf.open(io.BytesIO(pdf)) as made:
        assert made.Root.ViewerPreferences.Duplex == "/DuplexFlipLongEdge"
        assert len(made.pages) == 2


def test_the_words_are_in_the_language_of_the_profile(config, capsysbinary):
    """Those who lay the sheet read the profile's results too."""
    (text,) = words(printed(config, capsysbinary, "--profile", "Müller & Söhne"))
    assert "Trennblatt" in text
    assert "Profil: Müller & Söhne" in text


@pytest.mark.parametrize("code", LANGUAGES)
def test_umlauts_and_chinese_can_be_read(code):
    """The text of the PDF is the text that was said; English stands below what a viewer may have no font for."""
    pdf, _ = sheet(FULL, code)
    both = words(pdf)
    assert both[0] == both[1]
    said = Language(code)
    assert said.say("Separator sheet") in both[0]
    assert said.say("Profile: {name}", name=FULL.profile) in both[0].replace("\r\n", "")
    assert ("Documents printed on both sides" in " ".join(both[0].split())) == (code != "de")
    with pikepdf.open(io.BytesIO(pdf)) as made:
        assert ("/Chinese" in made.pages[0].obj.Resources.Font) == (code == "zh")


def test_a_name_in_any_script_is_shown_as_it_is():
    """A profile is called like a folder, and that may be called anything."""
    (text,) = words(sheet(SheetSettings("発票 Счета"))[0])
    assert "Profile: 発票 Счета" in text


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("settings", [FULL, LONGEST], ids=["usual", "longest"])
def test_nothing_is_cut_off_or_covers_the_code(code, settings):
    """All words lie on the page, and none in the code or its quiet zone."""
    pdf, text = sheet(settings, code)
    seen = drawn(pdf, 100).point(lambda value: 255 * (value < 128))
    edge = round(SAFE_MM / 25.4 * 100)
    left, top, right, bottom = seen.getbbox()
    assert min(left, top, seen.width - right, seen.height - bottom) >= edge
    pixel = 72 / 100
    side = drawing.CODE_SIDE / len(drawing.modules(text)) * 4
    at_top, at_bottom = drawing.HEIGHT - drawing.CODE_TOP, drawing.HEIGHT - drawing.CODE_TOP + drawing.CODE_SIDE
    for high, low in ((at_top - side, at_top), (at_bottom, at_bottom + side)):
        assert seen.crop((0, int(high / pixel) + 2, seen.width, int(low / pixel) - 2)).getbbox() is None


@pytest.mark.parametrize(
    "wear",
    [
        {},
        {"turns": 1, "degrees": 5},
        {"turns": 2, "degrees": -8, "noise": 30, "paper": 220, "ink": 60},
        {"turns": 3, "noise": 10, "paper": 190, "ink": 130},
        {"degrees": 3, "noise": 40, "bilevel": True},
    ],
    ids=str,
)
@pytest.mark.parametrize("settings", [FULL, LONGEST], ids=["usual", "longest"])
def test_a_bad_scanner_can_read_it(settings, wear):
    """At 150 dpi, turned, skewed, noisy, faint, in black and white."""
    pdf, text = sheet(settings)
    assert barcodes.texts(worn(drawn(pdf, 150), **wear)) == (text,)


@pytest.mark.parametrize("dpi", [100, 200, 300, 600])
def test_every_resolution_will_do(dpi):
    """Also that of a fax."""
    pdf, text = sheet(FULL)
    assert barcodes.texts(worn(drawn(pdf, dpi), degrees=2, noise=10)) == (text,)


def test_a_stain_does_no_harm():
    """A third of the code's width is covered, down to its middle."""
    pdf, text = sheet(FULL)
    scan = drawn(pdf, 150)
    pixel = 72 / 150
    middle = scan.width // 2, round((drawing.HEIGHT - drawing.CODE_TOP + drawing.CODE_SIDE / 2) / pixel)
    wide = round(drawing.CODE_SIDE / pixel / 6)
    scan.paste(255, (middle[0] - wide, middle[1] - wide, middle[0] + wide, middle[1] + wide))
    assert barcodes.texts(scan) == (text,)


def test_a_terminal_gets_no_pdf(config, capsys, monkeypatch):
    """The message says how to get one."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    code, errors = refused(config, capsys)
    assert code == 2
    assert "no terminal shows: write it to a file, as in `ocrwatchd sheet > sheet.pdf`" in errors


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--profile", "invoice"), "there is no profile invoice: the configuration has invoices, Müller & Söhne"),
        (("--language", "de"), "there is no language de: use a code of three letters"),
        (("--language", "qqq"), "there is no language qqq"),
        (("--language", "DEU"), "there is no language DEU"),
        (("--language", "a\x1b]"), "there is no language a"),
    ],
)
def test_what_no_daemon_would_know_is_refused(config, capsys, options, said):
    """With the choices there are."""
    code, errors = refused(config, capsys, *options)
    assert code == 2
    assert said in errors
    assert errors.count("\n") == 1


@pytest.mark.parametrize("priority", ["101", "-101", "high", ""])
def test_a_priority_is_one_of_a_profile(config, capsys, priority):
    """It is refused with the arguments."""
    with pytest.raises(SystemExit) as ended:
        main(["sheet", "--config", str(config), "--priority", priority])
    assert ended.value.code == 2
    assert "use a whole number from -100 to 100" in capsys.readouterr().err


def test_a_configuration_that_heeds_no_sheets_is_told_so(tmp_path, past, capsysbinary):
    """The sheet comes out all the same: the configuration may be about to change."""
    path = tmp_path / "config.toml"
    path.write_text(f"[folders]\nroot = '{past.folders.root}'\n", encoding="utf-8")
    assert main(["sheet", "--config", str(path)]) == 0
    out, errors = capsysbinary.readouterr()
    assert out.startswith(b"%PDF")
    assert b'heeds no sheets yet: add on = ["sheet"] to [split]' in errors


def test_without_profiles_the_message_says_how_to_make_one(tmp_path, past, capsys):
    """There is nothing to list."""
    path = tmp_path / "config.toml"
    path.write_text(f"[folders]\nroot = '{past.folders.root}'\n", encoding="utf-8")
    assert "the configuration has none; add a table [profiles.NAME]" in refused(path, capsys, "--profile", "x")[1]


def test_no_sheet_is_signed_with_a_key_that_no_daemon_knows(tmp_path, capsys, monkeypatch):
    """It would cut, but its settings would be ignored without a word."""
    monkeypatch.setattr(status, "SERVICE_STATES", (str(tmp_path / "none"),))
    path = tmp_path / "config.toml"
    path.write_text(f"[folders]\nroot = '{tmp_path / 'unserved'}'\n", encoding="utf-8")
    code, errors = refused(path, capsys)
    assert code == 4
    assert "no daemon has served" in errors
    assert not (state_directory() / sheet_key.NAME).exists()


def test_root_signs_with_the_key_of_the_service(config, tmp_path, capsysbinary, monkeypatch):
    """Also where root has once run a daemon on the same root: the one that wrote last counts."""
    service = tmp_path / "lib" / "ocrwatchd"
    (service / ROOTS / ROOT_OF_OURS).mkdir(parents=True)
    (service / ROOTS / ROOT_OF_OURS / status.FILE).write_text("{}")
    own = state_directory() / ROOTS / ROOT_OF_OURS / status.FILE
    own.write_text("{}")
    os.utime(own, (1, 1))
    monkeypatch.setattr(status, "SERVICE_STATES", (str(service),))
    pdf = printed(config, capsysbinary)
    assert not (state_directory() / sheet_key.NAME).exists()
    assert stat.S_IMODE((service / sheet_key.NAME).stat().st_mode) == 0o600
    assert read(pdf, sheet_key.read(service)).signed


def test_a_key_that_cannot_be_used_is_told(config, capsys):
    """And no sheet comes out."""
    (state_directory() / sheet_key.NAME).write_bytes(b"short")
    (state_directory() / sheet_key.NAME).chmod(0o600)
    code, errors = refused(config, capsys)
    assert code == 4
    assert "damaged" in errors
