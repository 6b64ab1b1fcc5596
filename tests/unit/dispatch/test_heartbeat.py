"""What a worker shows of itself, on its card and in `systemctl status`."""

import socket

import pytest

from ocrwatchd.core.i18n import Message
from ocrwatchd.dispatch.cluster import registry
from ocrwatchd.dispatch.cluster.heartbeat import SOONEST_BEAT_S, Presence
from ocrwatchd.dispatch.cluster.messages import Card, read

LEASE_S = 60.0


@pytest.fixture
def heard(tmp_path, monkeypatch):
    """Reads what systemd has heard since it was last asked."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as ear:
        ear.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))

        def lines():
            found = []
            while True:
                try:
                    found.append(ear.recv(4096).decode())
                except BlockingIOError:
                    return found

        yield lines


def test_what_the_engine_does_is_shown_as_soon_as_it_changes(tmp_path, heard):
    """And not at the next beat, which may be seconds away; systemd hears it once."""
    told, now = {"state": Message("loading")}, [0.0]
    presence = Presence(tmp_path, "w1", (), LEASE_S, lambda: told, clock=lambda: now[0])
    presence.come()
    assert heard() == ["STATUS=loading"]
    told["state"] = Message("ready")
    now[0] = SOONEST_BEAT_S
    presence.tick(now[0])
    assert read(Card, registry.card_path(tmp_path, "w1")).state == Message("ready")
    presence.show()
    assert heard() == ["STATUS=ready"]


def test_a_page_in_work_is_shown_though_the_share_is_away(tmp_path, heard):
    """It is of this machine, and needs none."""
    told = {"state": Message("working")}
    presence = Presence(tmp_path / "share", "w1", (), LEASE_S, lambda: told)
    (tmp_path / "share").mkdir()
    presence.come()
    (tmp_path / "share").rename(tmp_path / "away")
    told |= {"state": Message("working; the broker cannot be reached: it was stopped"), "page": 3, "pages": 16}
    presence.show()
    assert heard()[-1] == "STATUS=page 3 of 16; working; the broker cannot be reached: it was stopped"
