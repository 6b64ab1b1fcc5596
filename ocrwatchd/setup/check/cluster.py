"""Does the broker answer, and does this machine see what workers have to see?"""

from __future__ import annotations

import ipaddress
import os
import secrets
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ocrwatchd.core.errors import OcrwatchdError
from ocrwatchd.core.fs import files
from ocrwatchd.core.os_errors import in_words
from ocrwatchd.dispatch.cluster import registry
from ocrwatchd.setup.check.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ocrwatchd.core.config.schema import Config


def look(config: Config) -> Iterator[Finding]:
    """Two findings where a broker is set, one more where passwords would travel in clear text; else none."""
    if config.queue.broker:
        yield _look_at_broker(config)
        if passwords := _in_clear_text(config):
            yield Finding(
                "passwords for the broker",
                False,
                f"{' and '.join(passwords)} go through the network without TLS, readable for whoever listens: "
                "let queue.broker begin with rediss:// or amqps://",
            )
        yield _look_at_folder(config.folders.work_path)


def _look_at_broker(config: Config) -> Finding:
    try:
        from ocrwatchd.dispatch.cluster import broker  # noqa: PLC0415  # only here is it known that there is one

        wrong = broker.ping(config.queue)
    except OcrwatchdError as error:
        return Finding("broker", False, str(error))
    where = broker.place(config.queue.broker)
    if wrong:
        return Finding("broker", False, f"{where} does not serve: {wrong}")
    return Finding("broker", True, f"{where} takes messages")


def _in_clear_text(config: Config) -> list[str]:
    """Which passwords go to a broker on another machine without TLS."""
    parts = urlsplit(config.queue.broker)
    host = parts.hostname or ""
    if parts.scheme not in {"redis", "amqp"} or host == "localhost" or _is_loopback(host):
        return []
    found = ["its own password"] if parts.password or config.queue.broker_password_file else []
    # Messages hold the settings of the scan's profile.
    profiles = [name for name, work in config.works().items() if work.ocr.pdf_passwords]
    named = [f"profiles.{name}.ocr.pdf_passwords" if name else "ocr.pdf_passwords" for name in profiles]
    return [*found, *named]


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _look_at_folder(work_path: Path) -> Finding:
    if not os.path.lexists(work_path / registry.FILE):  # the supervisor is asked before its first start, too
        return Finding("supervisor", True, f"none with a broker has served {work_path.parent} yet, as seen from here")
    try:
        registry.read_token(work_path)
        _try_to_write(work_path)
    except OcrwatchdError as error:
        return Finding("supervisor", False, str(error))
    except OSError as error:
        words = f"a worker could not write here: {in_words(error)}; see that the share is mounted writable, and ask as"
        return Finding("supervisor", False, f"{words} the user to whom {work_path} belongs")
    words = f"its folder {work_path.parent} is seen and written from here, and has this version"
    return Finding("supervisor", True, words)


def _try_to_write(work_path: Path) -> None:
    workers = work_path / registry.WORKERS  # made by the first worker
    trial = (workers if workers.is_dir() else work_path) / f"{files.TEMPORARY_PREFIX}{secrets.token_hex(8)}"
    files.write_new(trial, b"", lasting=False)
    trial.unlink()
