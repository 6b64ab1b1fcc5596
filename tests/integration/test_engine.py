"""The host with real engine processes: every way in which one may end."""

import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import pytest

from ocrwatchd.core.attempt import Ending, Outcome, Progress
from ocrwatchd.core.config.loader import parse
from ocrwatchd.core.jsonlines import ProtocolError
from ocrwatchd.core.model import Job
from ocrwatchd.engine.host import engine_host
from ocrwatchd.engine.host.engine_host import EngineHost
from ocrwatchd.engine.protocol import Ended, PutBack
from tests.fakes.engine import write_scan
from tests.paths import CHECKOUT

PATIENCE_S = 60.0
FAKE = "tests.fakes.engine"


class Supervisor:
    """As much of the daemon's loop as a host needs."""

    def __init__(self, folder, settings=None, module=FAKE, kind=EngineHost, **options):
        self.folder = folder
        # What the fake reads is no text: the engine would load the lists of words for it.
        self.config = parse({"llm": {"model": "off"}, "correct": {"words": False}} | (settings or {}))
        self.clock = options.get("clock", time.monotonic)
        self.selector = selectors.DefaultSelector()
        self.heard = []
        self.host = kind(self.config, self.selector, self.heard.append, module=module, jobs=folder, **options)
        self.jobs = 0

    def turn(self):
        """Once around the loop."""
        for key, _ in self.selector.select(0.02):
            key.data()
        self.host.tick(self.clock())

    def until(self, condition):
        """Go round until something is true."""
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline, f"in vain: {self.host.status}"
            self.turn()

    def ready(self):
        """Go round until the engine is ready for a job."""
        self.until(lambda: self.host.idle)
        return self

    def job(self, *scenes):
        """A claimed scan with one page a scene."""
        self.jobs += 1
        job = Job(f"job-{self.jobs}", self.folder / f"job-{self.jobs}", Path("scan.tif"), self.config.work())
        job.source.parent.mkdir(parents=True)
        write_scan(job.source, *scenes)
        return job

    def give(self, *scenes):
        """Hand over a job."""
        job = self.job(*scenes)
        self.ready()
        self.heard.clear()
        self.host.give(job)
        return job

    def outcome(self, *scenes):
        """Hand over a job and hear what became of it."""
        if scenes:
            self.give(*scenes)
        self.until(lambda: any(isinstance(told, Outcome) for told in self.heard))
        return next(told for told in self.heard if isinstance(told, Outcome))


@pytest.fixture
def supervise(tmp_path, monkeypatch):
    """Make supervisors that leave nothing behind: no process, no descriptor, no folder."""
    scratch = tmp_path / "tmp"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    monkeypatch.syspath_prepend(str(CHECKOUT))
    made = []
    descriptors = len(list(Path("/proc/self/fd").iterdir()))

    def make(settings=None, **options):
        supervisor = Supervisor(tmp_path, settings, **options)
        made.append(supervisor)
        supervisor.host.start()
        return supervisor

    yield make
    for supervisor in made:
        supervisor.host.stop()
        supervisor.selector.close()
    assert len(list(Path("/proc/self/fd").iterdir())) == descriptors
    assert list(scratch.iterdir()) == []
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def gone(pid):
    """True once a process has ended; one that nobody has reaped yet has."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


@pytest.mark.slow
def test_jobs_are_done_one_after_the_other_by_one_process(supervise):
    """Loaded once; progress page by page; the set lies in the job's folder."""
    supervisor = supervise().ready()
    pid = supervisor.host.pid
    for _ in range(3):
        job = supervisor.give("fine", "fine")
        told = supervisor.outcome()
        assert (told.ending, told.job, told.figures.pages) == (Ending.DONE, job, 2)
        heard = [(p.page, p.pages, p.done) for p in supervisor.heard if isinstance(p, Progress)]
        assert heard == [(1, 2, False), (1, 2, True), (2, 2, False), (2, 2, True)]
        assert (job.out / "document.txt").read_text().startswith("a line of page 1")
    assert supervisor.host.pid == pid
    assert supervisor.host.status.rss_mb > 10


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scene", "reason"),
    [
        ("segfault", "SIGSEGV, a fault in native code"),
        ("abort", "SIGABRT, a fault in native code"),
        ("kill", "ran out of memory"),
        ("exit", "exit status 7"),
        ("garbage", "answered what no engine answers"),
        ("flood", "answered what no engine answers"),
    ],
)
def test_a_death_counts_and_the_next_job_goes_on(supervise, scene, reason):
    """The engine is replaced at once, and finished pages are kept."""
    supervisor = supervise()
    job = supervisor.give("fine", scene)
    told = supervisor.outcome()
    assert told.ending is Ending.DIED
    assert reason in str(told.reason)
    assert not supervisor.host.resting
    assert (job.folder / "pages" / "0001.json").exists()
    assert supervisor.outcome("fine").ending is Ending.DONE


@pytest.mark.slow
def test_a_page_that_takes_too_long_is_ended(supervise):
    """Even where the engine holds the GIL for ever; what it has started goes with it."""
    supervisor = supervise({"ocr": {"page_deadline_s": 1.0}})
    told = supervisor.outcome("fine", "hang")
    assert told.ending is Ending.DIED
    assert str(told.reason) == "the engine took longer than 1 s to read a page"
    supervisor.give("offspring")
    scratch = Path(f"/proc/{supervisor.host.pid}/cwd").readlink()
    supervisor.until(lambda: (scratch / "pid").exists() and (scratch / "pid").read_text())
    offspring = int((scratch / "pid").read_text())
    assert supervisor.outcome().ending is Ending.DIED
    supervisor.until(lambda: gone(offspring))
    assert supervisor.outcome("slow").ending is Ending.DONE


@pytest.mark.slow
@pytest.mark.parametrize("scene", ["segfault", "starve"])
def test_a_page_over_which_it_died_twice_is_left_out(supervise, scene):
    """The host notes each death; the third attempt goes on behind that page."""
    supervisor = supervise()
    job = supervisor.give("fine", scene, "fine", "fine")
    for _ in range(2):
        told = supervisor.outcome()
        assert (told.ending, told.figures.pages) == (Ending.DIED, 4)
        if scene == "starve":
            assert "more memory than there is" in str(told.reason)
        supervisor.ready()
        supervisor.heard.clear()
        supervisor.host.give(job)
    told = supervisor.outcome()
    assert told.ending is Ending.DONE
    assert (told.figures.unreadable, told.figures.complete) == (1, False)


@pytest.mark.slow
@pytest.mark.parametrize("how", ["stop", "finish"])
def test_a_page_in_work_at_a_stop_is_not_noted(supervise, how):
    """Stopping is nobody's fault, even where the engine dies of it."""
    supervisor = supervise()
    job = supervisor.give("hang", "fine")
    supervisor.until(lambda: any(isinstance(told, Progress) for told in supervisor.heard))
    if how == "finish":
        supervisor.host.finish()
        os.kill(supervisor.host.pid, signal.SIGKILL)
        supervisor.outcome()
    supervisor.host.stop()
    assert not (job.folder / "deaths").exists()


@pytest.mark.slow
def test_what_is_not_the_scans_fault_is_returned(supervise):
    """A full disk and a missing resource count nobody's attempt; the engine stays."""
    supervisor = supervise().ready()
    pid = supervisor.host.pid
    told = supervisor.outcome("fine", "disk")
    assert told.ending is Ending.RETURNED
    assert str(told.reason).startswith("the disk failed: No space left on device: make room there")
    told = supervisor.outcome("unavailable")
    assert (told.ending, str(told.reason)) == (Ending.RETURNED, "a resource is missing; fetch it")
    assert str(supervisor.host.unavailable) == str(told.reason)
    assert supervisor.outcome("fine").ending is Ending.DONE
    assert str(supervisor.host.unavailable) == ""
    assert supervisor.host.pid == pid


@pytest.mark.slow
def test_an_unreadable_scan_is_told(supervise):
    """It is the scan's fault, with its reason."""
    told = supervise().outcome("unreadable")
    assert (told.ending, str(told.reason)) == (Ending.UNREADABLE, "too blurred; scan it again")


@pytest.mark.slow
def test_an_engine_that_outgrows_its_budget_is_replaced_between_jobs(supervise):
    """Growth counts from the first page after loading; a job is never interrupted for it."""
    supervisor = supervise({"ocr": {"memory_mb": 64}})
    assert supervisor.outcome("fine").ending is Ending.DONE
    pid = supervisor.host.pid
    told = supervisor.outcome("fine", "leak", "fine")
    assert (told.ending, told.figures.pages) == (Ending.DONE, 3)
    supervisor.ready()
    assert supervisor.host.pid != pid
    assert gone(pid)


@pytest.mark.slow
def test_an_engine_that_takes_memory_without_end_is_ended_over_the_page(supervise):
    """Long before the page's deadline or the kernel would; that page counts an attempt, the next scan goes on."""
    supervisor = supervise({"ocr": {"memory_mb": 64}})
    job = supervisor.give("fine", "glut")
    told = supervisor.outcome()
    assert told.ending is Ending.DIED
    assert str(told.reason).startswith("the engine took more than 192 MiB of memory; lower ocr.max_pixels")
    assert [path.name for path in (job.folder / "deaths").iterdir()] == ["0002-page.times"]
    assert supervisor.outcome("fine").ending is Ending.DONE


@pytest.mark.slow
def test_an_engine_is_renewed_between_two_jobs(supervise):
    """Not over the job in work, once, and without a pause."""
    supervisor = supervise().ready()
    pid = supervisor.host.pid
    supervisor.give("fine", "slow", "fine")
    supervisor.host.renew()
    told = supervisor.outcome()
    assert (told.ending, told.figures.pages) == (Ending.DONE, 3)
    supervisor.until(lambda: supervisor.host.pid != pid)
    renewed = supervisor.ready().host.pid
    assert gone(pid)
    assert supervisor.outcome("fine").ending is Ending.DONE
    supervisor.turn()
    assert supervisor.host.pid == renewed


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "state"), [("unavailable", "no engine here; install one"), ("die", "SIGABRT"), ("hang", "took longer")]
)
def test_an_engine_that_does_not_load_is_tried_again_after_growing_pauses(supervise, monkeypatch, how, state):
    """It is never idle, its state says why and when it is tried again, and no job is blamed."""
    monkeypatch.setattr(engine_host, "BACKOFF", replace(engine_host.BACKOFF, jitter=0.0))
    now = [0.0]
    supervisor = supervise({"ocr": {"resources_dir": f"/{how}"}}, clock=lambda: now[0], load_deadline_s=100)
    host = supervisor.host
    for attempt, pause in enumerate((1, 2, 4), 1):
        if how == "hang":
            now[0] += 101
        supervisor.until(lambda: host.pid is None)
        assert host.status.starts == attempt
        assert state in str(host.status.message)
        assert host.next_due() == now[0] + pause
        assert str(host.status.message).endswith(f"next try in {pause} s")
        assert not host.idle
        now[0] += pause
        host.tick(now[0])
        assert host.status.state == "loading"
    assert str(host.unavailable) == (state if how == "unavailable" else "")
    assert supervisor.heard == []


@pytest.mark.slow
def test_finish_completes_the_page_in_work(supervise):
    """The job comes back with that page kept, the engine ends by itself, and no other is started."""
    supervisor = supervise()
    job = supervisor.give("fine", "pause", "fine")
    host = supervisor.host
    supervisor.until(lambda: any(isinstance(told, Progress) and told.page == 2 for told in supervisor.heard))
    host.finish()
    supervisor.turn()
    assert (host.status.state, host.pid is None) == ("finishing", False)
    Path(f"/proc/{host.pid}/cwd/go-on").touch()
    told = supervisor.outcome()
    assert (told.ending, str(told.reason)) == (Ending.RETURNED, "ocrwatchd is stopping")
    assert sorted(path.name for path in (job.folder / "pages").iterdir()) == ["0001.json", "0002.json"]
    supervisor.until(lambda: host.pid is None)
    assert (str(host.status.message), host.next_due()) == ("down: stopped", None)


@pytest.mark.slow
def test_a_job_is_put_back_after_the_page_in_work(supervise):
    """The same engine reads another one, then goes on at the next page; no page is read twice, no death noted."""
    supervisor = supervise()
    book = supervisor.give("fine", "pause", "fine", "fine")
    host, pid = supervisor.host, supervisor.host.pid
    supervisor.until(lambda: any(isinstance(told, Progress) and told.page == 2 for told in supervisor.heard))
    host.put_back()
    Path(f"/proc/{pid}/cwd/go-on").touch()
    told = supervisor.outcome()
    assert (told.job, told.ending, host.idle) == (book, Ending.PUT_BACK, True)
    assert supervisor.outcome("fine").ending is Ending.DONE
    supervisor.heard.clear()
    host.give(book)
    told = supervisor.outcome()
    assert (told.ending, told.figures.pages, host.pid) == (Ending.DONE, 4, pid)
    assert [heard.page for heard in supervisor.heard if isinstance(heard, Progress) and heard.done] == [3, 4]
    assert not (book.folder / "deaths").exists()


@pytest.mark.slow
def test_a_job_that_ended_before_it_was_asked_back_has_ended(supervise):
    """What comes too late is meant for no other job, and the engine stays; nobody else may put a job back."""
    supervisor = supervise()
    supervisor.give("pause")
    host, pid = supervisor.host, supervisor.host.pid
    supervisor.until(lambda: any(isinstance(told, Progress) for told in supervisor.heard))
    host.put_back()
    Path(f"/proc/{pid}/cwd/go-on").touch()
    assert supervisor.outcome().ending is Ending.DONE
    host._child.send(PutBack())
    told = supervisor.outcome("fine", "fine", "fine")
    assert (told.ending, told.figures.pages, host.pid) == (Ending.DONE, 3, pid)
    job = supervisor.give("pause")
    with pytest.raises(ProtocolError):
        host._take(Ended(job=job.id, ending="put-back"))


@pytest.mark.slow
def test_a_stop_goes_before_putting_back(supervise):
    """Asked for both, the engine ends, and the job is returned."""
    supervisor = supervise()
    supervisor.give("fine", "pause", "fine")
    host, pid = supervisor.host, supervisor.host.pid
    supervisor.until(lambda: any(isinstance(told, Progress) and told.page == 2 for told in supervisor.heard))
    host.put_back()
    host.finish()
    Path(f"/proc/{pid}/cwd/go-on").touch()
    told = supervisor.outcome()
    assert (told.ending, str(told.reason)) == (Ending.RETURNED, "ocrwatchd is stopping")
    supervisor.until(lambda: host.pid is None)


@pytest.mark.slow
def test_finish_ends_an_idle_engine(supervise):
    """Nothing is in work, so nothing is waited for."""
    supervisor = supervise().ready()
    supervisor.host.finish()
    supervisor.until(lambda: supervisor.host.pid is None)
    assert supervisor.heard == []


@pytest.mark.slow
@pytest.mark.parametrize("grace_s", [0.0, 0.2])
def test_stop_ends_a_hanging_engine_and_returns_its_job(supervise, grace_s):
    """Stopping counts nobody's attempt."""
    supervisor = supervise()
    supervisor.give("hang")
    supervisor.until(lambda: any(isinstance(told, Progress) for told in supervisor.heard))
    pid = supervisor.host.pid
    supervisor.host.stop(grace_s)
    assert supervisor.outcome().ending is Ending.RETURNED
    assert gone(pid)


@pytest.mark.slow
def test_stop_with_grace_hears_what_the_engine_still_says(supervise):
    """A job that is done within the grace is done."""
    supervisor = supervise()
    supervisor.give("slow")
    supervisor.until(lambda: any(isinstance(told, Progress) for told in supervisor.heard))
    supervisor.host.stop(PATIENCE_S)
    assert supervisor.outcome().ending is Ending.DONE


@pytest.mark.slow
def test_sigterm_to_the_engine_puts_the_job_back(supervise):
    """As when systemd ends the whole service; Ctrl-C is the supervisor's business alone."""
    supervisor = supervise()
    supervisor.give("pause", "fine")
    host = supervisor.host
    supervisor.until(lambda: any(isinstance(told, Progress) for told in supervisor.heard))
    os.kill(host.pid, signal.SIGINT)
    os.kill(host.pid, signal.SIGTERM)
    Path(f"/proc/{host.pid}/cwd/go-on").touch()
    assert supervisor.outcome().ending is Ending.RETURNED


@pytest.mark.slow
def test_the_engine_keeps_to_itself(supervise):
    """Own session, own folder, first to go when memory runs out, no core dumps; litter goes with it."""
    supervisor = supervise()
    assert supervisor.outcome("litter").ending is Ending.DONE
    process = Path(f"/proc/{supervisor.host.pid}")
    assert os.getsid(supervisor.host.pid) == supervisor.host.pid
    assert int((process / "oom_score_adj").read_text()) >= 500
    core = next(line for line in (process / "limits").read_text().splitlines() if "core file size" in line)
    assert core.split()[4:6] == ["0", "0"]
    assert (process / "cwd" / "litter.log").exists()
    # The other ends of its descriptors: no listening socket, no file of the supervisor's.
    kinds = [str(path.readlink()) for path in (process / "fd").iterdir()]
    assert sum(kind.startswith("socket:") for kind in kinds) == 1


PARENT = """
import selectors, sys, time
from dataclasses import replace
from pathlib import Path
from ocrwatchd.core import log
from ocrwatchd.core.config.loader import parse
from ocrwatchd.engine.host import engine_host
from ocrwatchd.engine.host.engine_host import EngineHost
from ocrwatchd.core.model import Job
from tests.fakes.engine import write_scan
config = parse({"llm": {"model": "off"}})
log.configure(config.log)
selector = selectors.DefaultSelector()
def hear(told):
    print(host.pid, flush=True)
host = EngineHost(config, selector, hear, module="tests.fakes.engine", jobs=Path(sys.argv[1]).parent)
host.start()
job = Job("j", Path(sys.argv[1]), Path("scan.tif"), config.work())
job.source.parent.mkdir(parents=True)
write_scan(job.source, "hang")
while True:
    for key, _ in selector.select(0.02):
        key.data()
    host.tick(time.monotonic())
    if host.idle:
        host.give(job)
"""


@pytest.mark.slow
def test_the_engine_dies_with_its_parent(supervise, tmp_path):
    """A killed supervisor takes even a hanging engine along; the engine's folder goes at the next start."""
    environment = os.environ | {"PYTHONPATH": str(CHECKOUT), "TMPDIR": tempfile.gettempdir()}
    command = [sys.executable, "-c", PARENT, str(tmp_path / "work")]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as parent:
        engine = int(parent.stdout.readline())
        assert not gone(engine)
        parent.kill()
    deadline = time.monotonic() + PATIENCE_S
    while not gone(engine):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert list(Path(tempfile.gettempdir()).iterdir()) != []
    assert supervise().outcome("fine").ending is Ending.DONE


@pytest.mark.slow
def test_a_real_engine_reads_a_real_scan(supervise, tmp_path):
    """RapidOCR, through everything that a scan passes here."""
    supervisor = supervise({"ocr": {"engine": "rapidocr"}}, module="ocrwatchd.engine.process.main").ready()
    job = supervisor.job("fine")
    job.source.write_bytes((CHECKOUT / "tests" / "data" / "phototest.tif").read_bytes())
    supervisor.host.give(job)
    told = supervisor.outcome()
    assert (told.ending, str(told.reason)) == (Ending.DONE, "")
    text = " ".join((job.out / "document.txt").read_text().split())
    assert text.startswith("This is a lot of 12 point text")
    assert "The quick brown dog jumped over the lazy fox." in text
