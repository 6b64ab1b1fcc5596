"""Pages of books: title pages, facing pages, lists, bibliographies, indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.layouts.model import Leaf, Sheet, seq
from tests.layouts.pen import LAST
from tests.layouts.prose import SERIF, flowing, font

if TYPE_CHECKING:
    from tests.layouts.pen import Pen


def title_page(pen: Pen) -> Sheet:
    """Few lines, centred, far from one another."""
    texts = [
        pen.name(),
        pen.phrase(),
        f"being a true account of {pen.phrase().lower()}",
        f"Volume {pen.pick('I II III IV')}",
    ]
    texts += [f"{pen.pick('Ashford|Hartwick|Larchmont')}", pen.firm(), str(pen.count(1805, 1999))]
    leaves = [Leaf(text) for text in texts if pen.chance(0.9)]
    html = "".join(
        f'<div style="font-size:{pen.between(1, 2.6)}em;margin:{pen.between(0.5, 2.5)}em 0">{leaf}</div>'
        for leaf in leaves
    )
    return Sheet(f'<div style="text-align:center">{html}</div>', seq(*leaves), SERIF, 12, 30, language=pen.language)


def facing(pen: Pen) -> Sheet:
    """Two pages of a book, side by side, each with its running head."""
    number, html, parts = 2 * pen.count(5, 150), "", []
    book, chapter = pen.phrase(), pen.phrase()
    foot = pen.chance(0.4)
    for page in (0, 1):
        told = (str(number), book) if not page else (chapter, str(number + 1))
        if foot:
            told = ("", book) if not page else (chapter, "")
        head, leaves = Leaf("\t".join(told).strip()), [pen.paragraph(4, 7) for _ in range(pen.count(4, 5))]
        end = [Leaf(str(number + page))] if foot else []
        inner = f'<div class="row" style="margin-bottom:1.5em"><i>{told[0]}</i><i>{told[1]}</i></div>'
        inner += flowing(leaves, pen, justified=True)
        inner += "".join(f'<div style="text-align:center;margin-top:1.5em">{each}</div>' for each in end)
        html += f'<div style="flex:1">{inner}</div>'
        parts += [head, *leaves, *end]
    html = f'<div style="display:flex;gap:{pen.count(16, 36)}mm">{html}</div>'
    return Sheet(html, seq(*parts), SERIF, pen.between(8, 10), 16, wide=True, language=pen.language)


def numbered_list(pen: Pen) -> Sheet:
    """Numbered points, some with points of their own."""
    head, before = Leaf(pen.phrase()), pen.paragraph(2, 3)
    html, leaves, gap = f"<h1>{head}</h1><p>{before}</p>", [], pen.between(1.6, 3)
    mark = pen.pick("{}.|({})|{})")

    def point(sign: str, deep: int) -> None:
        nonlocal html
        text = f"{pen.sentence()} {pen.sentence()}" if pen.chance(0.6) else pen.phrase()
        html += f'<div style="margin:.3em 0;padding-left:{gap * deep}em;text-indent:-{gap}em">'
        html += f'<span style="display:inline-block;text-indent:0;width:{gap}em">{sign}</span>{text}</div>'
        leaves.append(Leaf(f"{sign} {text}"))

    for at in range(pen.count(5, 12)):
        point(mark.format(at + 1), 1)
        for under in range(pen.count(2, 4) if pen.chance(0.25) else 0):
            point(f"({'abcd'[under]})", 2)
    return Sheet(html, seq(head, before, *leaves), font(pen), pen.between(9, 12), 24, language=pen.language)


def bibliography(pen: Pen) -> Sheet:
    """Books and their authors; lines after the first stand in."""
    head, leaves = Leaf(pen.pick("Bibliography|Works cited|References")), []
    for who in sorted(pen.random.choices(LAST.split(), k=pen.count(12, 20))):
        title = f"{pen.phrase()}, {pen.phrase().lower()}"
        where = f"{pen.pick('Ashford|Hartwick|Larchmont')}: {pen.firm()}, {pen.count(1850, 2020)}"
        leaves.append(
            Leaf(f"{who}, {pen.name().split()[0]}. {title}. {where}, pp. {pen.count(1, 90)}-{pen.count(91, 400)}.")
        )
    deep, gap = pen.between(1.5, 3), pen.between(0, 0.6)
    html = "".join(
        f'<div style="padding-left:{deep}em;text-indent:-{deep}em;margin-bottom:{gap}em">{leaf}</div>'
        for leaf in leaves
    )
    return Sheet(
        f"<h1>{head}</h1>{html}", seq(head, *leaves), font(pen), pen.between(8.5, 11), 22, language=pen.language
    )


def index(pen: Pen) -> Sheet:
    """Two or three columns of short entries under their letters."""
    head, html, leaves = Leaf("Index"), "", []
    things = sorted({pen.phrase() for _ in range(pen.count(45, 75))})
    letter = ""
    for thing in things:
        if thing[0] != letter:
            letter = thing[0]
            leaves.append(Leaf(letter))
            html += f'<div style="font-weight:bold;margin:.7em 0 .2em;break-after:avoid">{letter}</div>'
        pages = ", ".join(map(str, sorted(pen.random.sample(range(1, 400), pen.count(1, 4)))))
        leaf = Leaf(f"{thing}, {pages}")
        html += f'<div style="padding-left:1.2em;text-indent:-1.2em;break-inside:avoid">{leaf}</div>'
        leaves.append(leaf)
    html = f'<h1>{head}</h1><div style="columns:{pen.count(2, 3)};column-gap:{pen.between(1.5, 3)}em">{html}</div>'
    return Sheet(html, seq(head, *leaves), font(pen), pen.between(7.5, 9.5), 18, language=pen.language)
