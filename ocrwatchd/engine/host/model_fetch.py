"""Fetch missing models in the background, in a process of its own: ``ocrwatchd models pull``.

The supervisor imports nothing of the hub. One download at a time; what failed is tried again with growing pauses, and
goes on where it broke off.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Final, TypeAlias

import structlog

from ocrwatchd.core.i18n import NOTHING, Message, joined, say, verbatim
from ocrwatchd.core.jsonlines import Lines, ProtocolError
from ocrwatchd.llm import models

if TYPE_CHECKING:
    from collections.abc import Callable

    from ocrwatchd.core.config.profile import Llm
    from ocrwatchd.core.config.schema import Config

    Key: TypeAlias = tuple[str, str, str]

PAUSES_S = (60.0, 300.0, 1800.0, 3600.0)
"""How long the next try waits after one that failed; the last one repeats."""

READ_BYTES = 1 << 16
MAX_LINE_BYTES = 1 << 16
LAST_BREATH_S = 5.0
"""How long a download that has closed its output may take to end, seconds."""

log = structlog.get_logger()


class Fetch:
    """The models that the profiles want and that are not here. Used from one thread, the main one; no call blocks.

    Args:
        config: names the models.
        selector: the supervisor's; the download's output is registered there, its key's ``data()`` is to be called.
        arrived: called when a model has come.
        clock: monotonic, seconds.
        pauses_s: between tries, seconds.
    """

    def __init__(
        self,
        config: Config,
        selector: selectors.BaseSelector,
        arrived: Callable[[], None],
        *,
        clock: Callable[[], float] = time.monotonic,
        pauses_s: tuple[float, ...] = PAUSES_S,
    ) -> None:
        self._wanted: dict[Key, Llm] = {}
        for llm in (work.llm for work in config.works().values()):
            # "huggingface" goes before "auto": texts wait for it.
            if models.fetchable(llm) and (_key(llm) not in self._wanted or llm.model == "huggingface"):
                self._wanted[_key(llm)] = llm
        self._selector: Final = selector
        self._arrived: Final = arrived
        self._clock: Final = clock
        self._pauses_s: Final = pauses_s
        self._failed: dict[Key, Message] = {}
        self._tries = 0
        self._due: float | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._now: Key | None = None
        self._lines = Lines(MAX_LINE_BYTES)
        self._reason = NOTHING
        self._share: int | None = None

    @property
    def state(self) -> Message:
        """What is being fetched, if anything."""
        if not self._now:
            return NOTHING
        model = models.wanted(self._wanted[self._now])
        if self._share is None:
            return say("fetching {model}", model=model)
        return say("fetching {model}: {percent} %", model=model, percent=self._share)

    @property
    def trouble(self) -> Message:
        """Why models could not be fetched."""
        return joined(say("model not fetched: {reason}", reason=reason) for reason in self._failed.values())

    def fetches(self, llm: Llm) -> bool:
        """Have a model fetched where these settings mean one that is not here; True while it shall be waited for."""
        known = self._wanted.get(_key(llm))
        if (known is None or known.model != llm.model == "huggingface") and models.fetchable(llm):
            self._wanted = {_key(llm): llm} | {key: each for key, each in self._wanted.items() if key != _key(llm)}
            if self._process is None:
                self._due = self._clock()
        return self.lacks(llm)

    def lacks(self, llm: Llm) -> bool:
        """True while a model that shall be there is not, and no try has failed yet."""
        return llm.model == "huggingface" and _key(llm) in self._wanted and _key(llm) not in self._failed

    def start(self) -> None:
        """Begin, where anything is missing."""
        self._due = self._clock() if self._wanted else None
        self.turn()

    def turn(self) -> None:
        """Start the next try when it is due."""
        if self._process is None and self._due is not None and self._clock() >= self._due:
            self._due = None
            self._try_next()

    def next_due(self) -> float | None:
        """When ``turn`` has something to do, as ``clock`` counts; None while only the download's output matters."""
        return self._due

    def stop(self) -> None:
        """End a download; what has come of it is kept."""
        self._due = None
        self._end()

    def _try_next(self) -> None:
        untried = [key for key in self._wanted if key not in self._failed]
        key = (untried or [*self._failed])[0]
        llm = self._wanted[key]
        if not models.fetchable(llm):
            self._take(key)  # someone else has fetched it meanwhile
            return
        try:
            self._process = subprocess.Popen(
                _command(llm),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                start_new_session=True,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(map(os.path.abspath, filter(None, sys.path)))},
            )
        except OSError as error:
            self._fail(key, say("the download cannot be started: {error}", error=error))
            return
        self._now = key
        self._lines, self._reason, self._share = Lines(MAX_LINE_BYTES), NOTHING, None
        log.info("model.fetching", model=models.wanted(llm), pid=self._process.pid)
        os.set_blocking(self._output, False)
        self._selector.register(self._output, selectors.EVENT_READ, self._on_output)

    @property
    def _output(self) -> int:
        if self._process is None or self._process.stdout is None:
            raise RuntimeError("no download is running")
        return self._process.stdout.fileno()

    def _on_output(self) -> None:
        try:
            data = os.read(self._output, READ_BYTES)
        except BlockingIOError:
            return
        if data:
            with contextlib.suppress(ProtocolError, ValueError):
                for line in self._lines.feed(data):
                    self._hear(json.loads(line))
            return
        key = self._now
        status = self._end(LAST_BREATH_S)
        if key is None:
            return
        if status == 0:
            self._take(key)
        else:
            self._fail(key, self._reason or say("the download ended with status {status}", status=str(status)))

    def _hear(self, told: object) -> None:
        match told:
            case {"done": int(done), "total": int(total)} if total > 0:
                self._share = 100 * done // total
            case {"reason": str(reason)}:
                self._reason = verbatim(reason)

    def _take(self, key: Key) -> None:
        log.info("model.fetched", model=models.wanted(self._wanted[key]))
        del self._wanted[key]
        self._failed.pop(key, None)
        self._tries = 0
        self._due = self._clock() if self._wanted else None
        self._arrived()

    def _fail(self, key: Key, reason: Message) -> None:
        # The one that failed goes to the end of the line.
        self._failed.pop(key, None)
        self._failed[key] = reason
        if len(self._failed) < len(self._wanted):
            pause = 0.0
        else:
            pause = self._pauses_s[min(self._tries, len(self._pauses_s) - 1)]
            self._tries += 1
        self._due = self._clock() + pause
        log.warning("model.not_fetched", model=models.wanted(self._wanted[key]), reason=reason, next_try_s=pause)

    def _end(self, grace_s: float = 0.0) -> int | None:
        """Reap the download, ending it where it still runs after ``grace_s`` seconds; its exit status."""
        ended, self._process, self._now = self._process, None, None
        if ended is None or ended.stdout is None:
            return None
        self._selector.unregister(ended.stdout.fileno())
        ended.stdout.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            return ended.wait(grace_s)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(ended.pid, signal.SIGKILL)
        return ended.wait()


def _key(llm: Llm) -> Key:
    return llm.hugging_face_repo_id, llm.hugging_face_quantization, llm.hugging_face_file_name


def _command(llm: Llm) -> list[str]:
    # -P: the current directory is no place to import from. /dev/null: its settings are all on this command line.
    command = [sys.executable, "-P", "-m", "ocrwatchd", "models", "pull", "--config", "/dev/null", "--json"]
    command += ["--parent", str(os.getpid()), "--quantization", llm.hugging_face_quantization]
    command += ["--file", llm.hugging_face_file_name] if llm.hugging_face_file_name else []
    # A model that nobody has asked for by name must fit.
    command += ["--if-fits"] if llm.model == "auto" else []
    return [*command, llm.hugging_face_repo_id]
