"""What host and engine say to each other."""

import datetime as dt
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrwatchd.core.attempt import PartFigures, ScanFigures
from ocrwatchd.core.config.loader import parse
from ocrwatchd.core.config.profile import Work
from ocrwatchd.core.config.schema import Config, Notify, Queue
from ocrwatchd.core.i18n import Message
from ocrwatchd.core.jsonlines import Lines, ProtocolError
from ocrwatchd.core.model import Job
from ocrwatchd.engine.grants import Access
from ocrwatchd.engine.protocol import (
    MAX_ANSWER_BYTES,
    Ended,
    Finish,
    Give,
    Hello,
    PutBack,
    Ready,
    Step,
    Unavailable,
    decode_answer,
    decode_request,
    encode,
)


def test_requests_arrive_as_they_were_sent():
    """Settings travel whole, tuples and all."""
    config = parse({"profiles": {"mail": {"ocr": {"languages": ["deu", "eng"]}}}, "tasks": []})
    for message in (Hello(config=config), PutBack(), Finish()):
        assert decode_request(encode(message).rstrip()) == message
    assert isinstance(config, Config)


def test_the_engine_is_not_told_what_others_passwords_are():
    """A broker's URL may hold one, and so may the command that is told of events."""
    notify = {"command": ["tell", "--token", "x"]}
    config = parse({"queue": {"broker": "redis://:hidden@host/0"}, "notify": notify, "ocr": {"pdf_passwords": ["a"]}})
    told = Hello.of(config, Access()).config
    assert (told.queue, told.notify) == (Queue(), Notify())
    assert told.ocr == config.ocr


def test_answers_arrive_as_they_were_sent():
    """Figures travel as plain values."""
    for message in (
        Ready(engine="rapidocr 3", model="", seconds=1.5, rss_mb=300.0),
        Step(job="1", name="page", page=3, pages=12),
        Ended(job="1", ending="done", figures={"pages": 2, "confidence": 0.5}),
        Ended(job="1", ending="put-back"),
        Unavailable(reason=Message("no engine\nat all")),
    ):
        line = encode(message)
        assert line.count(b"\n") == 1
        assert decode_answer(line.rstrip()) == message


@given(st.binary(min_size=1, max_size=60).filter(lambda name: b"/" not in name and b"\0" not in name))
def test_names_travel_byte_by_byte(name):
    """A job's paths survive whatever bytes they hold."""
    job = Job("1", Path("/w") / os.fsdecode(b"x" + name), Path(os.fsdecode(b"y" + name)), Work(), lattices=True)
    request = decode_request(encode(Give.of(job)).rstrip())
    assert isinstance(request, Give)
    assert request.unpack() == job


READY = b'{"type": "ready", "engine": "", "model": "", "seconds": %b, "rss_mb": 1}'


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{}",
        b"null",
        b"[1]",
        b'{"type": "step"}',
        b'{"type": "give"}',
        b"\xff",
        b"{" * 999,
        READY % b"-1",
        READY % b"NaN",
    ],
)
def test_garbage_is_refused(line):
    """What is no message of the protocol raises, and the garbage itself is not repeated."""
    for decode in (decode_answer, decode_request):
        with pytest.raises(ProtocolError) as caught:
            decode(line)
        assert len(str(caught.value)) < 120


@given(st.lists(st.binary(max_size=20).map(lambda line: line.replace(b"\n", b"")), max_size=6), st.integers(1, 7))
def test_lines_are_found_however_they_arrive(lines, size):
    """Any cut of the stream gives the same lines."""
    stream = b"".join(line + b"\n" for line in lines)
    cutter = Lines(20)
    found = [line for at in range(0, len(stream), size) for line in cutter.feed(stream[at : at + size])]
    assert found == lines


def test_a_line_without_end_is_refused():
    """Nothing grows without bound."""
    cutter = Lines(100)
    cutter.feed(b"x" * 100)
    with pytest.raises(ProtocolError, match="longer than 100 bytes"):
        cutter.feed(b"x")


def test_a_stack_of_as_many_documents_as_pages_is_no_line_without_end():
    """Each of them in the profile with the longest name."""
    part = PartFigures("\N{LATIN SMALL LETTER U WITH DIAERESIS}" * 127, dt.date(2026, 3, 12))
    ended = Ended(job="j", ending="done", figures=ScanFigures(parts=(part,) * 50_000))
    (line,) = Lines(MAX_ANSWER_BYTES).feed(encode(ended))
    assert decode_answer(line) == ended
