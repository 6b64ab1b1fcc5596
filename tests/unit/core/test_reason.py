"""Reasons are codes; people read their wordings."""

import re

import pytest

from ocrwatchd.core.i18n.language import language
from ocrwatchd.core.reason import Reason, wording
from tests.paths import CHECKOUT

CODE = re.compile(r"[a-z]+(-[a-z]+)*")


def test_every_reason_has_a_code_and_a_wording_of_its_own():
    """A code is plain ASCII, and leads back to its reason."""
    assert all(CODE.fullmatch(reason) and reason.wording for reason in Reason)
    assert len({reason.wording for reason in Reason}) == len(Reason)
    assert [Reason(str(reason)) for reason in Reason] == list(Reason)


@pytest.mark.parametrize("code", ["de", "zh"])
def test_every_reason_is_told_in_every_language(code):
    """In words of that language, another for each."""
    told = {language(code).of(reason.wording) for reason in Reason}
    assert len(told) == len(Reason)
    assert told.isdisjoint(str(reason.wording) for reason in Reason)


def test_every_reason_stands_in_the_documentation():
    """With its wording, in the order of the code, and no other."""
    page = (CHECKOUT / "ocrwatchd" / "docs" / "correction.md").read_text(encoding="utf-8")
    rows = page.partition("### Reasons")[2].partition("\n\n**")[0]
    assert re.findall(r"^\| `(.+?)` \| (.+) \|$", rows, re.MULTILINE) == [
        (reason, str(reason.wording)) for reason in Reason
    ]


def test_a_code_of_another_version_is_its_own_wording():
    """Ledgers keep counts for years."""
    assert (str(wording("too-different")), str(wording("of old"))) == ("too different", "of old")
