"""Totals that are not the sum of the amounts above them."""

import random

import pytest

from ocrwatchd.core.model import Correction, Edit, FinishedPage, PageText
from ocrwatchd.core.reason import Reason
from ocrwatchd.formats.output.sums import sum_warnings, wrong_sums

STYLES = {"1,234.56": (",", "."), "1.234,56": (".", ","), "1 234,56": (" ", ","), "1'234.56": ("'", ".")}
LABELS = {"en": ("Subtotal", "VAT 19 %", "Total"), "de": ("Zwischensumme", "19 % MwSt", "Gesamtbetrag"),
          "fr": ("Total HT", "TVA 20 %", "Total TTC"), "zh": ("小计", "税", "合计")}  # fmt: skip


def found(text):
    """Totals and the sums that they should be."""
    return [(wrong.total, wrong.added) for wrong in wrong_sums(text)]


def amount(cents, style):
    """As people write it."""
    group, point = STYLES[style]
    whole, rest = divmod(cents, 100)
    return f"{whole:,}".replace(",", group) + f"{point}{rest:02}"


def invoice(seed, style, labels):
    """Amounts in hundredths, and the rows of an invoice with a place for each: items, net, tax, gross."""
    rng = random.Random(seed)
    items = [rng.randint(500, 400_000) for _ in range(rng.randint(3, 9))]
    net, tax = sum(items), round(sum(items) * 0.19)
    amounts = [*items, net, tax, net + tax]
    names = [*(f"Item {index}\t{rng.randint(1, 30)}" for index in range(len(items))), *(f"{each}\t" for each in labels)]
    return amounts, lambda told: "\n".join(
        f"{name}\t{amount(each, style)}" for name, each in zip(names, told, strict=True)
    )


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("language", LABELS)
def test_invoices_that_add_up_are_left_alone(style, language):
    """Items, sub-total, tax and total, in every way to write them."""
    for seed in range(50):
        amounts, laid_out = invoice(seed, style, LABELS[language])
        assert found(laid_out(amounts)) == []


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("language", LABELS)
def test_a_misread_digit_of_the_total_is_found(style, language):
    """With the sum that it should be, written as the total is."""
    for seed in range(50):
        amounts, laid_out = invoice(seed, style, LABELS[language])
        digit = amounts[-1] // 1000 % 10
        misread = amounts[-1] + (1000 if digit < 9 else -1000)
        assert found(laid_out([*amounts[:-1], misread])) == [(amount(misread, style), amount(amounts[-1], style))]


def test_a_misread_digit_of_an_item_is_found():
    """At the first total that it has part in."""
    assert found("a\t4.50\nb\t96.00\nc\t31.80\nTotal\t182.30") == [("182.30", "132.30")]


def test_a_row_without_a_label_is_a_sum_where_its_other_columns_add_up():
    """Two of them at least: one may be chance."""
    rows = "a\t100\t20\t300\nb\t400\t50\t600\nc\t700\t80\t900\n"
    assert found(rows + "\t1200\t150\t1860") == [("1860", "1800")]
    assert found(rows + "\t1200\t188\t1860") == []


@pytest.mark.parametrize(
    "text",
    [
        "a\t4.50\nb\t96.00\nTotal\t203.17",  # something else than one digit
        "a\t33.33\nb\t33.33\nc\t33.33\nTotal\t100.00",  # rounding
        "a\t9.96\nb\t5.00\nTotal\t15.00",  # cash, rounded to 0.05
        "a\t10.00\nb\t20.00\nDiscount\t5.00\nTotal\t25.00",
        "a\t10.00\nb\t20.00\nof which VAT\t5.00\nTotal\t30.00",
        "a\t10.00\nb\t20.00\nTotal\t30.00\nCash\t50.00\nChange\t20.00\nTotal due\t30.00",
        "a\t10.00\nb\t20.00\nSubtotal\t30.00\nTax\t3.00\nTotal\t33.00\nTip\t7.00\nNet total\t30.00",
        "a\t10.00\nb\t2O.00\nc\t5.00\nTotal\t35.00",  # an amount that is none: other things are wrong
        "a\t2000\nb\t10.00\nTotal\t40.00",
        "Total\t40.00",
        "a\t10.00\nTotal\t40.00",
        "the sum of 10.00 and 20.00\nis not the total 40.00",
        "10.00\n20.00\nTotal 40.00",
        "a\t10 %\nb\t20 %\nTotal\t40 %",
        "",
        "\t\t\n\t\nTotal\t",
    ],
)
def test_it_is_silent_without_good_evidence(text):
    """False alarms are worse than silence."""
    assert found(text) == []


def test_a_total_without_a_gap_after_its_label_counts():
    """A gap of one space is none to the layout."""
    assert found("a\t1 204,50\nb\t96,00\nSomme : 1 380,50") == [("1 380,50", "1 300,50")]


def test_descriptions_between_the_rows_do_not_part_a_table_and_prose_does():
    """One line or two; what stands after a paragraph is another table."""
    rows = ["a\t10.00", "b\t20.00", "Total\t80.00"]
    assert found("\nwith more words\n\n".join(rows)) == [("80.00", "30.00")]
    assert found("\nmore\nand more\nand more words\n".join(rows)) == []


def test_a_warning_names_the_line_of_the_raw_text():
    """The text is judged as it is delivered, where edits may have joined lines; blank lines count."""
    raw = "stray marks.\n\na\t10.00\nb\t2O.00\nTotal\t80.00\nwith kind regards"
    edits = (Edit(0, "stray marks.\n", "", Reason.SIMILAR_WORD), Edit(raw.index("2O"), "2O", "20", Reason.SIMILAR_WORD))
    page = PageText(1, raw, 1, 1, 0.0)
    corrected = raw.removeprefix("stray marks.\n").replace("2O", "20")
    assert sum_warnings(FinishedPage(page, Correction(raw))) == []
    (warning,) = sum_warnings(FinishedPage(page, Correction(corrected, edits)))
    assert warning.line == 5
    assert str(warning.told).startswith("line 5: the total is 80.00, but the amounts above add up to 30.00")


def test_hostile_tables_take_no_time():
    """Thousands of totals, and digits without end."""
    assert found("Total\t1\t2\t3\n" * 3000 + "9" * 5000 + "\t" + "9" * 5000) == []


def test_a_line_of_thousands_of_cells_is_no_row():
    """A table would get its width for each row: the memory would grow with the square of the page."""
    rows = ["Paper\t10.00", "Pens\t20.00", "1" + "\t1" * 5000, "Total\t80.00"]
    assert len(found("\n".join(rows))) == 1
