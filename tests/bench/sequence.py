"""Missing, doubled and swapped pages that are seen, and false warnings: ``python -m tests.bench.sequence``.

Documents of 4 to 12 pages are made from the books of ``english-cc0.txt.xz`` in the folder OCRWATCHD_TEST_DATA: text
that runs on from page to page, numbered in one way, and each page misread on its own, 0.2 to 3 % of the letters. An
inner page is taken out, is put in twice (misread twice), or changes its place with another one. On intact documents,
those with mixed numbering among them, every warning is false; so it is in stacks of pages that have nothing to do with
each other, drawn from the folder's real pages (``pages/*/*.txt``).
"""

from __future__ import annotations

import argparse
import lzma
import os
import random
import sys
import textwrap
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from ocrwatchd.core.i18n import Message
from ocrwatchd.correct.page_sequence import sequence_warnings
from ocrwatchd.training.noise import Noise
from tests.paths import DATA

ROMAN = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii")
TITLES = ("THE WEALTH OF NATIONS", "Annual Report 1996", "A HISTORY OF PRINTING", "Terms of the Contract")


class Sheet(NamedTuple):
    """A page: its text, and the number on it; 0 without one."""

    text: str
    number: int


Label = Callable[[int, int], tuple[str, str]]
"""From number and total to a first and a last line; "" for none."""

LABELS: dict[str, list[Label]] = {
    "x of y": [
        lambda n, t: ("", f"Page {n} of {t}"),
        lambda n, t: (f"Seite {n} von {t}", ""),
        lambda n, t: (f"Account 4711-12\tPage {n} of {t}", ""),
        lambda n, t: ("", f"{n}/{t}"),
        lambda n, t: ("Northwind Traders Ltd", f"www.northwind.example     Page {n}/{t}"),
        lambda n, t: ("", f"page {n} sur {t}"),
    ],
    "Page x": [
        lambda n, _: ("", f"Page {n}"),
        lambda n, _: (f"Annual report\tPage {n}", ""),
        lambda n, _: (f"Seite {n}", ""),
    ],
    "- x -": [lambda n, _: (f"- {n} -", ""), lambda n, _: ("", f"[{n}]"), lambda n, _: (f"-{n}-", "")],
    "x": [lambda n, _: ("", f"{n}"), lambda n, _: (f"{n}", "")],
    "running head": [
        lambda n, _: (f"{n} {TITLES[0]}" if n % 2 else f"OF THE PRICE OF CORN {n}", ""),
        lambda n, _: (f"{TITLES[2]}   {n}", ""),
    ],
    "none": [lambda _n, _t: ("", "")],
}
FAULTS = ("intact", "missing", "doubled", "swapped")


class Maker:
    """Makes documents, the same ones each time."""

    def __init__(self, books: str, seed: int) -> None:
        self.rng = random.Random(seed)
        self.noise = Noise(self.rng)
        self.books = books

    def pages(self, count: int) -> list[str]:
        """Text that runs on over so many pages; some end within a word."""
        rng = self.rng
        width, height = rng.randint(58, 76), rng.randint(26, 44)
        at = rng.randrange(len(self.books) - count * 6000)
        while not self.books[at].isupper():  # a chapter begins with a capital
            at = self.books.index("\n", at) + 1
        lines = [
            line
            for paragraph in self.books[at : at + count * 5000].split("\n")
            for line in textwrap.wrap(paragraph, width, initial_indent="  " * rng.randint(0, 1))
        ]
        pages = [lines[number * height : (number + 1) * height] for number in range(count)]
        for page, after in pairwise(pages):
            first = after[0].split()[0]
            if rng.random() < 0.2 and len(first) > 6 and first.isalpha() and after[0][0].isalpha():
                page[-1], after[0] = f"{page[-1]} {first[:3]}-", after[0].replace(first, first[3:], 1)
        return ["\n".join(page) for page in pages]

    def misread(self, text: str) -> str:
        """The text as an engine might have read it."""
        style = self.noise.even(self.rng.uniform(0.002, 0.03))
        return "\n".join(
            "\t".join(" ".join(word for unit in self.noise.misread(cell, style) for word in unit.words) for cell in row)
            for row in (line.split("\t") for line in text.split("\n"))
        )

    def numbered(self, kind: str, count: int, first: int = 1, *, ended: bool = False) -> list[Sheet]:
        """A document with numbers of one kind, not yet misread; ``ended``: its last page ends with a sentence."""
        label = self.rng.choice(LABELS[kind])
        pages = self.pages(count)
        if ended:
            half = pages[-1][: len(pages[-1]) // 2]
            pages[-1] = half[: half.rfind(". ") + 1] or f"{half}."
        sheets = []
        for number, text in enumerate(pages, first):
            top, bottom = label(number, count)
            sheets.append(Sheet("\n\n".join(filter(None, (top, text, bottom))), number if kind != "none" else 0))
        return sheets

    def mixed(self) -> list[Sheet]:
        """A document whose numbers do not go from one up, and that is complete all the same."""
        rng = self.rng
        made = [self._front_matter, self._blank_backs, self._letters, self._cover, self._appendix, self._chapters]
        return rng.choice(made)()

    def _front_matter(self) -> list[Sheet]:
        count = self.rng.randint(2, 6)
        front = [Sheet(f"{text}\n\n{ROMAN[at]}", 0) for at, text in enumerate(self.pages(count))]
        return [*front, *self.numbered(self.rng.choice(("x", "- x -", "Page x")), self.rng.randint(3, 8))]

    def _blank_backs(self) -> list[Sheet]:
        """Chapters begin on the front; a blank back before them was left out."""
        kind, sheets, number = self.rng.choice(("x", "- x -", "Page x", "running head")), list[Sheet](), 1
        for _ in range(self.rng.randint(2, 4)):
            count = self.rng.randint(2, 5)
            sheets += self.numbered(kind, count, number, ended=True)
            number += count + (count % 2)
        return sheets

    def _letters(self) -> list[Sheet]:
        kind = self.rng.choice(("x of y", "x of y", "Page x", "- x -"))
        letters = [self.numbered(kind, self.rng.randint(1, 4)) for _ in range(self.rng.randint(2, 5))]
        return [sheet for letter in letters for sheet in letter]

    def _cover(self) -> list[Sheet]:
        kind = self.rng.choice(("x of y", "Page x", "x", "- x -"))
        rest = self.numbered(kind, self.rng.randint(3, 8), 1 if kind == "x of y" else self.rng.choice((1, 2)))
        return [Sheet(f"{self.rng.choice(TITLES)}\n\nLondon 1886", 0), *rest]

    def _appendix(self) -> list[Sheet]:
        main = self.numbered(self.rng.choice(("x of y", "Page x", "x")), self.rng.randint(3, 6))
        return main + [Sheet(f"{text}\n\nA-{at}", 0) for at, text in enumerate(self.pages(3), 1)]

    def _chapters(self) -> list[Sheet]:
        """An excerpt of a book from somewhere within."""
        return self.numbered(self.rng.choice(("x", "running head")), self.rng.randint(3, 9), self.rng.randint(5, 300))


def spoiled(rng: random.Random, sheets: list[Sheet], fault: str) -> tuple[list[Sheet], Callable[[Message], bool]]:
    """The pages with a fault, and whether a message tells of it."""
    at = rng.randrange(1, len(sheets) - 1)
    if fault == "missing":
        gone = sheets[at].number
        return sheets[:at] + sheets[
            at + 1 :
        ], lambda told: "missing" in told.key and str(gone) in (told.fields.get("number"), told.fields.get("numbers"))
    if fault == "doubled":
        return [
            *sheets[: at + 1],
            *sheets[at:],
        ], lambda told: "twice" in told.key and (told.fields["one"], told.fields["other"]) == (at + 1, at + 2)
    other = rng.choice([each for each in range(1, len(sheets) - 1) if each != at])
    pages = list(sheets)
    pages[at], pages[other] = pages[other], pages[at]
    places = tuple(sorted((at + 1, other + 1)))
    return pages, lambda told: "swapped" in told.key and (told.fields["one"], told.fields["other"]) == places


def stacks(folder: Path, rng: random.Random, count: int) -> Iterator[list[str]]:
    """Stacks of real pages that do not belong together."""
    files = [*sorted(folder.glob("pages/*/*.txt")), *sorted(DATA.glob("*.txt"))]
    texts = [file.read_text(encoding="utf-8", errors="replace") for file in files]
    for _ in range(count):
        yield rng.sample(texts, rng.randint(2, 12))


class Bench:
    """Counts what is said about documents."""

    def __init__(self, folder: Path, documents: int, *, seed: int, show: bool) -> None:
        with lzma.open(folder / "english-cc0.txt.xz", "rt", encoding="utf-8") as books:
            self.maker = Maker(books.read(), seed)
        self.folder, self.documents, self.show = folder, documents, show

    def faults(self, kind: str) -> str:
        """A row of the table: documents that are numbered in one way."""
        seen: Counter[str] = Counter()
        for fault in FAULTS:
            for _ in range(self.documents):
                sheets = self.maker.numbered(kind, self.maker.rng.randint(4, 12))
                if fault == "intact":
                    seen[fault] += bool(self._told(kind, sheets))
                    continue
                sheets, tells = spoiled(self.maker.rng, sheets, fault)
                told = self._told(kind, sheets)
                right = sum(map(tells, told))
                seen[fault] += bool(right)
                seen["other"] += len(told) - right
                if self.show and not right:
                    sys.stdout.write(f"  {kind}, {fault}, not seen: {[sheet.number for sheet in sheets]}\n")
        cells = " | ".join(f"{seen[each]} of {self.documents}" for each in FAULTS)
        return f"| {kind} | {cells} | {seen['other']} |"

    def mixed(self) -> str:
        """A row: intact documents whose numbers do not simply go up from one."""
        count = 3 * self.documents
        false = sum(bool(self._told("mixed", self.maker.mixed())) for _ in range(count))
        return f"| mixed | {false} of {count} | | | | |"

    def stacks(self) -> str:
        """A row: real pages that do not belong together."""
        count = 5 * self.documents
        false = 0
        for texts in stacks(self.folder, self.maker.rng, count):
            told = sequence_warnings(texts, ["eng"])
            false += bool(told)
            if self.show and told:
                sys.stdout.write(f"  real pages: {[str(each) for each in told]}\n")
        return f"| real pages that do not belong together | {false} of {count} | | | | |"

    def _told(self, kind: str, sheets: list[Sheet]) -> tuple[Message, ...]:
        told = sequence_warnings([self.maker.misread(sheet.text) for sheet in sheets], ["eng"])
        if self.show and told:
            sys.stdout.write(f"  {kind}: {[sheet.number for sheet in sheets]} {[str(each) for each in told]}\n")
        return told


def main(arguments: list[str]) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--documents", type=int, default=100, help="for each kind and fault (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of other documents (default: %(default)s)")
    parser.add_argument("--show", action="store_true", help="each warning, and each fault that was not seen")
    asked = parser.parse_args(arguments)
    bench = Bench(Path(os.environ["OCRWATCHD_TEST_DATA"]), asked.documents, seed=asked.seed, show=asked.show)
    sys.stdout.write("| pages numbered | false warnings, intact | missing | doubled | swapped | other warnings |\n")
    sys.stdout.write("|---|---|---|---|---|---|\n")
    for row in (*(partial(bench.faults, kind) for kind in LABELS), bench.mixed, bench.stacks):
        sys.stdout.write(f"{row()}\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
