"""Report our state to systemd: a datagram of ``KEY=value`` lines to ``$NOTIFY_SOCKET`` (sd_notify(3)).

Without that variable every call does nothing.
"""

from __future__ import annotations

import os
import socket

PATIENCE_SECONDS = 1.0
"""The longest wait for a reader of a message; the kernel queues about 10 messages, then senders wait."""

STOP_MARGIN_S = 10.0
"""Further time for a stop after ``job.stop_seconds``."""


def notify(*lines: str) -> None:
    """Send state lines such as ``READY=1``, ``STATUS=…``, ``WATCHDOG=1``, ``STOPPING=1``; never raises."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):  # an abstract socket's name starts with a null byte
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
        out.settimeout(PATIENCE_SECONDS)
        try:
            out.sendto("\n".join(line.replace("\n", " ") for line in lines).encode(errors="replace"), address)
        except OSError:
            # An absent or slow systemd must not stop the work; its watchdog notices a dead daemon.
            return


def patience(seconds: float) -> str:
    """The line that asks for more time to start or to stop than the unit grants."""
    return f"EXTEND_TIMEOUT_USEC={int(seconds * 1_000_000)}"


def watchdog_seconds() -> float | None:
    """How often to send ``WATCHDOG=1``: half of WatchdogSec; None if systemd does not ask for it."""
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    meant_for = os.environ.get("WATCHDOG_PID", str(os.getpid()))
    if not microseconds.isdigit() or meant_for != str(os.getpid()):
        return None
    return int(microseconds) / 2_000_000
