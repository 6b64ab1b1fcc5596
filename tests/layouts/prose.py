"""Pages of running text: columns, headlines across, pictures, quotes, sidebars, footnotes, newspapers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.layouts.model import Leaf, Sheet, free, seq, whole

if TYPE_CHECKING:
    from tests.layouts.model import Order
    from tests.layouts.pen import Pen

SERIF, SANS, MONO = "DejaVu Serif, serif", "DejaVu Sans, sans-serif", "DejaVu Sans Mono, monospace"


def font(pen: Pen) -> str:
    """Of a printed page."""
    return pen.random.choice((SERIF, SERIF, SANS))


def flowing(leaves: list[Leaf], pen: Pen, *, justified: bool | None = None) -> str:
    """Paragraphs, set apart or with their first lines indented."""
    indent = pen.chance(0.5)
    justified = pen.chance(0.6) if justified is None else justified
    style = f"text-align:{'justify' if justified else 'left'};"
    style += "text-indent:1.5em;margin:0" if indent else f"margin:0 0 {pen.between(0.5, 1)}em"
    return "".join(f'<p style="{style}">{leaf}</p>' for leaf in leaves)


def columns(inner: str, count: int, pen: Pen, more: str = "") -> str:
    """Columns of one height."""
    rule = "column-rule:1px solid;" if pen.chance(0.2) else ""
    return f'<div style="columns:{count};column-gap:{pen.between(1.4, 3.2)}em;{rule}{more}">{inner}</div>'


def picture(tall: float, more: str = "") -> str:
    """A grey area; height in em."""
    return f'<div style="height:{tall}em;background:repeating-linear-gradient(45deg,#999,#bbb 9px);{more}"></div>'


def one_column(pen: Pen) -> Sheet:
    """One column, with a headline and running head or not."""
    head, leaves = Leaf(pen.phrase()), pen.paragraphs(4, 9)
    top = Leaf(f"{pen.count(2, 400)}\t{pen.phrase()}")
    number, title = top.text.split("\t")
    running = pen.chance(0.5)
    html = f'<div class="row" style="margin-bottom:2em"><i>{number}</i><i>{title}</i></div>' if running else ""
    html += f"<h1>{head}</h1>" + flowing(leaves, pen)
    order = seq(*([top] if running else []), head, *leaves)
    return Sheet(html, order, font(pen), pen.between(9, 13), pen.count(18, 35), language=pen.language)


def typed(pen: Pen) -> Sheet:
    """A typewritten page, justified by wide gaps or ragged, with a page number at the foot."""
    leaves, number = pen.paragraphs(4, 8), Leaf(f"- {pen.count(2, 90)} -")
    html = flowing(leaves, pen, justified=pen.chance(0.7))
    html = f'<div style="line-height:{pen.between(1.2, 2)}">{html}</div>'
    html += f'<div style="text-align:center;margin-top:2em">{number}</div>'
    return Sheet(html, seq(*leaves, number), MONO, pen.between(9, 12), pen.count(18, 30), language=pen.language)


def _columned(pen: Pen, count: int) -> Sheet:
    html, parts = "", []
    for _ in range(pen.count(1, 2)):
        head, leaves = Leaf(pen.phrase()), pen.paragraphs(2 * count, 5 * count)
        body = ""
        inner: list[Order] = []
        for at, leaf in enumerate(leaves):
            if at and pen.chance(0.2):
                small = Leaf(pen.phrase())
                body += f'<h2 style="break-after:avoid">{small}</h2>'
                inner.append(small)
            body += flowing([leaf], pen, justified=True)
            inner.append(leaf)
        html += f'<h1 style="text-align:{pen.pick("left center")}">{head}</h1>' + columns(body, count, pen)
        html += '<div style="height:1.2em"></div>'
        parts += [head, *inner]
    return Sheet(html, seq(*parts), font(pen), pen.between(7.5, 10.5), pen.count(14, 24), language=pen.language)


def two_columns(pen: Pen) -> Sheet:
    """Two columns under headlines that run across."""
    return _columned(pen, 2)


def three_columns(pen: Pen) -> Sheet:
    """Three columns under headlines that run across."""
    return _columned(pen, 3)


def pictures(pen: Pen) -> Sheet:
    """Two columns with pictures between paragraphs and their captions under them."""
    head, leaves = Leaf(pen.phrase()), pen.paragraphs(8, 14)
    html, loose = "", []
    for at, leaf in enumerate(leaves):
        html += flowing([leaf], pen, justified=True)
        if at and pen.chance(0.35):
            caption = Leaf(f"Figure {len(loose) + 1}: {pen.sentence()}")
            html += f'<div style="break-inside:avoid;margin:.8em 0">{picture(pen.between(5, 12))}'
            html += f'<div style="font-size:.8em;margin-top:.3em">{caption}</div></div>'
            loose.append(caption)
    body = columns(html, 2, pen)
    return Sheet(
        f"<h1>{head}</h1>{body}",
        seq(head, free(seq(*leaves), *loose)),
        font(pen),
        pen.between(8, 10.5),
        18,
        language=pen.language,
    )


def beside_figures(pen: Pen) -> Sheet:
    """One column; figures with the caption beside them."""
    html, main, loose = "", [], []
    for at in range(pen.count(2, 3)):
        leaves, caption = pen.paragraphs(1, 3), Leaf(f"Plate {at + 1}. {pen.sentence()} {pen.sentence()}")
        side = picture(pen.between(7, 12), f"width:{pen.count(50, 65)}%;flex:none")
        words = f'<div style="font-size:.8em;padding:0 1.5em">{caption}</div>'
        both = side + words if pen.chance(0.5) else words + side
        html += flowing(leaves, pen) + f'<div style="display:flex;margin:1.2em 0">{both}</div>'
        main += leaves
        loose.append(caption)
    return Sheet(html, free(seq(*main), *loose), font(pen), pen.between(9, 12), 22, language=pen.language)


def pull_quotes(pen: Pen) -> Sheet:
    """Two columns; a quote set between them, into both."""
    before, after = [pen.paragraph(7, 12) for _ in range(2)], [pen.paragraph(7, 12) for _ in range(2)]
    head, quote = Leaf(pen.phrase()), Leaf(f"{pen.phrase()} {pen.count(2, 99)}")
    gap, wide = pen.between(1.6, 2.6), pen.between(10, 13)
    tall = 1.8 * (2 + len(quote.text) / (wide / 1.1))
    down = pen.count(9, 16)
    sides = []
    for leaves, side in ((before, "right"), (after, "left")):
        hole = f"float:{side};height:{down + tall + 1}em;width:{wide / 2 + 1 - gap / 2}em;"
        hole += f"shape-outside:inset({down}em 0 0 0)"
        sides.append(f'<div style="flex:1"><div style="{hole}"></div>{flowing(leaves, pen, justified=True)}</div>')
    middle = f'<div style="position:absolute;left:calc(50% - {wide / 2}em);top:{down + 0.5}em;width:{wide}em;'
    middle += f'height:{tall}em"><div style="font-size:1.35em;text-align:center;font-weight:bold">{quote}</div></div>'
    html = f'<h1>{head}</h1><div style="display:flex;gap:{gap}em;position:relative">{"".join(sides)}{middle}</div>'
    order = seq(head, free(seq(*before, *after), quote))
    return Sheet(html, order, font(pen), pen.between(8.5, 10.5), 18, language=pen.language)


def sidebars(pen: Pen) -> Sheet:
    """One or two columns and beside them a box with a text of its own."""
    head, leaves = Leaf(pen.phrase()), pen.paragraphs(5, 11)
    title, notes = Leaf(pen.phrase()), [pen.paragraph(2, 3) for _ in range(pen.count(1, 3))]
    frame = pen.pick("border:1px solid|background:#e8e8e8|border-top:3px solid")
    side = f'<div style="flex:0 0 {pen.count(28, 36)}%;padding:.8em;font-size:.85em;{frame}">'
    side += f'<h2 style="margin-top:0">{title}</h2>{flowing(notes, pen, justified=False)}</div>'
    body = flowing(leaves, pen)
    main = f"<div>{columns(body, 2, pen) if pen.chance(0.3) else body}</div>"
    both = main + side if pen.chance(0.7) else side + main
    html = f'<h1>{head}</h1><div style="display:flex;gap:{pen.between(1.5, 2.5)}em;align-items:start">{both}</div>'
    order = seq(head, free(seq(*leaves), whole(title, *notes)))
    return Sheet(html, order, font(pen), pen.between(8.5, 11), 18, language=pen.language)


def footnotes(pen: Pen) -> Sheet:
    """Text and under it notes in smaller print."""
    leaves = [pen.paragraph() for _ in range(pen.count(5, 9))]
    notes = [Leaf(f"{at + 1} {pen.sentence()} {pen.sentence()}") for at in range(pen.count(2, 4))]
    rule = '<div style="border-top:1px solid;width:25%;margin:1.5em 0 .5em"></div>' if pen.chance(0.7) else "<p>"
    small = "".join(f'<div style="font-size:.78em">{note}</div>' for note in notes)
    html = (columns(flowing(leaves, pen), 2, pen) if pen.chance(0.3) else flowing(leaves, pen)) + rule + small
    return Sheet(html, seq(*leaves, *notes), font(pen), pen.between(9, 11.5), 22, language=pen.language)


def _article(pen: Pen, count: int, gap: str) -> tuple[str, Order]:
    head, leaves = Leaf(pen.phrase()), [pen.paragraph(3, 6) for _ in range(3 * count)]
    body = flowing(leaves, pen, justified=True)
    by = Leaf(f"By {pen.name()}")
    html = f'<h1 style="font-size:{pen.between(1.4, 2.2)}em">{head}</h1><p><i>{by}</i></p>'
    return html + f'<div style="columns:{count};column-gap:{gap}">{body}</div>', whole(head, by, *leaves)


def newspaper(pen: Pen) -> Sheet:
    """Four or five narrow columns; headlines over parts of them."""
    count, gap = pen.count(4, 5), f"{pen.between(1, 2.2)}em"
    name, line = Leaf(f"The {pen.pick(TOWN_PAPERS)} Gazette"), Leaf(f"{pen.date()}\tNo. {pen.count(100, 999)}")
    date, number = line.text.split("\t")
    html = f'<div style="text-align:center;font-size:3em;line-height:1.1">{name}</div>'
    html += f'<div class="row" style="border:solid;border-width:1px 0;margin:.6em 0"><span>{date}</span>'
    html += f"<span>{number}</span></div>"
    parts: list[Order] = []
    for _ in range(2):
        wide = pen.count(1, count - 1)
        pair = [_article(pen, each, gap) for each in (wide, count - wide)]
        cells = "".join(
            # As wide as so many columns of the page and the gaps between them.
            f'<div style="flex:none;width:calc((100% - {count - 1} * {gap}) / {count} * {each} + {each - 1} * {gap})">'
            f"{article}</div>"
            for each, (article, _) in zip((wide, count - wide), pair, strict=True)
        )
        html += f'<div style="display:flex;gap:{gap};margin-bottom:1.2em">{cells}</div>'
        parts += [order for _, order in pair]
    return Sheet(html, seq(name, line, free(*parts)), SERIF, pen.between(7, 8.5), 10, language=pen.language)


TOWN_PAPERS = "Ashford Eastmoor Hartwick Kingsbury Larchmont"
