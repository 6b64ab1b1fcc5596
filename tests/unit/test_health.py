"""How often the supervisor looks at its own ground."""

import time
from types import SimpleNamespace

from ocrwatchd.health import HEALTH_SECONDS, MENDING_SECONDS, Health


def test_what_is_wrong_is_looked_at_again_at_once():
    """A folder that is back is used within a second or so, while nothing is looked at so often where all is well."""
    wrong, said = ["the inbox has gone"], []
    arrivals = SimpleNamespace(health=lambda: wrong[-1], mend=lambda: None)
    reporter = SimpleNamespace(trouble=lambda _what, words: said.append(words))
    health = Health(arrivals, SimpleNamespace(held=lambda: True), reporter)
    health.turn()
    assert 0 < health.next_due() - time.monotonic() <= MENDING_SECONDS < HEALTH_SECONDS
    wrong.append("")
    health.turn()
    assert said == ["the inbox has gone", ""]  # not due yet
    health._due = 0.0
    health.turn()
    assert said[2:] == ["", ""]
    assert MENDING_SECONDS < health.next_due() - time.monotonic() <= HEALTH_SECONDS
