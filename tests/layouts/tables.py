"""Tables with and without rules, and what is made of rows: invoices and contents pages."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from tests.layouts.model import Leaf, Sheet, free, seq, whole
from tests.layouts.prose import flowing, font

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.layouts.model import Order
    from tests.layouts.pen import Pen

Cells = list[list[str]]
"""The cells of a row, each with its lines."""


def row(cells: Cells) -> Leaf:
    """A row as text: cell by cell.

    Where one cell alone has several lines, they may also stand after the other cells' only lines.
    """
    filled = [cell for cell in cells if cell]
    text = "\t".join(" ".join(cell) for cell in filled)
    if sum(len(cell) > 1 for cell in filled) != 1:
        return Leaf(text)
    first = "\t".join(cell[0] for cell in filled)
    rest = next(" ".join(cell[1:]) for cell in filled if len(cell) > 1)
    return Leaf(text, (f"{first}\n{rest}",))


def table(rows: Sequence[Cells], right: set[int], pen: Pen, style: str | None = None) -> tuple[str, list[Leaf]]:
    """A table as HTML, and its rows as text.

    Args:
        rows: the first is the head.
        right: numbers of the columns that are set to the right.
        pen: for what is left to chance.
        style: "grid", "lines", "head" or "plain".
    """
    style = style or pen.pick("grid lines head plain plain")
    room = f"padding:{pen.between(0.12, 0.5)}em {pen.between(0.5, 1)}em"
    html = f'<table style="border-collapse:collapse;width:{pen.count(85, 100)}%;white-space:nowrap">'
    for number, cells in enumerate(rows):
        line = {"grid": "border:1px solid", "lines": "border-bottom:1px solid #777", "head": "", "plain": ""}[style]
        if style == "head" and not number:
            line = "border-bottom:2px solid"
        html += f'<tr style="{"" if number else "font-weight:bold"}">'
        for at, cell in enumerate(cells):
            side = "text-align:right;" if at in right else ""
            html += f'<td style="{side}{room};{line}">{"<br>".join(map(escape, cell))}</td>'
        html += "</tr>"
    return html + "</table>", [row(cells) for cells in rows]


def goods(pen: Pen, count: int, *, long: float = 0.25, empty: float = 0.0) -> list[Cells]:
    """Rows of an article, its number, amounts and sums; some articles have two or three lines."""
    coded = pen.chance(0.5)
    rows = [[*([["Pos."], ["Code"]] if coded else []), ["Description"], ["Qty"], ["Price"], ["Amount"]]]
    for at in range(count):
        lines = [pen.goods()] + [pen.phrase() for _ in range(pen.count(1, 2) if pen.chance(long) else 0)]
        code = [[str(at + 1)], [f"{pen.pick('K|L|R|W')}-{pen.count(1000, 9999)}"]] if coded else []
        numbers = [[str(pen.count(1, 60))], [pen.money(90)], [pen.money()]]
        rows.append([*code, lines, *([] if pen.chance(empty) else cell for cell in numbers)])
    return rows


def price_list(pen: Pen) -> Sheet:
    """A headline, a sentence, a table of goods with empty cells, and a paragraph."""
    head, before, after = Leaf(pen.phrase()), pen.paragraph(2, 4), pen.paragraph(2, 4)
    rows = goods(pen, pen.count(5, 18), empty=0.1)
    many = len(rows[0])
    html, leaves = table(rows, {many - 3, many - 2, many - 1}, pen)
    html = f"<h1>{head}</h1>{flowing([before], pen)}{html}<p></p>{flowing([after], pen)}"
    return Sheet(html, seq(head, before, *leaves, after), font(pen), pen.between(8, 11), 20, language=pen.language)


def figures(pen: Pen) -> Sheet:
    """A table of numbers by year, with sums and headings between the rows."""
    head, note = Leaf(pen.phrase()), Leaf(f"Source: {pen.sentence()}")
    first, many = pen.count(1950, 2015), pen.count(3, 6)
    rows: list[Cells] = [[["Item"], *([str(first + at)] for at in range(many))]]
    for _ in range(pen.count(2, 3)):
        rows += [
            [[pen.goods()], *([] if pen.chance(0.1) else [pen.money(90000)] for _ in range(many))]
            for _ in range(pen.count(3, 6))
        ]
        rows.append(
            [[f"Total {pen.pick('north south east west domestic foreign')}"], *([pen.money(9e5)] for _ in range(many))]
        )
    html, leaves = table(rows, set(range(1, many + 1)), pen)
    html = f'<h2>{head}</h2>{html}<p style="font-size:.8em;margin-top:.6em">{note}</p>'
    return Sheet(html, seq(head, *leaves, note), font(pen), pen.between(7, 10), 18, language=pen.language)


def wordy_table(pen: Pen) -> Sheet:
    """A table of two or three columns whose cells hold words in several lines."""
    head, many = Leaf(pen.phrase()), pen.count(2, 3)
    rows: list[Cells] = [[[word] for word in ("Subject", "Finding", "Remedy")[:many]]]
    rows += [[[pen.phrase() for _ in range(pen.count(1, 3))] for _ in range(many)] for _ in range(pen.count(3, 7))]
    html, leaves = table(rows, set(), pen, pen.pick("grid lines lines"))
    return Sheet(f"<h1>{head}</h1>{html}", seq(head, *leaves), font(pen), pen.between(7, 10), 16, language=pen.language)


def contents(pen: Pen) -> Sheet:
    """Chapters and their pages, with dots between them or none."""
    head = Leaf(pen.pick("Contents|Table of Contents"))
    html, leaves, page = f"<h1>{head}</h1>", [], 1
    dots, numbered = pen.chance(0.75), pen.chance(0.6)
    for at in range(pen.count(6, 12)):
        for under in range(pen.count(1, 4)):
            page += pen.count(1, 14)
            number = (f"{at + 1}.{under} " if under else f"{at + 1} ") if numbered else ""
            leaf = Leaf(f"{number}{pen.phrase()}\t{page}")
            title, _ = leaf.text.split("\t")
            sign = ". " if pen.chance(0.5) else "."
            leader = f'<span class="dots" data-sign="{sign}"></span>' if dots else ""
            html += f'<div class="row" style="padding-left:{1.6 if under else 0}em;margin-top:{0 if under else 0.5}em">'
            html += f"<span>{escape(title)} </span>{leader}<span> {page}</span></div>"
            leaves.append(leaf)
    return Sheet(html, seq(head, *leaves), font(pen), pen.between(9, 12), pen.count(20, 30), language=pen.language)


def lines(texts: Sequence[str], more: str = "") -> tuple[str, Leaf]:
    """Lines one under the other that stand whole."""
    return f'<div style="{more}">{"<br>".join(map(escape, texts))}</div>', Leaf("\n".join(texts))


def beside(parts: Sequence[tuple[str, Order]], more: str = "") -> tuple[str, Order]:
    """Blocks side by side, read in any order."""
    html = f'<div class="row" style="{more}">{"".join(html for html, _ in parts)}</div>'
    return html, free(*(order for _, order in parts))


def pairs(told: Sequence[tuple[str, str]], more: str = "") -> tuple[str, Order]:
    """Labels and values one under the other."""
    leaves = [Leaf(f"{label}\t{value}") for label, value in told]
    cells = "".join(f"<tr><td>{escape(a)}</td><td style='padding-left:1em'>{escape(b)}</td></tr>" for a, b in told)
    return f'<table style="white-space:nowrap;{more}">{cells}</table>', whole(*leaves)


def invoice(pen: Pen) -> Sheet:
    """Addresses side by side, a table of goods, sums at the right, a foot of three columns."""
    firm, title = Leaf(pen.firm()), Leaf(pen.pick("INVOICE|Invoice|Rechnung|Facture|Credit Note"))
    top = f'<div class="row"><b style="font-size:1.8em">{firm}</b></div>'
    meta = pairs([("Invoice No.", str(pen.count(10000, 99999))), ("Date", pen.date()), ("Due", pen.date())])
    billed = lines([pen.pick("Bill to:|Sold to:"), *pen.address()])
    shipped = lines([pen.pick("Ship to:|Delivery address:"), *pen.address()])
    sides = [billed, meta] if pen.chance(0.4) else [billed, shipped, meta] if pen.chance(0.5) else [billed, shipped]
    across, addresses = beside(sides, "margin:1.5em 0")
    rows = goods(pen, pen.count(2, 11), long=0.2)
    many = len(rows[0])
    items, leaves = table(rows, {many - 3, many - 2, many - 1}, pen)
    sums, totals = pairs(
        [("Subtotal", pen.money()), (f"VAT {pen.count(5, 25)} %", pen.money()), ("Total due", pen.money(9000))],
        f"margin:1em {pen.between(0, 3)}em 1em auto;text-align:right",
    )
    terms = pen.paragraph(1, 3)
    foot, end = beside(
        [
            lines([pen.firm(), pen.street(), pen.town()]),
            lines([f"Bank of {pen.pick('Ashford|Hartwick|Larchmont')}", f"IBAN XK{pen.count(10**9, 10**10)}"]),
            lines([f"Tax No. {pen.count(10**6, 10**7)}", f"Director {pen.name()}", f"Tel. {pen.count(10**6, 10**7)}"]),
        ],
        "font-size:.75em;position:absolute;left:20mm;right:20mm;bottom:14mm",
    )
    late, order = ("", []) if meta in sides else (meta[0], [meta[1]])
    html = f'{top}{across}<h1 style="margin:1em 0 .5em">{title}</h1>{late}<p></p>{items}{sums}<p>{terms}</p>{foot}'
    parts = seq(firm, addresses, title, *order, *leaves, totals, terms, end)
    return Sheet(html, parts, font(pen), pen.between(8, 10.5), 20, language=pen.language)
