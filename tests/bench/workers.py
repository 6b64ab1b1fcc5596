"""Ways to do the same work, each in a process of its own: what one sets for its libraries does not reach another."""

from __future__ import annotations

import contextlib
import multiprocessing
import time
import traceback
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection

    Way = Callable[[], "contextlib.AbstractContextManager[Callable[[Any], Any]]"]

DEAF_S = 300.0
"""So long one piece of work may take."""


class Worker:
    """A process that does one kind of work, one piece after the other; at rest it takes no processor."""

    def __init__(self, way: Way) -> None:
        fresh = multiprocessing.get_context("spawn")
        self._end, theirs = fresh.Pipe()
        self._process = fresh.Process(target=_work, args=(way, theirs), daemon=True)
        self._process.start()
        theirs.close()
        try:
            self._answer()  # it is set up
        except BaseException:
            self.stop()
            raise

    def do(self, task: Any) -> tuple[float, Any]:
        """Do one piece of work; how long it took there, s, and what came of it."""
        self._end.send(task)
        return self._answer()

    def stop(self) -> None:
        """End the process."""
        self._end.close()
        self._process.join(10)
        self._process.kill()
        self._process.join()
        self._process.close()

    def _answer(self) -> tuple[float, Any]:
        if not self._end.poll(DEAF_S):
            raise TimeoutError(f"no answer within {DEAF_S:g} s")
        answer = self._end.recv()
        if isinstance(answer, str):
            raise RuntimeError(answer)  # noqa: TRY004 - it is its trace
        return answer


@contextlib.contextmanager
def working(*ways: Way) -> Iterator[list[Worker]]:
    """A worker for each way, ended afterwards."""
    with contextlib.ExitStack() as stack:
        workers = []
        for way in ways:
            workers.append(Worker(way))
            stack.callback(workers[-1].stop)
        yield workers


def _work(way: Way, end: Connection) -> None:
    try:
        with way() as do:
            end.send((0.0, None))
            while True:
                task = end.recv()
                began = time.perf_counter()
                made = do(task)
                end.send((time.perf_counter() - began, made))
    except EOFError:
        return
    except Exception:  # noqa: BLE001 - the boundary of the process: told to who waits
        end.send(traceback.format_exc())
