"""Digits, account numbers, scripts without spaces, and what the engine was sure of."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrwatchd.core.lexicon import lexicon
from ocrwatchd.core.model import Word
from ocrwatchd.core.reason import Reason
from ocrwatchd.gate import admit as gate
from ocrwatchd.gate import align
from ocrwatchd.gate.account_numbers import accounts, is_iban
from ocrwatchd.gate.admit import Evidence, Policy

ENGLISH = Evidence(lexicon=lexicon(("eng",)))


def admit(source, proposed, policy=Policy(), evidence=ENGLISH):  # noqa: B008 - it never changes
    """The gate with the words of English."""
    return gate.admit(source, proposed, policy, evidence)


TUTORIAL = "Th1s 1s 4 s4mpl3 t3xt w1th s0me OCR err0rs."
IBAN = "DE89 3704 0044 0532 0130 00"
NOISE = st.text(st.sampled_from("0123456789lOISsaeo.,-/ \n\u00bd\u4e00\u4e8c\u56fd"), max_size=60)


def digits(text):
    """Every character with the value of a number."""
    return [character for character in text if character.isnumeric()]


def test_the_tutorials_text_mends_wholly():
    """Digits inside words say that the lone 4 of their line is a letter, too."""
    mended = "This is a sample text with some OCR errors."
    assert admit(TUTORIAL, mended).text == mended


@pytest.mark.parametrize(
    ("source", "proposed"),
    [
        ("Take 4 tablets", "Take a tablets"),
        ("Take 4 tab1ets with much water", "Take a tablets with much water"),
        (f"{TUTORIAL}\nTake 4 tablets", "This is a sample text with some OCR errors.\nTake a tablets"),
        ("paid 1s 6d for it", "paid is 6d for it"),
        ("on the 1st and 3rd of May", "on the Ist and erd of May"),
        ("the A4 sheet and H2O and CO2", "the AA sheet and HzO and COz"),
    ],
)
def test_a_lone_digit_stays_a_digit(source, proposed):
    """Without such words on its own line a digit means what it says."""
    assert admit(source, proposed).text.splitlines()[-1] == source.splitlines()[-1].replace("tab1ets", "tablets")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("paid 1O5 there", "paid 105 there"),
        ("on l4.O3.1859 in", "on 14.03.1859 in"),
        ("sum of £1,85O in", "sum of £1,850 in"),
        ("No 2S58 here", "No 2558 here"),
        ("costs O.5 and l.5 in", "costs 0.5 and 1.5 in"),
        ("the d1vision of f0ur", "the division of four"),
        ("repul3ed and 8utton", "repulsed and Button"),
    ],
)
def test_confusable_is_what_recognition_confuses(source, expected):
    """Letters among digits become digits, digits among letters become letters, each only what it looks like."""
    assert admit(source, expected).text == expected
    assert digits(admit(source, expected, Policy(digits="protect")).text) == digits(source)


@pytest.mark.parametrize(
    ("source", "proposed"),
    [
        ("sum of 1850 in", "sum of 1350 in"),
        ("sum of 3100 in", "sum of 3,100 in"),
        ("sum of 5.000 in", "sum of 5,000 in"),
        ("sum of £50 in", "sum of $50 in"),
        ("minus -5 is", "minus 5 is"),
        ("sum of 1A5 in", "sum of 175 in"),
        ("sum of lOO in", "sum of 100 in"),
        ("part S12 in", "part 512 in"),
        ("part 12S in", "part 125 in"),
        ("plate KL12O is", "plate KL120 is"),
        ("half 5\u00bd in", "half 5 in"),
        ("at 130 noon", "at 1.30 noon"),
        ("am 3. Mai 1871 war", "am 8. Mai 1871 war"),
        ("in 1014-1018 there", "in 1914-1918 there"),
        ("the tr3e is", "the trxe is"),
        ("\u4e00\u4e2a\u4eba\u5728\u5bb6", "\u4e8c\u4e2a\u4eba\u5728\u5bb6"),
    ],
)
def test_a_number_is_never_made_into_another(source, proposed):
    """Neither its digits nor the marks and signs that belong to it."""
    assert admit(source, proposed).text == source


@pytest.mark.parametrize(("unit", "word"), [("ml", "my"), ("mg", "my"), ("kg", "king"), ("mcg", "mug")])
def test_a_unit_behind_a_number_stays(unit, word):
    """However badly the page was read: a list of words takes a unit for a misread word."""
    misread = "tbe ncrse ncver gavc tbe paticnt wbat tbe doctcr hcd ordercd, l.5 {} of tbe rnedicine at nigbt"
    mended = "the nurse never gave the patient what the doctor had ordered, l.5 {} of the medicine at night"
    told = admit(misread.format(unit), mended.format(word)).text
    assert f" {unit} of the " in told


def test_free_takes_digits_like_letters():
    """The operator may have it so."""
    assert admit("in 1014 there", "in 1914 there", Policy(digits="free")).text == "in 1914 there"


@given(NOISE, NOISE)
def test_protect_changes_no_digit(source, proposed):
    """Every digit stays, in its order, whatever is proposed."""
    assert digits(admit(source, proposed, Policy(digits="protect")).text) == digits(source)


@given(NOISE, NOISE)
def test_confusable_never_turns_one_digit_into_another(source, proposed):
    """Each edit keeps its digits, or takes letters for some, or some for letters; never both."""
    for edit in admit(source, proposed).edits:
        old, new = "".join(digits(edit.before)), "".join(digits(edit.after))
        shorter, longer = sorted((old, new), key=len)
        assert re.search(".*".join(map(re.escape, shorter)), longer)


@pytest.mark.parametrize(
    "text", [IBAN, "DE89370400440532013000", "GB29 NWBK 6016 1331 9268 19", "FR1420041010050500013M02606"]
)
def test_ibans_are_known_by_their_checksum(text):
    """Grouped or not; one digit off is none."""
    assert is_iban(text)
    assert not is_iban(text[:-1] + str((int(text[-1]) + 1) % 10))
    found = list(accounts(f"Konto {text} bei der Bank"))
    assert [(f"Konto {text} bei der Bank"[each.start : each.end], each.valid) for each in found] == [(text, True)]


@pytest.mark.parametrize(
    "prose", ["in 1859 and 1860", "AB12 is a shelf mark", "DEAR SIRS of the House of Lords", "tel 0228 123456 789"]
)
def test_prose_is_no_account(prose):
    """Numbers in a text are not all account numbers."""
    assert list(accounts(prose)) == []


@pytest.mark.parametrize("policy", [Policy(), Policy(digits="free")], ids=["confusable", "free"])
def test_an_account_number_is_mended_only_into_a_valid_one(policy):
    """The checksum says whether all of a number's repairs together are right."""
    misread = IBAN.replace("3704", "37O4").replace("0532", "O532")
    assert admit(f"an {misread} zu", f"an {IBAN} zu", policy).text == f"an {IBAN} zu"
    half = IBAN.replace("0532", "O532")
    assert admit(f"an {misread} zu", f"an {half} zu", policy).text == f"an {misread} zu"
    assert admit(f"an {IBAN} zu", f"an {misread} zu", policy).text == f"an {IBAN} zu"
    other = IBAN.replace("0044", "0045")
    assert admit(f"an {IBAN} zu", f"an {other} zu", policy).text == f"an {IBAN} zu"


@pytest.mark.parametrize(
    ("source", "proposed"),
    [
        ("write to jane.d0e@exarnple.org soon", "write to jane.doe@example.org soon"),
        ("see http://exarnple.org/a_b soon", "see http://example.org/a-b soon"),
        ("see www.exarnple.org soon", "see www.example.org soon"),
        ("write to jane.doe(a)example.org soon", "write to jane.doe@example.org soon"),
    ],
)
def test_addresses_are_neither_changed_nor_made(source, proposed):
    """A wrong letter in an address cannot be known from its looks."""
    assert admit(source, proposed).text == source


@pytest.mark.parametrize(
    ("source", "proposed", "expected"),
    [
        ("今天天汽很好我们去公圆玩", "今天天气很好我们去公园玩", "今天天气很好我们去公园玩"),
        ("OCR 识別的文本 has sorne 错吴", "OCR 识别的文本 has some 错误", "OCR 识别的文本 has some 错误"),
        ("第一章\n天地玄黃宇宙供荒", "第一章 天地玄黃宇宙洪荒", "第一章\n天地玄黃宇宙洪荒"),
        ("我們在這裡學習漢語和歷史", "我们在这里学习汉语和历史", "我們在這裡學習漢語和歷史"),
        ("他说今天很冷", "他说昨天非常热", "他说今天很冷"),
        ("日木語の文章です", "日本語の文章です", "日本語の文章です"),
        ("日 本 語", "日本語", "日 本 語"),
        ("日本語", "日 本 語", "日本語"),
        ("他说今天很冷", "他说\uff0c今天很冷", "他说今天很冷"),
        ("表1\t数据\n表2\t数居", "表1 数据 表2 数据", "表1\t数据\n表2\t数据"),
    ],
)
def test_scripts_without_spaces_are_judged_by_character(source, proposed, expected):
    """A single misread character is mended between its neighbours; simplified writing and spaces are refused."""
    assert admit(source, proposed).text == expected


@pytest.mark.parametrize(
    ("confidence", "expected"), [(1.0, "at farrn on lcft"), (0.9, "at farm on left"), (None, "at farm on left")]
)
def test_what_was_read_with_confidence_needs_a_better_reason(confidence, expected):
    """A word of which the engine was sure changes only into one that looks the same."""
    source = "at farrn on lcft"
    evidence = Evidence((Word("lcft", 12, confidence=confidence),), lexicon=ENGLISH.lexicon)
    admitted = admit(source, "at farm on left", evidence=evidence)
    assert admitted.text == expected.replace("farrn", "farm")
    assert [edit.why for edit in admitted.refused] == [Reason.CONFIDENT] * (confidence == 1.0)


def test_confidence_does_not_protect_what_looks_the_same():
    """An engine is as sure of "rn" as of "m"."""
    evidence = Evidence((Word("farrn", 3, confidence=1.0),), lexicon=ENGLISH.lexicon)
    assert admit("at farrn in lest", "at farm in lest", evidence=evidence).text == "at farm in lest"


def test_confidence_keeps_marks_and_specks():
    """A mark that was read with confidence is no speck."""
    sure = Evidence((Word("(", 4, confidence=1.0),), lexicon=ENGLISH.lexicon)
    assert admit("the ( house", "the house", evidence=sure).text == "the ( house"
    assert admit("the ( house", "the house").text == "the house"


@pytest.mark.parametrize("unit", ["ab ", "tho ", "\u4e2d", "xyz123 ", "DE89 3704 ", "'- "])
def test_the_work_grows_with_the_text_and_no_faster(monkeypatch, unit):
    """Of two answers without a word in common with their texts, the one four times as long costs four times as much."""
    work = []
    changed = align._changed

    def counted(before, after):
        work.append(1 + len("".join(before)) * len("".join(after)))
        return changed(before, after)

    monkeypatch.setattr(align, "_changed", counted)
    costs = []
    for times in (100, 400):
        work.clear()
        admit(unit * times, "".join(f"{chr(65 + at % 26)}{at % 7}q " for at in range(times)))
        costs.append(sum(work))
    assert costs[1] <= 5 * costs[0]
