"""Pages with text of their own and ink beside it, read for real: nothing that is to be seen goes missing."""

import json
import subprocess
import sys
from collections import Counter

import pytest

from ocrwatchd.core.config.profile import Ocr
from ocrwatchd.core.model import Box, Correction, Edit, Line, PageText
from ocrwatchd.core.reason import Reason
from ocrwatchd.engine.process.mixed_page import merged, without_edits_of_own
from ocrwatchd.formats.input.common import OWN_TEXT, OwnText
from ocrwatchd.ocr.layout import RawLine
from tests.fakes.own_pages import LINES, Made, lines_at
from tests.paths import DATA
from tests.programs import needs

pytestmark = pytest.mark.slow
CASES = DATA / "field-cases"
CLAIM = """
Claim 4471: copy of the minutes as they were sent to us by post on the 3rd of May, see below. We have entered it in the
register of claims and shall answer within four weeks of that date.
"""
LETTER = """
Northbridge Garden Centre 14 Mill Lane, Ashford 12 March 2024 Dear Mr Palmer, thank you for your order of four apple
trees and two pear trees. They will be delivered on Thursday morning between eight and ten. Please make sure that
somebody is at home, for the driver cannot leave the trees in the street. The bill of 318.40 is payable within thirty
days. If you need help with the planting, our gardeners are glad to come to you on any weekday in April. Yours
sincerely, Helen Whitaker
"""
STAMP = """
Envelope ID: 7A31F0C2-55D1-4B0E-9C7E-1D2E3F405162 Electronically filed 03/12/2024 09:14 Case 24-CV-00817 Document 12
Page 1 of 1 Clerk of Court, County of Ashford, deputy K. Ellis
"""
FOOTER = """
Northbridge Garden Centre Ltd, 14 Mill Lane, Ashford. Registered in England no. 04471823, VAT no. GB 118 2290 41. Bank:
West Counties, sort code 20-44-71, account 40817263. Open Monday to Saturday from nine to five. Directors: H. Whitaker,
P. Lowe.
"""
MINUTES = """
Minutes of the meeting The committee met in the town hall at seven. The chair welcomed nine members and read the letter
of the railway company about the new footbridge. It was agreed that the bridge should be painted green, as before, and
that the old lamps should be kept. The treasurer told of a balance of 1,204.75 in the account. The next meeting will be
held on the second Monday in June.
"""
RIGHT = {
    "strips_stamped": STAMP + LETTER,
    "stamped_scan": STAMP + LETTER,
    "outlines_footer": LETTER + FOOTER,
    "half_scan": CLAIM + MINUTES + LETTER[LETTER.index("Dear") : LETTER.index("street.")],
    "digital_with_picture": LETTER[LETTER.index("Dear") : LETTER.index("Yours")] + MINUTES,
    "cipher": LETTER,
    "strips_textunder": LETTER,
    "turned": " ".join(LINES) + "A scan that was pasted on the page",
    "printed_form": "\u2610 not paid \u2611 paid x by card",
    "portfolio": "Please open this portfolio in a newer viewer to see its documents.",
}
SAME_IN_PDF = sorted(set(RIGHT) - {"cipher"})
"""All but the one whose own letters, which are to be seen, mean something else."""


@pytest.fixture(scope="module")
def delivered(tmp_path_factory):
    """The sets of all cases, read by one engine."""
    folder = tmp_path_factory.mktemp("mixed")
    made = Made(180).picture("A scan that was\npasted on the page", (20, 20, 360, 400)).draw(lines_at(30, 560))
    (folder / "scans").mkdir()
    turned = made.save(folder / "scans" / "turned.pdf")
    # Boxes that are drawn: an empty one, one with a drawn tick, and one in which the PDF says "x".
    form = Made()
    for y, label in ((500, "not paid"), (460, "paid"), (420, "by card")):
        form.draw(f"1 w 50 {y - 1} 11 11 re S\n").draw(lines_at(75, y, (label,)))
    form.draw("1.5 w 52 464 m 55 461 l 60 468 l S\n").draw(lines_at(52.5, 421, ("x",)))
    made = form.save(folder / "scans" / "printed_form.pdf")
    settings = folder / "config.toml"
    settings.write_text('ocr.engine = "rapidocr"\nllm.model = "off"\noutput.formats = ["txt", "json", "pdf"]\n')
    settings.chmod(0o600)
    scans = [{"turned": turned, "printed_form": made}.get(case, CASES / f"{case}.pdf") for case in RIGHT]
    command = [sys.executable, "-m", "ocrwatchd", "process", "--config", settings, "-o", folder, *scans]
    run = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert run.returncode == 0, run.stderr
    return folder


def squeezed(text):
    """Its letters: RapidOCR leaves out a space here and there."""
    return "".join(text.split())


@pytest.mark.timeout(600)
@pytest.mark.parametrize("case", RIGHT)
def test_all_that_is_to_be_seen_is_in_the_text(delivered, case):
    """Scans under stamps, outlines, pasted pictures, wrong letters, old layers: own and recognised text, in order."""
    assert squeezed((delivered / f"{case}.txt").read_text("utf-8")) == squeezed(RIGHT[case])


@pytest.mark.parametrize("case", SAME_IN_PDF)
def test_the_searchable_pdf_says_each_word_once(delivered, case):
    """What the PDF says itself gets no second word, and old layers are gone."""
    (program,) = needs("pdftotext")
    run = subprocess.run([program, "-raw", delivered / f"{case}.pdf", "-"], capture_output=True, timeout=60, check=True)
    text = (delivered / f"{case}.txt").read_text("utf-8")
    assert Counter(run.stdout.decode().split()) == Counter(text.split())


def test_the_receipt_tells_the_source_of_each_line(delivered):
    """A mixed page's own lines have one; a file that is attached is told."""
    (page,) = json.loads((delivered / "stamped_scan.json").read_text("utf-8"))["pages"]
    assert page["engine"] == "rapidocr"
    assert [line.get("source") for line in page["lines"]][:3] == [OWN_TEXT, OWN_TEXT, None]
    (warning,) = json.loads((delivered / "portfolio.json").read_text("utf-8"))["warnings"]
    assert "attached" in warning


@pytest.mark.parametrize(
    ("said", "heard", "right"),
    [("Szanowni Państwo, należy zapłacić", "Szanowni Panstwo,nalezy zaplacic", True),
     ("7638f1962aa941eb10ad51d5673438e6", "7638f1962aa94leb10ad5Id5673438e6", True),
     ("Ghdu uhdghu wklv sdjh zdv zulwwhq", "Dear reader this page was written", False)],
)  # fmt: skip
def test_doubted_letters_are_right_where_much_the_same_is_read(said, heard, right):
    """Names, codes, and other languages are exact, whatever accents and spaces the engine leaves out."""
    box = Box(0, 0, 300, 20)
    own = OwnText(PageText(1, "", 300, 300, 72.0, OWN_TEXT), (), (RawLine(said, box, source=OWN_TEXT),))
    read = PageText(1, heard, 300, 300, 72.0, "rapidocr", (Line(heard, 0, box),))
    assert merged(own, read, None, Ocr()).text == (said if right else heard)


def test_what_the_pdf_says_itself_is_not_corrected():
    """An edit in such a line is refused, and told; one in a line that was recognised stays."""
    page = PageText(1, "teh first\nteh last", 9, 9, 72.0, "rapidocr", (Line("teh first", 0, source=OWN_TEXT),
                                                                      Line("teh last", 10)))  # fmt: skip
    edits = (Edit(0, "teh", "the", Reason.SIMILAR_WORD), Edit(10, "teh", "the", Reason.SIMILAR_WORD))
    left = without_edits_of_own(page, Correction("the first\nthe last", edits))
    assert (left.text, left.edits) == ("teh first\nthe last", edits[1:])
    assert [edit.why for edit in left.refused] == [Reason.PDF_TEXT]
