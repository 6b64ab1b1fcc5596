"""Names in the order in which people count."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrwatchd.core.natural_order import natural


@pytest.mark.parametrize(
    "names",
    [
        ["p1", "p2", "p10", "p11"],
        ["2026-1-9", "2026-1-10", "2026-2-1"],
        ["a", "a1", "b"],
        ["p007", "p8", "p08b"],
        ["p01.png", "p1.png", "p2.png"],
        ["1", "10" * 3000],
        ["p\u0661", "p\u0662"],
        [],
    ],
)
def test_numbers_count_as_numbers(names):
    """All of them, of any length; only the digits that every scanner uses are digits."""
    turned = names[::-1]
    assert sorted(turned, key=natural) == names


@given(st.lists(st.text("p019-", max_size=6)))
def test_the_order_is_the_same_however_the_names_come(names):
    """No two names are equal."""
    turned = names[::-1]
    assert sorted(names, key=natural) == sorted(turned, key=natural)
