"""Two scans of one sheet, and two sheets that are much alike."""

import random

import pytest

from ocrwatchd.correct.same_page import same_page

LETTER = """{name}
{street}

Dear {dear},

thank you for your order of 12 March 2024. We have sent the goods to the address above and enclose the invoice.
Please pay the sum of {sum} within 30 days to the account that the invoice names, and quote the number {number} when
you write to us. If something is missing or broken, tell us within a week and keep the packing until our carrier has
seen it. We look forward to your next order and remain, with kind regards,

yours sincerely
"""
ONE = LETTER.format(name="Ann Baker", street="12 Oak Road", dear="Ms Baker", sum="135.20", number="20240311")


def misread(text, seed, rate=0.03):
    """The text with letters exchanged, as recognition does."""
    rng = random.Random(seed)
    looks = {"e": "c", "l": "1", "o": "0", "n": "u", "a": "s", "i": "l", "t": "f", "0": "O", "1": "l"}
    return "".join(looks[each] if each in looks and rng.random() < rate else each for each in text)


@pytest.mark.parametrize("seed", range(20))
def test_two_readings_of_a_sheet_are_the_same_page(seed):
    """However each of them was misread."""
    assert same_page(misread(ONE, seed), misread(ONE, seed + 1000))


@pytest.mark.parametrize("seed", range(20))
def test_a_reading_with_split_and_joined_words_is_the_same_page(seed):
    """Spaces get lost and appear."""
    words = ONE.split()
    words[seed + 10 : seed + 12] = ["".join(words[seed + 10 : seed + 12])]
    words[seed + 30 : seed + 31] = [words[seed + 30][:2], words[seed + 30][2:]]
    assert same_page(" ".join(words), misread(ONE, seed))


@pytest.mark.parametrize(
    "values",
    [
        {"name": "Robert Lee", "street": "7 Hill Street", "dear": "Mr Lee", "sum": "135.20", "number": "20240311"},
        {"name": "Ann Baker", "street": "12 Oak Road", "dear": "Ms Baker", "sum": "78.95", "number": "20240477"},
    ],
)
def test_another_copy_of_a_form_is_another_page(values):
    """Two customers, or two invoices for one."""
    assert not same_page(ONE, LETTER.format(**values))


def test_short_texts_say_nothing():
    """Separator sheets and blank forms are alike, and meant to be."""
    assert not same_page("For your notes", "For your notes")
    assert not same_page("", "")


def test_the_same_number_counts_as_evidence():
    """With it, more may be misread."""
    rough = misread(ONE, 1, 0.4), misread(ONE, 2, 0.4)
    assert not same_page(*rough)
    assert same_page(*rough, numbered=True)
