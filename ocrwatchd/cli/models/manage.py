"""The verb ``models``: pull, list, path, remove."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Iterator
from typing import Protocol

import structlog

from ocrwatchd.core import process
from ocrwatchd.core.config.profile import Llm
from ocrwatchd.core.errors import ModelUnavailable, OcrwatchdError
from ocrwatchd.core.units import format_bytes
from ocrwatchd.llm import cache, local_models, models

SAID_EVERY_S = 30.0
TOLD_EVERY_S = 1.0

log = structlog.get_logger()


class Tell(Protocol):
    """Receives the progress of a download."""

    def __call__(self, done: int, total: int) -> None:
        """Show that ``done`` of ``total`` bytes are here."""


def pull(llm: Llm, *, as_json: bool = False, if_fits: bool = False) -> int:
    """Download the configured model, print its path, and return the exit code.

    Args:
        llm: names repository, quantisation and file.
        as_json: print a line of JSON each second for programs: done and total, then path or reason.
        if_fits: refuse a model that is too large for this machine's memory.

    Raises:
        ModelUnavailable: the download failed; not with ``as_json``.
        FolderUnusable: there is no room for the model; not with ``as_json``.
    """
    try:
        path = _fetched(llm, as_json=as_json, if_fits=if_fits)
    except OcrwatchdError as error:
        with contextlib.suppress(ModelUnavailable):
            cache.note_failure(llm.hugging_face_repo_id, str(error))
        if not as_json:
            raise
        _say({"reason": str(error)})
        return error.exit_code
    cache.note_failure(llm.hugging_face_repo_id, "")
    if as_json:
        _say({"path": path})
    else:
        sys.stdout.write(f"{path}\n")
    return 0


def show(llm: Llm) -> int:
    """Print every model on this machine: size, licence, whether it fits into memory, whether it is used."""
    memory = process.memory_bytes()
    rows = [_row(shelved, memory) for shelved in local_models.on_the_shelf(llm)]
    widths = [max(len(row[column]) for row in rows) for column in range(4)] if rows else []
    for row in rows:
        sys.stdout.write("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n")
    try:
        models.resolve(llm)
        said = models.why_builtin(llm)
    except ModelUnavailable as error:
        said = str(error)
    sys.stdout.write(f"{said}\n" if said else "")
    return 0


def where(llm: Llm) -> int:
    """Print the path of the configured model.

    Raises:
        ModelUnavailable: the model is not here.
    """
    sys.stdout.write(f"{models.resolve(llm)}\n")
    return 0


def remove(names: list[str]) -> int:
    """Remove models that ocrwatchd has downloaded, and print their names.

    Raises:
        ModelUnavailable: there is no such model, or another program has downloaded it.
    """
    for name in names:
        for removed in local_models.remove(name):
            sys.stdout.write(f"removed {removed}\n")
    return 0


def _fetched(llm: Llm, *, as_json: bool, if_fits: bool) -> str:
    from ocrwatchd.llm import hub  # takes half a second, and only this verb needs it

    try:
        offer = hub.ask(llm)
    except ModelUnavailable as error:
        found = cache.find(llm)
        if not found:
            raise
        if not cache.is_sound(found):
            raise ModelUnavailable(f"{found} is damaged and cannot be downloaded again now: {error}") from error
        log.warning("model.not_asked", reason=str(error))
        return str(found)
    memory = process.memory_bytes()
    if not local_models.fits(offer.size, memory):
        words = local_models.fit_in_words(offer.size, memory)
        if if_fits:
            raise ModelUnavailable(
                f"{offer.repository} is {words}; choose a smaller model, or run `ocrwatchd models pull` to download it"
            )
        log.warning("model.too_large", model=models.wanted(llm), note=words)
    with _progress(models.wanted(llm), as_json=as_json) as tell:
        return str(hub.pull(offer, tell))


@contextlib.contextmanager
def _progress(model: str, *, as_json: bool) -> Iterator[Tell]:
    """Show the progress: a bar on a terminal, else events in the log; with ``as_json`` also lines of JSON."""
    if not as_json and sys.stderr.isatty():
        with _bar(model) as drawn:
            yield drawn
        return
    log.info("model.fetching", model=model)
    started = time.monotonic()
    told = said = started

    def tell(done: int, total: int) -> None:
        nonlocal told, said
        now = time.monotonic()
        if as_json and (now - told >= TOLD_EVERY_S or done == total):
            told = now
            _say({"done": done, "total": total})
        if now - said >= SAID_EVERY_S:
            said = now
            log.info("model.fetching", model=model, done=format_bytes(done), total=format_bytes(total))

    yield tell
    log.info("model.fetched", model=model, seconds=round(time.monotonic() - started, 1))


@contextlib.contextmanager
def _bar(model: str) -> Iterator[Tell]:
    from rich.console import Console  # only for people
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(model, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _row(shelved: local_models.Shelved, memory: int) -> tuple[str, str, str, str]:
    notes = [local_models.fit_in_words(shelved.size, memory) if shelved.whole else "half downloaded"]
    notes += ["used"] if shelved.used else []
    foreign = not shelved.own and not shelved.name.startswith("/") and shelved.name != models.BUILTIN_NAME
    notes += ["not downloaded by ocrwatchd"] if foreign else []
    return shelved.name, format_bytes(shelved.size), shelved.licence or "licence unknown", ", ".join(notes)


def _say(line: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
