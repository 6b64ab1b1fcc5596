"""Choose the language setting of Aspose.OCR for the languages of a document.

Aspose takes one setting for a page: a single language by its ISO 639-3 code, or a script. The model of each language
was measured with Aspose.OCR 26.10: without downloads it reads every language of the Latin script; for all others it
raises an error that names the missing model file.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection

from ocrwatchd.core.errors import EngineUnavailable

LATIN = "EXT_LATIN"
EVERYTHING = "MULTILANGUAGE"

SCRIPTS = {
    "CYRILLIC": "BEL BUL CHE KAZ KBD MON RUS SRP UKR",
    "PERSO_ARABIC": "ARA PES UIG URD",
    "CHINESE": "CMN GAN HAK HSN NAN WUU YUE",
    "DEVANAGARI": "AWA BGC BHO BJJ DHD GBM HIN HNE KFY KNN MAG MAI MAR MTR MUP NEP RJB RWR WBR WTM",
    "JPN": "JPN",
    "KOR": "KOR",
    "TAM": "TAM",
    "TEL": "TEL",
    "KAN": "KAN",
}
"""Aspose's setting for a script, and its languages; all other languages use the Latin script."""

WITH_ENGLISH = {"CYRILLIC": "EUROPEAN", **{script: script for script in ("PERSO_ARABIC", "CHINESE", "DEVANAGARI")}}
"""The setting for texts that mix a script with English, after docs.aspose.com/ocr/python-net/languages."""

OTHER_NAMES = {
    "ALB": "ALN",
    "AZE": "AZB",
    "CHI": "CMN",
    "CZE": "CES",
    "DUT": "NLD",
    "FAS": "PES",
    "FRE": "FRA",
    "GER": "DEU",
    "MAY": "MLY",
    "MSA": "MLY",
    "NNO": "NOR",
    "NOB": "NOR",
    "PER": "PES",
    "RUM": "RON",
    "SLO": "SLK",
    "SQI": "ALN",
    "SWA": "SWH",
    "ZHO": "CMN",
}
"""Common ISO 639-2 codes for which Aspose uses another code."""


def setting_for(codes: Collection[str], offered: Collection[str]) -> str:
    """The name of the setting that covers all of ``codes``.

    Args:
        codes: ISO 639-2 or 639-3, lower case, at least one.
        offered: the names in ``aspose.ocr.Language``.

    Raises:
        EngineUnavailable: Aspose does not offer a code; the message names similar codes.
    """
    names = {_name(code, offered) for code in codes}
    if len(names) == 1:
        return names.pop()
    scripts = {_script(name) for name in names}
    if len(scripts) == 1:
        return scripts.pop()
    others = scripts - {LATIN}
    only_english = all(name == "ENG" for name in names if _script(name) == LATIN)
    return WITH_ENGLISH.get(others.pop(), EVERYTHING) if len(others) == 1 and only_english else EVERYTHING


def _name(code: str, offered: Collection[str]) -> str:
    name = OTHER_NAMES.get(code.upper(), code.upper())
    if name in offered:
        return name
    known = sorted(each.lower() for each in offered if len(each) == len("eng"))
    near = difflib.get_close_matches(code, known, n=5, cutoff=0.6)
    hint = f"codes like it are {', '.join(near)}" if near else "it wants ISO 639-3 codes, such as eng, deu, fra, spa"
    raise EngineUnavailable(f'Aspose.OCR does not read language "{code}" (ocr.languages); {hint}')


def _script(name: str) -> str:
    return next((script for script, languages in SCRIPTS.items() if name in languages.split()), LATIN)
