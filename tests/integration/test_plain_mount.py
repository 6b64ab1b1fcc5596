"""A mount that knows neither RENAME_NOREPLACE nor links: a name is taken by an empty file, and the daemon is killed."""

import os
import signal
import subprocess
import sys

import pytest

from ocrwatchd.core.config.schema import Folders
from tests.lying import lying
from tests.programs import needs

SHIM = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
static int calls;
int renameat2(int a, const char *b, int c, const char *d, unsigned e) { errno = EINVAL; return -1; }
int linkat(int a, const char *b, int c, const char *d, int e) { errno = EPERM; return -1; }
int link(const char *a, const char *b) { errno = EPERM; return -1; }
static void count(void) {
    const char *at = getenv("KILL_AT");
    if (at && ++calls == atoi(at)) raise(SIGKILL);
}
int renameat(int a, const char *b, int c, const char *d) {
    int (*real)(int, const char *, int, const char *) = dlsym(RTLD_NEXT, "renameat");
    count();
    return real(a, b, c, d);
}
int rename(const char *a, const char *b) {
    int (*real)(const char *, const char *) = dlsym(RTLD_NEXT, "rename");
    count();
    return real(a, b);
}
"""

DELIVER = """
import sys
from pathlib import Path
from ocrwatchd.core.config.schema import Config, Folders
from ocrwatchd.core.i18n import Message
from ocrwatchd.storage.ledger import Ledger
from ocrwatchd.storage.outbox import Outbox
from ocrwatchd.storage.work_folder import WorkFolder
goal, base = sys.argv[1], Path(sys.argv[2])
config = Config(folders=Folders(root=str(base / "root")))
with Ledger(base / "ledger.sqlite3") as ledger:
    boxes = Outbox(config.folders, ledger)
    boxes.prepare()
    work = WorkFolder(config)
    work.open()
    job = next(work.left())
    if ledger.entry(job.id) is None:
        ledger.claimed(job.id, job.relative)
    entry = ledger.entry(job.id)
    if entry.state == "delivering":
        boxes.resume(type(job)(job.id, job.folder, entry.relative, job.work), entry)
    elif goal == "outbox":
        boxes.deliver(job)
    else:
        boxes.set_aside(job, Message("the upload broke off"))
"""


@pytest.fixture(scope="module")
def shim(tmp_path_factory):
    """The library that takes both calls away, and kills at the N-th plain rename."""
    (compiler,) = needs("cc")
    folder = tmp_path_factory.mktemp("shim")
    (folder / "shim.c").write_text(SHIM, encoding="ascii")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", folder / "shim.so", folder / "shim.c", "-ldl"], check=True)
    return folder / "shim.so"


def deliver(goal, base, shim, kill_at=0):
    """Deliver the job, or go on with that; the exit status."""
    environment = os.environ | {"LD_PRELOAD": str(shim)} | ({"KILL_AT": str(kill_at)} if kill_at else {})
    return subprocess.run(
        [sys.executable, "-c", DELIVER, goal, base], env=environment, stdout=subprocess.DEVNULL, timeout=60, check=False
    ).returncode


@pytest.mark.slow
@pytest.mark.parametrize("goal", ["outbox", "failed"])
def test_a_killed_delivery_leaves_no_empty_file_and_keeps_its_name(tmp_path, shim, goal):
    """At whichever rename: the next start completes the set under its own name."""
    expected = {
        "outbox": {"outbox": ["scan.json", "scan.txt"], "archive": ["scan.pdf"], "failed": []},
        "failed": {"outbox": [], "archive": [], "failed": ["scan.pdf", "scan.reason.txt"]},
    }[goal]
    for number in range(1, 30):
        base = tmp_path / str(number)
        folders = Folders(root=str(base / "root"))
        job = folders.work_path / "20260101-000000-000000-abcdef"
        for folder in ("scan", "out"):
            (job / folder).mkdir(parents=True)
        (job / "scan" / "scan.pdf").write_bytes(b"original")
        for suffix in (".txt", ".json"):
            (job / "out" / f"document{suffix}").write_text("made")
        killed = deliver(goal, base, shim, number)
        if killed:
            assert killed == -signal.SIGKILL
            assert deliver(goal, base, shim) == 0
        found = {name: lying(folders.path(name)) for name in expected}
        assert found == expected, number
        held = [path for name in expected for path in folders.path(name).rglob("*") if path.is_file()]
        assert all(path.stat().st_size for path in held), number
        if not killed:
            assert number > 3
            return
    pytest.fail("no run went through")
