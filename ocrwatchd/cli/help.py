"""The verb ``help``: show a page of the documentation in the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ocrwatchd.cli.arguments import add_verb

if TYPE_CHECKING:
    import argparse

    from ocrwatchd.cli.arguments import Subparsers

DOCS = Path(__file__).parents[1] / "docs"


def add_parser(verbs: Subparsers) -> None:
    """Add the verb to the command line."""
    parser = add_verb(verbs, "help", run, "show a page of the documentation")
    parser.add_argument("topic", nargs="?", metavar="TOPIC", help="a page; without it the list of all pages")


def run(args: argparse.Namespace) -> int:
    """Show a page, or the list of all pages."""
    from rich.console import Console
    from rich.markdown import Markdown

    from ocrwatchd.core.errors import ConfigError

    pages = {page.stem: page for page in sorted(DOCS.glob("*.md"))}
    if args.topic and args.topic not in pages:
        raise ConfigError(
            f"there is no page {args.topic}; the pages are {', '.join(pages)}; "
            "for a verb, `ocrwatchd VERB --help` shows all options"
        )
    if args.topic:
        Console().print(Markdown(pages[args.topic].read_text(encoding="utf-8")))
        return 0
    width = max(map(len, pages))
    for name, page in pages.items():
        print(f"{name:{width}}  {page.read_text(encoding='utf-8').splitlines()[1]}")
    print("\n`ocrwatchd help TOPIC` shows a page.")
    return 0
