"""The engine that is supplied with models, with real processes."""

import sys
import time

import pytest
from structlog.testing import capture_logs

from ocrwatchd.engine.host import model_fetch
from ocrwatchd.engine.host.managed import EngineHostWithModels
from tests.integration.test_engine import Supervisor
from tests.unit.engine.test_model_fetch import FAILS, LASTS

pytestmark = pytest.mark.slow


class Desk(Supervisor):
    """A supervisor whose download does what the test wants."""

    def __init__(self, folder, monkeypatch):
        self.download, self.missing = FAILS, True
        monkeypatch.setattr(model_fetch, "_command", lambda _llm: [sys.executable, "-c", self.download])
        monkeypatch.setattr(model_fetch.models, "fetchable", lambda _llm: self.missing)
        wanted = {"llm": {"model": "huggingface", "hugging_face_repo_id": "some/model"}}
        super().__init__(folder, wanted, kind=EngineHostWithModels)


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """One whose processes end with the test."""
    made = Desk(tmp_path, monkeypatch)
    yield made
    made.host.stop()
    made.selector.close()


def test_what_was_chosen_is_said_once(desk):
    """Whoever reads the log sees with what pages are read, of a supervisor and of a worker."""
    with capture_logs() as logged:
        desk.host.start()
        desk.ready()
    notes = [(event["log_level"], event["note"]) for event in logged if event["event"] == "engine.chosen"]
    assert [(level, "no Aspose.OCR licence" in note) for level, note in notes] == [("info", True)]


def test_nothing_is_given_to_an_engine_whose_model_has_come(desk):
    """One that somebody has put in place by hand is loaded before the scan that waits for it is read."""
    desk.host.start()
    desk.until(lambda: desk.host.model_trouble and desk.host.idle)
    assert not desk.host.lacks(desk.config.llm)
    desk.missing = False
    desk.host._fetch._due = 0.0
    desk.host.tick(time.monotonic())
    assert not desk.host.idle
    desk.ready()
    assert (desk.host.status.starts, str(desk.host.model_trouble)) == (2, "")


def test_while_it_finishes_nothing_is_fetched_anew(desk):
    """What is under way may still come, for as long as the page in work takes; the end of all ends it."""
    desk.download = LASTS
    desk.host.start()
    desk.ready()
    assert "fetching some/model" in str(desk.host.status.message)
    desk.host.finish()
    download = desk.host._fetch._process
    desk.host._fetch._due = 0.0
    desk.until(lambda: desk.host.pid is None)
    assert desk.host.next_due() is None
    assert download.poll() is None
    desk.host.stop()
    assert download.poll() is not None
