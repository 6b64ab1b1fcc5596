"""What several modules here set up alike."""

import pytest

from ocrwatchd.monitoring import status
from tests.fakes.past import Past


@pytest.fixture
def past(tmp_path, monkeypatch):
    """A root on which a daemon runs."""
    monkeypatch.setattr(status, "SERVICE_STATES", ())
    made = Past(tmp_path / "root")
    yield made
    made.ledger.close()
