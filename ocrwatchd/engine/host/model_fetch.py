"""Download missing models in the background, in a process of its own: ``ocrwatchd models pull``.

The supervisor imports nothing of the hub. Downloads run one at a time. A failed download is tried again after growing
pauses and resumes.
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
from collections.abc import Callable
from typing import Final, TypeAlias

import structlog

from ocrwatchd.core.backoff import Backoff
from ocrwatchd.core.config.profile import Llm
from ocrwatchd.core.config.schema import Config
from ocrwatchd.core.i18n import NOTHING, Message, joined, say, verbatim
from ocrwatchd.core.jsonlines import Lines, ProtocolError
from ocrwatchd.llm import models

Key: TypeAlias = tuple[str, str, str]

BACKOFF = Backoff(first_s=60.0, cap_s=3600.0)
"""Between two tries to download."""

READ_BYTES = 1 << 16
MAX_LINE_BYTES = 1 << 16
LAST_BREATH_S = 5.0
"""How long a download may run after it has closed its output, seconds."""

log = structlog.get_logger()


class Fetch:
    """The missing models of all profiles. Only the main thread uses this class; no call blocks.

    Args:
        selector: of the supervisor, which calls ``data()`` of a ready key.
        arrived: called after each completed download.
        clock: monotonic, seconds.
    """

    def __init__(
        self,
        config: Config,
        selector: selectors.BaseSelector,
        arrived: Callable[[], None],
        *,
        clock: Callable[[], float] = time.monotonic,
        backoff: Backoff = BACKOFF,
    ) -> None:
        self._wanted: dict[Key, Llm] = {}
        for llm in (work.llm for work in config.works().values()):
            # "huggingface" takes precedence over "auto": jobs wait for the model.
            if models.fetchable(llm) and (_key(llm) not in self._wanted or llm.model == "huggingface"):
                self._wanted[_key(llm)] = llm
        self._selector: Final = selector
        self._arrived: Final = arrived
        self._clock: Final = clock
        self._backoff: Final = backoff
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
        if not self._now:
            return NOTHING
        model = models.wanted(self._wanted[self._now])
        if self._share is None:
            return say("fetching {model}", model=model)
        return say("fetching {model}: {percent} %", model=model, percent=self._share)

    @property
    def trouble(self) -> Message:
        """Why models could not be downloaded, or nothing."""
        return joined(say("model not fetched: {reason}", reason=reason) for reason in self._failed.values())

    def fetches(self, llm: Llm) -> bool:
        """Download a model that these settings need and that is missing; True while jobs must wait for it."""
        known = self._wanted.get(_key(llm))
        if (known is None or known.model != llm.model == "huggingface") and models.fetchable(llm):
            self._wanted = {_key(llm): llm} | {key: each for key, each in self._wanted.items() if key != _key(llm)}
            if self._process is None:
                self._due = self._clock()
        return self.lacks(llm)

    def lacks(self, llm: Llm) -> bool:
        """True while a required model is missing and no download has failed yet."""
        return llm.model == "huggingface" and _key(llm) in self._wanted and _key(llm) not in self._failed

    def start(self) -> None:
        now = self._clock()
        self._due = now if self._wanted else None
        self.tick(now)

    def tick(self, now: float) -> None:
        if self._process is None and self._due is not None and now >= self._due:
            self._due = None
            self._try_next()

    def next_due(self) -> float | None:
        return self._due

    def stop(self) -> None:
        """End a download; the downloaded part is kept."""
        self._due = None
        self._end()

    def _try_next(self) -> None:
        untried = [key for key in self._wanted if key not in self._failed]
        key = (untried or [*self._failed])[0]
        llm = self._wanted[key]
        if not models.fetchable(llm):
            self._take(key)  # another process has downloaded it meanwhile
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
        # A failed model moves to the end of the queue.
        self._failed.pop(key, None)
        self._failed[key] = reason
        if len(self._failed) < len(self._wanted):
            pause = 0.0
        else:
            self._tries += 1
            pause = self._backoff.pause_s(self._tries)
        self._due = self._clock() + pause
        next_s = round(pause, 1)
        log.warning("model.not_fetched", model=models.wanted(self._wanted[key]), reason=reason, next_try_s=next_s)

    def _end(self, grace_s: float = 0.0) -> int | None:
        """Reap the download, killed after ``grace_s`` seconds; return its exit status."""
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
    # -P: import nothing from the current directory. /dev/null: this command line has all settings.
    command = [sys.executable, "-P", "-m", "ocrwatchd", "models", "pull", "--config", "/dev/null", "--json"]
    command += ["--parent", str(os.getpid()), "--quantization", llm.hugging_face_quantization]
    command += ["--file", llm.hugging_face_file_name] if llm.hugging_face_file_name else []
    # A model that is not requested by name must fit into memory.
    command += ["--if-fits"] if llm.model == "auto" else []
    return [*command, llm.hugging_face_repo_id]
