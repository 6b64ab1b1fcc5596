"""NAME.reason.txt, beside an original in ``failed/``: why it could not be read, and what to do.

The note is written in ``output.language``. Its last line repeats the reason in English, for technicians and for
:mod:`ocrwatchd.storage.ledger_rebuild`.
"""

from __future__ import annotations

import re
import shlex
import time
from typing import Final

from ocrwatchd.core.config.profile import REASON_SUFFIX
from ocrwatchd.core.i18n import Message
from ocrwatchd.core.i18n.language import ENGLISH, language
from ocrwatchd.core.log import printable

SUFFIX: Final = REASON_SUFFIX
WHY: Final = "Why: "
_WHY: Final = re.compile(rf"^{WHY}(.*)$", re.MULTILINE)


def note(name: str, reason: Message, path: str, code: str = "") -> str:
    """The text of a note, in the language ``code``; ``path`` is the scan's path below ``failed/``."""
    words = language(code)
    asked = _quoted(path)
    when = time.strftime(words.say("%Y-%m-%d %H:%M"), time.localtime())
    lines = [
        words.say("{name} could not be read ({time}).", name=printable(name), time=when),
        "",
        printable(words.say("Why: {reason}", reason=reason)),  # a library's own words may stand in it
        "",
        words.say("If the reason says to scan or send the document again, do so, and delete the file here."),
        words.say("Else, to try again, drag the file back into the inbox, or run: ocrwatchd retry {name}", name=asked),
        words.say("Nothing was deleted: the file beside this note is the original."),
    ]
    if words.code != ENGLISH:
        lines += ["", words.say("The reason in English, for technicians:"), printable(f"{WHY}{reason}")]
    return "\n".join([*lines, ""])


def is_about(note: str, path: str) -> bool:
    """Whether a note is about the scan at a path below ``failed/``."""
    command = f"ocrwatchd retry {_quoted(path)}"
    return any(line.endswith(command) for line in note.splitlines())


def _quoted(path: str) -> str:
    return shlex.quote(printable(f"./{path}" if path.startswith("-") else path))  # what begins with - is an option


def told(note: str) -> str:
    """The reason in a note, in English; "" for any other text."""
    # The last one: the file's name, with which a note begins, may look like one.
    found = _WHY.findall(note)
    return str(found[-1]) if found else ""
