"""What is told of pages that are hard to read."""

import pytest

from ocrwatchd.ocr.page_confidence import shrunk

SIDE = 2000


@pytest.mark.parametrize(
    ("size", "dpi", "told"),
    [
        ((2480, 3508), 300, False),
        ((7016, 9933), 300, False),
        ((9933, 14_043), 300, True),
        ((640, 8000), 0, False),
        ((640, 8001), 0, True),
        ((35_000, 3400), 0, True),
        ((400, 600), 40, False),
        ((1, 1), 0, False),
    ],
)
def test_a_page_too_long_for_its_print_to_be_found_says_so(size, dpi, told):
    """A plan or a strip that has to be made much smaller is not delivered as if it were known to be blank."""
    warnings = shrunk(*size, dpi, SIDE)
    assert bool(warnings) == told
    assert all(f"{max(size)} pixels long" in warning and "in several parts" in warning for warning in warnings)
