"""Sentences, names and numbers by chance, in English, German and French."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.layouts.model import Leaf
from tests.layouts.words import PARTS

if TYPE_CHECKING:
    from random import Random

LANGUAGES = ("en", "de", "fr")
FIRST = "Ada Bruno Clara Denis Edith Felix Greta Hugo Irene Jonas Karin Louis Marta Nils Olga Paul Rosa Simon Theo Vera"
LAST = (
    "Abbott Berger Carver Dubois Eckert Fischer Garnier Holt Imhof Jansen Keller Lambert Morley Novak Osborne Petit "
    "Quandt Renard Sander Thorne Ulmer Vogel Whitby Zeller"
)
TOWNS = "Ashford Bremfeld Clairville Dornbach Eastmoor Fontenay Grünau Hartwick Illbach Kingsbury Larchmont Meerstadt"
STREETS = "Mill Lane|Harbour Road|Linden Street|Station Square|Church Hill|Canal Walk|Orchard Way|Market Place"
GOODS = (
    "copper pipe|door hinge|oak board|paint brush|garden hose|light switch|wall tile|steel screw|ladder hook|lamp oil|"
    "window glass|roof slate|brass handle|cable drum|work gloves|lime mortar|water valve|iron bracket"
)
MONTHS = "January February March April May June July August September October November December"


@dataclass(frozen=True, slots=True)
class Pen:
    """Writes by chance, always the same for one ``random``."""

    random: Random
    language: str = "en"

    def pick(self, words: str) -> str:
        """One of words that are separated by bars, or by spaces where there are no bars."""
        return self.random.choice([word.strip() for word in words.split("|")] if "|" in words else words.split())

    def chance(self, share: float) -> bool:
        """True in this share of calls."""
        return self.random.random() < share

    def between(self, least: float, most: float) -> float:
        """A number to two places."""
        return round(self.random.uniform(least, most), 2)

    def count(self, least: int, most: int) -> int:
        """A whole number, both ends included."""
        return self.random.randint(least, most)

    def sentence(self) -> str:
        """Three to fourteen words, as grammar wants them."""
        who, did, what, where, when = PARTS[self.language]
        parts = [self.pick(who), self.pick(did), self.pick(what)]
        parts += [self.pick(where)] * self.chance(0.7) + [self.pick(when)] * self.chance(0.6)
        told = " ".join(parts)
        return told[0].upper() + told[1:] + "."

    def paragraph(self, least: int = 3, most: int = 7) -> Leaf:
        """Sentences."""
        return Leaf(" ".join(self.sentence() for _ in range(self.count(least, most))))

    def paragraphs(self, least: int, most: int) -> list[Leaf]:
        """Some of them."""
        return [self.paragraph() for _ in range(self.count(least, most))]

    def phrase(self) -> str:
        """A thing and its place, as in a headline."""
        told = f"{self.pick(PARTS[self.language][2])} {self.pick(PARTS[self.language][3])}"
        return told[0].upper() + told[1:]

    def name(self) -> str:
        """Of a person."""
        return f"{self.pick(FIRST)} {self.pick(LAST)}"

    def firm(self) -> str:
        """Of a company."""
        return f"{self.pick(LAST)} {self.pick('& Sons|Trading Ltd|Brothers|and Partners|Works GmbH')}"

    def street(self) -> str:
        """With a number."""
        return f"{self.count(1, 240)} {self.pick(STREETS)}"

    def town(self) -> str:
        """With a code."""
        return f"{self.count(10000, 99999)} {self.pick(TOWNS)}"

    def date(self) -> str:
        """Of the twentieth century or this one."""
        return f"{self.count(1, 28)} {self.pick(MONTHS)} {self.count(1931, 2026)}"

    def money(self, most: float = 3000) -> str:
        """Two decimals."""
        return f"{self.between(3, most):,.2f}"

    def goods(self) -> str:
        """An article."""
        told = self.pick(GOODS)
        return f"{told[0].upper()}{told[1:]} {self.pick('A|B|C|D|K|M|R|T')}{self.count(10, 999)}"

    def address(self) -> list[str]:
        """Lines of an address block."""
        return [self.name(), self.street(), self.town()]
