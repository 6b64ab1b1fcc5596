"""The documentation: every link leads somewhere, the first page is short and names everything, examples are valid."""

import argparse
import re
import tomllib
from collections import Counter
from functools import cache
from urllib.parse import unquote

import pytest
from markdown_it import MarkdownIt

from ocrwatchd.cli import main
from ocrwatchd.core.config import loader
from tests.paths import CHECKOUT

FIRST_PAGE = CHECKOUT / "README.md"
PACKAGE = CHECKOUT / "ocrwatchd"
PAGES = sorted((PACKAGE / "docs").glob("*.md"))
MARKDOWN = sorted((*CHECKOUT.glob("*.md"), *PACKAGE.rglob("*.md"), *CHECKOUT.glob("tests/**/*.md")))
MOST_LINES = 250


@cache
def tokens(path):
    """A file's Markdown: its blocks, and behind each block what stands in the block."""
    blocks = MarkdownIt("commonmark").enable("table").parse(path.read_text(encoding="utf-8"))
    return [token for block in blocks for token in (block, *(block.children or ()))]


def links(path):
    """The targets of a file's links and pictures, those to other machines left out."""
    leading = [token for token in tokens(path) if token.type in {"link_open", "image"}]
    found = [token.attrGet("href") or token.attrGet("src") for token in leading]
    return [target for target in found if not re.match(r"[a-z][a-z0-9+.-]*:", target)]


def fragments(path):
    """The names of a file's headings, as GitHub makes them."""
    seen, names, inside = Counter(), set(), False
    for token in tokens(path):
        inside = token.type == "heading_open" or (inside and token.type != "heading_close")
        if inside and token.type == "inline":
            text = "".join(each.content for each in token.children if each.type in {"text", "code_inline"})
            slug = re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")
            names.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
            seen[slug] += 1
    return names


def leads(target, source):
    """The file and the fragment that a link leads to."""
    name, _, fragment = target.partition("#")
    return (source.parent / unquote(name)).resolve() if name else source, unquote(fragment)


def verbs():
    """The verbs of the command line."""
    (action,) = (each for each in main._parser()._actions if isinstance(each, argparse._SubParsersAction))
    return sorted(action.choices)


def examples():
    """Every configuration that the documentation shows, with where it stands; keys without a table are none."""
    for path in (FIRST_PAGE, *PAGES):
        for token in tokens(path):
            if token.type == "fence" and token.info == "toml" and re.search(r"^\[", token.content, re.MULTILINE):
                yield pytest.param(token.content, id=f"{path.name}-{token.map[0] + 1}")


@pytest.mark.parametrize("path", MARKDOWN, ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_every_link_leads_to_a_file_and_a_heading(path):
    """A relative link names an existing file, and its fragment a heading of that file."""
    for target in links(path):
        file, fragment = leads(target, path)
        assert file.exists(), target
        assert not fragment or fragment in fragments(file), target


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_page_in_the_package_links_only_into_the_package(path):
    """Whoever has the wheel alone has every file that a page leads to."""
    for target in links(path):
        assert leads(target, path)[0].is_relative_to(PACKAGE), target


def test_the_first_page_is_short():
    """README.md can be read in one sitting."""
    assert len(FIRST_PAGE.read_text(encoding="utf-8").splitlines()) <= MOST_LINES


def test_the_first_page_leads_to_every_page():
    """No page of the documentation is out of reach."""
    linked = {leads(target, FIRST_PAGE)[0] for target in links(FIRST_PAGE)}
    assert PAGES
    assert [path.name for path in PAGES if path not in linked] == []


@pytest.mark.parametrize("verb", verbs())
def test_the_first_page_names_every_verb(verb):
    """A table of README.md has a row for each verb."""
    rows = [token.content for token in tokens(FIRST_PAGE) if token.type == "code_inline"]
    assert verb in {row.split()[0] for row in rows if row}


@pytest.mark.parametrize("text", [*examples()])
def test_every_configuration_that_is_shown_is_valid(text):
    """Nobody who copies an example is refused."""
    loader.parse(tomllib.loads(text))
