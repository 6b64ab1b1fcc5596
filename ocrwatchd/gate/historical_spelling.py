"""Spelling that was right when the page was printed, and is no misreading today.

A model likes to write ``giebt`` as ``gibt``, ``avoit`` as ``avait`` and ``to-day`` as ``today``. Each pair below is a
change that the spelling of German (reforms of 1901 and 1996), French (1835 and before) or English has made, or that
lies between its varieties; a word that differs by such pairs alone is left as printed.
"""

from __future__ import annotations

import re
import unicodedata

from ocrwatchd.core.accents import without_accents

LETTERS_LIMIT = 40
"""Longer words are nobody's old spelling."""

_BEGIN, _END = "^", "$"

_GERMAN = (
    "th t;gieb gib;ieng ing;c k;c z;ß ss;ss ß;ß s;s$ ß$;dt t;dt d;ph f;iren ieren;irt iert;irung ierung;ae ä;oe ö;"
    "ue ü;ä e;e ä;ü i;i ü;d$ t$;y i;k ck;ck k;z tz;zz tz;ö e;t$ dt$;ai ei;gilt giltig;blos bloß;spatzier spazier;"
    "lig$ lich$;älig ählich"
)
_FRENCH = (
    "oit$ ait$;ois$ ais$;oise$ aise$;oises$ aises$;oient$ aient$;oitre aître;oître aître;oiss aiss;oible aible;"
    "oibli aibli;ans$ ants$;ens$ ents$;tems temps;i j;u v;v u;as â;es ê;is î;os ô;us û;es é;ez$ és$;sç s;sc s;ict it;"
    "ung un;x$ s$;rh r;eu u;aulx aux;cogn conn;aing ain;oing oin;& et;ez$ es$;aa â;ust$ ut$;ist$ it$;oyne eine"
)
_ENGLISH = (
    "shew show;xion ction;our or;or our;is iz;iz is;ys yz;yz ys;re$ er$;er$ re$;ick$ ic$;\u2019d$ ed$;'d ed;"
    "chus choos;gaol jail;gray grey;grey gray;que$ ck$;gramme gram;enq inq;inq enq;enc inc;tho'$ though$;"
    "tho\u2019$ though$;thro' through;thro\u2019 through;tho$ though$;thro$ through$;ae e;oe e;eth$ es$;eth$ s$;"
    "hath has;doth does;eat$ ete$;ie$ y$;ye$ y$;ul$ ull$;negoc negot;dgement dgment;dgment dgement;eable able;"
    "able eable;cheque check;plough plow;olt oult;ence ense;ense ence;t$ ed$;develope$ develop$;gipsy gypsy;"
    "cloath cloth;ey$ y$;oul ol;tient cient;œ e;æ e;œ oe;æ ae"
)
_PAIRS = [pair.split() for pair in f"{_GERMAN};{_FRENCH};{_ENGLISH}".split(";")]
_BY_FIRST = {letter: [pair for pair in _PAIRS if pair[0][0] == letter] for letter in {old[0] for old, _ in _PAIRS}}
_OLD_LETTERS = str.maketrans({"\u017f": "s", "æ": "ae", "œ": "oe", "Æ": "AE", "Œ": "OE", "ß": "ss", "ẞ": "SS"})
_MISREAD_ACCENTS = frozenset(
    ["éê", "aä", "oö", "uü", "AÄ", "OÖ", "UÜ", "àä", "âä", "áä", "òö", "ôö", "óö", "ùü", "ûü", "úü"]
)
_HYPHENS = re.compile("[-\u00ad\u2010\u2011]")
_MARKS_AROUND = re.compile(r"^[^\w&]+|[^\w'\u2019&]+$")


def plain(word: str) -> str:
    """A word without accents, its old letters and ligatures spelled out."""
    return without_accents(word.translate(_OLD_LETTERS))


def same_letters(before: str, after: str) -> bool:
    """True where two words differ in accents, ligatures or old letters only."""
    return plain(before) == plain(after)


def is_misread_accent(before: str, after: str) -> bool:
    """True where words differ in accents that are misread rather than modernised: a lost umlaut, é for ê."""
    old, new = (unicodedata.normalize("NFC", word) for word in (before, after))
    changed = [pair for pair in zip(old, new, strict=False) if pair[0] != pair[1]]
    return len(old) == len(new) and bool(changed) and all("".join(pair) in _MISREAD_ACCENTS for pair in changed)


def is_modernised(before: str, after: str) -> bool:
    """True where ``after`` is what today's spelling, or another variety's, makes of ``before``."""
    if max(len(before), len(after)) > LETTERS_LIMIT:
        return False
    old, new = (_MARKS_AROUND.sub("", word).lower().replace("\u017f", "s") for word in (before, after))
    if not old or not new or old == new:
        return False
    if _HYPHENS.sub("", old) == _HYPHENS.sub("", new):
        return old[-1] not in "-\u00ad" and new[-1] not in "-\u00ad"
    if _undoubled(old) == _undoubled(new):
        return True
    return _reachable(_HYPHENS.sub("", old), _HYPHENS.sub("", new))


def _undoubled(word: str) -> str:
    return re.sub(r"([b-df-hj-np-tv-xz])\1", r"\1", word)


def _reachable(old: str, new: str) -> bool:
    """True where pairs alone lead from one word to the other; the work is bounded by both lengths and the pairs."""
    old, new = (f"{_BEGIN}{unicodedata.normalize('NFC', word)}{_END}" for word in (old, new))
    reached = {(0, 0)}
    waiting = [(0, 0)]
    while waiting:
        i, j = waiting.pop()
        if (i, j) == (len(old), len(new)):
            return True
        steps = []
        if i < len(old) and j < len(new) and (old[i] == new[j] or plain(old[i]) == plain(new[j])):
            steps.append((i + 1, j + 1))
        steps += [
            (i + len(before), j + len(after))
            for before, after in _BY_FIRST.get(old[i : i + 1], ())
            if old.startswith(before, i) and new.startswith(after, j)
        ]
        steps += [(i + 2, j + 1)] if old[i : i + 2] == 2 * new[j : j + 1] and new[j : j + 1].isalpha() else []
        for step in steps:
            if step not in reached:
                reached.add(step)
                waiting.append(step)
    return False
