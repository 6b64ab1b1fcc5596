"""NAME.review.html: what stands in it, whatever the document holds."""

import base64
import contextlib
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

from ocrwatchd.core.config.profile import Output, Work
from ocrwatchd.core.i18n import Message
from ocrwatchd.core.i18n.language import language
from ocrwatchd.core.model import Box, Correction, Edit, FinishedPage, Leaf, LeftOut
from ocrwatchd.core.reason import Reason
from ocrwatchd.formats.input import openings
from ocrwatchd.formats.output import receipt, review, writer
from ocrwatchd.formats.output.part import left_out_told
from ocrwatchd.formats.output.review import picture
from ocrwatchd.formats.output.review.crops import HEIGHT_PX, WIDEST
from ocrwatchd.formats.output.review.marks import CUT, LONGEST_PROPOSAL, marked
from ocrwatchd.ocr.preprocess import turned
from tests.fakes.reviewed import (
    HOSTILE_NAME,
    HOSTILE_TEXT,
    HOSTILE_WORD,
    LETTER,
    doubted,
    drawn,
    lines_of,
    read,
    reviewed,
)

WHY = Reason.SIMILAR_WORD
ENGLISH = language("")

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


def pixels_of(uri):
    """A picture that stands in the file."""
    return Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))).convert("L")


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
        assert str(Reason(edit["why"]).wording) in listed["text"]
        assert f"line {edit['line']}" in listed["text"]
        if "box" in edit:
            left, top, right, bottom = (round(side) for side in edit["box"])
            assert inline["data-box"] == f"{left} {top} {right - left} {bottom - top}"
            (place,) = seen.all("rect", **{"data-n": number})
            assert [place[side] for side in ("x", "y", "width", "height")] == inline["data-box"].split()


def test_the_text_without_its_repairs_is_the_raw_text(sample):
    """What is shown, what was replaced and what was read add up, line by line."""
    for finished in sample.pages:
        rows = marked(finished, count(1), ENGLISH).rows
        assert "\n".join("".join(run.text for run in row.runs) for row in rows) == finished.page.text


def test_words_of_low_confidence_are_tinted_unless_they_were_repaired():
    """With their confidence; a repair says more about its word."""
    page = read(1, "good bda unsure", (("bda", "bad", WHY),), (), {"bda": 0.3, "unsure": 0.456})
    runs = [run for row in marked(page, count(1), ENGLISH).rows for run in row.runs]
    assert [(run.kind, run.text, run.percent) for run in runs] == [
        ("text", "good ", 0), ("edit", "bda", 0), ("text", " ", 0), ("low", "unsure", 45),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ([Edit(4, "", "X", WHY)], [["ab d", "+X", "e"], ["fg"]]),
        ([Edit(0, "ab", "", WHY)], [["-ab", " de"], ["fg"]]),
        ([Edit(3, "de\nfg", "defg", WHY)], [["ab ", "-de\nfg+defg"]]),
        ([Edit(0, "a", "1", WHY), Edit(1, "b", "2", WHY), Edit(7, "g", "3", WHY)],
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

    assert [[said(run) for run in row.runs] for row in marked(page, count(1), ENGLISH).rows] == expected


def test_what_was_weighed_is_said(seen):
    """Of edits and of refused proposals, in words, with the sum."""
    said = [each["text"].replace("\N{MINUS SIGN}", "-").split("; ") for each in seen.all("span", cls="weighed")]
    assert said == [
        ["proposed by the picture", "the picture allows it: -0.4", "a frequent word: +6.1",
         "little of the page is misread: -0.5", "sum: +5.2 nats"],
        ["proposed by the language model", "the picture contradicts it: -9.3", "no known number format: -3.0",
         "sum: -12.3 nats"],
    ]  # fmt: skip


def test_the_words_that_are_probably_wrong_are_asked_for_first(seen):
    """On each page, with their places, and once for the whole document; each leads to its word and back."""
    requests = [each["text"] for each in seen.elements if each["tag"] in {"h2", "h3"} and "Check" in each["text"]]
    assert requests == [
        "Check 3 words: expected errors 1.2 \u2192 0",
        "Check 2 words: expected errors 0.9 \u2192 0",
        "Check 1 word: expected errors 0.3 \u2192 0",
    ]
    (broken,) = seen.all("a", cls="asked", id=f"w1-{LETTER.index('br0ken.')}")
    assert broken["text"] == "br0ken."
    assert "65 %" in broken["title"]
    items = [each for each in seen.all("li") if each.get("id", "").startswith("c")]
    assert [each["text"].split(" line")[0] for each in items[:2]] == ["br0ken.", "behind"]
    assert "repair 2" in items[1]["text"]
    assert broken["href"] == f"#{items[0]['id']}"
    ids = {each["id"] for each in seen.elements if "id" in each}
    links = [each["href"] for each in seen.all("a")]
    assert {f"#w1-{LETTER.index('br0ken.')}", "#e2"} <= set(links)
    assert {link[1:] for link in links} <= ids


def test_each_edit_and_each_asked_word_has_its_place_beside_it(seen):
    """As sharp as the scan; without a description, for the words stand beside it."""
    pieces = seen.all("img", cls="crop")
    # Page 1 has 4 edits and 2 words to check, page 2 an edit; page 4 tells no places.
    assert len(pieces) == 4 + 2 + 1
    assert {each["alt"] for each in pieces} == {""}
    assert pixels_of(pieces[0]["src"]).getextrema()[0] < 100


def test_words_are_asked_for_where_nothing_was_edited(sample):
    """Without a model, too, a reader knows where to look."""
    page = doubted(read(1, "good bda word"), ("bda", 0.8), ("word", 0.7))
    seen = Seen(written(replace(sample.document, pages=1, asked=()), [page]))
    assert [each["text"] for each in seen.all("h3")] == ["Check 2 words: expected errors 1.5 \u2192 0"]
    assert not seen.all("a", cls="edit")
    assert [each["text"] for each in seen.all("a", cls="asked")] == ["bda", "word"]


def test_nothing_is_asked_for_where_nothing_is_doubtful(sample):
    """Neither a request to check no words, nor an explanation of how words to check look."""
    document = replace(sample.document, pages=2, asked=(), totals=replace(sample.document.totals, expected_errors=0.0))
    html = written(document, [read(1, "good words"), read(2, "more good words")])
    assert "Check 0 words" not in html
    assert not Seen(html).all("span", cls="asked")


def test_a_total_that_does_not_add_up_is_marked(seen):
    """In the page's notes, with a link to the row."""
    (note,) = [each for each in seen.all("a") if "add up to" in each["text"]]
    assert "the total is 132.80, but the amounts above add up to 132.30" in note["text"]
    (row,) = seen.all("div", cls="wrong")
    assert row["text"].startswith("Total")
    assert note["href"] == f"#{row['id']}" == "#l5-5"


def test_a_total_is_marked_in_its_row_also_behind_lines_that_were_joined():
    """A row's number is that of its first line in the raw text."""
    text = "ab de\nfg\na\t10.00\nb\t20.00\nTotal\t80.00\nhi"
    page = FinishedPage(read(1, text).page, Correction(text, (Edit(3, "de\nfg", "de\nfg", WHY),)))
    shown = marked(page, count(1), ENGLISH)
    assert [row.line for row in shown.rows] == [1, 3, 4, 5, 6]
    assert list(shown.sums) == [5]


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
    assert len(seen.all("img")) == len(re.findall("<img ", html)) == 5 + len(seen.all("img", cls="crop"))
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


def test_a_part_of_a_stack_says_which_and_what_was_left_out(sample):
    """And where in the scan each page lay."""
    told = replace(
        sample.document,
        part=2,
        parts=3,
        pages_from=(4, 5, 6, 8, 9, 10),
        left_out=(LeftOut(7, "blank"),),
        source="s.tif",
    )
    seen = Seen(written(told, sample.pages))
    assert "part 2 of 3 of s.tif" in [each["text"] for each in seen.all("p", cls="fine")]
    notices = [each["text"] for each in seen.all("p", cls="notice")]
    assert "1 page of the scan is left out: page 7 (blank)" in notices
    assert seen.all("h2", id="h4")[0]["text"] == "Page 4 page 8 of the scan"


def test_so_many_pages_that_were_left_out_are_told(sample):
    """Their number says how many there are."""
    told = left_out_told(replace(sample.document, left_out=tuple(LeftOut(page, "sheet") for page in range(1, 900))))
    assert str(told).startswith("899 pages of the scan are left out: page 1 (separator sheet); ")
    assert str(told).endswith("page 50 (separator sheet); …")


def test_pictures_come_from_the_files_in_which_the_pages_lie(sample, tmp_path):
    """Each page from its leaf; a file that is gone costs its pages alone."""
    for name, shade in (("a.png", 200), ("b.png", 100)):
        Image.new("L", (850, 1100), shade).save(tmp_path / name)
    leaves = tuple(Leaf(tmp_path / name, 1) for name in ("b.png", "gone.png", "a.png"))
    page = sample.pages[0].page
    (tmp_path / "gone.png").write_bytes(b"")
    with picture.Pictures(replace(sample.document, pages=3, leaves=leaves)) as pictures:
        made = [pictures.of(replace(page, number=number, rotation=0, skew=0.0)).whole for number in (1, 2, 3)]
    assert made[1] == ""
    assert [round(np.asarray(pixels_of(uri)).mean()) for uri in (made[0], made[2])] == pytest.approx([100, 200], abs=3)


def test_pages_that_cannot_be_read_are_not_opened_again(sample, monkeypatch):
    """What ended the engine once would end it again."""
    asked = []

    class Watched(contextlib.AbstractContextManager):
        def page(self, number):
            asked.append(number)
            raise ValueError(number)

        def __exit__(self, *exception):
            pass

    monkeypatch.setattr(openings, "open_pages", lambda scan, ocr: Watched())
    with picture.Pictures(sample.document) as pictures:
        assert [pictures.of(replace(page.page, width=850)).whole for page in sample.pages] == [""] * 6
    assert asked == [1, 2, 4, 5, 6]


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
        place = Box(*(side + margin[index % 2] for index, side in enumerate(box)))
        pictured = pictures.of(page, [place, None])
    shown, piece = map(pixels_of, (pictured.whole, pictured.places[0]))
    assert shown.width * shown.height <= 1.6 * picture.MOST_PIXELS
    across, down = shown.width / page.width, shown.height / page.height
    assert across == pytest.approx(down, rel=0.01)
    place = np.asarray(shown)[
        round((box.top + margin[1]) * down) + 3 : round((box.bottom + margin[1]) * down) - 3,
        round((box.left + margin[0]) * across) + 3 : round((box.right + margin[0]) * across) - 3,
    ]
    assert place.mean() < 40
    assert np.asarray(shown).mean() > 230
    # The word in the middle of its own picture, as many pixels as in the scan, with paper around.
    assert pictured.places[1] == ""
    assert piece.size == pytest.approx((200 + 2 * 30, 30 + 2 * 6), abs=1)
    dark = np.asarray(piece) < 128
    assert dark[6 + 2 : 36 - 2, 30 + 2 : 230 - 2].mean() > 0.98
    assert dark.sum() == pytest.approx(200 * 30, rel=0.05)


def test_a_tall_word_is_no_larger_in_the_file_than_one_of_print(sample):
    """And of a place that is too long, as that of an edit over several lines, the beginning is shown."""
    page = sample.pages[0].page
    with picture.Pictures(sample.document) as pictures:
        tall, long = pictures.of(page, [Box(60, 60, 300, 460), Box(0, 60, 850, 70)]).places
    assert pixels_of(tall).height == HEIGHT_PX
    assert pixels_of(long).width <= WIDEST * pixels_of(long).height


def test_so_many_places_are_shown_and_no_more(sample, monkeypatch):
    """Of a page, and of a document: a browser must be able to open the file."""
    monkeypatch.setattr(picture, "MOST_CROPS", 2)
    monkeypatch.setattr(picture, "ALL_CROPS", 3)
    page = sample.pages[0].page
    boxes = [word.box for word in page.lines[0].words] * 2
    with picture.Pictures(sample.document) as pictures:
        made = [[bool(place) for place in pictures.of(page, boxes).places] for _ in range(3)]
    assert made == [[True, True, False, False], [True, False, False, False], [False] * 4]


def test_places_are_cut_from_pages_as_sharp_as_they_were_read(sample, monkeypatch):
    """A PDF is drawn coarsely again only where nothing is cut from its pages."""
    asked = []

    def opened(scan, ocr):
        asked.append(ocr.dpi)
        raise ValueError

    monkeypatch.setattr(openings, "open_pages", opened)
    page = sample.pages[0].page
    with picture.Pictures(sample.document) as pictures:
        pictures.of(page)
        pictures.of(page, [page.lines[0].box])
    assert asked == [picture.PDF_DPI, sample.document.work.ocr.dpi]


def test_pictures_of_long_documents_are_smaller_and_end(sample, monkeypatch):
    """A browser must be able to open the file: the room is shared, and once it is used up there is only text."""
    monkeypatch.setattr(picture, "LEAST_PIXELS", 40_000)
    monkeypatch.setattr(picture, "ALL_PIXELS", 120_000)
    many = [read(number, "word") for number in range(1, 6)]
    page = replace(sample.document, pages=5)
    with picture.Pictures(page) as pictures:
        made = [pictures.of(replace(each.page, number=1)).whole for each in many]
    assert [bool(each) for each in made] == [True, True, True, False, False]
    small = pixels_of(made[0])
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
            yield replace(read(number, long), page=replace(read(number, long).page, error=Message("not opened")))

    review.write(replace(sample.document, pages=20), pages(), file)
    assert ahead[-1] > 0.8 * file.tell() * 19 / 20
    assert sorted(ahead) == ahead


def test_a_table_stands_in_columns():
    """Letters of one width where a good part of the rows have columns, not for a single gap."""
    assert marked(read(1, "a\tb\nc\td\ne\tf"), count(1), ENGLISH).table
    assert not marked(read(1, "one   gap\n" + "a line\n" * 9), count(1), ENGLISH).table


def test_the_fake_scan_has_its_words_in_their_boxes():
    """Or the tests above would show nothing."""
    pixels = np.asarray(drawn("word"))
    box = lines_of("word")[0].words[0].box
    assert pixels[int(box.top) : int(box.bottom), int(box.left) : int(box.right)].min() < 100


def test_reasons_are_told_in_the_language_of_the_document(sample):
    """As the notices in its files are."""
    document = replace(sample.document, work=Work(output=Output(language="de")))
    html = Seen(written(document, sample.pages))
    said = {each["text"].partition(" · ")[0] for each in html.all("span", cls="why")}
    assert {"falsch gelesenes Wort", "Ziffern einer Zahl"} <= said
    assert [each["lang"] for each in html.all("html")] == ["de"]


@pytest.mark.parametrize("code", ["de", "zh"])
def test_the_words_of_the_page_are_in_the_language_of_the_document(sample, seen, code):
    """Headings, notes, buttons and labels: all that is not the document's own, a number or a library's warning."""
    translated = Seen(written(replace(sample.document, work=Work(output=Output(language=code))), sample.pages))
    for tag in ("h2", "h3", "dt", "summary", "b", "button", "label", "title"):
        for before, after in zip(seen.all(tag), translated.all(tag), strict=True):
            own = before["text"] in {"br0ken.", "behind", HOSTILE_WORD, "24", "+"} or before["text"].isdecimal()
            assert own or before["text"] != after["text"], tag
    labels = [[each[name] for each in page.elements for name in ("aria-label", "alt", "title") if each.get(name)]
              for page in (seen, translated)]  # fmt: skip
    assert not set(labels[0]) & set(labels[1])
    notes = [each["text"] for each in translated.all("p") + translated.all("li")]
    english = [note for note in notes if re.search(r"\b(the|of|was|page|line|amounts)\b", note)]
    assert all("page 3 is <b>damaged</b>" in note or "100 dpi" in note for note in english)
