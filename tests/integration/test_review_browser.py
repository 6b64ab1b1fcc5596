"""NAME.review.html in a real Chromium: with and without script, small and large, light and dark, and on paper."""

from __future__ import annotations

import io
import re
import shutil
import subprocess

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from ocrwatchd.formats.output import review
from tests.e2e.running import await_that
from tests.fakes.reviewed import read, reviewed
from tests.programs import needs

pytestmark = pytest.mark.slow

QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
SIZES = {"desktop": {"width": 1440, "height": 900}, "phone": {"width": 360, "height": 740}}
WAIT_MS = 60_000

TAKE_ARGUMENTS = 'ocrwatchd() { printf "%s\\0" "$@"; }; '


@pytest.fixture(scope="module")
def browser():
    """Chromium; all tests share it."""
    (chromium,) = needs("chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=QUIET)
        yield started
        started.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the review lies, as delivered."""
    folder = tmp_path_factory.mktemp("outbox")
    sample = reviewed(folder)
    with (folder / "scan.review.html").open("wb") as file:
        review.write(sample.document, iter(sample.pages), file)
    return folder


@pytest.fixture
def show(browser, folder):
    """Open the review; whatever it asks for, and whatever goes wrong in it, fails the test."""
    opened = []
    asked = []

    def show(name="scan.review.html", size="desktop", scheme="light", *, script=True):
        context = browser.new_context(
            viewport=SIZES[size], color_scheme=scheme, java_script_enabled=script, reduced_motion="reduce"
        )
        opened.append(context)
        context.set_default_timeout(WAIT_MS)
        page = context.new_page()
        page.on("console", lambda message: asked.append(message.text))
        page.on("pageerror", lambda error: asked.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(name if name.startswith("file:") else (folder / name).as_uri())
        return page

    show.asked = asked
    yield show
    for context in opened:
        context.close()
    assert [each[:100] for each in asked if not each.startswith(("data:", "file:"))] == []


def at(page):
    """The number of the repair that is stepped to."""
    return page.locator("main .edit.now").get_attribute("data-n")


def inside(page, inner, outer):
    """Whether one element lies in another one, in pixels of the window."""
    one, other = inner.bounding_box(), outer.bounding_box()
    return all((
        one["x"] >= other["x"] - 1, one["y"] >= other["y"] - 1,
        one["x"] + one["width"] <= other["x"] + other["width"] + 1,
        one["y"] + one["height"] <= other["y"] + other["height"] + 1,
    ))  # fmt: skip


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_keeps_anybody_out(show, size, scheme):
    """axe-core, which checks contrast, names, roles, order and the like, finds nothing; also with everything open."""
    page = show(size=size, scheme=scheme)
    for step in ("", "n", "x"):
        if step:
            page.keyboard.press(step)
        found = Axe().run(page)
        assert found.response["passes"]
        assert found.violations_count == 0, found.generate_report()
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("size", SIZES)
def test_nothing_is_cut_off(show, size):
    """The page is never wider than the window; only what is meant to scrolls by itself."""
    page = show(size=size)
    page.keyboard.press("n")
    page.keyboard.press("x")
    assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size]["width"]
    wide = "[...document.querySelectorAll('main *')].filter(e => e.clientWidth && e.getBoundingClientRect().right"
    assert page.evaluate(f"{wide} > innerWidth + 1 && !e.closest('.scan')).length") == 0


def test_picture_and_text_stand_side_by_side_where_there_is_room(show):
    """And one under the other on a phone."""
    for size in SIZES:
        page = show(size=size)
        picture = page.locator("#p1 .scan").bounding_box()
        text = page.locator("#p1 .text").bounding_box()
        assert (text["x"] >= picture["x"] + picture["width"]) == (size == "desktop")


def test_light_and_dark(show):
    """As the reader's machine has it."""
    brightness = "getComputedStyle(document.documentElement).backgroundColor.match(/\\d+/g).map(Number)[0]"
    assert show(scheme="light").evaluate(brightness) > 200
    assert show(scheme="dark").evaluate(brightness) < 60


def test_it_reads_without_script(show):
    """Pictures, marks, reasons and refused proposals are there; what needs script is not seen."""
    page = show(script=False)
    assert page.locator("main .sheet img").count() == 5
    assert page.locator("#e1 del").is_visible()
    assert page.locator("#n1").inner_text().split("\n")[0].startswith("1")
    assert "similar word" in page.locator("#n1").inner_text()
    refused = page.locator("details.refused")
    assert not refused.locator("li").first.is_visible()
    refused.locator("summary").click()
    assert "digits" in refused.locator("li").first.inner_text()
    for needs_script in (".bar", ".back", ".zoom"):
        assert not page.locator(needs_script).first.is_visible()
    page.locator("#n2 .number").click()
    assert page.url.endswith("#e2")
    asked = page.locator("#p1 .asks a")
    assert asked.first.inner_text().startswith("br0ken.")
    asked.first.click()
    word = page.locator("#p1 .text .asked")
    assert page.url.endswith("#" + word.get_attribute("id"))
    word.click()
    assert page.locator("#p1 .asks li:target").inner_text().startswith("br0ken.")


def test_keys_step_through_the_edits(show):
    """With n and p, round and across pages; each is seen, focused, told, and marked on the scan."""
    page = show()
    for expected in ("1", "2", "3", "4", "5", "6", "7", "1"):
        page.keyboard.press("n")
        assert at(page) == expected
        assert page.evaluate("document.activeElement.dataset.n") == expected
        edit = page.locator("main .edit.now").bounding_box()
        assert 0 <= edit["y"] < page.locator(".bar").bounding_box()["y"]
    page.keyboard.press("p")
    assert at(page) == "7"
    page.keyboard.press("p")
    page.keyboard.press("p")
    assert at(page) == "5"
    assert page.locator(".place.now").get_attribute("data-n") == "5"
    assert "5 / 7" in page.locator(".position").inner_text()
    told = page.locator(".current").inner_text()
    assert re.sub(r"\s+", " ", told).startswith("werld → became world similar word")


def test_keys_can_be_turned_off(show):
    """For people who steer by voice, single letters are no commands."""
    page = show()
    page.locator(".listen").uncheck()
    page.locator("body").press("n")
    assert page.locator("main .edit.now").count() == 0
    page.get_by_role("button", name="Next").click()
    assert at(page) == "1"


def test_the_place_is_shown_on_the_scan(show):
    """Of a repair, a doubtful word or a line under the pointer, or under the keyboard."""
    page = show()
    here = page.locator("#p1 .here")
    for text in (page.locator("#e3"), page.locator("#p1 .low").first, page.locator("#p1 .row").nth(3)):
        text.hover(position={"x": 2, "y": 5})  # the middle of the line may be a repair, as the fonts have it
        box = [float(side) for side in text.get_attribute("data-box").split()]
        shown = [float(here.get_attribute(side)) for side in ("x", "y", "width", "height")]
        assert shown[0] <= box[0]
        assert shown[0] + shown[2] >= box[0] + box[2]
        assert shown[1] <= box[1]
        assert inside(page, here, page.locator("#p1 .sheet"))
    page.locator("h1").hover()
    assert here.count() == 0
    page.locator("#e1").focus()
    assert here.count() == 1


def test_the_words_to_check_are_led_to(show):
    """From the document's list to the page's, and to the word, or to the repair that has changed the word."""
    page = show()
    page.locator(".top .asks a", has_text="behind").click()
    listed = page.locator("#p1 .asks li:target")
    assert listed.inner_text().startswith("behind")
    listed.hover()
    assert inside(page, page.locator("#p1 .here"), page.locator("#p1 .sheet"))
    listed.locator("a").click()
    assert page.locator(":target").get_attribute("id") == "e2"
    page.locator("#p1 .asks a").first.click()
    assert page.locator(":target").inner_text() == "br0ken."


def test_a_total_that_does_not_add_up_leads_to_its_row(show):
    """By a link in the page's notes."""
    page = show()
    page.get_by_role("link", name="add up to 132.30").click()
    assert page.locator(".row:target").inner_text().startswith("Total")


def test_a_click_on_the_scan_leads_to_the_edit(show):
    """The other way round."""
    page = show()
    page.locator('.place[data-n="4"]').click()
    assert at(page) == "4"


def test_a_piece_of_the_scan_is_shown_while_stepping(show):
    """So that it can be read on a phone, where the scan is out of sight; nothing where there is no place."""
    page = show(size="phone")
    page.keyboard.press("n")
    # wait_for_function would have the page itself evaluate a string, which its policy refuses.
    piece = page.locator(".lens img")
    await_that(
        lambda: piece.evaluate("image => image.complete && image.naturalWidth") > 50, WAIT_MS / 1000, "the piece"
    )
    assert piece.get_attribute("src") == page.locator("#n1 .crop").get_attribute("src")
    assert inside(page, piece, page.locator(".bar"))
    for _ in range(5):
        page.keyboard.press("n")
    assert at(page) == "6"
    assert not page.locator(".lens").is_visible()


def test_the_picture_can_be_had_larger(show):
    """And smaller again, by a button that says which."""
    page = show()
    button = page.get_by_role("button", name="Larger picture of page 1")
    before = page.locator("#p1 .sheet img").bounding_box()["width"]
    button.click()
    assert page.locator("#p1 .sheet img").bounding_box()["width"] > 1.5 * before
    assert button.get_attribute("aria-pressed") == "true"
    page.keyboard.press("n")
    assert inside(page, page.locator(".place.now"), page.locator("#p1 .scan"))
    button.click()
    assert page.locator("#p1 .sheet img").bounding_box()["width"] == before


NAMES = (
    "scan-2", "it's 100 % $(touch x) `y` & \"z\"; #", "-rf", "zwei Wörter", "new\nline", "back\\slash\x1b[201~x",
    "gnp.\u202excod", b"not\xffutf\xfe-8", "a.review.html", "100%41", "漢字",
)  # fmt: skip


def test_the_command_that_reverts_is_one_that_a_shell_takes_as_meant(show, folder):
    """Of this file's own name, whatever that is; what cannot be seen in it is spelled out."""
    bash = shutil.which("bash")
    for name in NAMES:
        stem = name if isinstance(name, bytes) else name.encode()
        path = bytes(folder) + b"/" + stem + b".review.html"
        with open(path, "wb") as file:  # noqa: PTH123 a Path holds no bytes
            file.write((folder / "scan.review.html").read_bytes())
        page = show("file://" + "".join(f"%{byte:02x}" for byte in path).replace("%2f", "/"))
        page.locator("#n3 .back").check()
        page.locator("#n6 .back").check()
        command = page.locator(".order .command").inner_text()
        assert command.isprintable()
        said = subprocess.run([bash, "-c", TAKE_ARGUMENTS + command], capture_output=True, check=True, cwd=folder)
        receipt = (b"./" if stem.startswith(b"-") else b"") + stem + b".json"
        assert said.stdout.split(b"\0")[:-1] == [b"edits", receipt, b"--revert", b"3", b"6"]
        page.close()
    assert not (folder / "x").exists()


def test_the_command_is_copied(show):
    """By a button, for what was marked in the list or while stepping."""
    page = show()
    assert not page.locator(".order").is_visible()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.keyboard.press("n")
    page.keyboard.press("x")
    page.locator("#n5 .back").check()
    assert at(page) == "5"
    page.get_by_role("button", name="Copy command").click()
    page.get_by_text("Copied.").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == "ocrwatchd edits scan.json --revert 1 5"
    page.keyboard.press("x")
    assert page.locator(".order .command").inner_text().endswith("--revert 1")
    page.locator("#n1 .back").uncheck()
    assert not page.locator(".order").is_visible()


def test_hostile_content_does_nothing(show):
    """No script of the document's runs, and nothing but pictures inside it may be loaded."""
    page = show()
    assert "owned" in page.title()
    assert page.title().startswith('"><script>')
    refused = page.evaluate(
        """() => new Promise(done => {
            document.addEventListener("securitypolicyviolation", event => done(event.effectiveDirective));
            const image = document.createElement("img");
            image.src = "http://127.0.0.1:9/x.png";
            document.body.append(image);
        })"""
    )
    assert refused == "img-src"
    show.asked[:] = [each for each in show.asked if "127.0.0.1:9/x.png" not in each]
    assert page.evaluate("document.querySelectorAll('script').length") == 1


def test_it_prints(show, folder, tmp_path):
    """Pictures and text on white paper, each page's on a new one, repairs and reasons readable; no bar, no buttons."""
    tools = needs("pdftotext", "pdfimages")
    page = show(scheme="dark")
    page.keyboard.press("n")
    printed = tmp_path / "review.pdf"
    page.pdf(path=str(printed), format="A4", print_background=False)
    text = subprocess.run([tools[0], "-layout", printed, "-"], capture_output=True, check=True, text=True).stdout
    sheets = text.rstrip("\f").split("\f")
    assert [number for number in range(1, 7) if f"Page {number}" in sheets[number - 1]] == [1, 2, 3, 4, 5, 6]
    assert "neighbouar" in text
    assert "words run together" in text
    assert "Previous" not in text
    assert "take back" not in text
    listed = subprocess.run([tools[1], "-list", printed], capture_output=True, check=True, text=True).stdout
    images = [line.split() for line in listed.splitlines()[2:]]
    assert sum(image[2] == "image" and int(image[4]) > 400 for image in images) == 5
    assert "Check 3 words: expected errors 1.2" in text


def test_the_legend_explains_what_stands_in_the_text(show, folder):
    """A sign for doubtful words is explained only where there is such a word."""
    sample = reviewed(folder)
    doubtful = show()
    assert doubtful.locator("main .low:not(.asked)").count() > 0
    assert doubtful.locator(".legend .low:not(.asked)").is_visible()
    file = io.BytesIO()
    review.write(sample.document, iter([read(1, "good words")]), file)
    (folder / "sure.review.html").write_bytes(file.getvalue())
    assert not show("sure.review.html").locator(".legend .low:not(.asked)").is_visible()


def test_a_document_without_repairs_has_no_bar(show, folder):
    """There is nothing to step through; the places of doubtful words are shown all the same."""
    sample = reviewed(folder)
    file = io.BytesIO()
    review.write(sample.document, iter(sample.pages[4:5]), file)
    (folder / "plain.review.html").write_bytes(file.getvalue())
    page = show("plain.review.html")
    assert not page.locator(".bar").is_visible()
    page.keyboard.press("n")
    page.locator(".row").nth(1).hover()
    assert page.locator(".here").count() == 1
