"""A scan's edits, from the picture to the text and back: `process`, `edits --revert`, `edits --apply`.

The OCR engine, llama.cpp, gate and command line are the real ones. The model is a real GGUF file, but it has learnt
nothing: it recites one text whatever it is shown (``tests.gguf_factory.recital``), and so proposes the same edits each
time, some to be admitted and some refused. What a trained model makes of a scan is shown in ``test_cli`` (the demo) and
``test_line``.
"""

import json
import os

import pytest
from PIL import Image, ImageDraw, ImageFont

from tests import plug_in
from tests.e2e.running import Running, write_config
from tests.e2e.test_cli import run
from tests.fakes.engine import write_scan
from tests.gguf_factory import recital

WRITTEN = (
    "Dear Sir, many thanks for your letter\n"
    "of 14 March and for the kind wcrd that\n"
    "you have sent with it to my brother.\n"
    "Yours truly, John Smith"
)

NOT_AGAIN = "it still has the edits of the delivery; change it by hand, or delete it"


def draw(path):
    """A letter in which a word looks misread."""
    picture = Image.new("L", (1500, 500), "white")
    font = ImageFont.load_default(44)
    ImageDraw.Draw(picture).multiline_text((60, 60), WRITTEN, font=font, fill="black", spacing=24)
    picture.save(path, dpi=(200, 200))
    return path


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_scans_edits_are_listed_reverted_and_applied_again(tmp_path):
    """With a real engine and a reciting model: the receipt tells the edit's place, and NAME.txt follows it."""
    scan = draw(tmp_path / "letter.png")
    model = recital(tmp_path / "m.gguf", WRITTEN.replace("wcrd", "word") + "\n\nI owe you 5000 dollars.")
    # The word is printed as it is read, and so read with confidence: here that shall not speak against its repair.
    settings = {
        "llm": {"model": str(model)}, "ocr": {"engine": "rapidocr"}, "gate": {"sure_confidence": 1.0},
        "correct": {"words": False},
    }  # fmt: skip
    config = write_config(tmp_path / "config.toml", settings)
    finished = run("process", scan, "-o", tmp_path / "out", "--config", config)
    assert finished.returncode == 0, finished.stderr
    receipt, text = tmp_path / "out" / "letter.json", tmp_path / "out" / "letter.txt"
    corrected = WRITTEN.replace("wcrd", "word") + "\n"
    assert text.read_text() == corrected

    table = json.loads(receipt.read_text())
    (page,) = table["pages"]
    (edit,) = page["edits"]
    assert (edit["number"], edit["page"], edit["line"], edit["offset"]) == (1, 1, 2, WRITTEN.index("wcrd"))
    assert (edit["before"], edit["after"], edit["reverted"]) == ("wcrd", "word", False)
    left, top, right, bottom = edit["box"]
    assert 500 < left < right < 800
    assert 100 < top < bottom < 200
    assert page["refused"]
    assert "5000" in "".join(each["after"] for each in page["refused"])
    assert (table["totals"]["edits"], table["totals"]["parts"]) == (1, {"decided": 1})

    shown = run("edits", receipt, "--refused")
    assert shown.returncode == 0, shown.stderr
    for words in ("wcrd", "word", "1:2", "5000"):
        assert words in shown.stdout

    before = receipt.read_bytes()
    assert run("edits", receipt, "--revert", 1).returncode == 0
    assert text.read_text() == WRITTEN + "\n"
    assert json.loads(receipt.read_text())["pages"][0]["edits"][0]["reverted"] is True
    assert run("edits", receipt, "--apply", 1).returncode == 0
    assert (text.read_text(), receipt.read_bytes()) == (corrected, before)

    text.write_text("changed by hand\n")
    refused = run("edits", receipt, "--revert-all")
    assert refused.returncode == 1
    assert "changed by hand" in refused.stderr
    assert text.read_text() == "changed by hand\n"


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_set_with_another_packages_format_is_written_again_as_far_as_may_be(tmp_path, monkeypatch):
    """The format is delivered by the daemon, and named by `edits`, which writes all other files of the set."""
    (tmp_path / "path").mkdir()
    plug_in.install(tmp_path / "path")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "path"), prepend=os.pathsep)
    formats = ["txt", "docx", "md"]
    daemon = Running(tmp_path, llm={"model": str(tmp_path / "fake.gguf")}, output={"formats": formats})
    write_scan(daemon.inbox / "a.b.tif", "fine", "fine")
    finished = daemon.once()
    assert finished.returncode == 0, finished.stderr
    outbox = daemon.root / "outbox"
    names = {"a.b.json", "a.b.md", "a.b.txt", "a.b.words.docx"}
    assert {path.name for path in outbox.iterdir()} == names

    changed = daemon.ask("edits", str(outbox / "a.b.json"), "--revert", "2")
    assert (changed.returncode, changed.stderr) == (0, "")
    assert changed.stdout.splitlines() == [
        "1 edit reverted",
        f"{outbox}/a.b.txt",
        f"{outbox}/a.b.md",
        f"{outbox}/a.b.words.docx was not changed: {NOT_AGAIN}",
    ]
    for name in ("a.b.txt", "a.b.md"):
        text = (outbox / name).read_text()
        assert (text.count("teh end"), text.count("the end")) == (1, 1)
    assert (outbox / "a.b.words.docx").read_text().count("the end") == 2
    assert json.loads((outbox / "a.b.json").read_text())["totals"]["reverted"] == 1
    assert {path.name for path in outbox.iterdir()} == names
