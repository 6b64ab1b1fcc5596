"""How probably one line of text follows another, by the end of the first and the start of the second.

Within a sentence the next line starts in lower case; after a full stop it does not. One pair is weak evidence. Summed
over the rows of two columns, the evidence tells columns of prose from the wide gaps of justified text and from the
columns of a table, better than any measure of the gaps.
"""

from __future__ import annotations

from typing import Final, Literal

End = Literal["hyphen", "stop", "colon", "comma", "word", "digit", "other"]
Start = Literal["lower", "upper", "digit", "other"]

_NATS: Final[dict[End, tuple[float, float, float, float]]] = {
    "hyphen": (0.31, -2.39, -2.90, -0.35),
    "stop": (-2.80, 0.71, 0.54, 0.77),
    "colon": (-1.54, 0.37, 0.85, 1.38),
    "comma": (0.12, -0.14, 0.17, 0.34),
    "word": (0.25, -0.46, -0.40, -0.33),
    "digit": (-0.76, 0.10, -0.07, -0.15),
    "other": (-0.22, -0.18, 0.20, 0.14),
}
"""ln(how often such lines follow one another / how often two lines of one page are such) for a start in lower case, in
upper case, with a digit, with anything else: counted on the true texts of 328 office pages of Aspose's public benchmark
(aspose-ocr/Aspose.OCR-Benchmark) by ``python -m tests.bench.continuity FOLDER``."""
_STARTS: Final[tuple[Start, ...]] = ("lower", "upper", "digit", "other")
_HYPHENS: Final = "-\u00ad\u2010"
_STOPS: Final = ".!?\u3002\uff01\uff1f"
_CLOSING: Final = "\"')]\u201d\u2019\u00bb"
_OPENING: Final = "\"'([\u201c\u2018\u201e\u00ab"


def end_of(text: str) -> End:
    """Classify the end of a line; ``text`` is not empty."""
    if text[-1] in _HYPHENS and text[-2:-1].isalpha():
        return "hyphen"
    last = (text.rstrip(_CLOSING) or text)[-1]
    if last in _STOPS:
        return "stop"
    if last in ":\uff1a":
        return "colon"
    if last in ",;\uff0c\u3001":
        return "comma"
    return "word" if last.isalpha() else "digit" if last.isdigit() else "other"


def start_of(text: str) -> Start:
    """Classify the start of a line; ``text`` is not empty."""
    first = (text.lstrip(_OPENING) or text)[0]
    return "lower" if first.islower() else "upper" if first.isupper() else "digit" if first.isdigit() else "other"


def continuity(before: str, after: str) -> float:
    """The evidence, in nats, that ``after`` follows ``before``; neither is empty."""
    return _NATS[end_of(before)][_STARTS.index(start_of(after))]
