"""Show the main job on a bad scan: a temporary root, the real daemon, a scan, its text before and after."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from ocrwatchd.core.config import loader
from ocrwatchd.core.errors import EngineUnavailable
from ocrwatchd.llm.models import BUILTIN_NAME

SCAN = "letter.jpg"
READ, DELIVERED = "bold red", "bold green"
"""Styles of an edit, before and after."""
MARKS = ("\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}", "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}")
"""Marks around an edit on a terminal without colours."""

READY_SECONDS = 30.0
TEXT_SECONDS = 180.0
STOP_SECONDS = 40.0
LOOK_SECONDS = 0.05
NO_TEXT = 1


def show(engine: str, *, keep: bool, config: Path | None) -> int:
    """Run the demo with the ``[llm]`` and ``[gate]`` of a configuration; return 0 if text came out, else 1.

    Raises:
        EngineUnavailable: the daemon did not start, or ended.
    """
    console = Console(highlight=False)
    root = Path(tempfile.mkdtemp(prefix="ocrwatchd-demo-"))
    try:
        status = _show(console, root, engine, config)
    finally:
        if keep:
            console.print(f"\nkept: {root}", soft_wrap=True)
        else:
            shutil.rmtree(root)
    return status


def _show(console: Console, root: Path, engine: str, config: Path | None) -> int:
    begun = time.monotonic()
    settings = _write_settings(root, engine, config)
    with _daemon(root, settings) as daemon:
        console.print(
            f"daemon      started in {time.monotonic() - begun:.1f} s, watching {root / 'inbox'}", soft_wrap=True
        )
        dropped = time.monotonic()
        with resources.as_file(resources.files(__package__) / SCAN) as scan:
            shutil.copyfile(scan, root / "inbox" / SCAN)
        console.print(f"dropped in  {SCAN} (a letter, badly scanned)")
        receipt = _await_receipt(root, daemon)
        outcome = "set aside" if receipt is None else "delivered"
        console.print(f"{outcome:11} after {time.monotonic() - dropped:.1f} s, engine start included\n")
    if receipt is None:
        for reason in sorted((root / "failed").rglob("*.reason.txt")):
            console.print(reason.read_text(encoding="utf-8"), markup=False)
        return NO_TEXT
    for page in receipt["pages"]:
        console.print(_side_by_side(page, coloured=console.color_system is not None))
    if receipt["evaluation"]:
        console.print(
            "Aspose.OCR runs in evaluation mode, which grants a part of each page; set ocr.license for whole pages."
        )
    if receipt["corrected"]:
        console.print(_told(receipt), markup=False, soft_wrap=True)
    else:
        console.print(f"not corrected: {receipt['reason']}", markup=False, soft_wrap=True)
    console.print()
    console.print(_tree(root))
    return 0


def _write_settings(root: Path, engine: str, config: Path | None) -> Path:
    base = loader.load(config)
    # The demo downloads nothing: it would end before a download of some gigabytes.
    settings = base.llm.model_dump(mode="json") | {"allow_auto_download": False}
    if base.llm.model == "auto":  # a model of some gigabytes takes too long to load
        settings["model"] = BUILTIN_NAME
    llm = "\n".join(f"{key} = {_toml(value)}" for key, value in settings.items())
    gate = "\n".join(f"{key} = {_toml(value)}" for key, value in base.gate.model_dump(mode="json").items())
    path = root / "config.toml"
    path.write_text(
        f"[folders]\nroot = {_toml(str(root))}\nstatus_page = false\n\n[arrival]\nafter_close_seconds = 0.5\n\n"
        f'[ocr]\nengine = "{engine}"\nlicense = {_toml(base.ocr.license)}\n\n'
        f"[llm]\n{llm}\n\n[gate]\n{gate}\n\n"
        '[output]\nformats = ["txt", "json", "raw"]\n\n[log]\nformat = "json"\n',
        encoding="utf-8",
    )
    path.chmod(0o600)
    return path


def _toml(value: object) -> str:
    """A JSON value as TOML: equal except for pairs of surrogates and DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


@contextlib.contextmanager
def _daemon(root: Path, settings: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The real daemon, from its READY message on."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified, (root / "daemon.log").open("wb") as log:
        notified.bind(str(root / "notify"))
        notified.settimeout(LOOK_SECONDS)
        environment = os.environ | {"NOTIFY_SOCKET": str(root / "notify"), "STATE_DIRECTORY": str(root / "state")}
        command = [sys.executable, "-m", "ocrwatchd", "run", "--config", str(settings)]
        daemon = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stderr=log)
        try:
            _await_ready(notified, daemon, root)
            notified.close()  # a full queue of messages would block the daemon
            yield daemon
        finally:
            daemon.send_signal(signal.SIGTERM)
            try:
                daemon.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()


def _await_ready(notified: socket.socket, daemon: subprocess.Popen[bytes], root: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while daemon.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(TimeoutError):
            if b"READY=1" in notified.recv(4096):
                return
    said = (root / "daemon.log").read_text(encoding="utf-8", errors="replace").strip()
    raise EngineUnavailable(f"the daemon did not become ready (exit status {daemon.poll()}): {said}")


def _await_receipt(root: Path, daemon: subprocess.Popen[bytes]) -> dict[str, Any] | None:
    deadline = time.monotonic() + TEXT_SECONDS
    path = (root / "outbox" / SCAN).with_suffix(".json")
    while time.monotonic() < deadline and daemon.poll() is None:
        if path.exists():
            receipt: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            return receipt
        if any((root / "failed").iterdir()):
            return None
        time.sleep(LOOK_SECONDS)
    said = (root / "daemon.log").read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
    raise EngineUnavailable(f"no text came; the daemon's last message: {''.join(said) or 'none'}")


def _side_by_side(page: dict[str, Any], *, coloured: bool) -> Table:
    table = Table(title=f"page {page['number']}", title_justify="left", expand=True)
    table.add_column("as recognised")
    table.add_column("as delivered")
    table.add_row(*_marked(page["raw"], page["edits"], coloured=coloured))
    return table


def _marked(raw: str, edits: list[dict[str, Any]], *, coloured: bool) -> tuple[Text, Text]:
    """The text before and after its edits, each edit in colour or between marks."""
    opening, closing = ("", "") if coloured else MARKS
    before, after = Text(), Text()
    done = 0
    for edit in edits:
        for side, word, style in ((before, edit["before"], READ), (after, edit["after"], DELIVERED)):
            side.append(raw[done : edit["offset"]])
            side.append(f"{opening}{word}{closing}", style)
        done = edit["offset"] + len(edit["before"])
    return before.append(raw[done:]), after.append(raw[done:])


def _told(receipt: dict[str, Any]) -> str:
    """The number of repairs, their source and their time."""
    count = sum(len(page["edits"]) for page in receipt["pages"])
    seconds = sum(page["seconds"]["correct"] for page in receipt["pages"])
    repairs = f"{count} repair{'' if count == 1 else 's'}"
    model = receipt["versions"]["model"]
    return f"{repairs} by the picture and the model {model} in {seconds:.1f} s; the gate admitted no other edits"


def _tree(root: Path) -> Tree:
    tree = Tree(Text(str(root)))
    for name in ("inbox", "outbox", "archive", "failed"):
        branch = tree.add(f"{name}/")
        for path in sorted((root / name).iterdir()):
            branch.add(Text(f"{path.name}  ({path.stat().st_size} bytes)"))
    return tree
