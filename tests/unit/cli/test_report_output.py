"""How a report is asked for, and how it looks."""

import datetime as dt
import io
import json
import os
import time
from pathlib import Path

import pytest
from PIL import Image
from rich.console import Console

from ocrwatchd.cli.main import main
from ocrwatchd.cli.report import as_json, periods, plot, print_report, since, summary
from ocrwatchd.cli.report.as_tables import listing
from ocrwatchd.core.errors import ConfigError
from tests.fakes.past import counts, edit

DAY = 86_400.0
NOW = 1_800_000_000.0


@pytest.fixture
def berlin(monkeypatch):
    """A place whose clocks are put forward and back."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def at(words):
    """Local time as a Unix time."""
    return dt.datetime.fromisoformat(words).astimezone().timestamp()


def test_a_date_is_its_first_moment_here_and_a_span_ends_now(berlin):
    """Summer time or not: a date is local; hours, days and weeks are counted back."""
    now = at("2026-11-22 15:00")
    assert since.moment("2026-11-01", now) == at("2026-11-01 00:00")
    assert since.moment("2026-06-01", now) == at("2026-06-01 00:00")
    assert [now - since.moment(span, now) for span in ("24h", "7d", "4w")] == [DAY, 7 * DAY, 28 * DAY]
    assert since.moment("999999w", now) == since.moment("1901-12-31", now) == 0.0


@pytest.mark.parametrize(
    "given", ["", "7", "d", "0d", "-7d", "7 d", "7m", "2026-02-30", "2026-13-01", "0001-01-01", "\u0667d"]
)
def test_what_is_neither_is_refused_with_both(given):
    """The message shows how a date and a span are written."""
    with pytest.raises(ConfigError, match="use a date, like 2026-11-01, or a span back from now: 24h, 7d or 4w"):
        since.moment(given, NOW)


def test_a_day_ahead_is_refused():
    """Nothing can have been done since."""
    with pytest.raises(ConfigError, match="in the future"):
        since.moment("2999-01-01", NOW)


@pytest.mark.parametrize(
    ("first", "last", "step", "number"),
    [
        ("2026-11-22 23:59", "2026-11-22 23:59", "hour", 1),
        ("2026-11-21 10:30", "2026-11-22 10:30", "hour", 25),
        ("2026-10-25 01:30", "2026-10-25 23:00", "hour", 23),
        ("2026-03-28 12:00", "2026-03-29 12:00", "hour", 25),
        ("2026-10-20 23:00", "2026-10-27 01:00", "day", 8),
        ("2026-09-01 00:00", "2026-11-22 00:00", "week", 12),
        ("2024-02-29 00:00", "2026-11-22 00:00", "month", 34),
        ("1970-01-01 12:00", "2026-11-22 00:00", "year", 57),
    ],
)
def test_time_is_cut_into_periods_without_gap_or_overlap(berlin, first, last, step, number):
    """The shortest ones that fit a screen; every moment lies in one, on days on which clocks change, too."""
    assert periods.step_of(at(first), at(last)) == step
    found = list(periods.between(at(first), at(last), step))
    assert len(found) == len(set(found)) == number
    assert found == sorted(found)
    moments = [at(first) + share / 97 * (at(last) - at(first)) for share in range(98)]
    assert {periods.begin_of(periods.local(moment), step) for moment in moments} <= set(found)


def lively(past):
    """Scans with hostile names and words, over a week."""
    past.scan(os.fsdecode(b"in/b\xfcro \x1b[31m"), NOW - 6 * DAY, pages=3, counts=counts(1000, confidence=0.9))
    past.scan("a", NOW, counts=counts(500, {"similar-word": 3, "[bold]x": 1}, {"\x1b[2J": 2}, 0.999))
    past.scan("f", NOW, outcome="failed")
    refused = edit("\x1b]0;t\x07", "\u202eb", "too-different")
    past.receipt("a", ([edit("[red]tlie\x07", "the\n", reverted=True)], [refused]))
    return summary.of(past.folders, 0.0, NOW)


def shown(made):
    """What a terminal of 80 columns is given."""
    out = io.StringIO()
    console = Console(file=out, width=80, highlight=False)
    for each in listing(made):
        console.print(each)
    return out.getvalue()


def test_tables_say_it_all_and_move_no_terminal(past):
    """Figures, periods, kinds, pairs and doubtful documents; no name and no word acts on the terminal or as markup."""
    text = shown(lively(past))
    for words in (
        "documents  2 delivered, 1 failed",
        "pages      4 read, 0 of them unreadable, 0.50 s each",
        "words      1,500, read with 93.3 % confidence",
        "edits      4 (2.7 in 1,000 words) admitted, 2 refused",
        "receipts   1 of 1 were there",
        "by day",
        "3  similar word",
        "[bold]x",
        "[red]tlie\N{REPLACEMENT CHARACTER}",
        "read with less than 98.0 % confidence: 1 document",
        "in/b\N{REPLACEMENT CHARACTER}ro \N{REPLACEMENT CHARACTER}[31m",
    ):
        assert words in text
    assert all(character.isprintable() or character == "\n" for character in text)
    assert max(map(len, text.splitlines())) <= 80


def test_an_empty_time_says_so(past):
    """One line, not a table of zeros; a ledger without any scan has no time to tell of."""
    assert shown(summary.of(past.folders, NOW - DAY, NOW)) == "no scan was delivered and none failed yet\n"
    past.scan("a", NOW - 2 * DAY, counts=counts())
    assert "no scan was delivered and none failed from" in shown(summary.of(past.folders, NOW - DAY, NOW))


def test_numbers_are_plain(past):
    """The documented shape: totals, periods, receipts, pairs, doubtful documents; what is not known is null."""
    table = json.loads(as_json.text(lively(past)))
    assert list(table) == [
        "schema", "since", "until", "step", "total", "periods", "receipts", "repairs", "refusals", "low_confidence"
    ]  # fmt: skip
    assert (table["schema"], table["until"], table["step"], len(table["periods"])) == (1, NOW, "day", 7)
    total = {key: table["total"][key] for key in ("documents", "failed", "pages", "words", "edits", "refused")}
    assert total == {"documents": 2, "failed": 1, "pages": 4, "words": 1500, "edits": 4, "refused": 2}
    assert table["total"]["edits_by_reason"] == {"similar-word": 3, "[bold]x": 1}
    empty = table["periods"][1]
    assert (empty["pages"], empty["seconds_a_page"], empty["confidence"]) == (0, None, None)
    assert table["receipts"] == {"sought": 1, "read": 1, "gone": 0, "unusable": 0}
    (repair,) = table["repairs"]
    assert (repair["before"], repair["after"], repair["times"], repair["reverted"]) == ("[red]tlie\x07", "the\n", 1, 1)
    assert table["low_confidence"]["documents"] == 1


@pytest.mark.parametrize("days", [0, 30, 400])
@pytest.mark.slow
def test_the_picture_shows_the_periods(past, monkeypatch, tmp_path_factory, days):
    """A PNG of the colours that are told apart: with next to nothing, and with a bar for each of many periods."""
    monkeypatch.setenv("MPLCONFIGDIR", str(tmp_path_factory.getbasetemp() / "matplotlib"))
    with past.ledger.together():
        for day in range(days):
            counted = counts(900, {"x": day % 5}, {"y": 2}, 0.99, unreadable=2)
            past.scan(f"a{day}", NOW - DAY * day, pages=9, counts=counted)
    target = plot.target(past.outbox)
    plot.write(summary.of(past.folders, 0.0, NOW), target)
    assert target == past.outbox / plot.FILE
    with Image.open(target) as picture:
        assert picture.format == "PNG"
        colours = {colour for _, colour in picture.convert("RGB").getcolors(1 << 20)}
    drawn = {(0x00, 0x72, 0xB2), (0xE6, 0x9F, 0x00), (0x00, 0x9E, 0x73)}
    assert drawn <= colours  # the legend has them where there is nothing to draw


def test_where_the_picture_goes_is_checked_before_anything_is_read(past, tmp_path, monkeypatch):
    """Another suffix, a folder that is not there, and a machine without matplotlib are told with what to do."""
    for given, words in ((tmp_path / "x.jpg", "ends with .png"), (tmp_path / "no" / "x.png", "there is no folder")):
        with pytest.raises(ConfigError, match=words):
            plot.target(given)
    monkeypatch.setattr(plot, "find_spec", lambda _: None)
    with pytest.raises(ConfigError, match="-m pip install matplotlib"):
        print_report.report(past.folders, None, as_json=False, png=tmp_path)


def test_the_verb_prints_json_and_nothing_else(past, tmp_path, capsys):
    """`report --since 7d --json` with a configuration."""
    past.scan("a", time.time() - 60, counts=counts(9, {"x": 1}))
    config = Path(tmp_path / "c.toml")
    config.write_text(f'[folders]\nroot = "{past.folders.root_path}"\n', encoding="utf-8")
    assert main(["report", "--since", "7d", "--json", "--config", str(config)]) == 0
    assert json.loads(capsys.readouterr().out)["total"]["documents"] == 1
    assert main(["report", "--config", str(config)]) == 0
    assert "1 delivered" in capsys.readouterr().out
    assert main(["report", "--since", "soon", "--config", str(config)]) == 2
    assert "use a date" in capsys.readouterr().err
