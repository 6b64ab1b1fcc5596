"""Where the checkout and the tests' data lie."""

from pathlib import Path

DATA = Path(__file__).parent / "data"
CHECKOUT = Path(__file__).parents[1]
DOCS = CHECKOUT / "ocrwatchd" / "docs"
