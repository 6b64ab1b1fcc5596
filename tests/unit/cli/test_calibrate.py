"""Calibration: what is counted, what the figures mean, and on which texts."""

import contextlib
import os
import tomllib
from pathlib import Path

import pytest
from rich.console import Console

from ocrwatchd.cli.calibrate import command, corpus, ground_truth, judgement, presets
from ocrwatchd.cli.calibrate.measure import Case, Measured, Tally, Trial, Tried
from ocrwatchd.cli.calibrate.residual_errors import remaining
from ocrwatchd.core.config.loader import parse
from ocrwatchd.core.config.profile import Gate, Work
from ocrwatchd.core.errors import ConfigError, UnreadableScan
from ocrwatchd.correct.document import pages_of
from ocrwatchd.gate import scoring
from ocrwatchd.llm.protocol import Ending, Proposal

TRUE = "The committee met in the morning and paid Mr. Gillespie 1,850 pounds for the garden fence."
READ = TRUE.replace("committee", "cornmittee").replace("morning", "rnorning")


class Says:
    """A model that answers with what ``answer`` makes of the text."""

    name, version, languages, compares = "says", "0", (), False

    def __init__(self, answer):
        self.answer_to, self.asked, self.closed = answer, [], False

    def propose(self, prompt, text, deadline, context=None):
        """Answer at once."""
        self.asked.append(text)
        answer = self.answer_to(text)
        return answer if isinstance(answer, Proposal) else Proposal(answer, Ending.FINISHED)

    def close(self):
        """Take note."""
        self.closed = True


def measured(answer, cases, gates=None, *, clean=True):
    """What comes of a model, and the model."""
    model = Says(answer)
    trial = Trial(Path("says"), Work(), gates or presets.beside(Gate()), load=lambda *_: model)
    done = []
    found = trial.measure(cases, lambda: done.append(1), clean=clean)
    trial.close()
    assert model.closed
    assert len(done) == len(cases)
    return found, model


def tried(before=100, after=80, changed=0, digits=0, clean_digits=0):
    """A gate's figures on a hundred errors and a thousand clean words."""
    return Tried(
        Tally(texts=5, words=1000, before=before, after=after, digits=digits),
        Tally(texts=5, words=1000, after=changed, changed=changed, digits=clean_digits),
    )


def test_spacing_is_no_error_and_every_other_character_is():
    """Texts are compared with their white space folded."""
    assert scoring.errors("two  words\n", "two words") == 0
    assert scoring.errors("tvvo words", "two words") == 2
    assert scoring.error_rate("abcd", "abcx") == 0.25


def test_words_and_digits_are_counted_apart():
    """A changed word counts once, however much of it changed; digits are compared without what stands between them."""
    assert scoring.changed_words("one two three", "one 2 three four") == 2
    assert scoring.digit_errors("on 12 May", "on 13 May") == 1
    assert scoring.digit_errors("1,850", "1.850") == 0


@pytest.mark.parametrize(
    ("before", "after", "truth", "spoils"),
    [
        ("on 12 May", "on 13 May", "on 12 May", True),
        ("on l2 May 1950", "on 12 May 1960", "on 12 May 1950", True),  # one mended, one spoiled
        ("tbe 12 men", "the 13 men", "the 12 men", True),  # fewer errors in all would hide it
        (
            "item l in my 1etter",
            "item 1 in my 1etter",
            "item 1 in my letter",
            False,
        ),  # as many digits as before is chance
        ("item l in my 1etter", "item l in my letter", "item 1 in my letter", False),
        ("18 50 pounds", "1850 pounds", "1850 pounds", False),
        ("1850 pounds", "18 50 pounds", "1850 pounds", False),
        ("paid to him", "paid 12 to him", "paid to him", True),
        ("paid to him", "paid to him 12", "paid to him 12", False),
        ("paid 12 to him", "paid to him", "paid 12 to him", True),
        ("l2 and 34", "12 and 34", "12 and 34", False),
    ],
)
def test_each_change_of_digits_is_judged_alone(before, after, truth, spoils):
    """A wrong amount is not made good by a right one elsewhere, and a right one is never blamed."""
    assert scoring.spoils_digits(before, after, truth) is spoils


def test_a_gate_of_ones_own_stands_first_and_none_stands_twice():
    """Presets that equal the settings' gate are not tried again."""
    assert list(presets.beside(Gate())) == ["yours", "careful", "bold"]
    assert list(presets.beside(Gate(max_rewrite=0.4))) == ["yours", "careful", "usual", "bold"]


@pytest.mark.parametrize("gate", presets.PRESETS.values(), ids=presets.PRESETS)
def test_what_is_printed_for_the_configuration_means_that_gate(gate):
    """It can be pasted as it is."""
    assert Gate.model_validate(tomllib.loads(presets.in_toml(gate))["gate"]) == gate
    assert gate.digits != "free"


@pytest.mark.parametrize(
    ("yours", "ungated", "finding", "why"),
    [
        (tried(after=80), tried(after=70), "gain", "errors fall from 100 to 80 (-20.0%)"),
        (tried(after=101), tried(after=101), "harm", "errors grow from 100 to 101"),
        (tried(after=60, changed=3), tried(), "harm", "3 of 1000 words of clean text are changed"),
        (tried(after=60, digits=1), tried(), "harm", "digits are made wrong in 1 of 10 texts"),
        (tried(after=60, clean_digits=2), tried(), "harm", "digits are made wrong in 2 of 10 texts"),
        (tried(after=100), tried(after=5000), "harm", "only the gate keeps out its answers"),
        (tried(after=100), tried(after=110), "none", "it repairs next to nothing: errors 100 to 100"),
        (tried(before=9, after=3), tried(before=9, after=2), "unknown", "9 errors are too few to tell"),
        (tried(before=0, after=0), tried(before=0, after=900), "harm", "only the gate keeps out its answers"),
    ],
)
def test_what_figures_mean(yours, ungated, finding, why):
    """Gain is fewer errors without harm; harm is any of its kinds, or answers that only the gate keeps out."""
    found = judgement.judge(Measured({"yours": yours}, ungated, answered=9), "yours")
    assert found.finding == finding
    assert why in found.why


def test_a_model_without_an_answer_is_neither_good_nor_bad():
    """Where the language is not its own, or its time ran out, nothing can be said of what it would do."""

    def late(text):
        return Proposal(text[:3], Ending.TIME)

    found, _ = measured(late, [Case("a", TRUE, tuple(pages_of(READ)))])
    assert found.ungated.misread.after == found.ungated.misread.before
    finding, why = judgement.judge(found, "yours")
    assert finding == "unknown"
    assert why.startswith("it had no answer to anything; the page's time for correction ran out (llm.page_budget_s)")


def test_another_gate_must_be_worth_the_change():
    """A few errors fewer are none; harm of one's own gate always is, and where all do harm there is none to take."""
    assert judgement.best({"yours": tried(before=37, after=17), "careful": tried(before=37, after=13)}) == "yours"
    assert judgement.best({"yours": tried(after=80), "bold": tried(after=76)}) == "yours"
    assert judgement.best({"yours": tried(after=80), "bold": tried(after=75)}) == "bold"
    assert judgement.best({"yours": tried(after=80), "bold": tried(after=40, digits=1)}) == "yours"
    assert judgement.best({"yours": tried(after=20, digits=1), "careful": tried(after=90)}) == "careful"
    assert judgement.best({"yours": tried(after=120), "bold": tried(after=130)}) == ""


def test_a_good_model_is_seen_to_repair():
    """Errors before and after, texts made worse, clean words changed; with the gate and without it."""
    found, _ = measured(
        lambda text: text.replace("cornm", "comm").replace("rnor", "mor"), [Case("a", TRUE, tuple(pages_of(READ)))]
    )
    misread, clean = found.tried["yours"].misread, found.tried["yours"].clean
    assert (misread.texts, misread.before, misread.after, misread.worse) == (1, 4, 0, 0)
    assert (clean.words, clean.changed, clean.after) == (len(TRUE.split()), 0, 0)
    assert found.ungated.misread.after == 0
    assert found.texts == [TRUE]


def test_harm_is_seen_with_the_gate_and_without():
    """What the gate lets in counts for the gate, what it refuses only for the model."""
    found, _ = measured(lambda text: "I cannot help with that.", [Case("a", TRUE, tuple(pages_of(READ)))])
    assert found.tried["yours"].misread.after == found.tried["yours"].misread.before == 4
    assert found.ungated.clean.changed >= len(TRUE.split()) - 2
    assert found.ungated.misread.digits == found.ungated.clean.digits == 1
    assert sum(found.left.values()) == 2


def test_the_model_is_asked_once_however_many_gates_there_are():
    """A gate costs no time of the model's."""
    _, one = measured(str.upper, [Case("a", TRUE, tuple(pages_of(READ)))], {"yours": Gate()})
    _, many = measured(str.upper, [Case("a", TRUE, tuple(pages_of(READ)))])
    assert one.asked == many.asked == [READ, TRUE]


def test_a_gate_has_no_more_time_than_the_first():
    """What the first one's time did not suffice for counts for none: a slow model would make later ones look better."""
    now = [0.0]

    def slowly(text):
        now[0] += 130.0
        return text.replace("cornm", "comm")

    lines = "\n".join(f"{number} cornmittee members met in the rnorning." for number in range(200))
    model = Says(slowly)
    trial = Trial(Path("says"), Work(), presets.beside(Gate()), load=lambda *_: model, clock=lambda: now[0])
    found = trial.measure([Case("a", lines.replace("rnm", "mm"), tuple(pages_of(lines)))], lambda: None, clean=False)
    assert len(model.asked) == 3  # the first part of each page
    assert len({each.misread.after for each in (*found.tried.values(), found.ungated)}) == 1
    assert 0 < found.ungated.misread.after < found.ungated.misread.before


def test_what_stands_around_an_answer_is_no_harm():
    """It is taken off before the gate, and no answer of the model's."""
    found, _ = measured("Here is the corrected text:\n\n{}".format, [Case("a", TRUE, tuple(pages_of(READ)))])
    assert found.ungated.misread.after == found.ungated.misread.before
    assert found.ungated.clean.after == 0


def test_scans_have_no_clean_copy():
    """What was read from a scan is not measured once more without its errors."""
    found, model = measured(str, [Case("a", TRUE, tuple(pages_of(READ)))], clean=False)
    assert model.asked == [READ]
    assert found.tried["yours"].clean.texts == 0


def test_what_remains_is_told_by_kind_and_by_letters():
    """Each wrong word has a kind; wrong letters are pairs of what is true and what was read."""
    found = remaining([("tbe garden fenee cost 1g pounds , in may", "the garden fence cost 19 pounds, in May 2024")])
    assert found.kinds == {"letters": 2, "digits": 1, "spacing": 1, "capitals": 1, "words left out": 1}
    assert found.letters[("h", "b")] == 1
    assert found.letters[("c", "e")] == 1


def test_the_packages_own_text_is_misread_alike_each_time():
    """Two runs are compared on the same texts; about as much is misread as is said, and no clean text is."""
    first, second = corpus.cases([], ["eng"], 8), corpus.cases([], ["eng"], 8)
    assert [(case.read, case.truth) for case in first] == [(case.read, case.truth) for case in second]
    rates = [scoring.error_rate(case.read, case.truth) for case in first]
    assert 0.005 < min(rates[::2]) <= max(rates[::2]) < 0.04
    assert 0.025 < min(rates[1::2]) <= max(rates[1::2]) < 0.10


def test_a_long_file_is_drawn_from_evenly(tmp_path):
    """So many pages of it count, from its beginning to its end."""
    lines = "\n\n".join(f"Paragraph {number} " + "of the long report goes on and on. " * 20 for number in range(100))
    book = tmp_path / "book.txt"
    book.write_text(f"\ufeff{lines}", encoding="utf-8")
    found = corpus.cases([book], ["deu"], 4)
    assert 6000 < sum(len(case.truth) for case in found) < 10_000
    assert found[0].truth.startswith("Paragraph 0 ")
    assert found[-1].truth.startswith("Paragraph 8")


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        (b" \n", UnreadableScan, "holds no text"),
        (b"caf\xe9", UnreadableScan, "is not UTF-8 text (byte 3)"),
        ("所有幸福的家庭都是相似的。".encode(), ConfigError, "only of Latin letters"),
        (None, UnreadableScan, "cannot be read: No such file"),
    ],
)
def test_a_text_that_cannot_be_used_is_told(tmp_path, content, error, words):
    """With what is wrong with it, before the model is loaded."""
    file = tmp_path / "text.txt"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(error, match=r"text\.txt") as caught:
        corpus.cases([file], ["eng"], 8)
    assert words in str(caught.value)


def test_what_is_not_measured_is_said(tmp_path, monkeypatch):
    """The model that is still to come, and languages of which there is no text."""
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    work = parse({"ocr": {"languages": ["eng", "deu"]}}).work()
    coming, silent = command._notes(work, command.Wishes())
    assert "the built-in model is measured, and what takes its place wants a verdict of its own" in coming
    assert silent.startswith("in German nothing is measured")
    assert len([*command._notes(work, command.Wishes(files=(tmp_path / "german.txt",)))]) == 1
    assert not [*command._notes(parse({"llm": {"model": "builtin"}}).work(), command.Wishes())]


def test_a_name_that_is_no_utf_8_is_a_name(tmp_path):
    """Names are only bytes to Linux."""
    file = tmp_path / os.fsdecode(b"caf\xe9.txt")
    file.write_text(TRUE, encoding="utf-8")
    assert corpus.cases([file], ["deu"], 1)


def test_a_scan_of_which_pages_could_not_be_read_is_left_out(tmp_path, monkeypatch, capsys):
    """Its missing text would be counted as errors that no model can mend. Names do nothing to the terminal."""

    class Reads:
        def read(self, job):
            return "1 of 3 pages could not be read"

    monkeypatch.setenv("CACHE_DIRECTORY", str(tmp_path / "cache"))
    monkeypatch.setattr(ground_truth, "reading", lambda *_: contextlib.nullcontext(Reads()))
    for name, text in (("a", TRUE), ("b\033[2J", "")):
        (tmp_path / f"{name}.png").touch()
        (tmp_path / f"{name}.txt").write_text(text, encoding="utf-8")
    with pytest.raises(UnreadableScan, match="none of the 2 scans"):
        ground_truth.read(tmp_path, parse({}), Work(), Console(stderr=True))
    told = capsys.readouterr().err
    assert "left out a.png: 1 of 3 pages could not be read" in told
    assert "b\ufffd[2J.txt holds no text" in told
    assert "\033" not in told


def test_other_languages_need_files():
    """The package's own text is English; what is wanted for another language is said."""
    with pytest.raises(ConfigError, match="names German, and the package has clean text in English only: name files"):
        corpus.cases([], ["deu"], 8)
