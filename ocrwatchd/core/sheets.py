"""What separator sheets may ask for, as a message between processes."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ocrwatchd.core.config.profile import Work  # pydantic resolves it when this module loads
from ocrwatchd.core.jsonlines import Record
from ocrwatchd.core.model import Sheets


class SheetsRecord(Record):
    """The settings of each profile, by its name, and the key of this installation's sheets, hexadecimal."""

    works: dict[str, Work]
    key: Annotated[str, Field(pattern="^([0-9a-f]{2})*$", repr=False)]

    @classmethod
    def of(cls, sheets: Sheets) -> SheetsRecord:
        """Pack them."""
        return cls(works=sheets.works, key=sheets.key.hex())

    def unpack(self) -> Sheets:
        """Unpack them."""
        return Sheets(self.works, bytes.fromhex(self.key))
