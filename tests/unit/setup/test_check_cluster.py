"""What `check` says where a broker is set."""

import pytest

from ocrwatchd.core.config.loader import parse
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
    assert "is visible, writable, and of this version" in looked_at(tmp_path, broker=url)["supervisor"].words
    (work / registry.CLUSTER_FILE).write_text('{"root": "0123456789abcdef", "version": "0.0.7"}', encoding="ascii")
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
    assert (found.ok, "mount the share writable" in found.words) == (False, True)


@pytest.mark.parametrize(
    ("broker", "travel"),
    [
        ("redis://10.0.0.9", ["ocr.pdf_passwords", "profiles.tax.ocr.pdf_passwords"]),
        ("amqp://me:secret@broker.example.org", ["its own password", "profiles.tax.ocr.pdf_passwords"]),
        ("rediss://10.0.0.9", []),
        ("amqps://me:secret@broker.example.org", []),
        ("redis://:secret@localhost", []),
        ("redis://[::1]:6379", []),
    ],
)
def test_passwords_that_would_travel_in_clear_text_are_told(tmp_path, monkeypatch, broker, travel):
    """Those of PDFs too, for a message holds the settings of its profile; not so with a broker on this machine."""
    monkeypatch.setattr(cluster, "_look_at_broker", lambda _: cluster.Finding("broker", True, ""))
    settings = {"folders": {"root": str(tmp_path)}, "queue": {"broker": broker}}
    passwords = {"pdf_passwords": ["hidden"]}
    config = parse(settings | {"ocr": passwords, "profiles": {"tax": {"ocr": passwords}}})
    found = [each for each in cluster.look(config) if each.what == "passwords for the broker"]
    assert bool(found) == bool(travel)
    for each in found:
        assert not each.ok
        assert all(name in each.words for name in travel)
        assert "hidden" not in each.words
        assert "secret" not in each.words


def test_no_passwords_need_no_tls(tmp_path, monkeypatch):
    """Then nothing is told of it."""
    monkeypatch.setattr(cluster, "_look_at_broker", lambda _: cluster.Finding("broker", True, ""))
    assert "passwords for the broker" not in looked_at(tmp_path, broker="redis://10.0.0.9")
