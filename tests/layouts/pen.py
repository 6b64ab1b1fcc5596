"""Sentences, names and numbers by chance, in English, German and French."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.layouts.model import Leaf

if TYPE_CHECKING:
    from random import Random

LANGUAGES = ("en", "de", "fr")
PARTS = {
    "en": (
        "the old miller|a young clerk|the harbour master|our neighbour|the third witness|a travelling painter|"
        "the baker's widow|every tenant|the new landlord|an honest carpenter|the night porter|the county surveyor|"
        "a retired sailor|the schoolmistress|his eldest brother|the gardener|an unknown lady|the postman",
        "has repaired|carefully measured|sold|wrote about|remembered|lost|had painted|bought|described|inherited|"
        "looked after|forgot|drew|praised|will rent|returned|counted|borrowed|delivered|hid",
        "two copper kettles|a crooked fence|the green cottage|seven letters|an iron key|the broken clock|his account "
        "book|a basket of pears|the northern meadow|a narrow boat|twelve chairs|the church organ|a leather trunk|"
        "the weather records|some yellow roses|a silver watch|the winding staircase|an oak table",
        "behind the station|near the bridge|at the market|in the upper valley|beside the canal|under the lime trees|"
        "on the island|outside the town hall|in a quiet street|at the edge of the wood|above the bakery|"
        "opposite the museum|along the coast|in the cellar",
        "before the war|last winter|on a rainy morning|in early spring|after the harvest|for eleven years|"
        "without a word|at great expense|as agreed|during the strike|on the same evening|to everybody's surprise|"
        "in good faith|more than once",
    ),
    "de": (
        "der alte Müller|eine junge Schreiberin|der Hafenmeister|unser Nachbar|die dritte Zeugin|ein fahrender Maler|"
        "die Witwe des Bäckers|jeder Mieter|der neue Vermieter|ein ehrlicher Zimmermann|der Nachtwächter|"
        "die Lehrerin|sein ältester Bruder|der Gärtner|eine fremde Dame|der Briefträger",
        "verkaufte|vermaß|beschrieb|verlor|bemalte|kaufte|erbte|vergaß|zeichnete|lobte|mietete|zählte|lieh|lieferte|"
        "versteckte|reparierte",
        "zwei kupferne Kessel|einen schiefen Zaun|das grüne Häuschen|sieben Briefe|einen eisernen Schlüssel|"
        "die zerbrochene Uhr|sein Kontobuch|einen Korb Birnen|die nördliche Wiese|ein schmales Boot|zwölf Stühle|"
        "die Kirchenorgel|einen ledernen Koffer|einige gelbe Rosen|die Wendeltreppe|einen Tisch aus Eiche",
        "hinter dem Bahnhof|nahe der Brücke|auf dem Markt|im oberen Tal|neben dem Kanal|unter den Linden|auf der Insel|"
        "vor dem Rathaus|in einer stillen Straße|am Waldrand|über der Bäckerei|gegenüber dem Museum|an der Küste",
        "vor dem Krieg|im letzten Winter|an einem regnerischen Morgen|im Frühling|nach der Ernte|für elf Jahre|"
        "ohne ein Wort|mit großen Kosten|wie vereinbart|während des Streiks|am selben Abend|mehr als einmal",
    ),
    "fr": (
        "le vieux meunier|une jeune secrétaire|le maître du port|notre voisin|le troisième témoin|un peintre ambulant|"
        "la veuve du boulanger|chaque locataire|le nouveau propriétaire|un honnête charpentier|le portier de nuit|"
        "la maîtresse d'école|son frère aîné|le jardinier|une dame inconnue|le facteur",
        "a réparé|a vendu|a mesuré|a décrit|a perdu|a peint|a acheté|oublia|dessina|louera|a compté|emprunta|a livré|"
        "cacha|admirait",
        "deux chaudrons de cuivre|une clôture tordue|la maison verte|sept lettres|une clef de fer|l'horloge cassée|"
        "son livre de comptes|un panier de poires|le pré du nord|une barque étroite|douze chaises|"
        "l'orgue de l'église|une malle de cuir|quelques roses jaunes|une table de chêne",
        "derrière la gare|près du pont|au marché|dans la haute vallée|à côté du canal|sous les tilleuls|sur l'île|"
        "devant la mairie|dans une rue calme|à la lisière du bois|en face du musée|le long de la côte",
        "avant la guerre|l'hiver dernier|un matin de pluie|au printemps|après la récolte|pendant onze ans|"
        "sans un mot|à grands frais|comme convenu|pendant la grève|le même soir|plus d'une fois",
    ),
}
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
        return self.random.choice(words.split("|") if "|" in words else words.split())

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
