"""Count the edits on pages that are drawn from texts: ``python -m tests.bench.clean LANGUAGE=FOLDER…``.

What is drawn clearly is read nearly without errors, so hardly any edit is a repair: each one that makes no character
right is shown. FOLDER holds texts; each gives one page.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from PIL import ImageFont

from ocrwatchd.core.config.profile import Llm, Ocr, Work
from ocrwatchd.core.model import Correction, PageText
from ocrwatchd.correct.page import with_words
from ocrwatchd.gate.consistency import Memory
from ocrwatchd.gate.scoring import errors
from ocrwatchd.gate.verdicts import apply
from ocrwatchd.ocr.layout import arrange
from ocrwatchd.ocr.spaces import spaced
from ocrwatchd.training.page_lines import Reader
from tests.bench.drawn import FONTS, SIZE, SPACE, draw, lines_of


def main() -> int:
    """Draw, read, correct, compare."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.clean", description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="+", help="LANGUAGE=FOLDER")
    parser.add_argument("--pages", type=int, default=12, help="so many of a folder's texts; default: %(default)s")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for told in asked.folder:
            language, _, texts = told.partition("=")
            sys.stdout.write(_measured(language, sorted(Path(texts).glob("*.txt"))[: asked.pages], Path(folder)))
    return 0


def _measured(language: str, texts: list[Path], folder: Path) -> str:
    reader, words, edits, before, after, shown = Reader((language,)), 0, 0, 0, 0, []
    work = Work(ocr=Ocr(languages=(language,)), llm=Llm(model="off"))
    for number, path in enumerate(texts):
        truth = lines_of(path.read_text("utf-8"))
        if not truth:
            continue
        picture = folder / f"{language}-{number}.png"
        font, space = FONTS[number % len(FONTS)], SPACE[number % len(SPACE)]
        draw(truth, ImageFont.truetype(font, SIZE), space).save(picture, dpi=(200, 200))
        seen = reader.read(picture)
        arranged = arrange(spaced(seen.lines, (language,)))
        page = PageText(1, arranged.text, seen.width, seen.height, 0.0, lines=arranged.lines)
        found = with_words(page, Correction(page.text), work, Memory())
        words, edits = words + len(truth.split()), edits + len(found.edits)
        wrong = errors(page.text, truth)
        before, after = before + wrong, after + errors(found.text, truth)
        shown += [
            f"  {path.name}: {edit.before} -> {edit.after} ({edit.total:.1f})\n"
            for edit in found.edits
            if errors(apply(page.text, [edit]), truth) >= wrong
        ]
    told = f"{language}: {words:,} words, {before:,} wrong characters, {after:,} after {edits} edits"
    return f"{told}; {len(shown)} no repairs\n" + "".join(shown)


if __name__ == "__main__":
    sys.exit(main())
