"""What systemd hears."""

import contextlib
import os
import socket

import pytest

from ocrwatchd.core import systemd


@pytest.mark.parametrize("abstract", [False, True])
def test_notifications_arrive(monkeypatch, tmp_path, abstract):
    """State lines reach the socket that systemd names, a file or an abstract one; newlines cannot forge a line."""
    address = f"@ocrwatchd-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(address.replace("@", "\0"))
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        systemd.notify("READY=1", "STATUS=a\nWATCHDOG=1")
        assert listening.recv(100) == b"READY=1\nSTATUS=a WATCHDOG=1"
        systemd.notify("STATUS=caf\udce9")
        assert listening.recv(100) == b"STATUS=caf?"


def test_without_systemd_nothing_happens(monkeypatch, tmp_path):
    """No socket, or one that nobody hears, is no error."""
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    systemd.notify("READY=1")
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))
    systemd.notify("READY=1")


def test_who_does_not_listen_holds_nothing_up(monkeypatch, tmp_path):
    """Once the queue of a socket that nobody reads is full, a line is lost; the work goes on."""
    monkeypatch.setattr(systemd, "PATIENCE_SECONDS", 0.01)
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as deaf,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as filler,
    ):
        deaf.bind(str(tmp_path / "notify"))
        filler.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                filler.sendto(b"full", str(tmp_path / "notify"))
        systemd.notify("STATUS=lost")


def test_heartbeat_is_half_of_the_watchdogs_time(monkeypatch):
    """The heartbeat comes twice as often as systemd asks, and only for the process it is meant for."""
    monkeypatch.delenv("WATCHDOG_USEC", raising=False)
    assert systemd.watchdog_seconds() is None
    monkeypatch.setenv("WATCHDOG_USEC", "30000000")
    assert systemd.watchdog_seconds() == 15.0
    monkeypatch.setenv("WATCHDOG_PID", "1")
    assert systemd.watchdog_seconds() is None
