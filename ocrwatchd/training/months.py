"""Write ``ocrwatchd/correct/months.json`` from the CLDR, as babel has it: ``python -m ocrwatchd.training.months``.

The package needs 15 kB of the CLDR and not the 36 MB of babel, which only a build and the tests have.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import langcodes
from babel import Locale, UnknownLocaleError

from ocrwatchd.ocr.rapidocr_languages import LANGUAGES

OTHERS = "ara bel bul ell fas heb hin ind kat kaz kor mar mkd mon nor pes rus srp sqi tam tel tha ukr urd vie"
"""Languages that only Aspose reads."""

ABOUT = (
    "Names of months and their abbreviations, by ISO 639-3; from the Unicode CLDR. Copyright 1991-2025 Unicode, Inc., \
Unicode License v3, https://www.unicode.org/license.txt"
)

FILE = Path(__file__).parents[1] / "correct" / "months.json"


def table() -> dict[str, Any]:
    """Names by language, twelve strings of words each, and the languages whose short date begins with the month."""
    names, month_first = {}, []
    for code in sorted(LANGUAGES | set(OTHERS.split())):
        try:
            locale = Locale.parse(langcodes.get(code).language or "und")
        except (UnknownLocaleError, ValueError):
            continue
        if re.match(r"[^yd]*M", locale.date_formats["short"].pattern):
            month_first.append(code)
        months = [_names(locale, number) for number in range(1, 13)]
        if all(months):
            names[code] = months
    return {"about": ABOUT, "month_first": month_first, "months": names}


def _names(locale: Locale, number: int) -> str:
    found = [
        str(locale.months[context][width][number]).casefold().strip(". ")
        for context in ("format", "stand-alone")
        for width in ("wide", "abbreviated")
    ]
    return " ".join(dict.fromkeys(name for name in found if re.fullmatch(r"[^\W\d_]{3,}", name)))


def main() -> int:
    """Write the file."""
    FILE.write_text(json.dumps(table(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
