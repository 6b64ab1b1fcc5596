"""Correct a text that another program has recognised."""

from __future__ import annotations

import json
import sys
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

from ocrwatchd.core.config.schema import Config
from ocrwatchd.core.errors import ModelUnavailable
from ocrwatchd.correct.corrector import Corrector
from ocrwatchd.correct.document import corrected, text_of
from ocrwatchd.llm import calibration_store, models


def correct_text(file: Path | None, config: Config, *, as_json: bool) -> int:
    """Print the correction of a UTF-8 text, by default of standard input, with the settings of the top level.

    Raises:
        ModelUnavailable: there is no model, or it may not be used.
        UnreadableScan: the file cannot be read, or is not UTF-8.
    """
    text, work = text_of(file), config.work()
    if config.llm.model == "off" and work.correct.words:
        correction = corrected(text, None, work)
    else:
        path = models.resolve(config.llm)
        if reason := calibration_store.objection(work, path):
            raise ModelUnavailable(reason)
        with closing(Corrector(path, config.llm)) as corrector:
            correction = corrected(text, corrector, work)
    if as_json:
        sys.stdout.write(
            json.dumps(asdict(correction) | {"reason": str(correction.reason)}, ensure_ascii=False, indent=1) + "\n"
        )
    else:
        sys.stdout.write(correction.text)
        if correction.reason:
            sys.stderr.write(f"ocrwatchd: a part of the text was not corrected: {correction.reason}\n")
    return 0
