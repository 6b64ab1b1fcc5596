"""Correct a text that was recognised elsewhere."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from ocrwatchd.correct import models
from ocrwatchd.correct.corrector import Corrector
from ocrwatchd.errors import UnreadableScan

if TYPE_CHECKING:
    from pathlib import Path

    from ocrwatchd.config import Config


def correct_text(file: Path | None, config: Config, *, as_json: bool) -> int:
    """Print a text's correction.

    Args:
        file: the text, UTF-8; standard input without it.
        config: the settings; those of the top level count.
        as_json: print text, edits and refused proposals as one JSON object instead.

    Returns:
        0.

    Raises:
        ModelUnavailable: there is no model to correct with.
        UnreadableScan: the file cannot be read, or is not UTF-8.
    """
    try:
        data = file.read_bytes() if file else sys.stdin.buffer.read()
        text = data.decode("utf-8")
    except OSError as error:
        raise UnreadableScan(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UnreadableScan(f"{file or 'standard input'} is not UTF-8 text (byte {error.start})") from error
    corrector = Corrector(models.resolve(config.llm), config.llm)
    try:
        correction = corrector.correct(text, config.work())
    finally:
        corrector.close()
    if as_json:
        sys.stdout.write(json.dumps(asdict(correction), ensure_ascii=False, indent=1) + "\n")
    else:
        sys.stdout.write(correction.text)
        if correction.reason:
            sys.stderr.write(f"ocrwatchd: not all was corrected: {correction.reason}\n")
    return 0
