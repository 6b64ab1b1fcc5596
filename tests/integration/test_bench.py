"""The figures' scripts, each in a tiny form, so that they cannot rot. No time is judged."""

import dataclasses
import json
import subprocess
import sys
from functools import partial
from multiprocessing import resource_tracker
from pathlib import Path

import pytest
from PIL import Image, ImageColor

from tests.bench import __main__ as runner
from tests.bench import (
    burst,
    chart,
    decoding,
    endurance,
    figures,
    hundred,
    latency,
    line,
    ocr,
    pages,
    scans,
    shapes,
    start,
)
from tests.bench.figures import Row
from tests.bench.workers import working
from tests.paths import CHECKOUT


@pytest.fixture(scope="module", autouse=True)
def no_helper_left():
    """End the process that multiprocessing keeps beside those that it spawns; there is no public way to do so."""
    yield
    resource_tracker._resource_tracker._stop()


@pytest.fixture
def tiny(monkeypatch, tmp_path):
    """Every script with next to nothing to do."""
    for module, name, value in (
        (latency, "QUICK_FILES", 2),
        (burst, "QUICK_FILES", 20),
        (burst, "QUICK_FEW", 10),
        (burst, "WAITING", 50),
        (burst, "SWEEPS", 1),
        (endurance, "QUICK_PAGES", 2),
        (endurance, "PLOT", tmp_path / "plot.png"),
        (line, "QUICK_PAGES", 1),
        (start, "QUICK_REPETITIONS", 1),
        (ocr, "SCANS", ocr.SCANS[:1]),
    ):
        monkeypatch.setattr(module, name, value)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("script", [burst, endurance, latency, line, ocr, start])
def test_each_script_measures(tiny, script):
    """A script gives rows with figures, and what must not happen (a lost file, something left over) has not."""
    rows = script.measure(True)
    assert rows
    assert all(row.value >= 0 for row in rows)
    assert all(row.reached for row in rows if row.goal == "none")
    assert figures.table(rows).count("\n") == len(rows) + 1


@pytest.mark.slow
def test_drafts_and_plain_decoding_are_measured(monkeypatch):
    """Each model has a row for each share of misread words, and drafts take fewer passes than tokens."""
    monkeypatch.setitem(decoding.SHAPES, "tiny", shapes.Shape(64, 128, 1, 2, 1))
    monkeypatch.setattr(decoding, "WORDS_A_TEXT", 20)
    found = [*decoding.rows(["tiny"], 1, quick=True)]
    assert [row.model for row in found] == ["built-in"] * 3 + ["tiny"] * 3
    assert all(row.passes_a_token < 1 for row in found)
    assert all(row.figure().value > 0 for row in found)


@pytest.mark.parametrize("share", decoding.SHARES)
def test_so_many_words_are_misread_as_is_said(share):
    """A word that comes twice counts twice; no word is lost or torn."""
    for source, answer in decoding.texts(share, 9):
        pairs = [*zip(source.split(" "), answer.split(" "), strict=True)]
        assert sum(read != word for read, word in pairs) == round(share * len(pairs))


@pytest.mark.slow
def test_the_runner_writes_json_and_a_table(tmp_path):
    """All that was asked for lies in both files, with machine and date."""
    command = [sys.executable, "-m", "tests.bench", "--quick", "--only", "latency", "--json", "new/figures.json"]
    environment = {"PYTHONPATH": str(CHECKOUT), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    report = json.loads((tmp_path / "new" / "figures.json").read_text())
    assert report["machine"]["cores"] >= 1
    assert {row["unit"] for row in report["figures"]["latency"]["rows"]} == {"ms"}
    assert (tmp_path / "new" / "figures.md").read_text().strip() == done.stdout.strip()


def test_sides_take_turns():
    """Rounds go forth and back, so that what slows the machine down meets both sides."""
    order = []
    times = figures.interleaved(3, lambda: order.append("a"), lambda: order.append("b"))
    assert order == ["a", "b", "b", "a", "a", "b"]
    assert [len(each) for each in times] == [3, 3]


def test_a_goal_is_judged_in_its_own_sense():
    """At most and at least are told apart; without a goal nothing is judged."""
    assert figures.compared("time", 1, "s", 2, "theirs", at_most=0.5).reached
    assert not figures.compared("time", 3, "s", 2, "theirs", at_most=1.1).reached
    assert figures.compared("rate", 1, "1/s", 1, "theirs", at_least=0.95).reached
    assert not figures.compared("rate", 1, "1/s", 2, "theirs", at_least=0.95).reached
    assert figures.compared("time", 1, "s", 2, "theirs").reached is None


def test_percentiles_are_values_that_were_measured():
    """The 95th of 20 values is the 19th, and of one value that one."""
    assert figures.percentile(range(1, 21), 95) == 19
    assert figures.percentile([7.0], 95) == 7.0


def test_a_table_leaves_out_columns_without_content():
    """No goal, no column for it."""
    assert "goal" not in figures.table([Row(name="a", value=1, unit="s")])


def test_what_many_workers_ask_for_grows_with_them():
    """On paper: twice the workers, twice the load; a slower page, less of it; a dear part is full first."""
    costs = hundred.Costs(
        **{field.name: 0.001 for field in dataclasses.fields(hundred.Costs)} | {"page_s": 1.0, "share_bytes": 1e7}
    )
    few, many = hundred.loads(costs, 100), hundred.loads(costs, 200)
    slow = hundred.loads(dataclasses.replace(costs, page_s=2.0), 100)
    for part in few:
        assert many[part] == pytest.approx(2 * few[part], rel=0.02), part
        assert slow[part] <= few[part], part
    assert max(few, key=few.__getitem__) == "share, gigabit Ethernet"
    assert few["share, gigabit Ethernet"] == pytest.approx(100 * 1e7 / hundred.GIGABIT)


def test_every_listed_figure_has_its_script():
    """The runner lists what is there."""
    assert [name for name in runner.FIGURES if not (Path(runner.__file__).parent / f"{name}.py").is_file()] == []


@pytest.mark.parametrize(
    ("only", "quick", "soak", "endures"),
    [
        (None, False, False, False),
        (None, True, False, True),
        (None, False, True, True),
        (["endurance"], False, False, True),
    ],
)
def test_endurance_waits_until_it_is_asked_for(only, quick, soak, endures):
    """Half an hour is nothing to be met with unasked."""
    assert ("endurance" in runner.chosen(only, quick=quick, soak=soak)) is endures


@pytest.mark.parametrize(
    ("highest", "expected"),
    [(0, [0, 0.2]), (7, [0, 2, 4, 6, 8]), (840, [0, 200, 400, 600, 800, 1000])],
)
def test_a_chart_is_divided_by_round_numbers(highest, expected):
    """About five parts, the last one not below the highest value."""
    assert chart.ticks(highest) == pytest.approx(expected)


def test_a_chart_shows_every_line(tmp_path):
    """Of one sample and of many; each line in its colour."""
    for count in (1, 300):
        times = [2.0 * number for number in range(count)]
        panel = chart.Panel("open files", {"engine": [30.0] * count, "supervisor": [29.0] * count})
        chart.draw(times, [panel, panel], tmp_path / "new" / "chart.png")
        with Image.open(tmp_path / "new" / "chart.png") as picture:
            drawn = {colour for _, colour in picture.getcolors(1 << 16)}
        assert {ImageColor.getrgb(colour) for colour in chart.COLOURS[:2]} <= drawn


def test_a_worker_that_fails_says_how():
    """The trace of a way that cannot be set up reaches who waits."""
    with pytest.raises(RuntimeError, match="cannot be set up"), working(partial(int, "cannot be set up")):
        pass


def test_mixed_pages_are_as_many_as_asked_for(tmp_path):
    """Types and lengths vary; the pages add up."""
    made = list(scans.mixed(tmp_path, 5))
    assert sum(count for _, count in made) == 5
    assert {path.suffix for path, _ in made} == {".png", ".jpg", ".tif"}


@pytest.mark.parametrize(
    ("text", "blocks", "kinds", "vendor"),
    [
        ("the first line\nthe second line", 0, {}, 0),
        ("the first  line\n\nthe second line ", 0, {}, 1 / 30),
        ("the f1rst line\nthesecond line", 0, {"digit": 1, "space": 1}, 2 / 30),
        ("the first line", 16, {}, 16 / 30),
    ],
)
def test_texts_beside_the_truth_are_counted_by_kind(text, blocks, kinds, vendor):
    """White space is folded, runs of 12 characters and more are blocks; the vendor's figure keeps line ends."""
    score = pages.scored(text, "the first line\nthe second line")
    assert (score.blocks, dict(score.kinds), round(score.vendor, 3)) == (blocks, kinds, round(vendor, 3))
