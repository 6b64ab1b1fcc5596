"""The verb ``help``: show a page of the documentation in the terminal."""

from __future__ import annotations

import argparse
from pathlib import Path

from ocrwatchd.cli.arguments import Subparsers, add_verb

DOCS = Path(__file__).parents[1] / "docs"

OTHER_NAMES = {"configuration": "reference", "config": "reference", "options": "reference"}
"""Other names of pages."""


def add_parser(verbs: Subparsers) -> None:
    parser = add_verb(verbs, "help", run, "show a page of the documentation")
    parser.add_argument("topic", nargs="*", metavar="TOPIC", help="a page or a verb; default: list all pages")
    parser.set_defaults(verbs=verbs.choices)


def run(args: argparse.Namespace) -> int:
    from rich.console import Console
    from rich.markdown import Markdown

    from ocrwatchd.core.errors import ConfigError

    pages = {page.stem: page for page in sorted(DOCS.glob("*.md"))}
    topic = " ".join(args.topic).strip().lower().removesuffix(".md")
    if not topic:
        width = max(map(len, pages))
        for name, page in pages.items():
            print(f"{name:{width}}  {page.read_text(encoding='utf-8').splitlines()[1]}")
        print("\n`ocrwatchd help TOPIC` shows a page.")
        return 0
    if found := pages.get(OTHER_NAMES.get(topic, topic)):
        Console().print(Markdown(found.read_text(encoding="utf-8")))
        return 0
    verb, *action = topic.split()
    if verb not in args.verbs:
        raise ConfigError(
            f"there is no page {topic}; the pages are {', '.join(pages)}; "
            "for a verb, `ocrwatchd VERB --help` shows all options"
        )
    args.verbs[verb].parse_args([*action, "--help"])  # it ends the program
    return 0
