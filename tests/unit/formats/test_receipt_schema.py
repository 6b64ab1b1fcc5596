"""The JSON Schema of receipts."""

import dataclasses
import io
import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from ocrwatchd.cli.edits import pages as edited_pages
from ocrwatchd.cli.edits import revise
from ocrwatchd.cli.edits.receipt_edits import Delivered
from ocrwatchd.cli.main import main
from ocrwatchd.core.config.profile import Output, Work
from ocrwatchd.core.i18n import Message
from ocrwatchd.core.i18n.language import language
from ocrwatchd.core.model import (
    Box,
    Correction,
    Document,
    Doubt,
    Edit,
    FinishedPage,
    Leaf,
    LeftOut,
    Line,
    PageText,
    Part,
    Term,
    Totals,
)
from ocrwatchd.core.reason import Reason
from ocrwatchd.formats.output import receipt, schema, txt
from tests.receipts import mistakes, sums

READ = FinishedPage(
    PageText(1, "teh 0ne", 100, 50, 300.0, "aspose", (Line("teh 0ne", 0, Box(1, 2, 3, 4), 0.5),), 90, -0.5, True),
    Correction(
        "the 0ne",
        (Edit(0, "teh", "the", Reason.SIMILAR_WORD, "picture", (Term("picture", -0.42), Term("words", 6.14))),),
        (Edit(4, "0ne", "two", Reason.SIMILAR_WORD),),
        corrected=True,
        model="m",
        parts=(Part(0, 7, "decided"), Part(7, 0, "raw", Reason.MODEL_UNABLE, "no room")),
        doubts=(Doubt(4, 3, 0.61234),),
    ),
)
UNREAD = FinishedPage(
    PageText(2, "[page 2 could not be read]", 0, 0, 0.0, error=Message("page 2 is damaged"), warnings=("dark",)),
    Correction("[page 2 could not be read]", reason=Message("the page could not be read")),
)
TOTALS = Totals(2, {Reason.SIMILAR_WORD: 1}, {Reason.NUMBER: 1}, {"decided": 1, "raw": 1})


def written(code="", **changes):
    """A receipt of two pages, of which one could not be read, from an engine without a licence."""
    file = io.BytesIO()
    figures = {
        "job": "j", "source": "scan.tif", "sha256": "ab" * 32, "pages": 2, "unreadable": 1, "corrected": True,
        "reason": "no time", "evaluation": True, "versions": {"ocrwatchd": "1"}, "warnings": ("long",), "seconds": 1.0,
        "totals": TOTALS, "formats": ("txt", "json"),
        "scan": Path("scan.tif"), "work": Work(output=Output(language=code)),
    }  # fmt: skip
    receipt.write(Document(**figures | changes), iter([READ, UNREAD]), file)
    return json.loads(file.getvalue())


def described(part, at="$"):
    """Every part of the schema that has keys, each with its place."""
    if isinstance(part, dict):
        for name, inner in part.get("properties", {}).items():
            yield f"{at}.{name}", inner
        for name, inner in part.items():
            yield from described(inner, f"{at}/{name}")


def test_it_is_a_schema_and_describes_every_key():
    """Of the draft that it names; its number is the one that receipts have."""
    table = json.loads(schema.text())
    Draft202012Validator.check_schema(table)
    assert table["$id"].endswith(f":{receipt.SCHEMA}")
    assert table["properties"]["schema"]["const"] == receipt.SCHEMA
    refers = [at for at, inner in described(table) if not inner.get("description") and "$ref" not in inner]
    assert refers == []


@pytest.mark.parametrize("code", ["", "de", "zh"])
def test_a_receipt_is_as_the_schema_says_and_has_no_other_key(code):
    """Evaluation, an unreadable page, edits admitted and refused, parts of each fate."""
    assert mistakes(written(code)) == []


def test_a_receipt_whose_edits_are_taken_back_is_too(tmp_path):
    """And again where they are put in; the text's notice stays in its language."""
    texts = [page["text"] for page in written("de")["pages"]]
    (tmp_path / "s.txt").write_bytes(b"".join(txt.laid_out(texts, language("de").of(txt.EVALUATION_LINE))))
    table = written("de", files=sums(tmp_path, "s"))
    (tmp_path / "s.json").write_bytes(
        b"".join(receipt.laid_out({k: table[k] for k in table if k != "pages"}, table["pages"]))
    )
    revise.revise(tmp_path / "s.json", None, tmp_path, reverted=True, force=False)
    told = json.loads((tmp_path / "s.json").read_bytes())
    assert mistakes(told) == []
    assert told["totals"]["reverted"] == 1
    lines = (tmp_path / "s.txt").read_text().split("\n")
    assert lines[0].startswith("[Aspose.OCR im Testmodus: ")
    assert lines[1] == "teh 0ne"


STACK = {
    "part": 2,
    "parts": 3,
    "pages_from": (4, 6),
    "left_out": (LeftOut(3, "sheet"), LeftOut(5, "blank")),
    "leaves": (Leaf(Path("in/a.jpg"), 1), Leaf(Path("in/b.pdf"), 3)),
}


def test_a_receipt_says_where_in_a_stack_the_document_lay():
    """Of a part, and of several files; of a whole scan the same keys say so."""
    table = written(**STACK)
    assert mistakes(table) == []
    assert (table["parent"], table["part"], table["parts"], table["pages_from"]) == ("scan.tif", 2, 3, [4, 6])
    assert table["left_out"] == [{"page": 3, "why": "sheet"}, {"page": 5, "why": "blank"}]
    assert table["sources"] == [{"name": "a.jpg"}, {"name": "b.pdf"}]
    whole = written()
    assert (whole["parent"], whole["part"], whole["parts"], whole["pages_from"]) == ("", 1, 1, [])
    assert whole["left_out"] == []
    assert "sources" not in whole


def test_files_that_are_written_again_say_the_same_of_the_stack(tmp_path):
    """Markdown and hOCR of a part, from its receipt."""
    again = edited_pages.document(Delivered(tmp_path / "s.json", written(**STACK)), tmp_path)
    assert (again.part, again.parts, again.pages_from) == (2, 3, (4, 6))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda table: table.pop("sha256"),
        lambda table: table.update(schema=1),
        lambda table: table.update(news=1),
        lambda table: table["pages"][0].update(news=1),
        lambda table: table["pages"][0]["edits"][0].pop("reverted"),
        lambda table: table["pages"][0]["lines"][0].update(confidence=2),
        lambda table: table["pages"][0]["doubts"][0].update(wrong=1.1),
        lambda table: table["pages"][0]["edits"][0].update(source="nobody"),
        lambda table: table["pages"][0]["edits"][0]["terms"].update(words="many"),
        lambda table: table.pop("totals"),
        lambda table: table.update(part=0),
        lambda table: table.update(left_out=[{"page": 1, "why": "ugly"}]),
    ],
)
def test_what_is_wrong_is_found(spoil):
    """A key that is missing, unknown or out of its bounds."""
    table = written()
    spoil(table)
    assert mistakes(table)


def test_the_verb_prints_it(capsys):
    """As it is; without a configuration."""
    assert main(["schema"]) == 0
    assert capsys.readouterr().out == schema.text()


def test_frozen_values_are_all_told():
    """A page's figures that the model has stand in the receipt: whoever adds one describes it.

    All but ``unseen_text``, of which only the first writing of the PDF has to know.
    """
    told = {"number", "text", "width", "height", "dpi", "engine", "lines", "rotation", "skew", "evaluation", "warnings",
            "error", "seconds", "unseen_text"}  # fmt: skip
    assert {field.name for field in dataclasses.fields(PageText)} == told
