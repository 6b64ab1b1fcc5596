"""What systemd hears of a reload."""

import socket

import pytest

from ocrwatchd.core.config.schema import Config
from ocrwatchd.core.errors import ConfigError
from ocrwatchd.daemon.reload import ConfigReload


@pytest.fixture
def heard(monkeypatch, tmp_path):
    """What has been told since the last call, a list of lines a message."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))

        def messages():
            found = []
            while True:
                try:
                    found.append(listening.recv(4096).decode().split("\n"))
                except BlockingIOError:
                    return found

        yield messages


def test_each_refusal_ends_with_its_reason(heard):
    """Also the second one for the same reason: systemd must not seem to wait for the reading still."""

    def refuse():
        raise ConfigError("output.formats: no such format")

    succession = ConfigReload(Config(), refuse)
    for _ in range(2):
        assert not succession.advance()
        begun, ended = heard()
        assert begun[0] == "RELOADING=1"
        assert ended[0] == "READY=1"
        assert ended[1].startswith("STATUS=")
        assert "output.formats" in ended[1]
