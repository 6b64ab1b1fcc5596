"""The status in words, for people."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from typing import Any

from ocrwatchd.core.attempt import Worker
from ocrwatchd.core.config.schema import Folders, state_directory
from ocrwatchd.core.i18n import Message
from ocrwatchd.core.log import printable
from ocrwatchd.monitoring.status import NEVER, SERVICE_STATES, Status, find_all, is_here, is_running


def describe(folders: Folders, *, as_json: bool, everywhere: bool = False) -> tuple[str, bool]:
    """Each status in words or as a JSON object, and whether any daemon is running; of several objects a line each.

    Raises:
        FolderUnusable: as :func:`ocrwatchd.monitoring.status.find_all`, which explains the arguments.
    """
    found = find_all(folders, everywhere=everywhere)
    if as_json:
        told = [for_programs(each) for each in found] or [{"state": NEVER, "reason": absent(folders)}]
        text = "\n".join(json.dumps(each, indent=1 if len(told) == 1 else None) for each in told)
    else:
        text = "\n\n".join("\n".join(_lines(each)) for each in found) or absent(folders)
    return text, any(map(is_running, found))


def for_programs(status: Status) -> dict[str, Any]:
    """A status for programs: messages as English texts."""
    return asdict(status) | {
        "engine": str(status.engine.message),
        "trouble": [str(each) for each in status.trouble],
        "failures": [(name, str(reason)) for name, reason in status.failures],
        "workers": [asdict(each) | {"state": str(each.state)} for each in status.workers],
    }


def absent(folders: Folders) -> str:
    """In words that there is no status."""
    hint = "start one with `ocrwatchd run`, or name its configuration with --config"
    looked = f"looked in {folders.work_path}, {state_directory()} and {SERVICE_STATES[0]}"
    return f"not running: no daemon has served {folders.served_path} yet ({looked}); {hint}"


def headline(status: Status) -> str:
    """Whether it runs, in words."""
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(status.written_at))
    here = is_here(status)
    process = f"process {status.pid}" + ("" if here else f" on {printable(status.host)}")
    silent = f"hanging: {process} is there, but has not answered since {when}; restart it"
    if not here:  # it may have gone, or its clock be another one
        silent = f"not heard of since {when}: {process}; ask `ocrwatchd status` there"
    return {
        "running": f"running ({process}, ocrwatchd {status.version})",
        "stopping": f"stopping ({process})",
        "silent": silent,
        "stopped": f"not running: stopped {when}",
        "gone": f"not running: it ended without a word, last heard of {when}; its scans go on at the next start",
    }.get(status.state, status.state)


def _lines(status: Status) -> list[str]:
    page = f", page {status.page} of {status.pages}" if status.pages else ""
    lines = [
        headline(status),
        f"root       {status.root}",
        f"engine     {shown(status.engine.message)}",
        f"in work    {status.in_work + page or 'nothing'}",
        f"pace       {pace(status)}",
        f"queued     {status.queued}",
        f"in inbox   {status.waiting}",
        *(f"incomplete {words}" for words in incomplete(status)),
        f"today      {status.delivered_today} delivered, {status.failed_today} failed",
    ]
    if status.last_delivery_at:
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(status.last_delivery_at))
        lines.append(f"delivered  last at {when}")
    lines += [f"worker     {each.name}: {doing(each)}" for each in status.workers]
    lines += [f"trouble    {shown(each)}" for each in status.trouble]
    return lines + [f"failed     {name}: {shown(reason)}" for name, reason in status.failures]


def incomplete(status: Status) -> list[str]:
    """The files that wait for the rest of their upload, and documents that wait for other scans, in words."""
    return [
        f"{name}: waits for the rest until {time.strftime('%H:%M:%S', time.localtime(until))}"
        for name, until in status.incomplete
    ]


def shown(message: Message) -> str:
    """A message for a terminal."""
    return printable(str(message))


def doing(worker: Worker) -> str:
    """What a worker does, in words."""
    page = f", page {worker.page} of {worker.pages}" if worker.pages else ""
    return f"{worker.job + page if worker.job else shown(worker.state)}; {pace(worker)}"


def pace(status: Status | Worker) -> str:
    """How fast pages go, in words."""
    if not status.seconds_a_page:
        return "no page read since the start"
    return f"{60 / status.seconds_a_page:.3g} pages a minute ({status.seconds_a_page:.3g} s each) while it reads"
