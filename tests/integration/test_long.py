"""A long document takes no more memory than a short one, but for its words."""

import pytest

from tests.bench.long import FORMATS, MANY, SCANS, measure

MOST_GROWTH_MIB = 48
"""Of a document of 300 pages over one of ten; its pictures alone are some 600 MB."""


@pytest.mark.slow
@pytest.mark.soak
@pytest.mark.timeout(1200)
def test_memory_stays_flat_over_300_pages(tmp_path):
    """Whatever the format and the scan."""
    rows = list(measure(tmp_path, MANY))
    assert {(row["format"], row["scan"]) for row in rows} == {(name, SCANS[0]) for name in FORMATS} | {
        ("pdf", SCANS[1])
    }
    assert [row for row in rows if row["many_mib"] - row["few_mib"] > MOST_GROWTH_MIB] == []
