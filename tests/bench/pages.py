"""How well whole pages are read, and in which order: ``python -m tests.bench.pages FOLDER``.

FOLDER holds scans, each with its true text in NAME.txt beside it, or with its lines in NAME.json ("text" of each).
``FOLDER/../NAME-published.jsonl``, NAME being the folder's, may hold what other engines made of them. White space is
folded. A run of edits of 12 characters or more is a block, out of place or missing; the rest is single letters,
spaces and digits. With ``--correct off`` words are corrected by their picture alone, with ``--correct builtin`` or the
path of a model by that model too; what the correction changes is told apart.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein

from ocrwatchd.core.accents import without_accents
from ocrwatchd.core.config.profile import Llm, Ocr, Work
from ocrwatchd.core.model import Correction, PageText
from ocrwatchd.correct.corrector import Corrector as RealCorrector
from ocrwatchd.correct.page import with_words
from ocrwatchd.gate.consistency import Memory
from ocrwatchd.gate.scoring import fold
from ocrwatchd.llm.models import resolve
from ocrwatchd.ocr.layout import arrange
from ocrwatchd.ocr.spaces import spaced
from ocrwatchd.training.page_lines import PICTURES, Reader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ocrwatchd.training.page_lines import Seen

BLOCK = 12
"""Characters of a run of edits that make it a block."""
ALIKE = 0.8
"""Letters of a true line that are right where the line counts as found."""
OURS, ROWS, CORRECTED = "ours", "plain rows", "corrected"
QUOTES = str.maketrans("", "", "\"'")


@dataclass(frozen=True, slots=True)
class Score:
    """A text beside the truth, in characters.

    Args:
        length: of the truth.
        blocks: in runs of edits of :data:`BLOCK` or more.
        kinds: all others, by what was lost, put in or exchanged: "space", "digit", "letter".
        exchanged: letters and digits of the truth, outside blocks, in whose place something else stands.
        letters: of the truth, outside blocks, that are lost or in whose place something else stands.
        accents: letters with accents that the text has too few of.
        digits: digits of the truth, outside blocks, that are lost or in whose place something else stands.
        vendor: distance over the truth's length, quotes dropped and line ends kept, about as the vendor of the office
            pages counts (the figures published for Aspose.OCR come out to 0.1).
    """

    length: int
    blocks: int
    kinds: Counter[str] = field(default_factory=Counter)
    exchanged: int = 0
    letters: int = 0
    digits: int = 0
    accents: int = 0
    vendor: float = 0.0

    @property
    def errors(self) -> int:
        """All of them."""
        return self.blocks + self.kinds.total()


def scored(text: str, truth: str) -> Score:
    """Compare a text with the truth."""
    ours, right = fold(text), fold(truth)
    kinds, wrong = Counter[str](), Counter[str]()
    blocks = 0
    for tag, start, end, true_start, true_end in Levenshtein.opcodes(ours, right):
        size = max(end - start, true_end - true_start)
        if tag == "equal":
            continue
        if size >= BLOCK:
            blocks += size
            continue
        true = right[true_start:true_end]
        wrong.update(letters=sum(map(str.isalpha, true)), digits=sum(map(str.isdigit, true)))
        wrong.update(exchanged=sum(map(str.isalnum, true)) if tag == "replace" else 0)
        for at in range(size):
            kinds[
                _kind(ours[start + at : start + at + 1][: end - start - at] + right[true_start + at : true_end][:1])
            ] += 1
    plain, wanted = map(_with_lines, (text, truth))
    accents = (_accents(right) - _accents(ours)).total()
    vendor = Levenshtein.distance(plain, wanted) / max(1, len(wanted))
    return Score(len(right), blocks, kinds, **wrong, accents=accents, vendor=vendor)


def _accents(text: str) -> Counter[str]:
    return Counter(letter for letter in text if letter.isalpha() and letter != without_accents(letter))


def _with_lines(text: str) -> str:
    lines = (" ".join(line.split()) for line in text.translate(QUOTES).splitlines())
    return re.sub(r"\n{2,}", "\n\n", "\n".join(lines)).strip()


def _kind(letters: str) -> str:
    if any(map(str.isspace, letters)):
        return "space"
    return "digit" if any(map(str.isdigit, letters)) else "letter"


class Corrector:
    """Corrects pages as the daemon does.

    Args:
        model: as ``llm.model``.
        language: of the pages.
    """

    def __init__(self, model: str, language: str) -> None:
        self._work = Work(ocr=Ocr(languages=(language,)), llm=Llm(model=model))
        self._model = None if model == "off" else RealCorrector(resolve(self._work.llm), self._work.llm)
        self.seconds = 0.0

    def __call__(self, page: PageText) -> str:
        """The corrected text."""
        memory, started = Memory(), time.monotonic()
        found = self._model.correct(page, self._work, memory) if self._model else Correction(page.text)
        choose = self._model.choose if self._model and self._model.methods(self._work).chooses else None
        text = with_words(page, found, self._work, memory, choose).text
        self.seconds += time.monotonic() - started
        return text


def texts(seen: Seen, language: str, corrector: Corrector | None = None) -> dict[str, str]:
    """A page's text in the order that we give it, straight across from the top, and corrected if asked."""
    lines = spaced(seen.lines, (language,))
    ours = arrange(lines)
    sides = {OURS: ours.text, ROWS: arrange(lines, "rows").text.replace("\t", " ")}
    if corrector:
        page = PageText(1, ours.text, seen.width, seen.height, 0.0, lines=ours.lines)
        sides[CORRECTED] = corrector(page)
    return sides


def published(folder: Path) -> dict[str, dict[str, str]]:
    """What others made of the pages: by file, then by engine."""
    path = folder.parent / f"{folder.name}-published.jsonl"
    if not path.exists():
        return {}
    rows = map(json.loads, path.read_text("utf-8").splitlines())
    return {row.pop("file"): row for row in rows}


def measured(folder: Path, language: str, corrector: Corrector | None = None) -> Iterator[tuple[str, dict[str, Score]]]:
    """Each page's name, and the scores of all sides."""
    reader, others = Reader((language,)), published(folder)
    for path in sorted(folder.iterdir()):
        truth = path.with_suffix(".txt")
        if path.suffix in PICTURES and truth.exists():
            sides = texts(reader.read(path), language, corrector) | others.get(path.name, {})
            true = truth.read_text("utf-8")
            yield path.name, {side: scored(text, true) for side, text in sides.items()}


def lines_found(text: str, lines: list[str]) -> int:
    """How many true lines stand whole in one line of the text: at least as long, and alike but for few letters."""
    ours = ["".join(line.split()).casefold() for line in text.splitlines()]
    wanted = ["".join(line.split()).casefold() for line in lines]
    return sum(
        any(len(line) >= ALIKE * len(want) and fuzz.partial_ratio(want, line) >= 100 * ALIKE for line in ours)
        for want in wanted
    )


def digits_wrong(text: str, line: str) -> int:
    """How many digits of a true line are not in that part of the text's lines which is most like it; spaces apart."""
    wanted, *lines = ("".join(each.split()).casefold() for each in (line, *text.splitlines()))
    found = [(fuzz.partial_ratio_alignment(wanted, ours), ours) for ours in lines if len(ours) >= ALIKE * len(wanted)]
    best, ours = max(found, key=lambda each: each[0].score, default=(None, ""))
    part = ours[best.dest_start : best.dest_end] if best else ""
    return sum(
        sum(map(str.isdigit, wanted[step.dest_start : step.dest_end]))
        for step in Levenshtein.opcodes(part, wanted)
        if step.tag != "equal"
    )


def rows_kept(folder: Path, language: str, corrector: Corrector | None = None) -> str:
    """Of pages whose lines are known: how many each side keeps on one line, digits wrong, lines with more of them."""
    reader, found, wrong, worse, count = Reader((language,)), Counter[str](), Counter[str](), Counter[str](), 0
    for path in sorted(folder.iterdir()):
        known = path.with_suffix(".json")
        if path.suffix in PICTURES and known.exists():
            lines = [each["text"] for each in json.loads(known.read_text("utf-8"))]
            count += len(lines)
            for side, text in (sides := texts(reader.read(path), language, corrector)).items():
                found[side] += lines_found(text, lines)
                told = [(digits_wrong(text, line), digits_wrong(sides[OURS], line)) for line in lines]
                wrong[side] += sum(each for each, _ in told)
                worse[side] += sum(each > own for each, own in told)
    return "\n".join(
        f"{side:24}{100 * kept / count:8.1f} % of {count} lines; digits wrong: {wrong[side]}, "
        f"more of them in {worse[side]} lines"
        for side, kept in found.items()
    )


def line(name: str, scores: list[Score]) -> str:
    """One side over pages: errors a hundred characters, of them blocks; single ones; the vendor's mean, per cent."""
    length = sum(score.length for score in scores) or 1
    kinds = sum((score.kinds for score in scores), Counter[str]())
    errors, blocks = (100 * sum(getattr(score, key) for score in scores) / length for key in ("errors", "blocks"))
    vendor = 100 * sum(score.vendor for score in scores) / max(1, len(scores))
    single = "".join(f"{kinds[kind]:8,}" for kind in ("space", "digit", "letter"))
    return f"{name:24}{errors:8.2f}{blocks:8.2f}{vendor:8.2f}{single}"


def main() -> int:
    """Print the worst pages, then the sums."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.pages", description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--language", default="eng")
    parser.add_argument("--worst", type=int, default=20, help="so many pages are shown; default: %(default)s")
    parser.add_argument("--correct", metavar="MODEL", help="off, builtin or the path of a model")
    asked = parser.parse_args()
    corrector = Corrector(asked.correct, asked.language) if asked.correct else None
    if any(asked.folder.glob("*.json")):
        sys.stdout.write(rows_kept(asked.folder, asked.language, corrector) + "\n")
        return 0
    pages = dict(measured(asked.folder, asked.language, corrector))
    head = f"{'':24}{'errors':>8}{'blocks':>8}{'vendor':>8}{'space':>8}{'digit':>8}{'letter':>8}"
    shown = [head]
    for name, sides in sorted(pages.items(), key=lambda page: -page[1][OURS].errors)[: asked.worst]:
        shown += [name, *(line(f"  {side}", [score]) for side, score in sides.items())]
    sides = dict.fromkeys(side for scores in pages.values() for side in scores)
    shown += ["", f"{len(pages)} pages", head]
    shown += [line(side, [scores[side] for scores in pages.values() if side in scores]) for side in sides]
    if corrector:
        shown += ["", *gained(pages), f"{corrector.seconds / max(1, len(pages)):.2f} s a page for correction"]
    sys.stdout.write("\n".join(shown) + "\n")
    return 0


def gained(pages: dict[str, dict[str, Score]]) -> Iterator[str]:
    """What correction changes: counts before and after, and the pages that are worse."""

    def outside(score: Score) -> int:
        return score.kinds.total()

    for name, count in (
        ("letters and digits exchanged", lambda score: score.exchanged),
        ("letters wrong", lambda score: score.letters),
        ("digits wrong", lambda score: score.digits),
        ("letters with accents too few", lambda score: score.accents),
        ("all errors outside blocks", outside),
    ):
        before, after = (sum(count(sides[side]) for sides in pages.values()) for side in (OURS, CORRECTED))
        yield f"{name:32}{before:8,}{after:8,}{100 * (after - before) / max(1, before):+8.1f} %"
    worse = {name: sides[CORRECTED].errors - sides[OURS].errors for name, sides in pages.items()}
    worse = {name: by for name, by in sorted(worse.items(), key=lambda page: -page[1]) if by > 0}
    yield f"{len(worse)} of {len(pages)} pages worse: " + ", ".join(f"{name} by {by}" for name, by in worse.items())


if __name__ == "__main__":
    sys.exit(main())
