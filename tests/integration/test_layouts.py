"""Pages of many layouts come out in the order in which people read them."""

import pytest

from tests.layouts.boxes import letters_of
from tests.layouts.checking import faults, in_order
from tests.layouts.kinds import KINDS, sheet
from tests.layouts.model import Leaf, Sheet, free, seq, whole
from tests.layouts.reading import from_boxes, outcomes
from tests.layouts.recognition import Recogniser
from tests.programs import needs

ROUNDS = 2
SHARE, SHARE_OF_THOUSAND = 1.0, 0.97
"""Of pages in exact order, at least."""
RECOGNISED = ("two-columns", "typed", "pictures", "deposition")
SHARE_RECOGNISED = 1.0
FIRST, SECOND = "The miller has sold a crooked fence.", "Every tenant lost seven letters near the bridge."
ASIDE, NOTE = "The gardener hid an iron key.", "Our neighbour counted twelve chairs."


def truth(order, **settings):
    """Of a page with this order."""
    return Sheet("", order, "serif", **settings).truth


def pages(count):
    """The first pages of each kind in turn."""
    return [(list(KINDS)[n % len(KINDS)], n // len(KINDS)) for n in range(count)]


def share(read, chosen):
    """The part of the pages that comes out in exact order; the others are printed."""
    (chromium,) = needs("chromium")
    wrong = []
    for outcome in outcomes(chosen, read, chromium):
        if outcome.faults:
            wrong.append(outcome.name)
            print(f"{outcome.name}: {outcome.faults[0]}")  # noqa: T201 - pytest shows it where the test fails
    return 1 - len(wrong) / len(chosen)


def test_a_page_in_order_has_no_faults():
    """White space and marks do not count."""
    right = truth(seq(Leaf(FIRST), Leaf("Total\t12.50")))
    assert in_order("The miller has sold\na crooked   fence\n\nTotal .... 12.50", right)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (f"{SECOND}\n{FIRST}", "too late"),
        (SECOND, "not whole"),
        (FIRST.replace(" sold", f" {SECOND} sold"), "not whole"),
        (f"{FIRST[:20]}\n{SECOND}\n{FIRST[20:]}", "not whole"),
    ],
)
@pytest.mark.parametrize("recognised", [False, True])
def test_blocks_that_are_late_missing_or_broken_are_told(text, fault, recognised):
    """Each way of being out of order is a fault, also where letters may be wrong."""
    told = faults(text, truth(seq(Leaf(FIRST), Leaf(SECOND))), recognised=recognised)
    assert any(line.startswith(fault) for line in told)


def test_wrong_letters_count_only_where_all_are_known():
    """An engine may misread a letter; a page whose letters come from the PDF has none that is wrong."""
    right, text = truth(seq(Leaf(FIRST), Leaf(SECOND))), f"{FIRST}\n{SECOND}".replace("crooked", "cr0oked")
    assert in_order(text, right, recognised=True)
    assert not in_order(text, right)


def test_parts_in_any_order_may_change_places_but_not_break():
    """A quote may stand anywhere between paragraphs; a sidebar stands together."""
    quote = truth(free(seq(Leaf(FIRST), Leaf(SECOND)), Leaf(ASIDE)))
    assert in_order(f"{FIRST}\n{ASIDE}\n{SECOND}", quote)
    assert in_order(f"{ASIDE}\n{FIRST}\n{SECOND}", quote)
    sidebar = truth(free(seq(Leaf(FIRST), Leaf(SECOND)), whole(Leaf(ASIDE), Leaf(NOTE))))
    assert in_order(f"{FIRST}\n{ASIDE}\n{NOTE}\n{SECOND}", sidebar)
    assert any(line.startswith("in between") for line in faults(f"{ASIDE}\n{FIRST}\n{NOTE}\n{SECOND}", sidebar))


def test_a_text_that_stands_twice_is_looked_for_twice():
    """A row that was lost is not excused by another with the same words."""
    twice = truth(seq(Leaf("Total\t10.00"), Leaf(FIRST), Leaf("Total\t10.00")))
    assert in_order(f"Total\t10.00\n{FIRST}\nTotal\t10.00", twice)
    assert not in_order(f"Total\t10.00\n{FIRST}", twice)


def test_numbers_of_lines_may_stand_before_the_lines_or_apart():
    """They belong to the margin."""
    right = truth(seq(Leaf(FIRST)), numbered=True)
    assert in_order("1\tThe miller has sold\n2\ta crooked fence.\n3", right)
    assert in_order("1\n2\n3\nThe miller has sold\na crooked fence.", right)


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_is_always_the_same(kind):
    """The same kind and number give the same page, another number gives another one."""
    assert sheet(kind, 3).html == sheet(kind, 3).html
    assert sheet(kind, 3).truth.text == sheet(kind, 3).truth.text
    assert sheet(kind, 3).html != sheet(kind, 4).html


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_truth_is_what_the_pages_say():
    """Chromium prints text in the order of the HTML: of each kind that order is a right one, and nothing is missing."""
    kinds = [kind for kind in KINDS if not sheet(kind, 0).numbered]  # the margin's numbers are printed by themselves
    assert share(lambda page, _: letters_of(page), [(kind, n) for n in range(ROUNDS) for kind in kinds]) == 1


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_pages_come_out_in_exact_order():
    """Two pages of each kind, read from the boxes of their words; today's share is the least."""
    assert share(from_boxes, pages(ROUNDS * len(KINDS))) >= SHARE


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_scans_come_out_in_exact_order():
    """Four pages with the faults of scans, read by RapidOCR."""
    recogniser = Recogniser()
    try:
        assert share(recogniser, [(kind, 0) for kind in RECOGNISED]) >= SHARE_RECOGNISED
    finally:
        recogniser.close()


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_thousand_pages_come_out_in_exact_order():
    """A thousand pages of all kinds, read from the boxes of their words."""
    assert share(from_boxes, pages(1000)) >= SHARE_OF_THOUSAND
