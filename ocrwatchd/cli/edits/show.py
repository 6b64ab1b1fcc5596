"""Show edits: a line as recognised beside the line as delivered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.table import Table
from rich.text import Text

from ocrwatchd.cli.edits.receipt_edits import Delivered, edit_of
from ocrwatchd.core.i18n.language import ENGLISH, language
from ocrwatchd.core.model import Doubt
from ocrwatchd.core.reason import Reason
from ocrwatchd.formats.output.edit_positions import delivered_word
from ocrwatchd.formats.output.evidence import LEAST_WRONG, MOST_ASKED, in_words, request

BESIDE_CHARACTERS = 32
"""Characters of the line shown on either side of an edit."""

CUT = "\N{HORIZONTAL ELLIPSIS}"
BREAK = "\N{RETURN SYMBOL}"
BEFORE, AFTER, REVERTED = "bold red", "bold green", "dim"


def listing(delivered: Delivered, *, refused: bool) -> Iterator[Table | Text]:
    """Tables of the edits, of the refused proposals if wanted, and of the words to check; the number of edits."""
    if delivered.edits:
        yield _table(delivered, "edits", ("as recognised", "as delivered"))
    if refused and delivered.refused:
        yield _table(delivered, "refused", ("as recognised", "as proposed"))
    yield from _checks(delivered)
    gone = sum(edit["reverted"] for edit in delivered.edits)
    yield Text(f"{len(delivered.edits)} edits, {gone} of them reverted; {len(delivered.refused)} proposals refused")


def _table(delivered: Delivered, kind: str, headings: tuple[str, str]) -> Table:
    table = Table(title=kind, title_justify="left", expand=True)
    table.add_column("no.", justify="right", no_wrap=True)
    table.add_column("page:line", no_wrap=True)
    for heading in headings:
        table.add_column(heading, ratio=3)
    table.add_column("why", ratio=3)
    notices = language(delivered.head.get("notices", ENGLISH))
    for page in delivered.pages:
        for edit in page[kind]:
            gone = edit.get("reverted", False)
            why = notices.of(Reason(edit["why"]).wording) + " (reverted)" * gone
            weighed = in_words(edit.get("source", ""), edit.get("terms", {}).items(), edit.get("sum", 0.0), notices)
            number = str(edit.get("number", ""))
            place = f"{edit['page']}:{edit['line']}"
            was, became = sides(page["raw"], edit)
            reasons = Text("\n".join(_visible(each) for each in (why, weighed) if each))
            table.add_row(number, place, was, became, reasons, style=REVERTED if gone else None)
    return table


def _checks(delivered: Delivered) -> Iterator[Table | Text]:
    """The words of the document that are most probably wrong."""
    doubts = [
        (page, Doubt(told["offset"], told["length"], told["wrong"]))
        for page in delivered.pages
        for told in page.get("doubts", ())
    ]
    likely = [(page, doubt) for page, doubt in doubts if doubt.wrong >= LEAST_WRONG]
    first = sorted(likely, key=lambda each: -each[1].wrong)[:MOST_ASKED]
    if not first:
        return
    yield Text(str(request([doubt.wrong for _, doubt in first], sum(doubt.wrong for _, doubt in doubts))))
    table = Table()
    table.add_column("page:line", no_wrap=True)
    table.add_column("word")
    table.add_column("wrong", justify="right", no_wrap=True)
    for page, doubt in first:
        kept = [edit for edit in page["edits"] if not edit["reverted"]]
        word, _ = delivered_word(page["raw"], doubt, [*map(edit_of, kept)])
        line = page["raw"].count("\n", 0, doubt.offset) + 1
        table.add_row(f"{page['number']}:{line}", Text(_visible(word)), f"{doubt.wrong:.0%}")
    yield table


def sides(raw: str, edit: dict[str, Any]) -> tuple[Text, Text]:
    """The line around an edit of a recognised page, before and after, with the change in colour."""
    start, end = edit["offset"], edit["offset"] + len(edit["before"])
    left = raw[raw.rfind("\n", 0, start) + 1 : start]
    right = raw[end:].partition("\n")[0]
    head = CUT + left[-BESIDE_CHARACTERS:] if len(left) > BESIDE_CHARACTERS else left
    tail = right[:BESIDE_CHARACTERS] + CUT if len(right) > BESIDE_CHARACTERS else right
    before, after = (
        Text.assemble(_visible(head), (_visible(word), style), _visible(tail))
        for word, style in ((edit["before"], BEFORE), (edit["after"], AFTER))
    )
    return before, after


def _visible(text: str) -> str:
    """Replace characters that would control a terminal."""
    return "".join(letter if letter.isprintable() else BREAK if letter == "\n" else " " for letter in text)
