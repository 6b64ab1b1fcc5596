"""The engine that fails on purpose under strace, which makes a system call fail or fatal: once, then plainly.

``OCRWATCHD_TEST_TRACE`` is ``FILE EXPRESSION``: strace's ``-e`` expression, and a file that is made by the first engine
and tells the next ones to run without strace.
"""

import os
import sys

if __name__ == "__main__":
    once, expression = os.environ["OCRWATCHD_TEST_TRACE"].split(" ", 1)
    engine = [sys.executable, "-P", "-m", "tests.fakes.engine", *sys.argv[1:]]
    try:
        os.close(os.open(once, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        os.execv(engine[0], engine)  # noqa: S606
    # -D: the engine stays the host's own child.
    os.execvp("strace", ["strace", "-D", "-o", f"{once}.trace", "-e", expression, *engine])  # noqa: S606
