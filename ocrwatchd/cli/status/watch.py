"""``status --watch``: show the status and its changes, drawn on a terminal, elsewhere a line for each change."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final, TypeAlias

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ocrwatchd.core.errors import FolderUnusable
from ocrwatchd.monitoring import status as statuses
from ocrwatchd.monitoring import status_text
from ocrwatchd.monitoring.status import Status

Seen: TypeAlias = list[Status] | str
"""The status of each root, or a message why there is none."""

LOOK_SECONDS: Final = 1.0
"""Interval between looks at the status file; daemons write at most once a second."""

BAR_COLUMNS: Final = 40
NAME_COLUMNS: Final = 32
FAILURES_SHOWN: Final = 5
TERMINATED: Final = 128 + signal.SIGTERM
MINUTE_S: Final = 60


def watch(find: Callable[[], list[Status]], absent: str, *, as_json: bool = False) -> bool:
    """Show the status until Ctrl-C.

    Args:
        find: reads the status of each root.
        absent: message for a root that no daemon has ever served.
        as_json: print a line of JSON for each change, on a terminal too.

    Returns:
        Whether a daemon was running at the end.

    Raises:
        FolderUnusable: the status cannot be read at the first look; later the error is shown, and the watch goes on.
    """
    find()
    console = Console()
    # With FORCE_COLOR rich treats a pipe as a terminal; on a terminal without cursor control it draws nothing.
    drawn = not as_json and console.file.isatty() and not console.is_dumb_terminal
    last: list[Seen] = []
    with suppress(KeyboardInterrupt), _signals():  # Ctrl-C is the way to end it
        if not drawn:
            before: dict[str, str] = {}
            for seen in _looks(find, absent, last):
                lines = _lines(seen, absent, as_json=as_json)
                sys.stdout.writelines(f"{line}\n" for root, line in lines.items() if line != before.get(root))
                sys.stdout.flush()
                before = lines
        else:
            with Live(console=console, screen=True, auto_refresh=False) as live:
                for seen in _looks(find, absent, last):
                    live.update(picture(seen, os.get_terminal_size(console.file.fileno()).lines), refresh=True)
    if drawn and last:
        _print_last(last[-1])
    return bool(last) and not isinstance(last[-1], str) and any(map(statuses.is_running, last[-1]))


@contextmanager
def _signals() -> Iterator[None]:
    """End on Ctrl-C, even in a shell that ignores it in the background, and on SIGTERM, and restore the terminal."""
    ends = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: lambda *_: sys.exit(TERMINATED)}
    before = {number: signal.signal(number, handler) for number, handler in ends.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _looks(find: Callable[[], list[Status]], absent: str, last: list[Seen]) -> Iterator[Seen]:
    """Read the status every second, for ever; ``last`` holds the latest."""
    while True:
        try:
            last[:] = [find() or absent]
        except FolderUnusable as error:
            last[:] = [str(error)]
        yield last[0]
        time.sleep(LOOK_SECONDS)


def _lines(seen: Seen, absent: str, *, as_json: bool) -> dict[str, str]:
    """A line for each root; with several roots the line begins with the root's path."""
    if isinstance(seen, str):
        reason = {"state": statuses.NEVER if seen == absent else "unknown", "reason": seen}
        return {"": json.dumps(reason) if as_json else seen}
    if as_json:
        return {each.root: json.dumps(status_text.for_programs(each)) for each in seen}
    return {each.root: _named(each, _line(each), seen) for each in seen}


def _named(status: Status, line: str, among: list[Status]) -> str:
    return f"{status.root}: {line}" if len(among) > 1 else line


def _line(status: Status) -> str:
    said = [status_text.headline(status)]
    if status.state in {"running", "stopping", "silent"}:
        said += [f"engine {status_text.shown(status.engine.message)}", f"in work: {_in_work(status)}"]
        said += [f"{status.queued} queued", f"{status.waiting} in the inbox"]
    said += [f"today {status.delivered_today} delivered", f"{status.failed_today} failed"]
    return "; ".join([*said, *map(status_text.shown, status.trouble)])


def _in_work(status: Status) -> str:
    page = f", page {status.page} of {status.pages}" if status.pages else ""
    return status.in_work + page if status.in_work else "nothing"


def picture(seen: Seen, lines: int) -> RenderableType:
    """Draw each status for a terminal with this number of lines: wide text is folded, long lists are cut."""
    if isinstance(seen, str):
        return Text(seen, style="yellow")
    parts = [part for each in seen for part in _parts(each, lines // len(seen))]
    return Group(*parts, Text("Ctrl-C ends this, not the daemon", style="dim"))


def _parts(status: Status, lines: int) -> Iterator[RenderableType]:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for key, value in _rows(status):
        table.add_row(key, value)
    running = "green" if statuses.is_running(status) else "red"
    yield from (Text(f"ocrwatchd  {status_text.headline(status)}", style=f"bold {running}"), Text(), table, Text())
    if status.failures:
        yield Text("last failures", style="bold")
        yield from _failures(status, max(1, min(FAILURES_SHOWN, lines // 4)))
        yield Text()


def _rows(status: Status) -> Iterator[tuple[str, RenderableType]]:
    yield "root", Text(status.root)
    yield "engine", Text(status_text.shown(status.engine.message))
    for words in status.trouble:
        yield "trouble", Text(status_text.shown(words), style="yellow")
    yield "in work", Text(status.in_work or "nothing", no_wrap=True, overflow="ellipsis")
    if status.pages:
        yield "", Text(f"page {status.page} of {status.pages}{_left(status)}")
        yield "", ProgressBar(total=status.pages, completed=max(0, status.page - 1), width=BAR_COLUMNS)
    yield "pace", Text(status_text.pace(status))
    for worker in status.workers:
        yield "worker", Text(f"{worker.name}: {status_text.doing(worker)}", no_wrap=True, overflow="ellipsis")
    yield "queued", Text(f"{status.queued}, and {status.waiting} in the inbox")
    for waits in status_text.incomplete(status):
        yield "incomplete", Text(waits, no_wrap=True, overflow="ellipsis")
    yield "today", Text(f"{status.delivered_today} delivered, {status.failed_today} failed")
    if status.last_delivery_at:
        yield "delivered", Text(f"last {_ago(time.time() - status.last_delivery_at)}")


def _left(status: Status) -> str:
    seconds = (status.pages - status.page + 1) * status.seconds_a_page
    if not seconds:
        return ""
    return f", about {seconds / MINUTE_S:.0f} min left" if seconds > MINUTE_S else f", about {seconds:.0f} s left"


def _ago(seconds: float) -> str:
    minutes = max(0.0, seconds) / MINUTE_S
    if minutes < 1:
        return f"{max(0.0, seconds):.0f} s ago"
    if minutes < 2 * MINUTE_S:
        return f"{minutes:.0f} min ago"
    return f"{minutes / MINUTE_S:.0f} h ago"


def _failures(status: Status, most: int) -> Iterator[Text]:
    """A line for each failure: the name, and the reason as far as there is room."""
    for name, reason in status.failures[:most]:
        shown = Text(name)
        shown.truncate(NAME_COLUMNS, overflow="ellipsis")
        shown.append(f": {status_text.shown(reason)}", style="dim")
        shown.no_wrap, shown.overflow = True, "ellipsis"
        yield shown


def _print_last(seen: Seen) -> None:
    lines = [seen] if isinstance(seen, str) else [_named(each, status_text.headline(each), seen) for each in seen]
    sys.stdout.writelines(f"{line}\n" for line in lines)
