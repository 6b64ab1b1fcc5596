"""The languages that RapidOCR's model can read. Light: ``check`` imports it."""

from __future__ import annotations

from collections.abc import Iterable

from ocrwatchd.core.errors import EngineUnavailable

_CODES = """
    afr aze bos bre cat ceb ces chi cos cym dan deu eng epo est eus fao fin fra fry gla gle glg hat hrv hun ind isl ita
    jav jpn kur lat lav lit ltz mlt mri msa nld nno nob nor oci pol por que roh ron slk slv som spa sqi sun swa swe tgl
    tur uzb zho
"""
LANGUAGES = frozenset(_CODES.split())
"""ISO 639 codes of languages whose letters are in the dictionary of PP-OCRv6 small. Its 18,708 characters are Latin,
Chinese and Japanese, without Cyrillic, Arabic, Korean, and the Greek and Vietnamese accents."""


def check_languages(languages: Iterable[str]) -> None:
    """Refuse languages, by their ISO 639 codes, that the model cannot read.

    Raises:
        EngineUnavailable: the letters of a language are not in the model's dictionary.
    """
    unknown = sorted(set(languages) - LANGUAGES)
    if unknown:
        raise EngineUnavailable(
            f'RapidOCR\'s model does not know the letters of {", ".join(unknown)}: set ocr.engine = "aspose" for these '
            "languages, or leave them out of ocr.languages"
        )
