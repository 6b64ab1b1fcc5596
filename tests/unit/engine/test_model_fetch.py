"""The background fetch: whom it makes wait, when it tries again, how it ends."""

import selectors
import sys
from pathlib import Path

import pytest

from ocrwatchd.core.backoff import Backoff
from ocrwatchd.core.config import loader
from ocrwatchd.core.config.profile import Llm
from ocrwatchd.engine.host import model_fetch
from ocrwatchd.llm import cache
from tests.e2e.running import await_that

FAILS = """print('{"done": 30, "total": 100}'); print('{"reason": "no network"}'); raise SystemExit(3)"""
COMES = """print('{"path": "/x"}')"""
LASTS = """import time; print('{"done": 30, "total": 100}', flush=True); time.sleep(600)"""


class Scene:
    """A fetch with a clock of its own, and a download that does what the test wants."""

    def __init__(self, monkeypatch, **tables):
        self.now, self.arrivals, self.code, self.asked = 0.0, 0, FAILS, []
        monkeypatch.setattr(model_fetch, "_command", self.command)
        self.selector = selectors.DefaultSelector()
        self.config = loader.parse(tables)
        self.fetch = model_fetch.Fetch(
            self.config, self.selector, self.arrived, clock=lambda: self.now, backoff=Backoff(60.0, 300.0, jitter=0.0)
        )

    def command(self, llm):
        """What is run for ``ocrwatchd models pull``."""
        self.asked.append(llm.hugging_face_repo_id)
        return [sys.executable, "-c", self.code]

    def arrived(self):
        """Count."""
        self.arrivals += 1

    def listen(self, until):
        """Hear the download out."""

        def heard():
            for key, _events in self.selector.select(0.02):
                key.data()
            return until()

        await_that(heard)

    def holds(self, profile=""):
        """Whether a scan of that profile waits."""
        return self.fetch.lacks(self.config.work(profile).llm)


@pytest.fixture
def play(monkeypatch):
    """Make scenes whose processes end with the test."""
    scenes = []

    def make(**tables):
        scenes.append(Scene(monkeypatch, **tables))
        return scenes[-1]

    yield make
    for scene in scenes:
        scene.fetch.stop()
        scene.selector.close()


def lay(repository):
    """Put a model into the cache."""
    place = cache.folder(repository) / "snapshots" / ("1" * 40) / "m-q8_0.gguf"
    place.parent.mkdir(parents=True)
    place.write_bytes(b"GGUF")


def test_nothing_missing_nothing_started(play):
    """Not where models are off, forbidden to be fetched, or here."""
    lay("org/here")
    for llm in ({"model": "off"}, {"allow_auto_download": False}, {"hugging_face_repo_id": "org/here"}):
        scene = play(llm=llm)
        scene.fetch.start()
        assert (scene.asked, scene.fetch.next_due(), str(scene.fetch.state)) == ([], None, "")


def test_auto_never_waits_and_huggingface_does(play):
    """Until its model has come; the other profiles' scans go on."""
    scene = play(llm={"model": "huggingface"}, profiles={"quick": {"llm": {"model": "auto"}}})
    scene.code = LASTS
    scene.fetch.start()
    assert (scene.holds(), scene.holds("quick")) == (True, False)
    scene.listen(lambda: str(scene.fetch.state).endswith(": 30 %"))
    assert str(scene.fetch.state) == "fetching Qwen/Qwen2.5-3B-Instruct-GGUF (int8): 30 %"


def test_a_failure_ends_the_waiting_and_is_tried_again_with_growing_pauses(play):
    """The reason is told; what comes in the end is announced once."""
    scene = play(llm={"model": "huggingface"})
    scene.fetch.start()
    for due in (60.0, 180.0, 420.0):
        scene.listen(lambda due=due: scene.fetch.next_due() == due)
        assert str(scene.fetch.trouble) == "model not fetched: no network"
        assert not scene.holds()
        scene.now = due - 0.1
        scene.fetch.tick(scene.now)
        assert str(scene.fetch.state) == ""
        scene.now = due
        scene.code = COMES if due == 420 else FAILS
        scene.fetch.tick(scene.now)
        assert str(scene.fetch.state) != ""
    scene.listen(lambda: scene.arrivals)
    assert (scene.arrivals, str(scene.fetch.trouble), scene.fetch.next_due()) == (1, "", None)


def test_a_model_that_came_by_hand_is_taken(play):
    """Between two tries somebody has run `ocrwatchd models pull`."""
    scene = play(llm={"hugging_face_repo_id": "org/tiny"})
    scene.fetch.start()
    scene.listen(lambda: scene.fetch.trouble)
    lay("org/tiny")
    scene.now = 60.0
    scene.fetch.tick(scene.now)
    assert (scene.arrivals, str(scene.fetch.trouble), scene.asked) == (1, "", ["org/tiny"])


def test_one_download_at_a_time_and_each_has_its_turn(play):
    """A model that cannot be had does not keep the next one from coming."""
    profiles = {"b": {"llm": {"hugging_face_repo_id": "org/b"}}, "c": {"llm": {"hugging_face_repo_id": "org/c"}}}
    scene = play(llm={"hugging_face_repo_id": "org/a"}, profiles=profiles)
    scene.fetch.start()
    for count in (2, 3):
        scene.listen(lambda: scene.fetch.next_due() == 0.0)
        scene.code = COMES if count == 2 else FAILS
        scene.fetch.tick(scene.now)
        assert len(scene.asked) == count
    scene.listen(lambda: scene.fetch.next_due() == 60.0)
    assert scene.asked == ["org/a", "org/b", "org/c"]
    assert scene.arrivals == 1


def test_a_stop_ends_the_download(play):
    """No process stays behind."""
    scene = play()
    scene.code = LASTS
    scene.fetch.start()
    scene.listen(lambda: "30 %" in str(scene.fetch.state))
    pid = scene.fetch._process.pid
    scene.fetch.stop()
    assert not Path("/proc", str(pid)).exists()
    assert scene.fetch.next_due() is None


def test_only_a_model_that_nobody_has_asked_for_must_fit():
    """The command says whose settings they are."""
    named = Llm(model="huggingface", hugging_face_file_name="m.gguf")
    assert "--if-fits" in model_fetch._command(Llm())
    assert "--if-fits" not in model_fetch._command(named)
    assert model_fetch._command(named)[-3:] == ["--file", "m.gguf", named.hugging_face_repo_id]
