"""Letters, forms, leases and papers of courts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.layouts.model import Leaf, Sheet, free, seq
from tests.layouts.prose import MONO, SERIF, flowing, font
from tests.layouts.tables import beside, lines

if TYPE_CHECKING:
    from tests.layouts.model import Order
    from tests.layouts.pen import Pen

LABELS = (
    "Surname|First name|Date of birth|Place of birth|Street|Postcode|Telephone|Occupation|Employer|Nationality|"
    "Account number|Policy number|Date of loss|Place of loss|Type of goods|Driver|Licence plate|Insurer|Branch|Remarks"
)
ROLES = ("Director", "Treasurer", "Lessor", "Lessee", "Witness", "Secretary", "Notary")


def signatures(pen: Pen) -> tuple[str, Order]:
    """Two signatories side by side, under rules or none."""
    rule = "border-top:1px solid;padding-top:.2em;" if pen.chance(0.6) else ""
    roles = pen.random.sample(ROLES, 2)
    width = f"{rule}width:{pen.count(35, 45)}%"
    firm = pen.chance(0.5)
    return beside(
        [lines([pen.name(), role, *([pen.firm()] if firm else [])], width) for role in roles], "margin-top:4em"
    )


def letter(pen: Pen) -> Sheet:
    """Letterhead, address, date at the right, reference line, text, signatures."""
    head, top = lines([pen.firm(), pen.street(), pen.town()], f"text-align:{pen.pick('left center right')}")
    to, whom = lines(pen.address())
    if pen.chance(0.5):
        date, day = lines([f"{pen.pick('Ashford|Hartwick')}, {pen.date()}"], "align-self:end")
        across, address = beside([(to, whom), (date, day)], "margin:3em 0 2em")
    else:
        day = Leaf(pen.date())
        across, address = f'<div style="margin:2.5em 0">{to}</div><p class="num">{day}</p>', seq(whom, day)
    subject, greeting = Leaf(f"Re: {pen.phrase()}"), Leaf(f"Dear {pen.name()},")
    leaves, bye = pen.paragraphs(2, 5), Leaf(pen.pick("Yours sincerely,|Yours faithfully,|With kind regards"))
    marks: list[Order] = []
    ours = ""
    if pen.chance(0.5):
        told = [
            f"{label} {pen.pick('ab cd ef gh')}/{pen.count(10, 999)}" for label in ("Your ref.", "Our ref.", "Ext.")
        ]
        leaf = Leaf("\t".join(told))
        ours = f'<div class="row" style="margin-bottom:1.5em">{"".join(f"<span>{each}</span>" for each in told)}</div>'
        marks = [leaf]
    signed, names = signatures(pen) if pen.chance(0.6) else lines([pen.name(), "Manager"], "margin-top:3em")
    html = f"{head}{across}{ours}<p><b>{subject}</b></p><p>{greeting}</p>{flowing(leaves, pen)}<p>{bye}</p>{signed}"
    order = seq(top, address, *marks, subject, greeting, *leaves, bye, names)
    family = pen.random.choice((font(pen), MONO))
    return Sheet(html, order, family, pen.between(9, 12), pen.count(20, 28), language=pen.language)


def _value(label: str, pen: Pen) -> str:
    if "ate" in label:
        return pen.date()
    return str(pen.count(1000, 999999)) if label.endswith(("number", "code", "phone")) else pen.name()


def _entries(pen: Pen, count: int) -> list[tuple[str, str]]:
    labels = pen.random.sample(LABELS.split("|"), count)
    return [
        (f"{label}:" if pen.chance(0.8) else label, "" if pen.chance(0.2) else _value(label, pen)) for label in labels
    ]


def form(pen: Pen) -> Sheet:
    """Labels with values or blanks, one under the other."""
    head, note = Leaf(pen.phrase()), pen.paragraph(1, 3)
    html, leaves = f"<h1>{head}</h1><p>{note}</p>", []
    width = pen.between(9, 14)
    for label, value in _entries(pen, pen.count(8, 16)):
        html += f'<div style="display:flex;margin:.7em 0"><span style="flex:none;width:{width}em">{label}</span>'
        html += f'<span style="flex:1;border-bottom:1px solid">{value}</span></div>'
        leaves.append(Leaf(f"{label}\t{value}"))
    signed, names = signatures(pen)
    return Sheet(
        html + signed, seq(head, note, *leaves, names), font(pen), pen.between(9, 12), 22, language=pen.language
    )


def two_column_form(pen: Pen) -> Sheet:
    """Labels with values in two columns, beside the labels or under them in a frame."""
    head, under = Leaf(pen.phrase()), pen.chance(0.4)
    entries = _entries(pen, 2 * pen.count(4, 8))
    sides: tuple[list[Leaf], list[Leaf]] = ([], [])
    html = f'<h1>{head}</h1><div style="display:grid;grid-template-columns:1fr 1fr;gap:{pen.between(0.6, 1.2)}em 2em">'
    for at, (label, value) in enumerate(entries):
        if under:
            html += (
                f'<div style="border:1px solid;padding:.2em .5em;height:3em"><div style="font-size:.7em">{label}</div>'
            )
            html += f"<div>{value}</div></div>"
        else:
            html += f'<div style="display:flex"><span style="flex:none;width:9em">{label}</span>'
            html += f'<span style="flex:1;border-bottom:1px solid">{value}</span></div>'
        sides[at % 2].append(Leaf(f"{label}\t{value}"))
    note = pen.paragraph(2, 4)
    order = seq(head, free(*(seq(*side) for side in sides)), note)
    return Sheet(
        f"{html}</div><p></p><p>{note}</p>", order, font(pen), pen.between(8.5, 10.5), 18, language=pen.language
    )


def lease(pen: Pen) -> Sheet:
    """Numbered clauses with blanks, some of them filled in."""
    head, html, leaves = Leaf(pen.pick("LEASE AGREEMENT|LICENCE TO OCCUPY|CONTRACT OF TENANCY")), "", []
    for at in range(pen.count(5, 9)):
        first, last = pen.sentence(), pen.sentence()
        value = "" if pen.chance(0.4) else pen.random.choice((pen.date(), pen.name(), pen.money()))
        asks = pen.pick("Agreed by|The rent is payable to|The term begins on|The deposit amounts to")
        number = f"{at + 1}."
        blank = f'<span style="display:inline-block;min-width:{pen.count(6, 12)}em;border-bottom:1px solid">'
        blank = f"{blank}&nbsp;{value}</span>" if pen.chance(0.6) else f"_____ {value} _____"
        html += f'<p style="margin-bottom:1em">{number} {first} {asks} {blank} for its part. {last}</p>'
        leaves.append(Leaf(f"{number} {first} {asks} {value} for its part. {last}"))
    signed, names = signatures(pen)
    html = f'<h1 style="text-align:center">{head}</h1>{html}{signed}'
    return Sheet(html, seq(head, *leaves, names), font(pen), pen.between(9, 12), 24, language=pen.language)


def _numbered(body: str, pen: Pen, high: float) -> str:
    count = pen.random.choice((25, 28))
    numbers = "<br>".join(map(str, range(1, count + 1)))
    rule = pen.pick("border-left:3px double|border-left:1px solid|")
    return (
        f'<div style="position:relative;line-height:{high}em;height:{count * high}em;padding-left:5em">'
        f'<div style="position:absolute;left:0;width:2.5em;text-align:right">{numbers}</div>'
        f'<div style="position:absolute;left:3.6em;height:100%;{rule}"></div>{body}</div>'
    )


def deposition(pen: Pen) -> Sheet:
    """Questions and answers; the lines are numbered in the margin."""
    leaves = [Leaf(f"{'A' if at % 2 else 'Q'}. {pen.sentence()}") for at in range(pen.count(12, 18))]
    body = "".join(f'<div style="padding-left:2em;text-indent:-2em">{leaf}</div>' for leaf in leaves)
    head = Leaf(f"{pen.name()}, recalled")
    html = f'<div style="text-align:center;margin-bottom:1em">{head}</div>' + _numbered(body, pen, pen.between(1.5, 2))
    return Sheet(html, seq(head, *leaves), MONO, pen.between(9, 11), 20, numbered=True, language=pen.language)


def pleading(pen: Pen) -> Sheet:
    """A paper to a court: numbered lines, parties at the left and the case at the right, then text."""
    court = Leaf(f"DISTRICT COURT OF {pen.pick('ASHFORD|HARTWICK|KINGSBURY')}")
    parties = Leaf(f"{pen.name()}, Plaintiff, against {pen.name()}, Defendant.")
    case = Leaf(f"Case No. {pen.pick('A|B|C')}-{pen.count(100, 999)} {pen.pick('MOTION TO DISMISS|COMPLAINT|ANSWER')}")
    leaves = pen.paragraphs(2, 4)
    side = '<div style="width:{}%;{}">{}</div>'
    across = side.format(48, "border-right:1px solid;border-bottom:1px solid;padding-right:1em", parties)
    across = f'<div style="display:flex">{across}{side.format(48, "padding-left:1.5em", case)}</div>'
    body = f'<div style="text-align:center">{court}</div>{across}'
    body += "".join(f'<div style="text-indent:3em">{leaf}</div>' for leaf in leaves)
    order = seq(court, free(parties, case), *leaves)
    html = _numbered(body, pen, pen.between(1.7, 2))
    return Sheet(
        html, order, pen.random.choice((SERIF, MONO)), pen.between(9, 11), 20, numbered=True, language=pen.language
    )
