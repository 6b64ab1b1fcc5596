"""What the logs look like."""

import io
import json
import logging
import os
import sys
import threading
import warnings

import pytest
import structlog

from ocrwatchd.core import log
from ocrwatchd.core.config.schema import Log


@pytest.fixture
def logged():
    """Configure logging into memory; everything is as before at the end."""
    stream = io.StringIO()
    handlers, level = logging.root.handlers[:], logging.root.level

    def configure(*, documents=False, **settings):
        log.configure(Log(**settings), stream, documents=documents)
        return stream

    yield configure
    structlog.reset_defaults()
    logging.captureWarnings(capture=False)
    logging.root.handlers[:], logging.root.level = handlers, level


def test_events_are_json_off_a_terminal(logged):
    """The journal gets one JSON object an event."""
    stream = logged()
    structlog.get_logger().info("scan.claimed", job="j", file="a.pdf", folder=None)
    event = json.loads(stream.getvalue())
    assert event["folder"] is None
    assert (event["event"], event["job"], event["file"], event["level"]) == ("scan.claimed", "j", "a.pdf", "info")


def test_names_can_be_hashed(logged):
    """With names = "hash" no file name reaches the log, and equal names stay equal."""
    stream = logged(names="hash")
    for _ in range(2):
        structlog.get_logger().info("scan.claimed", file="Müller divorce.pdf")
    first, second = (json.loads(line)["file"] for line in stream.getvalue().splitlines())
    assert first == second
    assert first.endswith(".pdf")
    assert "ller" not in stream.getvalue()


@pytest.mark.parametrize(
    ("name", "kept"),
    [("a.tif", ".tif"), ("A.PDF", ".PDF"), ("letter.Smith", ""), ("Mr. Kim", ""), ("Miller", ""), ("a.b/Kim", "")],
)
def test_only_the_suffix_of_a_picture_is_kept(logged, name, kept):
    """What stands behind another name's last dot may be a person's name."""
    stream = logged(names="hash")
    structlog.get_logger().info("scan.claimed", file=name)
    file = json.loads(stream.getvalue())["file"]
    assert file[12:] == kept
    assert int(file[:12], 16)


def test_with_hashed_names_no_message_of_others_is_told(logged):
    """Libraries' messages and exceptions hold paths: of these only the kind and the place reach the log."""
    stream = logged(names="hash")
    logging.getLogger("some.library").warning("cannot watch %r", "Miller.pdf")
    try:
        os.lstat("Miller.pdf")
    except FileNotFoundError:
        structlog.get_logger().warning("sighting.lost", exc_info=True)
        sys.excepthook(*sys.exc_info())
    thread = threading.Thread(target=os.lstat, args=("Miller.pdf",))
    thread.start()
    thread.join()
    assert log.told("Miller.pdf") == log.told("Miller.pdf")
    assert "iller" not in stream.getvalue() + log.told("Miller.pdf")
    events = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [event["event"] for event in events] == ["library.message", "sighting.lost", "unexpected", "unexpected"]
    assert all(event["error"] == "FileNotFoundError" and event["at"] for event in events[1:])


def test_plain_names_are_told_and_exceptions_with_their_trace(logged):
    """Where names may be logged, an error's message helps whoever has to mend it."""
    stream = logged()
    try:
        os.lstat("Miller.pdf")
    except FileNotFoundError:
        structlog.get_logger().warning("sighting.lost", exc_info=True)
    assert "Miller.pdf" in stream.getvalue()
    assert log.told("Mil\udcffler.pdf") == "Mil\ufffdler.pdf"


def test_undecodable_names_are_printable(logged):
    """A name that is not valid UTF-8, or holds control characters, does not break the log."""
    stream = logged()
    structlog.get_logger().info("scan.claimed", file="a\udcff\nb\x1b[2J.pdf")
    assert json.loads(stream.getvalue())["file"] == "a\ufffd\ufffdb\ufffd[2J.pdf"


def test_level_is_kept_and_library_warnings_come_through(logged):
    """Events under the level are dropped; a library's warning is one event with its name."""
    stream = logged(level="warning")
    structlog.get_logger().info("quiet")
    logging.getLogger("some.library").warning("queue overflow")
    logging.getLogger("some.library").info("chatter")
    (event,) = map(json.loads, stream.getvalue().splitlines())
    assert (event["library"], event["message"], event["level"]) == ("some.library", "queue overflow", "warning")


def test_where_libraries_see_documents_their_words_stay_out(logged):
    """Of a library's warning only who and where it is reaches the log: its message may hold a document's text."""
    stream = logged(documents=True)
    logging.getLogger("some.library").warning("cannot read %r", "secret words")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("secret words", stacklevel=1)
    assert "secret" not in stream.getvalue()
    first, second = map(json.loads, stream.getvalue().splitlines())
    assert (first["event"], first["library"], first["level"]) == ("library.message", "some.library", "warning")
    assert first["at"].startswith("test_log:")
    assert second["library"] == "py.warnings"


def test_console_is_readable(logged):
    """On a terminal an event is a line for people."""
    stream = logged(format="console")
    structlog.get_logger().info("scan.claimed", file="a.pdf")
    assert "scan.claimed" in stream.getvalue()
    assert "file=a.pdf" in stream.getvalue()
