"""No page with content is dropped, and blank pages are found, as RapidOCR reads them."""

import pytest

from tests.bench.blank import Judge
from tests.blank_pages import blank_pages, kept_pages

SEED = 2
LEAST = 0.95
"""Of the blank pages so many are found: those with a dark picture on their front stay."""


@pytest.fixture(scope="module")
def judge():
    """The models are loaded once."""
    return Judge()


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_no_page_with_content_is_called_blank(judge):
    """Pencil, signatures, stamps, single words, numbers, pale copies, notes amid show-through: all stay."""
    assert [case.name for case in kept_pages(SEED) if judge.is_blank(case)] == []


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_blank_pages_are_found(judge):
    """Tinted, dusty, folded, punched, numbered, with print showing through."""
    cases = [*blank_pages(SEED)]
    missed = [case.name for case in cases if not judge.is_blank(case)]
    assert len(missed) <= (1 - LEAST) * len(cases), missed
