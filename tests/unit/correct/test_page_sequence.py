"""Missing, doubled and swapped pages, and documents that are complete though their numbers are not plain."""

import time
from itertools import pairwise

import pytest

from ocrwatchd.correct.page_sequence import MOST_WARNINGS, sequence_warnings

TEXT = """
    the old clerk of that office wrote down every figure which his master had told him and when evening came he closed
    the great book put away his pens and went home along the river where boats were waiting for cargo from other lands
"""
WORDS = TEXT.split()


def body(seed, *, ends=".", begins=None):
    """A page of text, another one for each seed."""
    order = sorted(WORDS * 5, key=lambda word: hash_of(f"{word}{seed}"))
    counted = [f"{word}{hash_of(f'{seed}{at}') % 7}" if at % 9 == 0 else word for at, word in enumerate(order)]
    lines = [" ".join(counted[at : at + 10]) for at in range(0, len(counted), 10)]
    lines[0] = f"{begins or f'Number {seed}'} {lines[0]}"
    return "\n".join(lines) + ends


def hash_of(text):
    """The same in every process."""
    return sum(ord(each) * 31**at for at, each in enumerate(text)) % 10007


def running(seed):
    """A page that begins and ends within a sentence."""
    return body(seed, ends="", begins="and so")


def warnings(numbers, label="Page {n} of {t}", total=None, page=body):
    """What is said about pages with these numbers; without a number for None."""
    total = total or max(filter(None, numbers))
    texts = [
        f"{page(seed)}\n\n{label.format(n=n, t=total)}" if n else page(seed + 50) for seed, n in enumerate(numbers)
    ]
    return [str(each) for each in sequence_warnings(texts, ["eng"])]


OF = "of this document"


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ([1, 2, 4, 5], f"page 3 of 5 seems to be missing between page 2 and page 3 {OF}"),
        ([1, 4, 5], f"pages 2, 3 of 5 seem to be missing between page 1 and page 2 {OF}"),
        ([2, 3], f"page 1 of 3 seems to be missing before page 1 {OF}"),
        ([1, 2, 4, 3, 5], f"pages 3 and 4 {OF} seem to be swapped"),
        ([1, 4, 3, 2, 5], f"pages 2 and 4 {OF} seem to be swapped"),
        ([3, 2, 1], f"pages 1 to 3 {OF} seem to be in reverse order"),
        ([1, 4, 2, 3, 5], f"pages 2 to 4 {OF} seem to be out of order: their numbers are 4, 2, 3"),
        ([1, 3, 5, 7], "pages 2, 4, 6 of 7 seem to be missing in this document"),
    ],
)
def test_a_count_with_a_total_tells_what_is_wrong(numbers, said):
    """In plain words, with the places in the document."""
    assert warnings(numbers) == [said]


def test_the_last_page_is_missed_too():
    """Only a total tells that."""
    assert warnings([1, 2, 3], total=4) == [f"page 4 of 4 seems to be missing after page 3 {OF}"]


@pytest.mark.parametrize(
    "numbers",
    [
        [1, 2, 3, 4],
        [None, 1, 2, 3],
        [1, None, 3, 4],
        [1, 2, None],
        [1, 2, 3, 1, 2, 3],
        [1, 2, 3, 1, 1, 2, 3],
        [None, 2, 3, 1, 2, 3, 1, 2, 3],
        [1, 2, 8, 4, 5, 6, 7, 8],
        [1, 2, 2, 4, 5],
        [1, 2, 3, 1, 5],
        [3],
        [1],
        [1, 3],
    ],
)
def test_a_complete_document_is_passed_over(numbers):
    """Covers, backs without a number, several letters, and one misread number."""
    assert warnings(numbers, total=2 if numbers == [1, 3] else None) == []


def test_a_misread_total_at_the_end_is_no_letter_of_its_own():
    """The page counts as one whose number is not known."""
    texts = [f"{body(number)}\nPage {number} of {6 if number == 5 else 5}" for number in range(1, 6)]
    assert sequence_warnings(texts, ["eng"]) == ()


def test_numbers_that_leave_no_room_for_the_pages_between_say_nothing_of_the_order():
    """Pages 1 and 2 cannot be read; whether 4 and 3, or 4 and 2 are swapped, nobody knows."""
    assert warnings([None, 4, 3, None, 5]) == []


def test_letters_of_different_length_are_counted_apart():
    """A stack of three, each complete."""
    texts = [
        f"{body(10 * total + number)}\nPage {number} of {total}"
        for total in (2, 3, 1)
        for number in range(1, total + 1)
    ]
    assert sequence_warnings(texts, ["eng"]) == ()
    gone = sequence_warnings(texts[:3] + texts[4:], ["eng"])
    assert list(map(str, gone)) == [f"page 2 of 3 seems to be missing between page 3 and page 4 {OF}"]


@pytest.mark.parametrize("label", ["Page {n}", "- {n} -", "{n}", "THE OLD CLERK   {n}"])
def test_a_number_without_a_total_is_missed_within_a_sentence_only(label):
    """Between two chapters it was a blank back, which nobody scans."""
    numbers = [1, 2, 3, 5, 6, 7]
    assert warnings(numbers, label, page=running) == [f"page 4 seems to be missing between page 3 and page 4 {OF}"]
    assert warnings(numbers, label) == []


@pytest.mark.parametrize(
    ("last", "said"), [(6, []), (7, [f"page 6 seems to be missing between page 5 and page 6 {OF}"])]
)
def test_a_last_number_that_may_be_misread_says_nothing(last, said):
    """5 and 6 look alike, 5 and 7 do not."""
    numbers = [1, 2, 3, 4, 5, 7] if last == 7 else [1, 2, 3, 4, 6]
    assert warnings(numbers, "- {n} -", page=running) == said


def test_another_count_that_goes_on_over_the_gap_shows_that_nothing_is_missing():
    """The numbers at the bottom are those of sheets, or of sections."""
    numbers = [1, 2, 3, 5, 6, 7]
    texts = [f"- {at} -\n{running(at)}\n\n{number}" for at, number in enumerate(numbers, 40)]
    assert sequence_warnings(texts, ["eng"]) == ()


def test_a_word_that_goes_on_over_the_gap_shows_that_nothing_is_missing():
    """The author counted wrong, or a plate was counted and not bound."""
    pages = [running(seed) for seed in range(6)]
    texts = [f"{text}\n\n- {number} -" for text, number in zip(pages, [1, 2, 3, 5, 6, 7], strict=True)]
    assert len(sequence_warnings(texts, ["eng"])) == 1
    texts[2] = f"{running(2)} govern-\n\n- 3 -"
    texts[3] = f"ment {running(3)}\n\n- 5 -"
    assert sequence_warnings(texts, ["eng"]) == ()


@pytest.mark.parametrize("label", ["Page {n}", "- {n} -", "{n}", "THE OLD CLERK   {n}"])
@pytest.mark.parametrize(
    ("numbers", "pair"), [([1, 2, 4, 3, 5, 6], (3, 4)), ([1, 3, 2, 4], (2, 3)), ([1, 6, 3, 4, 5, 2, 7, 8, 9], (2, 6))]
)
def test_swapped_pages_without_a_total(label, numbers, pair):
    """Two numbers that stand in each other's place were not misread."""
    assert warnings(numbers, label) == [f"pages {pair[0]} and {pair[1]} {OF} seem to be swapped"]


@pytest.mark.parametrize("label", ["Page {n}", "- {n} -", "{n}", "THE OLD CLERK   {n}"])
@pytest.mark.parametrize(
    "numbers",
    [
        [1, 2, 3, 4],
        [None, 2, 3, 4],
        [1, 2, 3, 8, 5, 6],
        [1, 2, 3, 1, 2, 1, 2, 3],
        [17, 12, 90, 4, 55],
        [5, 8, 11, 14],
        [1, 2, 3, 41, 42, 43],
        [1, 2, 3, 5],
        [9, 8, 7],
    ],
)
def test_other_numbers_say_nothing(label, numbers):
    """Excerpts, several letters, numbers of something else."""
    if numbers == [1, 2, 3, 5]:
        assert warnings(numbers, label) == []
    else:
        assert warnings(numbers, label, page=running) == []


def test_roman_front_matter_is_a_count_of_its_own():
    """Then it begins with 1."""
    labels = ["i", "ii", "iii", "iv", "1", "2", "3", "A-1", "A-2"]
    assert sequence_warnings([f"{running(at)}\n\n{label}" for at, label in enumerate(labels)], ["eng"]) == ()


@pytest.mark.parametrize("label", ["", "Page {n} of 4", "- {n} -"])
def test_a_page_that_was_scanned_twice_is_told(label):
    """By its text, with or without a number."""
    pages = [f"{body(number)}\n\n{label.format(n=number)}" for number in (1, 2, 3, 4)]
    pages.insert(2, pages[1].replace("river", "rivcr").replace("cargo", "carg0"))
    said = [str(each) for each in sequence_warnings(pages, ["eng"])]
    assert said == [f"the same page seems to be there twice: page 2 and page 3 {OF}"]


def test_a_page_that_comes_again_later_is_told_by_its_number():
    """Someone scanned it again because it looked bad."""
    texts = [f"{body(number)}\n\nPage {number} of 4" for number in (1, 2, 3, 2, 4)]
    said = [str(each) for each in sequence_warnings(texts, ["eng"])]
    assert said == [f"the same page seems to be there twice: page 2 and page 4 {OF}"]


def test_terms_on_every_back_and_copies_of_a_form_are_no_doubles():
    """They are meant to be alike."""
    terms = body(99)
    assert sequence_warnings([body(1), terms, body(2), terms, body(3), terms], ["eng"]) == ()
    assert sequence_warnings([terms, terms, terms], ["eng"]) == ()
    letters = [f"{body(n) if n % 2 else terms}\nPage {2 - n % 2} of 2" for n in (1, 2, 3, 4)]
    assert sequence_warnings(letters, ["eng"]) == ()


def test_unreadable_pages_may_be_any():
    """What cannot be read is not missing."""
    texts = [f"{body(number)}\nPage {number} of 5" if number != 3 else "" for number in range(1, 6)]
    assert sequence_warnings(texts, ["eng"]) == ()
    assert sequence_warnings(["", "", ""], ["eng"]) == ()
    assert sequence_warnings([], ["eng"]) == ()


def test_warnings_are_few_and_in_time():
    """However hostile the pages are: 2,000 of them, with numbers in every line."""
    hostile = [
        f"Page {n * 7 % 50 + 1} of 50\n{n % 9}\n{'l/' * 60}\n{'page 1 of ' * 12}\n{n % 13} of 13" for n in range(2000)
    ]
    began = time.process_time()
    assert len(sequence_warnings(hostile, ["eng"])) <= MOST_WARNINGS
    assert time.process_time() - began < 30


def test_bodies_differ():
    """These tests would say nothing if the pages were alike."""
    texts = [body(seed) for seed in range(12)]
    assert not any(sequence_warnings([one, other], ["eng"]) for one, other in pairwise(texts))


def test_a_long_list_of_pages_is_cut():
    """A total that was misread, or somebody's joke, fills no page of warnings."""
    (told,) = map(str, sequence_warnings([f"Page {number} of 4999\ntext {number}" for number in (1, 2)], ["eng"]))
    assert told.startswith("pages 3, 4, 5, ")
    assert "22, … of 4999 seem" in told
