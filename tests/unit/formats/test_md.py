"""NAME.md."""

import io

import pytest
from markdown_it import MarkdownIt

from ocrwatchd.core.config.profile import Output, Work
from ocrwatchd.formats.output import md
from tests.fakes.worded import document, worded


def written(pages, name="scan.png", **changes):
    """The file's text."""
    file = io.BytesIO()
    md.write(document("s.png", len(pages), source=name, **changes), iter(pages), file)
    return file.getvalue().decode()


def shown(text):
    """As a reader with all of GitHub's extensions shows it."""
    return MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(text)


def test_pages_have_headings_and_lines_stay_lines():
    """Paragraphs too."""
    assert written([worded("Dear sir,\nyes.\n\nBye"), worded("", number=2), worded("End", number=3)]) == (
        "# scan.png\n\n## Page 1\n\nDear sir,  \nyes.\n\nBye\n\n## Page 2\n\n## Page 3\n\nEnd\n"
    )


def test_a_part_of_a_scan_says_which():
    """Below the heading, in the language of the notices."""
    assert written([], part=2, parts=3).split("\n")[2] == "part 2 of 3 of scan.png"
    german = Work(output=Output(language="de"))
    assert written([], part=2, parts=3, work=german).split("\n")[2] == "Teil 2 von 3 von scan.png"


def test_rows_of_cells_are_a_table():
    """Empty cells keep their place, missing ones are added, and a pipe in a cell is text; one row alone is a line."""
    text = "Shifts\nName\tMon\tTue\nAdams\t\tlate\n\tearly|-\n\nTotal\t2"
    table = "| Name | Mon | Tue |\n| --- | --- | --- |\n| Adams |  | late |\n|  | early\\|- |  |"
    assert written([worded(text)]) == f"# scan.png\n\n## Page 1\n\nShifts\n\n{table}\n\nTotal\t2\n"
    assert shown(table).count("<td") == 6


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>", "<!-- x -->", "# title", "#tag", "- item", "+ item", "* item", "1. item",
        "12) item",
        "> quote", "===", "---", "***", "```", "~~~", "    code", "[a](javascript:alert(1))", "![a](http://x/y.png)",
        "[a]: http://x", "*a* _b_ **c** `d` ~~e~~", "a|b", "&lt;b&gt;", "back\\slash", "http://evil.example/x",
        "www.evil.example", "me@evil.example", "$x$", "\u202eabc", "a\n---", "| a | b |", "[^1]", "2026. A year",
    ],
)  # fmt: skip
def test_what_would_be_markup_is_text(text):
    """A reader shows the letters, in one paragraph, and nothing else."""
    body = shown(written([worded(text)])).split("</h2>")[1].strip()
    lines = "<br />\n".join(
        line.strip().replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") for line in text.split("\n")
    )
    assert body == f"<p>{lines}</p>"


def test_a_hostile_name_is_text():
    """In one heading."""
    told = shown(written([], name="</h1><script>\n# x.png"))
    assert told == "<h1>&lt;/h1&gt;&lt;script&gt; # x.png</h1>\n"


def test_evaluation_mode_is_said_first():
    """As a quotation."""
    assert written([worded("a")], evaluation=True).split("\n")[2].startswith("> \\[Aspose.OCR evaluation mode:")
