"""NAME.review.html: what stands in it, whatever the document holds."""

import base64
import hashlib
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import count

import numpy as np
import pytest
from PIL import Image, ImageDraw

from ocrwatchd.core.model import Box, Correction, Edit, FinishedPage
from ocrwatchd.formats.output import receipt, review, writer
from ocrwatchd.formats.output.review import picture
from ocrwatchd.formats.output.review.marks import CUT, LONGEST_PROPOSAL, marked
from ocrwatchd.ocr.preprocess import turned
from tests.fakes.reviewed import HOSTILE_NAME, HOSTILE_TEXT, drawn, lines_of, read, reviewed

VOID = {"meta", "link", "img", "br", "input", "rect"}


class Seen(HTMLParser):
    """Every element with its attributes and its text; fails where elements are not closed as they were opened."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.elements, self._open = [], []
        self.feed(html)
        self.close()
        assert not self._open

    def handle_starttag(self, tag, attrs):
        """Note an element."""
        element = {"tag": tag, "text": "", **dict(attrs)}
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag, attrs):
        """Note one that closes itself."""
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        """Check what is closed."""
        assert self._open.pop()["tag"] == tag

    def handle_data(self, data):
        """Add to the text of what is open."""
        for element in self._open:
            element["text"] += data

    def all(self, tag, **attributes):
        """Elements with these attributes; ``cls`` is one of their classes."""
        wanted = attributes.pop("cls", None)
        return [
            element
            for element in self.elements
            if element["tag"] == tag
            and (wanted is None or wanted in element.get("class", "").split())
            and all(element.get(name) == value for name, value in attributes.items())
        ]


def written(document, pages):
    """The page as it is delivered."""
    file = io.BytesIO()
    review.write(document, iter(pages), file)
    return file.getvalue().decode("utf-8")


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """A document with everything."""
    return reviewed(tmp_path_factory.mktemp("review"))


@pytest.fixture(scope="module")
def html(sample):
    """Its review."""
    return written(sample.document, sample.pages)


@pytest.fixture(scope="module")
def seen(html):
    """Its review, parsed."""
    return Seen(html)


def test_it_is_a_format_like_any_other():
    """``output.formats`` leads to it."""
    assert writer("review")[:2] == ("review", ".review.html")


def test_totals_stand_on_top(seen):
    """Pages, words, repairs, refused and unreadable, before the first page."""
    assert [each["text"] for each in seen.all("dd")] == ["6", "90", "7", "2", "1"]
    order = [each["tag"] for each in seen.elements]
    assert order.index("dl") < order.index("main")


def test_every_edit_stands_where_it_happened_and_in_a_list_with_its_reason(sample, seen):
    """Before, after and why, numbered as in the receipt."""
    file = io.BytesIO()
    receipt.write(sample.document, iter(sample.pages), file)
    told = [edit for page in json.loads(file.getvalue())["pages"] for edit in page["edits"]]
    assert len(told) == 7
    for edit in told:
        number = str(edit["number"])
        (inline,) = seen.all("a", id=f"e{number}")
        (listed,) = seen.all("li", id=f"n{number}")
        for text in (edit["before"], edit["after"]):
            shown = text.replace("\u202e", "\u27e8RLO\u27e9")
            assert shown in inline["text"]
            assert shown in listed["text"]
        assert edit["why"].lstrip("\u202e") in listed["text"]
        assert f"line {edit['line']}" in listed["text"]
        if "box" in edit:
            left, top, right, bottom = (round(side) for side in edit["box"])
            assert inline["data-box"] == f"{left} {top} {right - left} {bottom - top}"
            (place,) = seen.all("rect", **{"data-n": number})
            assert [place[side] for side in ("x", "y", "width", "height")] == inline["data-box"].split()


def test_the_text_without_its_repairs_is_the_raw_text(sample):
    """What is shown, what was replaced and what was read add up, line by line."""
    for finished in sample.pages:
        rows = marked(finished, count(1)).rows
        assert "\n".join("".join(run.text for run in row.runs) for row in rows) == finished.page.text


def test_words_of_low_confidence_are_tinted_unless_they_were_repaired():
    """With their confidence; a repair says more about its word."""
    page = read(1, "good bda unsure", (("bda", "bad", "similar word"),), (), {"bda": 0.3, "unsure": 0.456})
    runs = [run for row in marked(page, count(1)).rows for run in row.runs]
    assert [(run.kind, run.text, run.percent) for run in runs] == [
        ("text", "good ", 0), ("edit", "bda", 0), ("text", " ", 0), ("low", "unsure", 45),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ([Edit(4, "", "X", "put in")], [["ab d", "+X", "e"], ["fg"]]),
        ([Edit(0, "ab", "", "left out")], [["-ab", " de"], ["fg"]]),
        ([Edit(3, "de\nfg", "defg", "joined")], [["ab ", "-de\nfg+defg"]]),
        ([Edit(0, "a", "1", "w"), Edit(1, "b", "2", "w"), Edit(7, "g", "3", "w")],
         [["-a+1", "-b+2", " de"], ["f", "-g+3"]]),
    ],
)  # fmt: skip
def test_edits_of_every_shape_are_cut_out(edits, expected):
    """Put in, left out, over a line's end, side by side: nothing is lost or said twice."""
    page = FinishedPage(replace(read(1, "ab de\nfg").page), Correction("", tuple(edits)))

    def said(run):
        if run.mark is None:
            return run.text
        return (f"-{run.mark.before}" if run.mark.before else "") + (f"+{run.mark.after}" if run.mark.after else "")

    assert [[said(run) for run in row.runs] for row in marked(page, count(1)).rows] == expected


def test_refused_proposals_are_there_on_request(seen):
    """Closed at first, without numbers; an answer without end is cut."""
    (closed,) = seen.all("details", cls="refused")
    assert "open" not in closed
    assert "2 refused proposals" in closed["text"]
    assert "digits" in closed["text"]
    assert CUT in closed["text"]
    assert len(closed["text"]) < 3 * LONGEST_PROPOSAL
    assert not seen.all("rect", **{"data-n": "0"})


def test_hostile_text_and_names_are_text(html, seen):
    """No element and no attribute comes from the document, and nothing turns the direction of what stands around."""
    assert len(seen.all("script")) == 1
    assert len(seen.all("img")) == len(re.findall("<img ", html)) == 5
    assert not [name for each in seen.elements for name in each if name.startswith("on")]
    (title,) = seen.all("title")
    assert "<script>document.title='owned'</script>" in title["text"]
    texts = "".join(each["text"] for each in seen.all("div", cls="row"))
    assert "<img" in texts
    assert "{{ 7*7 }}" in texts
    for sign in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\ufeff":
        assert sign not in html
    assert "\u05e9\u05dc\u05d5\u05dd" in texts
    assert HOSTILE_NAME not in html
    assert HOSTILE_TEXT not in html


def test_it_asks_for_nothing_and_may_not(html, seen):
    """Its own style and script by their hashes, pictures inside it, no other source."""
    (meta,) = seen.all("meta", **{"http-equiv": "Content-Security-Policy"})
    (style,), (script,) = seen.all("style"), seen.all("script")
    hashes = [base64.b64encode(hashlib.sha256(each["text"].encode()).digest()).decode() for each in (style, script)]
    assert meta["content"] == (
        f"default-src 'none'; img-src data:; style-src 'sha256-{hashes[0]}'; script-src 'sha256-{hashes[1]}'; "
        "base-uri 'none'; form-action 'none'"
    )
    for each in seen.elements:
        assert each.get("src", "data:").startswith("data:")
        assert each.get("href", "#").startswith(("#", "data:"))
        assert "style" not in each
    assert "url(" not in style["text"]
    assert "@import" not in style["text"]
    assert seen.elements.index(meta) < seen.elements.index(style)


def test_what_is_wrong_is_said(seen):
    """Evaluation mode, unreadable pages, reasons and warnings of the document and of pages."""
    notices = " ".join(each["text"] for each in seen.all("p", cls="notice"))
    for words in ("Evaluation mode", "1 page of 6 could not be read", "<no> reason", "a <warning>",
                  "page 3 is <b>damaged</b>"):  # fmt: skip
        assert words in notices
    assert "scanned at 100 dpi" in seen.all("ul", cls="notes")[0]["text"]


def test_pages_that_cannot_be_read_are_not_opened_again(sample, monkeypatch):
    """What ended the engine once would end it again."""
    opened = []

    class Watched:
        def page(self, number):
            opened.append(number)
            raise ValueError(number)

    pictures = picture.Pictures(sample.document)
    pictures._pages = Watched()
    assert [pictures.of(replace(page.page, width=850)) for page in sample.pages] == [""] * 6
    assert opened == [1, 2, 4, 5, 6]


def test_without_the_scan_the_text_is_there(sample, tmp_path):
    """A scan that cannot be opened any more costs the pictures, and each page says so."""
    broken = tmp_path / "scan.tif"
    broken.write_bytes(b"II*\0junk")
    seen = Seen(written(replace(sample.document, scan=broken), sample.pages))
    assert not seen.all("img")
    assert sum("is not shown here" in each["text"] for each in seen.all("p", cls="notice")) == 5
    assert len(seen.all("a", cls="edit")) == 7


def test_a_failing_disk_is_not_taken_for_a_missing_picture(sample, tmp_path):
    """The job waits instead."""
    with pytest.raises(OSError, match="gone"):
        written(replace(sample.document, scan=tmp_path / "gone.tif"), sample.pages)


@pytest.mark.parametrize(("rotation", "skew"), [(0, 0.0), (90, 0.0), (180, 3.0), (270, -7.5)])
def test_boxes_fit_the_picture(sample, tmp_path, rotation, skew):
    """The scan is turned and straightened as it was for recognition, so that a word lies in its box."""
    box = Box(150, 100, 350, 130)
    upright = Image.new("L", (1200, 1500), 255)
    ImageDraw.Draw(upright).rectangle(box, fill=0)
    # As it would have to lie on the glass to be turned into this.
    scan = tmp_path / "scan.png"
    lying = turned(upright, 0, -skew)
    lying = turned(lying, (360 - rotation) % 360, 0.0)
    lying.save(scan)
    recognised = turned(lying, rotation, skew)
    margin = (recognised.width - upright.width) / 2, (recognised.height - upright.height) / 2
    page = replace(sample.pages[0].page, width=recognised.width, height=recognised.height, rotation=rotation, skew=skew)
    with picture.Pictures(replace(sample.document, scan=scan)) as pictures:
        data = pictures.of(page)
    shown = Image.open(io.BytesIO(base64.b64decode(data.partition(",")[2]))).convert("L")
    assert shown.width * shown.height <= 1.6 * picture.MOST_PIXELS
    across, down = shown.width / page.width, shown.height / page.height
    assert across == pytest.approx(down, rel=0.01)
    place = np.asarray(shown)[
        round((box.top + margin[1]) * down) + 3 : round((box.bottom + margin[1]) * down) - 3,
        round((box.left + margin[0]) * across) + 3 : round((box.right + margin[0]) * across) - 3,
    ]
    assert place.mean() < 40
    assert np.asarray(shown).mean() > 230


def test_pictures_of_long_documents_are_smaller_and_end(sample, monkeypatch):
    """A browser must be able to open the file: the room is shared, and once it is used up there is only text."""
    monkeypatch.setattr(picture, "LEAST_PIXELS", 40_000)
    monkeypatch.setattr(picture, "ALL_PIXELS", 120_000)
    many = [read(number, "word") for number in range(1, 6)]
    page = replace(sample.document, pages=5)
    with picture.Pictures(page) as pictures:
        made = [pictures.of(replace(each.page, number=1)) for each in many]
    assert [bool(each) for each in made] == [True, True, True, False, False]
    small = Image.open(io.BytesIO(base64.b64decode(made[0].partition(",")[2])))
    assert small.width * small.height <= 41_000


def test_one_page_is_held_at_a_time(sample):
    """A page is on its way out before many more are asked for: memory does not grow with the document."""

    class Watched(io.BytesIO):
        asked_for = 0

    file, ahead = Watched(), []
    long = "a line of text\n" * 80

    def pages():
        for number in range(1, 21):
            ahead.append(file.tell())
            yield replace(read(number, long), page=replace(read(number, long).page, error="not opened"))

    review.write(replace(sample.document, pages=20), pages(), file)
    assert ahead[-1] > 0.8 * file.tell() * 19 / 20
    assert sorted(ahead) == ahead


def test_a_table_stands_in_columns():
    """Letters of one width where a good part of the rows have columns, not for a single gap."""
    assert marked(read(1, "a\tb\nc\td\ne\tf"), count(1)).table
    assert not marked(read(1, "one   gap\n" + "a line\n" * 9), count(1)).table


def test_the_fake_scan_has_its_words_in_their_boxes():
    """Or the tests above would show nothing."""
    pixels = np.asarray(drawn("word"))
    box = lines_of("word")[0].words[0].box
    assert pixels[int(box.top) : int(box.bottom), int(box.left) : int(box.right)].min() < 100
