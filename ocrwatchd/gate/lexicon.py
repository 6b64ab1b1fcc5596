"""Whether a word is one: simplemma's dictionaries, which lie in its package, for some fifty languages."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from typing import TYPE_CHECKING

import simplemma
from simplemma.strategies.dictionaries.dictionary_factory import SUPPORTED_LANGUAGES

from ocrwatchd.gate.languages import short

if TYPE_CHECKING:
    from collections.abc import Iterable

SHARED = {"bs": "hbs", "hr": "hbs", "sr": "hbs", "no": "nb"}
"""Languages whose dictionary has another one's code."""

KEPT_WORDS = 4096
"""So many answers are kept: a page asks for its words again and again, and the dictionaries are packed to be small."""

SCRIPTS = {
    **dict.fromkeys(("ru", "uk", "bg", "mk", "be", "sr"), "CYRILLIC"),
    **dict.fromkeys(("el", "grc"), "GREEK"),
    **dict.fromkeys(("ar", "fa", "ur", "ug"), "ARABIC"),
    **dict.fromkeys(("hi", "mr", "ne", "sa"), "DEVANAGARI"),
    **dict.fromkeys(("zh", "zho", "chi", "ja", "jpn"), "CJK"),
    "he": "HEBREW", "hy": "ARMENIAN", "ka": "GEORGIAN", "ml": "MALAYALAM", "ko": "HANGUL", "th": "THAI", "ta": "TAMIL",
    "te": "TELUGU", "bn": "BENGALI", "kn": "KANNADA",
}  # fmt: skip
"""How Unicode's names of a language's letters begin; of all other languages "LATIN"."""

FEWEST_WORDS = 8
"""Of fewer different words it is not told whether they are words: names and numbers are none."""
MOST_WORDS = 40
"""So many are looked up."""
LEAST_KNOWN = 0.15
"""Share of words that a dictionary knows: of letter-for-letter garbage it knows none but by chance, of a language's own
text most."""
_LONG_WORD = re.compile(r"[^\W\d_]{4,}")

SHORT_LETTERS = 3
_COMMON = {
    "en": """
        a i am an as at be by do go he if in is it me my no of oh on or so to up us we act add age ago aid aim
        air all and any arm art ask ate bad bag bar bat bay bed beg bet bid big bit box boy bus but buy can cap
        car cat cow cry cup cut day did die dig dog dot dry due ear eat egg end eye far fat fee few fit fix fly
        fog for fox fun gap gas get god got gun guy had has hat her him his hit hot how ice ill ink its job joy
        key kid law lay led leg let lie lip log lot low mad man map may men met mix mud net new nod nor not now
        nut oak odd off oil old one our out owe own pan pay pen per pet pig pin pit pot put ran raw red rid rob
        rod row rub run sad sat saw say sea see set she shy sin sir sit six sky son sum sun tax tea ten the tie
        tin tip toe ton too top toy try two use van via war was wax way wet who why win won yes yet you
        """,
    "de": """
        ab am an da du er es im in ja je ob so um wo zu als alt arm art auf aus bei bis das dem den der des die
        dir ehe ein eis fuß gab gar gut hat her hin hof hut ihm ihn ihr ins ist kam lag man mir mit mut nah neu
        nie nun nur und ich mal mai ort rat rot sah see sei sie sog tag tal tat tee tod tor tot tun tür
        uhr uns vom von vor war für mag bin hab was weg wem wen wer wie wir zog zug zum zur
        """,
    "fr": """
        a à ai an au ce de du en es et eu il je la le ma me ne ni on or ou où pu sa se si ta te tu un va vu y
        air ami ans art aux bas bec bon car ces cet clé dit dix don dos dur eau est eut feu fil fin fit fut ici
        ils jeu les lit loi lui mai mal mer mes mis moi mon mot mur nom non nos nul oui par pas peu pis pré que
        qui roi cas dès rue sac san ses six sol son sur tel tes toi ton tôt une vie vin vos été
        """,
}
SHORT_WORDS = {code: frozenset(words.split()) for code, words in _COMMON.items()}
"""The words of up to three letters that ordinary texts are made of. The dictionaries call nearly every such splinter
("tho", "isl") a word, and recognition makes splinters all the time."""


class Lexicon:
    """The dictionaries of a document's languages. A language without one has no known words.

    Args:
        codes: of ISO 639-3 or 639-2, as ``ocr.languages`` has them.
    """

    def __init__(self, codes: tuple[str, ...]) -> None:
        wanted = (SHARED.get(short(code), short(code)) for code in codes)
        self._codes = tuple(dict.fromkeys(code for code in wanted if code in SUPPORTED_LANGUAGES))
        self._has = lru_cache(maxsize=KEPT_WORDS)(self._look_up)

    def knows(self, word: str) -> bool:
        """True for a word of one of the languages, whatever its capitals; the first call takes a moment."""
        return bool(self._codes and word) and (self._has(word) or self._has(word.lower()))

    def _look_up(self, word: str) -> bool:
        if len(word) > SHORT_LETTERS:
            return simplemma.is_known(word, lang=self._codes, low_memory=True)
        return any(
            word in SHORT_WORDS[code] if code in SHORT_WORDS else simplemma.is_known(word, lang=code, low_memory=True)
            for code in self._codes
        )


@cache
def lexicon(codes: tuple[str, ...]) -> Lexicon:
    """The lexicon for these languages; one for each combination."""
    return Lexicon(codes)


def hardly_words(text: Iterable[str], codes: tuple[str, ...]) -> bool:
    """True where of a text's words hardly one is a word of these languages.

    Words in a script that none of the languages has, or one without a dictionary has, are not judged.

    Args:
        text: words with what stands around them.
        codes: as ``ocr.languages`` has them.
    """
    scripts: dict[str, bool] = {}
    for code in map(short, codes):
        script = SCRIPTS.get(code, "LATIN")
        scripts[script] = scripts.get(script, True) and SHARED.get(code, code) in SUPPORTED_LANGUAGES
    found = dict.fromkeys(
        word for piece in text for word in _LONG_WORD.findall(piece) if scripts.get(_script(word), False)
    )
    words = list(found)[:MOST_WORDS]
    if len(words) < FEWEST_WORDS:
        return False
    known = lexicon(codes).knows
    return sum(map(known, words)) < LEAST_KNOWN * len(words)


def _script(word: str) -> str:
    return unicodedata.name(word[0], "").partition(" ")[0]
