"""Does the broker answer, and does this machine see the folder that workers use?"""

from __future__ import annotations

import ipaddress
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from ocrwatchd.core.config.schema import Config
from ocrwatchd.core.errors import OcrwatchdError
from ocrwatchd.core.fs import files
from ocrwatchd.core.os_errors import in_words
from ocrwatchd.dispatch.cluster import registry
from ocrwatchd.setup.check.finding import Finding


def look(config: Config) -> Iterator[Finding]:
    """Findings if a broker is set: broker, shared folder, and passwords that would travel as clear text."""
    if config.queue.broker:
        yield _look_at_broker(config)
        if passwords := _in_clear_text(config):
            yield Finding(
                "passwords for the broker",
                False,
                f"{' and '.join(passwords)} would travel without TLS, readable for everybody on the network: "
                "let queue.broker begin with rediss:// or amqps://",
            )
        yield _look_at_folder(config.folders.work_path)


def _look_at_broker(config: Config) -> Finding:
    try:
        from ocrwatchd.dispatch.cluster import broker  # only here is it known that there is one

        wrong = broker.ping(config.queue)
    except OcrwatchdError as error:
        return Finding("broker", False, str(error))
    where = broker.place(config.queue.broker)
    if wrong:
        return Finding("broker", False, f"{where} does not serve: {wrong}")
    return Finding("broker", True, f"{where} takes messages")


def _in_clear_text(config: Config) -> list[str]:
    """The passwords that would go to a broker on another machine without TLS."""
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
    if not os.path.lexists(work_path / registry.CLUSTER_FILE):  # `check` runs before the supervisor's first start too
        return Finding("supervisor", True, f"no supervisor with a broker has served {work_path.parent} yet")
    try:
        registry.read_token(work_path)
        _try_to_write(work_path)
    except OcrwatchdError as error:
        return Finding("supervisor", False, str(error))
    except OSError as error:
        words = f"a worker could not write here: {in_words(error)}; mount the share writable, and run `check` as"
        return Finding("supervisor", False, f"{words} the owner of {work_path}")
    return Finding("supervisor", True, f"its folder {work_path.parent} is visible, writable, and of this version")


def _try_to_write(work_path: Path) -> None:
    workers = work_path / registry.WORKERS  # made by the first worker
    trial = (workers if workers.is_dir() else work_path) / f"{files.TEMPORARY_PREFIX}{secrets.token_hex(8)}"
    files.write_new(trial, b"", lasting=False)
    trial.unlink()
