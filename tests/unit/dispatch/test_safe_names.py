"""Scans whose names not every share takes: workers read them under another one."""

import errno
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from ocrwatchd.core.attempt import Ending
from ocrwatchd.dispatch.cluster import safe_names
from ocrwatchd.engine.protocol import Give
from tests.office import Hand, Office

ODD = (
    "Scan 10:30.tif",
    "a?b*.tif",
    'q"<>|.tif',
    r"back\slash.tif",
    "tail. ",
    "dot.",
    "CON.tif",
    "lpt1",
    "ümläut.tif",
    "a\udcff.tif",
    "new\nline.tif",
    "bürö/a.tif",
)
PLAIN = ("a.tif", "Scan 2026-11-22 (3).PDF", "office/a_b+c.jpeg", "Console.tif", "x", "_1=2,3@4.png")


@pytest.fixture
def office(tmp_path):
    """An office with nothing to do."""
    return Office(tmp_path)


def named(office, name):
    """A job whose scan has this name."""
    job = replace(office.job(), relative=Path(name))
    job.source.parent.mkdir(exist_ok=True)
    (job.folder / "scan" / "a.tif").rename(job.source)
    return job


@pytest.mark.parametrize("name", ODD)
def test_a_scan_is_read_whatever_its_name(office, name):
    """The worker sees nothing of its own name; what is read is called by it, and goes with it."""
    job = named(office, name)
    hand = Hand(office, "w1")
    office.add(job)
    (job.folder / "scan").rename(office.folder / "unseen")
    taken = hand.take()
    assert taken.source.read_bytes() == b"scan"
    assert (taken.relative, taken.id) == (job.relative, job.id)
    assert Give.of(taken).unpack() == replace(taken, max_attempts=0)
    (office.folder / "unseen").rename(job.folder / "scan")
    hand.finish()
    assert office.turn() == [(job.id, Ending.DONE)]


def several(office, *names):
    """A job of several files."""
    job = replace(office.job(), relative=Path("letter"), members=names)
    job.source.mkdir()
    for name, file in zip(names, job.files, strict=True):
        file.write_bytes(name.encode("utf-8", "surrogateescape"))
    (job.folder / "scan" / "a.tif").unlink()
    return job


def test_several_files_are_read_whatever_their_names(office):
    """In their order."""
    job = several(office, "Scan 10:30.tif", "a\udcff.tif", "plain.tif")
    contents = [file.read_bytes() for file in job.files]
    hand = Hand(office, "w1")
    office.add(job)
    (job.folder / "scan").rename(office.folder / "unseen")
    taken = hand.take()
    assert [file.read_bytes() for file in taken.files] == contents
    assert Give.of(taken).unpack() == replace(taken, max_attempts=0)
    (office.folder / "unseen").rename(job.folder / "scan")
    hand.finish()
    assert office.turn() == [(job.id, Ending.DONE)]


def test_without_links_several_files_have_their_names_alone(office, monkeypatch):
    """No second folder is left half-made."""
    job = several(office, "a:b.tif", "2.tif")
    link = os.link

    def refuse(source, target, **more):
        if source.name == "2.tif":
            raise OSError(errno.EPERM, os.strerror(errno.EPERM))
        link(source, target, **more)

    before = sorted(job.folder.iterdir())
    with monkeypatch.context() as poor:
        poor.setattr(os, "link", refuse)
        safe_names.lay_out(job)
    assert safe_names.seen(job) == job
    assert sorted(job.folder.iterdir()) == before
    safe_names.lay_out(job)
    safe_names.lay_out(job)
    assert [file.lstat().st_nlink for file in job.files] == [2, 2]


def test_several_plain_names_are_enough(office):
    """A folder of plain names has no second one."""
    job = several(office, "1.tif", "2.tif")
    office.add(job)
    assert Hand(office, "w1").take().files == job.files


@pytest.mark.parametrize("name", PLAIN)
def test_a_plain_name_is_enough(office, name):
    """Most scans have one."""
    job = named(office, name)
    office.add(job)
    assert Hand(office, "w1").take().source == job.source
    assert [path.name for path in job.folder.iterdir() if path.is_file()] == []


def test_without_links_a_scan_has_its_name_alone(office, monkeypatch):
    """Those who see that name read it."""

    def refuse(*_args, **_more):
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    job = named(office, ODD[0])
    with monkeypatch.context() as poor:
        poor.setattr(os, "link", refuse)
        office.add(job)
    assert Hand(office, "w1").take().source == job.source


def test_a_second_name_is_given_once(office):
    """After a restart it is there."""
    job = named(office, ODD[0])
    safe_names.lay_out(job)
    safe_names.lay_out(job)
    assert job.source.lstat().st_nlink == 2
    assert re.fullmatch("[a-z.]+", safe_names.seen(job).source.name)
