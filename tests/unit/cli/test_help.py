"""The verb ``help``: the documentation in the terminal."""

import pytest

from ocrwatchd.cli.help import DOCS
from ocrwatchd.cli.main import main

PAGES = sorted(page.stem for page in DOCS.glob("*.md"))


@pytest.mark.parametrize("blank", [[], [" "]])
def test_without_a_topic_every_page_is_listed(capsys, blank):
    """Each page has a line that says what the page is about."""
    assert main(["help", *blank]) == 0
    listed = capsys.readouterr().out.partition("\n\n")[0].splitlines()
    assert [line.split()[0] for line in listed] == PAGES
    assert all(line.endswith(".") and len(line) <= 120 for line in listed)


@pytest.mark.parametrize("topic", PAGES)
def test_a_page_is_shown_without_its_markup(topic, capsys):
    """A person reads headings and tables, no Markdown."""
    assert main(["help", topic]) == 0
    shown = capsys.readouterr().out
    assert len(shown) > 1000
    assert "](" not in shown
    assert "|---" not in shown


def test_an_unknown_topic_is_refused_with_the_pages_there_are(capsys):
    """And with where the options of a verb are shown."""
    assert main(["help", "printers"]) == 2
    told = capsys.readouterr().err
    assert all(page in told for page in PAGES)
    assert "ocrwatchd VERB --help" in told


@pytest.mark.parametrize("topic", [["Scanners"], ["scanners.md"], [" SCANNERS "], ["SCANNERS.MD"]])
def test_a_page_is_found_however_its_name_is_written(topic, capsys):
    """Case, blanks and suffix do not count."""
    assert main(["help", "scanners"]) == 0
    page = capsys.readouterr().out
    assert main(["help", *topic]) == 0
    assert capsys.readouterr().out == page


def test_the_configuration_is_found_where_it_is_described(capsys):
    """Its page is called otherwise."""
    assert main(["help", "configuration"]) == 0
    assert "page_deadline_s" in capsys.readouterr().out


@pytest.mark.parametrize("verb", ["retry", "service install"])
def test_for_a_verb_its_options_are_shown(verb, capsys):
    """As `--help` does."""
    with pytest.raises(SystemExit) as ended:
        main(["help", *verb.split()])
    assert ended.value.code == 0
    assert f"usage: ocrwatchd {verb} [-h]" in capsys.readouterr().out
