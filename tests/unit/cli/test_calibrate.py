"""Calibration: what is counted, what the figures mean, and on which pages."""

import contextlib
import os
import tomllib
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from ocrwatchd.cli.calibrate import command, corpus, ground_truth, judgement, presets, printed, typeset
from ocrwatchd.cli.calibrate.corpus import Sheet
from ocrwatchd.cli.calibrate.measure import Case, Measured, Tally, Trial
from ocrwatchd.cli.calibrate.residual_errors import remaining
from ocrwatchd.core.config.loader import parse
from ocrwatchd.core.config.profile import Gate, Work
from ocrwatchd.core.errors import ConfigError, UnreadableScan
from ocrwatchd.correct.document import pages_of
from ocrwatchd.gate import scoring
from ocrwatchd.llm.protocol import Ending, Proposal
from tests.lattices import page_of

TRUE = "The committee met in the morning and paid Mr. Gillespie 1,850 pounds for the garden fence."
READ = TRUE.replace("committee", "cornmittee").replace("morning", "rnorning")


SEEN = page_of("the word casc is hnman and odd", casc=("cask", 0.2), hnman=("human", 0.3))
"""A page of which the picture leaves a word in doubt that only its neighbours can decide."""


class Says:
    """A model that answers with what ``answer`` makes of the text, and that likes a word."""

    name, version, languages = "says", "0", ()

    def __init__(self, answer, likes=""):
        self.answer_to, self.likes, self.asked, self.closed = answer, likes, [], False
        self.compares = bool(likes)

    def propose(self, prompt, text, deadline, context=None):
        """Answer at once."""
        self.asked.append(text)
        answer = self.answer_to(text)
        return answer if isinstance(answer, Proposal) else Proposal(answer, Ending.FINISHED)

    def compare(self, text, questions, decide, deadline):
        """Find one candidate much likelier than the others."""
        for question in questions:
            decide(question, [14.0 * (each == self.likes) for each in question.candidates])
        return ""

    def close(self):
        """Take note."""
        self.closed = True


def case(*pages, truth=TRUE):
    """A document of one text, or of pages."""
    return Case("a", truth, pages or tuple(pages_of(READ)))


def measured(answer, cases, gates=None, *, likes=""):
    """What comes of a model, and the model."""
    model = Says(answer, likes)
    trial = Trial(Path("says"), Work(), gates or presets.beside(Gate()), load=lambda *_: model)
    done = []
    found = trial.measure(cases, lambda: done.append(1))
    trial.close()
    assert model.closed
    assert len(done) == len(cases)
    return found, model


def tally(before=100, after=80, digits=0):
    """Figures on a hundred errors."""
    return Tally(texts=5, before=before, after=after, digits=digits)


def counted(yours, ungated=None, **ways):
    """All figures of a model that has answered and compared."""
    ways = {"none": tally(yours.before, yours.before), **ways}
    return Measured(ways, {"yours": yours}, ungated or tally(), answered=9, compared=9)


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
        (tally(after=80), tally(after=70), "gain", "errors fall from 100 to 80 (-20.0%)"),
        (tally(after=101), tally(after=101), "harm", "errors grow from 100 to 101"),
        (tally(after=60, digits=1), tally(), "harm", "digits are made wrong in 1 of 5 texts"),
        (tally(after=100), tally(after=5000), "harm", "only the gate keeps out its answers"),
        (tally(after=100), tally(after=110), "none", "it repairs next to nothing: errors 100 to 100"),
        (tally(before=9, after=3), tally(before=9, after=2), "unknown", "9 errors are too few to tell"),
        (tally(before=0, after=0), tally(before=0, after=900), "harm", "only the gate keeps out its answers"),
    ],
)
def test_what_figures_mean_where_there_is_no_picture(yours, ungated, finding, why):
    """Gain is fewer errors without harm; harm is any of its kinds, or answers that only the gate keeps out."""
    found = judgement.of_text(counted(yours, ungated))
    assert found.finding == finding
    assert why in found.why


@pytest.mark.parametrize(
    ("ways", "method", "finding", "why"),
    [
        ((40, 70, 38), "choose", "gain", "fewer errors are left: errors 70 without it, 40 with it"),
        ((40, 70, 30), "both", "gain", "70 without it, 30 with it"),
        ((68, 50, 48), "rewrite", "gain", "70 without it, 50 with it"),
        ((66, 69, 66), "none", "none", "it mends next to nothing"),
        ((80, 70, 80), "none", "none", "it mends next to nothing: errors 70 without it, 70 with it"),
        ((80, 75, 80), "none", "harm", "more errors are left: errors 70 without it, 80 with it"),
    ],
)
def test_what_costs_least_is_best_unless_more_is_worth_it(ways, method, finding, why):
    """Choosing, writing, or both, against what the picture mends alone; where all do harm, so does the model."""
    choose, rewrite, both = (tally(after=after) for after in ways)
    found = judgement.verdict(counted(tally(), none=tally(after=70), choose=choose, rewrite=rewrite, both=both))
    assert (found.method, found.finding) == (method, finding)
    assert why in found.why


def test_digits_that_the_picture_alone_spares_are_harm():
    """However many errors a model mends."""
    spoiling = tally(after=20, digits=1)
    found = judgement.verdict(counted(tally(), none=tally(after=70), choose=spoiling, rewrite=tally(after=70)))
    assert found.uses == {"choose": "harm", "rewrite": "none", "text": "gain"}
    assert found.method == "none"


def test_a_model_that_only_the_gate_holds_back_does_harm_by_writing():
    """Beside a picture too; what it chooses is judged by itself."""
    figures = counted(
        tally(after=100), tally(after=5000), none=tally(after=70), choose=tally(after=40), rewrite=tally(after=70)
    )
    found = judgement.verdict(figures)
    assert found.uses == {"choose": "gain", "rewrite": "harm", "text": "harm"}
    assert (found.method, found.finding) == ("choose", "gain")


def test_a_model_without_an_answer_is_neither_good_nor_bad():
    """Where the language is not its own, or its time ran out, nothing can be said of what it would do."""

    def late(text):
        return Proposal(text[:3], Ending.TIME)

    found, _ = measured(late, [case()])
    assert found.ungated.after == found.ungated.before
    verdict = judgement.verdict(found)
    assert (verdict.method, verdict.finding, verdict.uses) == (
        "none",
        "unknown",
        {"rewrite": "unknown", "text": "unknown"},
    )
    assert verdict.why.startswith(
        "it had no answer to anything; the page's time for correction ran out (llm.page_budget_s)"
    )


def test_a_model_that_was_asked_about_no_word_cannot_be_judged_as_chooser():
    """No page had a picture."""
    found, _ = measured(str, [case()] * 5, likes="cask")
    assert found.compared == 0
    assert judgement.verdict(found).uses["choose"] == "unknown"


def test_another_gate_must_be_worth_the_change():
    """A few errors fewer are none; harm of one's own gate always is, and where all do harm there is none to take."""
    best = judgement.best_gate
    assert best({"yours": tally(before=37, after=17), "careful": tally(before=37, after=13)}) == "yours"
    assert best({"yours": tally(after=80), "bold": tally(after=76)}) == "yours"
    assert best({"yours": tally(after=80), "bold": tally(after=75)}) == "bold"
    assert best({"yours": tally(after=80), "bold": tally(after=40, digits=1)}) == "yours"
    assert best({"yours": tally(after=20, digits=1), "careful": tally(after=90)}) == "careful"
    assert best({"yours": tally(after=120), "bold": tally(after=130)}) == ""


def test_a_good_model_is_seen_to_repair():
    """Errors before and after, and texts made worse; with the gate and without it."""
    found, _ = measured(lambda text: text.replace("cornm", "comm").replace("rnor", "mor"), [case()])
    yours = found.gates["yours"]
    assert (yours.texts, yours.before, yours.after, yours.worse) == (1, 4, 0, 0)
    assert found.ungated.after == 0
    assert found.texts["rewrite"] == [TRUE]


def test_harm_is_seen_with_the_gate_and_without():
    """What the gate lets in counts for the gate, what it refuses only for the model."""
    found, _ = measured(lambda text: "I cannot help with that.", [case()])
    assert found.gates["yours"].after == found.gates["yours"].before == 4
    assert found.ungated.after > 50
    assert found.ungated.digits == 1
    assert sum(found.left.values()) == 1


@pytest.mark.parametrize(("likes", "left"), [("cask", 0), ("casc", 1)])
def test_a_model_chooses_among_what_the_picture_allows(likes, left):
    """Beside what the picture mends alone, and what the model writes; which counts only where it writes."""
    truth = "the word cask is human and odd"
    found, model = measured(str, [case(SEEN, truth=truth)], likes=likes)
    assert [*found.ways] == ["none", "choose", "rewrite", "both"]
    assert found.ways["choose"].after == found.ways["both"].after == left
    assert found.compared > 0
    assert model.asked == [SEEN.text]


def test_what_both_do_together_counts_with_the_time_of_both():
    """The model is asked to write once; its time counts wherever its answer does."""
    now = [0.0]

    def slowly(text):
        now[0] += 7.0
        return text

    trial = Trial(Path("says"), Work(), presets.beside(Gate()), lambda *_: Says(slowly, "cask"), lambda: now[0])
    found = trial.measure([case(SEEN)], lambda: None)
    assert found.ways["choose"].seconds < 7 <= min(found.ways["rewrite"].seconds, found.ways["both"].seconds)


def test_the_model_is_asked_once_however_many_gates_there_are():
    """A gate costs no time of the model's."""
    _, one = measured(str.upper, [case()], {"yours": Gate()})
    _, many = measured(str.upper, [case()])
    assert one.asked == many.asked == [READ]


@pytest.mark.parametrize(("ending", "asked"), [(4, 20), (1, 11), (0, 5)])
def test_a_model_whose_answers_hardly_ever_end_is_not_asked_for_all_of_them(ending, asked):
    """The first answers that do not end tell enough; what is left out is told."""
    answers = iter([Ending.FINISHED] * ending + [Ending.LENGTH] * 20)
    found, model = measured(lambda text: Proposal(text, next(answers)), [case() for _ in range(20)])
    assert len(model.asked) == asked
    assert sum(count for why, count in found.left.items() if "did not end to ask it" in why) == 20 - asked


def test_a_gate_has_no_more_time_than_the_first():
    """What the first one's time did not suffice for counts for none: a slow model would make later ones look better."""
    now = [0.0]

    def slowly(text):
        now[0] += 130.0
        return text.replace("cornm", "comm")

    lines = "\n".join(f"{number} cornmittee members met in the rnorning." for number in range(200))
    model = Says(slowly)
    trial = Trial(Path("says"), Work(), presets.beside(Gate()), load=lambda *_: model, clock=lambda: now[0])
    found = trial.measure([case(*pages_of(lines), truth=lines.replace("rnm", "mm"))], lambda: None)
    assert len(model.asked) == 3  # the first part of each page
    assert len({each.after for each in (*found.gates.values(), found.ungated)}) == 1
    assert 0 < found.ungated.after < found.ungated.before


def test_what_stands_around_an_answer_is_no_harm():
    """It is taken off before the gate, and no answer of the model's."""
    found, _ = measured("Here is the corrected text:\n\n{}".format, [case()])
    assert found.ungated.after == found.ungated.before


def test_what_remains_is_told_by_kind_and_by_letters():
    """Each wrong word has a kind; wrong letters are pairs of what is true and what was read."""
    found = remaining([("tbe garden fenee cost 1g pounds , in may", "the garden fence cost 19 pounds, in May 2024")])
    assert found.kinds == {"letters": 2, "digits": 1, "spacing": 1, "capitals": 1, "words left out": 1}
    assert found.letters[("h", "b")] == 1
    assert found.letters[("c", "e")] == 1


def test_the_packages_own_text_makes_the_same_pages_each_time():
    """Two runs are compared on the same pages; their wear is part of them."""
    sheets = corpus.sheets([], ["eng"], 20)
    assert sheets == corpus.sheets([], ["eng"], 20)
    assert len(sheets) == 20
    assert all(300 < len(each.text) <= 700 for each in sheets)
    first, second = (np.asarray(typeset.drawn(sheets[3], 3)) for _ in range(2))
    assert np.array_equal(first, second)
    assert set(np.unique(first)) == {0, 255}  # by threshold, as a fax


def test_pages_wear_in_different_ways():
    """Each has its resolution with it."""
    pages = [typeset.drawn(Sheet("a", TRUE), number) for number in range(len(typeset.WEARS))]
    assert [page.info["dpi"][0] for page in pages] == [wear.dpi for wear in typeset.WEARS]
    assert len({np.asarray(page).tobytes() for page in pages}) == len(pages)


def test_a_letter_that_no_font_has_is_told():
    """With what to install."""
    with pytest.raises(
        ConfigError, match="b, 2: no font here has all letters of the text; install the package fonts-dejavu"
    ):
        typeset.drawn(Sheet("b, 2", "a \u0b95 b"), 0)


def test_letters_of_english_need_no_font_of_the_system(monkeypatch):
    """Pillow has one of its own."""
    monkeypatch.setattr(typeset, "faces", lambda: ("",))
    assert np.asarray(typeset.drawn(Sheet("a", TRUE), 0)).min() < 100


def test_a_long_file_is_drawn_from_evenly(tmp_path):
    """So many pages of it count, from its beginning to its end; long lines are broken."""
    lines = "\n\n".join(f"Paragraph {number} " + "of the long report goes on and on. " * 20 for number in range(100))
    book = tmp_path / "book.txt"
    book.write_text(f"\ufeff{lines}", encoding="utf-8")
    found = corpus.sheets([book], ["deu"], 4)
    assert len(found) == 4
    assert found[0].text.startswith("Paragraph 0 ")
    assert "Paragraph 7" in found[-1].text
    assert max(len(line) for each in found for line in each.text.splitlines()) <= 100


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        (b" \n", UnreadableScan, "holds no text"),
        (b"caf\xe9", UnreadableScan, "is not UTF-8 text (byte 3)"),
        ("所有幸福的家庭都是相似的。".encode(), ConfigError, "only Latin letters can be set"),
        (None, UnreadableScan, "cannot be read: No such file"),
    ],
)
def test_a_text_that_cannot_be_used_is_told(tmp_path, content, error, words):
    """With what is wrong with it, before the model is loaded."""
    file = tmp_path / "text.txt"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(error, match=r"text\.txt") as caught:
        corpus.sheets([file], ["eng"], 8)
    assert words in str(caught.value)


def test_what_is_not_measured_is_said(tmp_path, monkeypatch):
    """The model that is still to come, and languages of which there is no text."""
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    work = parse({"ocr": {"languages": ["eng", "deu"]}}).work()
    coming, silent = command._notes(work, command.Wishes())
    assert "this run measures the built-in model; calibrate again after a change of the model" in coming
    assert silent.startswith("German cannot be measured")
    assert len([*command._notes(work, command.Wishes(files=(tmp_path / "german.txt",)))]) == 1
    assert not [*command._notes(parse({"llm": {"model": "builtin"}}).work(), command.Wishes())]


def test_a_name_that_is_no_utf_8_is_a_name(tmp_path):
    """Names are only bytes to Linux."""
    file = tmp_path / os.fsdecode(b"caf\xe9.txt")
    file.write_text(TRUE, encoding="utf-8")
    assert corpus.sheets([file], ["deu"], 1)


@pytest.mark.parametrize(("keep", "readings"), [(True, 1), (False, 2)])
def test_what_was_read_is_kept_for_the_next_run(monkeypatch, keep, readings):
    """With what the recogniser saw; of files of the user's nothing is kept."""
    read = []

    def reads(folder, *_):
        read.append(sorted(path.name for path in folder.iterdir()))
        return [Case("0000.png", TRUE, (SEEN,)), Case("0001.png", TRUE, (SEEN,))]

    monkeypatch.setattr(ground_truth, "read", reads)
    sheets = [Sheet("a, 1", TRUE), Sheet("a, 2", TRUE)]
    first, second = (printed.read(sheets, parse({}), Work(), Console(), keep=keep) for _ in range(2))
    assert read == [["0000.png", "0000.txt", "0001.png", "0001.txt"]] * readings
    assert [each.name for each in first] == [each.name for each in second] == ["a, 1", "a, 2"]
    for file in Path(os.environ["CACHE_DIRECTORY"]).rglob("*.npz"):
        file.write_bytes(b"damaged")
    assert printed._kept(next(Path(os.environ["CACHE_DIRECTORY"], "calibrate").iterdir(), Path("none"))) == []
    lattices = [each.pages[0].lines[0].lattice for each in (first[1], second[1])]
    assert np.array_equal(lattices[0].columns, lattices[1].columns)
    assert lattices[0].steps == lattices[1].steps


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
    assert "skipped a.png: 1 of 3 pages could not be read" in told
    assert "b\ufffd[2J.txt holds no text" in told
    assert "\033" not in told


def test_other_languages_need_files():
    """The package's own text is English; what is wanted for another language is said."""
    with pytest.raises(ConfigError, match="names German, and the package has clean text in English only: name files"):
        corpus.sheets([], ["deu"], 8)
