"""Account numbers on a page: whole ones stay, and misread ones change only if their checksum then holds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

# Two letters, two check digits, groups of at most four apart by single spaces; what looks like a digit may be one.
_SHAPED = re.compile(r"(?<![^\W_])[A-Za-z0158|]{2} ?[0-9OoQDIlSsBZzG]{2}(?: ?[0-9A-Za-z]{1,4}+){3,8}(?![^\W_])")
_WORD_SHAPED = re.compile(r"(?<![^\W_])[A-Za-z]{2}[0-9OoQDIlSsBZzG]{2}[0-9A-Za-z]{11,30}(?![^\W_])")

DIGIT_SHARE = 0.5
"""What has fewer digits among its characters is prose."""

LENGTHS = {
    "AT": 20, "BE": 16, "CH": 21, "CZ": 24, "DE": 22, "DK": 18, "ES": 24, "FI": 18, "FR": 27, "GB": 22, "GR": 27,
    "IE": 22, "IT": 27, "LI": 21, "LU": 20, "MC": 27, "NL": 18, "NO": 15, "PL": 28, "PT": 25, "RO": 24, "SE": 24,
    "SM": 27, "VA": 22,
}  # fmt: skip
"""Characters of an account number, by country (SWIFT IBAN registry); other countries' have 15 to 34."""

SHORTEST, LONGEST = 15, 34


class Account(NamedTuple):
    """Where something shaped like an account number stands, ``[start, end)``, and whether it is a valid one."""

    start: int
    end: int
    valid: bool


def accounts(text: str) -> Iterator[Account]:
    """Yield what is shaped like an IBAN, valid or not, in order."""
    done = 0
    found = sorted((*_SHAPED.finditer(text), *_WORD_SHAPED.finditer(text)), key=lambda match: match.start())
    for match in found:
        if match.start() < done:
            continue
        end = _end(text, match.start(), match.end())
        characters = text[match.start() : end].replace(" ", "")
        digits = sum(map(str.isdigit, characters))
        if SHORTEST <= len(characters) <= LONGEST and digits >= DIGIT_SHARE * len(characters):
            done = end
            yield Account(match.start(), end, is_iban(characters))


def is_iban(text: str) -> bool:
    """True for an account number whose length and checksum hold (ISO 13616, ISO 7064 mod 97-10)."""
    number = text.replace(" ", "")
    if not re.fullmatch(r"[A-Z]{2}[0-9]{2}[0-9A-Z]{11,30}", number):
        return False
    if len(number) != LENGTHS.get(number[:2], len(number)):
        return False
    return int("".join(str(int(each, 36)) for each in number[4:] + number[:4])) % 97 == 1


def _end(text: str, start: int, end: int) -> int:
    """The shape takes in words that follow; a known country says how many characters are the number's."""
    wanted = LENGTHS.get(text[start : start + 2])
    count = 0
    for at in range(start, end):
        count += text[at] != " "
        if count == wanted and (at + 1 == end or text[at + 1] == " "):
            return at + 1
    return end
