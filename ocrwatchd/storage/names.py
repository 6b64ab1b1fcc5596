"""Names in the folders that are nobody's document."""

from typing import Final

STATUS_PAGE: Final = "status.html"
