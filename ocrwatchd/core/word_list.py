"""One language's words by frequency: wordfreq's list, kept small, and n-grams of letters for what is not in it.

The list is in the language's normal form, lower case with "ss" for "ß"; runs of digits are zeros. N-grams are counted
on its most frequent words.
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
"""So many of a list's most frequent words teach the n-grams, each once: rarer ones are often misspelt."""
LETTER_SHARE = 1e-4
"""Share of running words from which a letter is one of the language."""
UNFOLDED: Mapping[str, str] = {"de": "ß"}
"""Letters that the normal form of a language's words does not have."""
UNLISTED = 2.0
"""The words that a list lacks make up so many times the share of running words that its rarest ones have, those within
a factor of ten. Estimated and counted: English 1.4 and 0.8 to 1.3 % (books, business papers), German 2.9 and 3.4 to
8 %, French 1.4 and 2.9 %, Czech 2.7 and 6 %, Danish, of which there is but a small list, 15 and 14 %."""
DIGIT = -math.log(10)
"""Ln P of a digit that may be any other."""
COMPOUND = -4.0
"""Ln P that two words are written as one, in languages that do so."""
PART = 4
"""Fewest letters of a part of such a word."""
LONGEST = 80
"""Longer words are not taken apart: the work grows with the cube of their length."""
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
"""Languages that write words together, and what they put between two."""
USUAL = 1e-6
"""Share of running words from which a word is a usual one, as in wordfreq's small lists."""
RAREST = 1e-7
"""Words with a smaller share of running words are not listed one by one."""
KNOWN: Mapping[int, float] = {1: -2.7, 2: -4.0, 3: -4.75, 4: -6.5, 5: -6.6, 6: -7.2, 7: -7.2, 8: -7.5}
"""Decimal logarithm of the share of running words from which a word of so many letters is taken for one, the last for
longer ones. The lists have misread words ("tbe", "aud"), and what is short is easily another word."""
ACCENTS, LOOKS = math.log(30), math.log(300)
"""A word is none where one with other accents, or of letters that look alike, is more frequent by this, nats: people
type "meme" for "même", and recognition reads "tho"."""
SHADOWING = 1e-5
"""Share of running words from which a word may be the true one of a word that looks like it."""
_ALIKE = str.maketrans("eoahujltfyq", "cccbniiiivg")
ELIDING = frozenset({"fr", "it", "ca"})
"""Languages whose lists have what is left of an elided word, as one: the "l" of "l'eau"."""
ELISION = re.compile(r"(?:[ldjmnstc]|qu|(?:lors|puis|jus)qu|(?:de|ne|a|su|da|que|be)ll|un)'(?=\w)")
_ELIDED = frozenset("ldjmnstc")
_DIGITS = re.compile(r"\d(?=\d)|(?<=\d)\d|(?<=\d[.,])\d|\d(?=[.,]\d)")


class WordList:
    """A language's words. Each is kept as a number of 64 bits, its hash: no list has two words of the same.

    Args:
        language: of the list.
        by_centibels: the words by -100 times the decimal logarithm of their share of running words.
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
        """Ln of a word's share of running words; -inf for one that is not listed."""
        return self._share(_folded(self._form(word)))

    def knows(self, word: str) -> bool:
        """True for a word that is frequent enough, and far more so than as another one misspelt or misread."""
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
        """The words of letters from a share of running words on, at least ``RAREST``; the most frequent first."""
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
        """How many words have at least this share of running words."""
        return self._until[min(len(self._until) - 1, round(-100 * math.log10(least)))]

    def _joined(self, word: str) -> float:
        """Tell ln P of the most probable usual words that make another one."""
        if len(word) > LONGEST:
            return -math.inf
        best = [0.0] + [-math.inf] * len(word)
        for end in range(PART, len(word) + 1):
            for start in (0, *range(PART, end - PART + 1)):
                if best[start] > -math.inf and (part := self._part(word[start:end], last=end == len(word))):
                    best[end] = max(best[end], best[start] + part + COMPOUND * bool(start))
        return best[-1]

    def _part(self, part: str, *, last: bool) -> float:
        """Tell ln of the share of a word's part, with or without what links the part to the next; 0 for none."""
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
    """Ln of the sum of probabilities, each told by its ln."""
    most = max(told)
    return most + math.log(sum(math.exp(each - most) for each in told))


def _letters(words: Sequence[str], shares: np.ndarray) -> frozenset[str]:
    """The letters that a language's words are made of, but for those of foreign words."""
    seen: dict[str, float] = {}
    for word, share in zip(words, shares.tolist(), strict=True):
        for letter in set(word):
            seen[letter] = seen.get(letter, 0.0) + share
    return frozenset(letter for letter, share in seen.items() if letter.isalpha() and share >= LETTER_SHARE)


def _hash(word: str) -> int:
    # Of its bytes in UTF-8: as texts "e0" and "づ" have the same one, for CPython keeps both in the bytes 65 30.
    return hash(word.encode())


def _shape(bare: str) -> str:
    return bare.replace("rn", "m").translate(_ALIKE)


def _folded(form: str) -> str:
    """Digits as the lists have them: zeros, but for one that stands alone."""
    return _DIGITS.sub("0", form)
