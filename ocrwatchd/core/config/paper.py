"""Stacks of paper: the sections ``pages`` and ``split`` of the configuration."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from ocrwatchd.core.config.section import Section

MOST_PART_PAGES: Final = 50_000
"""Most pages of a document that ``split.on`` may name."""

PAGES_RULE: Final = "pages:"
BARCODE_RULE: Final = "barcode:"


def _cut(rule: str) -> str:
    """The rule, if it says where a scan is cut."""
    if rule in {"sheet", "blank"}:
        return rule
    if rule.startswith(PAGES_RULE):
        number = rule.removeprefix(PAGES_RULE)
        if number.isascii() and number.isdecimal() and 1 <= int(number) <= MOST_PART_PAGES:
            return rule
    if pattern := rule.removeprefix(BARCODE_RULE) if rule.startswith(BARCODE_RULE) else "":
        try:
            re.compile(pattern)
        except (re.error, RecursionError, OverflowError) as error:
            raise ValueError(f"{pattern!r} is no regular expression: {error}") from None
        return rule
    raise ValueError('use "sheet", "blank", "pages:N" (N pages a document) or "barcode:REGEX" (a code on a page)')


class Split(Section):
    """Where one scan is cut into several documents."""

    on: Annotated[tuple[Annotated[str, AfterValidator(_cut)], ...], Field(strict=False, max_length=20)] = ()

    @property
    def every(self) -> int:
        """After how many pages a document ends; 0: never."""
        return min((int(rule.removeprefix(PAGES_RULE)) for rule in self.on if rule.startswith(PAGES_RULE)), default=0)

    @property
    def barcodes(self) -> tuple[re.Pattern[str], ...]:
        """What the whole text of a barcode on a separating page matches."""
        return tuple(re.compile(rule.removeprefix(BARCODE_RULE)) for rule in self.on if rule.startswith(BARCODE_RULE))


class Paper(Section):
    """Blank pages, paper that is scanned in two passes, and scans of one page a file."""

    blank: Literal["keep", "backs", "all"] = "keep"
    duplex: Literal["off", "stacks"] = "off"
    duplex_wait_s: float = Field(600.0, ge=1, le=86_400)
    join: Literal["off", "folder", "prefix"] = "off"
    join_wait_s: float = Field(30.0, ge=1, le=86_400)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.two_passes and self.join != "off":
            raise ValueError('give either duplex = "stacks" or join: a file of the pair holds all fronts or all backs')
        return self

    @property
    def two_passes(self) -> bool:
        """Fronts and backs are scanned one after the other."""
        return self.duplex == "stacks"

    @property
    def gathers(self) -> bool:
        """Several scans may become one document."""
        return self.two_passes or self.join != "off"
