"""The words of one language by frequency: wordfreq's list in little memory, and letter n-grams for unlisted words.

The list has the language's normal form: lower case, "ss" for "ß", zeros for runs of digits. The n-grams are counted on
its most frequent words.
"""

from __future__ import annotations

import math
import re
from array import array
from bisect import bisect_left, bisect_right
from functools import cache
from itertools import accumulate, chain, groupby, islice
from typing import TYPE_CHECKING

import numpy as np

from ocrwatchd.core.accents import without_accents
from ocrwatchd.core.letter_grams import LetterGrams

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from langcodes import Language

COUNTED_WORDS = 40_000
"""The n-grams are counted on this many most frequent words, each once: rarer words are often misspelt."""
LETTER_SHARE = 1e-4
"""Least share of running words that have a letter of the language."""
UNFOLDED: Mapping[str, str] = {"de": "ß"}
"""Letters that the normal form of a language lacks."""
UNLISTED = 2.0
"""The unlisted words of a language have this many times the share of running words of its rarest listed ones, those
within a factor of ten. Estimated and counted: English 1.4 and 0.8 to 1.3 % (books, business papers), German 2.9 and 3.4
to 8 %, French 1.4 and 2.9 %, Czech 2.7 and 6 %, Danish, which has only a small list, 15 and 14 %."""
DIGIT = -math.log(10)
"""ln P of a digit that may be any other."""
COMPOUND = -4.0
"""ln P that two words are written as one, in languages with compounds."""
PART = 4
"""Fewest letters of a part of a compound."""
LONGEST = 80
"""Longer words are not split: the work grows with the cube of their length."""
LINKS: Mapping[str, tuple[str, ...]] = {
    "de": ("s", "es", "n", "en", "ens"),
    "nl": ("s", "n", "en"),
    "da": ("s", "e"),
    "sv": ("s",),
    "nb": ("s", "e"),
    "is": ("s", "a", "ar", "u"),
    "fi": (),
    "hu": (),
}
"""Languages with compounds, and the letters that link two parts."""
USUAL = 1e-6
"""Least share of running words of a usual word, as in wordfreq's small lists."""
RAREST = 1e-7
"""Least share of running words of a word whose text is kept."""
KNOWN: Mapping[int, float] = {1: -2.7, 2: -4.0, 3: -4.75, 4: -6.5, 5: -6.6, 6: -7.2, 7: -7.2, 8: -7.5}
"""Decimal logarithm of the least share of running words of a known word, by its number of letters; the last value
counts for longer words. The lists have misread words ("tbe", "aud"), and a short misreading is easily another word."""
ACCENTS, LOOKS = math.log(30), math.log(300)
"""A word is unknown if a word with other accents, or with letters that look alike, is more frequent by this, nats:
people type "meme" for "même", and recognition reads "tho"."""
SHADOWING = 1e-5
"""Least share of running words of a word that makes similar words unknown."""
_ALIKE = str.maketrans("eoahujltfyq", "cccbniiiivg")
ELIDING = frozenset({"fr", "it", "ca"})
"""Languages whose lists have the rest of an elided word as a word: the "l" of "l'eau"."""
ELISION = re.compile(r"(?:[ldjmnstc]|qu|(?:lors|puis|jus)qu|(?:de|ne|a|su|da|que|be)ll|un)'(?=\w)")
_ELIDED = frozenset("ldjmnstc")
_DIGITS = re.compile(r"\d(?=\d)|(?<=\d)\d|(?<=\d[.,])\d|\d(?=[.,]\d)")


class WordList:
    """A language's words. Each is kept as a hash of 64 bits; no list has two words with one hash.

    Args:
        language: of the list.
        by_centibels: the words, by -100 times the decimal logarithm of their share of running words.
    """

    def __init__(self, language: Language, by_centibels: Sequence[Sequence[str]]) -> None:
        self._language = language
        self._name = name = str(language)
        lengths = list(map(len, by_centibels))
        hashes = np.fromiter(map(_hash, chain.from_iterable(by_centibels)), np.int64, sum(lengths))
        order = np.argsort(hashes)
        centibels = np.repeat(np.arange(len(lengths), dtype=np.int16), lengths)
        self._hashes = array("q", hashes[order].tobytes())
        self._centibels = array("h", centibels[order].tobytes())
        self._until = tuple(accumulate(lengths))
        self._text = "\n".join(islice(chain.from_iterable(by_centibels), self._count(RAREST)))
        counted = list(islice(chain.from_iterable(by_centibels), COUNTED_WORDS))
        self._grams = LetterGrams(counted)
        rarest = range(len(lengths) - 100, len(lengths))
        self._unlisted = math.log(UNLISTED * sum(lengths[each] * 10 ** (each / -100) for each in rarest))
        self.letters = _letters(counted, 10 ** (centibels[: len(counted)] / -100)) | set(UNFOLDED.get(name, ""))
        self._bare = str.maketrans({each: without_accents(each) for each in set("".join(counted))})
        self._accented: dict[str, float] = {}
        self._shapes: dict[str, float] = {}
        for number, word in enumerate(counted):
            bare = word.translate(self._bare)
            if bare != word:
                self._accented.setdefault(bare, self._share(word))
            if number < self._count(SHADOWING):
                self._shapes.setdefault(_shape(bare), self._share(word))

    def share(self, word: str) -> float:
        """Ln of a word's share of running words; -inf for an unlisted word."""
        return self._share(_folded(self._form(word)))

    def knows(self, word: str) -> bool:
        """True for a word that is frequent enough and not much rarer than a similar word."""
        form = self._form(word)
        if self._name in ELIDING:
            form = ELISION.sub("", form, count=1)
            if form in _ELIDED:
                return False
        share, bare = self._share(_folded(form)), form.translate(self._bare)
        return share >= max(
            KNOWN[min(len(form), max(KNOWN))] * math.log(10),
            self._accented.get(bare, -math.inf) - ACCENTS,
            self._shapes.get(_shape(bare), -math.inf) - LOOKS,
        )

    def words(self, least: float) -> Iterator[tuple[str, float]]:
        """Words of letters with at least this share of running words, the most frequent first."""
        listed = islice(self._text.split("\n"), self._count(least))
        for centibels, words in groupby(enumerate(listed), lambda each: bisect_right(self._until, each[0])):
            share = 10 ** (centibels / -100)
            yield from ((word, share) for _, word in words if word.replace("'", "").isalpha())

    def log_probability(self, word: str) -> float:
        """Ln P of a word, listed or not."""
        folded = _folded(self._form(word))
        free = folded.count("0") if sum(map(str.isdigit, folded)) > 1 else 0
        spelled = self._unlisted + self._grams.log_probability(folded)
        listed = self._share(folded)
        if listed == -math.inf and self._name in LINKS:
            listed = self._joined(folded)
        return log_sum([spelled, listed]) + DIGIT * free

    def _form(self, word: str) -> str:
        from wordfreq.preprocess import preprocess_text  # loaded by now

        return str(preprocess_text(word, self._language))

    def _share(self, form: str) -> float:
        wanted = _hash(form)
        at = bisect_left(self._hashes, wanted)
        if at == len(self._hashes) or self._hashes[at] != wanted:
            return -math.inf
        return self._centibels[at] / -100 * math.log(10)

    def _count(self, least: float) -> int:
        """Number of words with at least this share of running words."""
        return self._until[min(len(self._until) - 1, round(-100 * math.log10(least)))]

    def _joined(self, word: str) -> float:
        """Ln P of the most probable usual words that make a compound."""
        if len(word) > LONGEST:
            return -math.inf
        best = [0.0] + [-math.inf] * len(word)
        for end in range(PART, len(word) + 1):
            for start in (0, *range(PART, end - PART + 1)):
                if best[start] > -math.inf and (part := self._part(word[start:end], last=end == len(word))):
                    best[end] = max(best[end], best[start] + part + COMPOUND * bool(start))
        return best[-1]

    def _part(self, part: str, *, last: bool) -> float:
        """Ln of the share of a compound's part, with or without linking letters; 0 if it is no word."""
        links = () if last else LINKS[self._name]
        forms = (part, *(part.removesuffix(link) for link in links if part.endswith(link)))
        share = max(self._share(form) for form in forms if form == part or len(form) >= PART)
        return share if share >= math.log(USUAL) else 0.0


@cache
def word_list(name: str) -> WordList:
    """The list of this name, read when first asked for."""
    # Here, for they take a while to load, and few pages ask.
    from langcodes import Language
    from wordfreq import available_languages, read_cBpack

    return WordList(Language.get(name), read_cBpack(available_languages("best")[name]))


def log_sum(told: Sequence[float]) -> float:
    """Ln of the sum of probabilities that are given by their ln."""
    most = max(told)
    return most + math.log(sum(math.exp(each - most) for each in told))


def _letters(words: Sequence[str], shares: np.ndarray) -> frozenset[str]:
    """The letters of a language's words, without those of foreign words."""
    seen: dict[str, float] = {}
    for word, share in zip(words, shares.tolist(), strict=True):
        for letter in set(word):
            seen[letter] = seen.get(letter, 0.0) + share
    return frozenset(letter for letter, share in seen.items() if letter.isalpha() and share >= LETTER_SHARE)


def _hash(word: str) -> int:
    # Hash the UTF-8 bytes: as str, "e0" and "づ" have one hash, because CPython stores both as the bytes 65 30.
    return hash(word.encode())


def _shape(bare: str) -> str:
    return bare.replace("rn", "m").translate(_ALIKE)


def _folded(form: str) -> str:
    """Replace digits by zeros, as the lists do, except a digit that stands alone."""
    return _DIGITS.sub("0", form)
