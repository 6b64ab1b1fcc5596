"""What `check` says where a broker is set."""

import pytest

from ocrwatchd.core.config.schema import Config, Folders, Queue
from ocrwatchd.dispatch.cluster import registry
from ocrwatchd.setup.check import cluster


def looked_at(root, **queue):
    """The findings, by what was looked at."""
    config = Config(folders=Folders(root=str(root)), queue=Queue(**queue))
    return {found.what: found for found in cluster.look(config)}


def test_one_machine_has_nothing_to_look_at(tmp_path):
    """Without a broker there is none."""
    assert looked_at(tmp_path) == {}


@pytest.mark.parametrize("url", ["redis://:secret@127.0.0.1:1/0", "amqp://me:secret@127.0.0.1:1"])
def test_a_broker_that_does_not_answer_is_named_without_its_password(tmp_path, url):
    """With what the connection said."""
    found = looked_at(tmp_path, broker=url)["broker"]
    assert not found.ok
    assert "127.0.0.1:1" in found.words
    assert "refused" in found.words
    assert "start the broker" in found.words
    assert "secret" not in found.words


def test_a_folder_is_the_supervisors_own_or_may_become_it(tmp_path):
    """Before the first start nothing is wrong; a token of another version is."""
    url = "redis://127.0.0.1:1"
    assert looked_at(tmp_path, broker=url)["supervisor"].ok
    work = tmp_path / ".work"
    work.mkdir()
    registry.write_token(work, "0123456789abcdef")
    assert "seen and written from here" in looked_at(tmp_path, broker=url)["supervisor"].words
    (work / registry.TOKEN).write_text('{"root": "0123456789abcdef", "version": "0.0.7"}', encoding="ascii")
    found = looked_at(tmp_path, broker=url)["supervisor"]
    assert (found.ok, "0.0.7" in found.words) == (False, True)


def test_a_share_that_cannot_be_written_is_told_before_a_worker_starts(tmp_path, monkeypatch):
    """With what to do; and nothing of the trial is left behind."""
    work = tmp_path / ".work"
    (work / registry.WORKERS).mkdir(parents=True)
    registry.write_token(work, "0123456789abcdef")
    url = "redis://127.0.0.1:1"
    assert looked_at(tmp_path, broker=url)["supervisor"].ok
    assert [*(work / registry.WORKERS).iterdir()] == []

    def fail(path, *_args, **_more):
        raise OSError(30, "Read-only file system", str(path))

    monkeypatch.setattr(cluster.files, "write_new", fail)
    found = looked_at(tmp_path, broker=url)["supervisor"]
    assert (found.ok, "mounted writable" in found.words) == (False, True)
