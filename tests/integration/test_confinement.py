"""A taken-over engine: it gets at its jobs, and at nothing else of the user, of the daemon or of a network."""

import json
import os
import shutil
import socket
import subprocess
import sys

import pytest

from ocrwatchd.core import landlock, seccomp
from ocrwatchd.core.attempt import Ending
from tests.integration.test_engine import Supervisor
from tests.paths import CHECKOUT, DATA
from tests.programs import lacks

pytestmark = pytest.mark.slow

INTRUDER = "tests.fakes.intruder"
SIGNALS_SINCE = 6

ATTACK = """
import ctypes, errno, json, os, socket, subprocess, tempfile, threading
from pathlib import Path

OUT, JOBS = Path({outside!r}), Path({jobs!r})
SECRET, SUPERVISOR, PORT = OUT / "secret.txt", {supervisor}, {port}

def call(number, *arguments):
    if ctypes.CDLL(None, use_errno=True).syscall(ctypes.c_long(number), *arguments) < 0:
        raise OSError(ctypes.get_errno(), "refused")

def in_a_thread():
    came = []
    thread = threading.Thread(target=lambda: came.append(tried(SECRET.read_bytes)))
    thread.start()
    thread.join()
    if came != ["done"]:
        raise OSError(getattr(errno, came[0]), "refused")

def in_a_child():
    subprocess.run(["cat", SECRET], check=True, capture_output=True)

def rename_within():
    (JOBS / "a").mkdir()
    (JOBS / "a" / "x").write_text("x")
    os.truncate(JOBS / "a" / "x", 0)
    os.link(JOBS / "a" / "x", JOBS / "a" / "y")
    (JOBS / "a" / "y").rename(JOBS / "z")
    (JOBS / "z").unlink()
    (JOBS / "a" / "x").unlink()
    (JOBS / "a").rmdir()

def overwrite():
    with SECRET.open("r+b") as file:
        file.write(b"planted")

ATTEMPTS = {{
    "read": SECRET.read_bytes,
    "list": lambda: os.listdir(OUT),
    "write": lambda: (OUT / "planted").write_bytes(b""),
    "overwrite": overwrite,
    "truncate": lambda: os.truncate(SECRET, 0),
    "remove": SECRET.unlink,
    "link": lambda: os.link(SECRET, JOBS / "linked"),
    "carry off": lambda: SECRET.rename(JOBS / "carried-off"),
    "make a folder": (OUT / "folder").mkdir,
    "in a thread": in_a_thread,
    "in a child": in_a_child,
    "by a link": lambda: (JOBS / "leads-out").read_bytes(),
    "passwords": Path("/etc/shadow").read_bytes,
    "home": lambda: os.listdir(Path.home()),
    "plant code": lambda: Path({package!r}, "planted.py").write_text(""),
    "the supervisor's environment": Path(f"/proc/{{SUPERVISOR}}/environ").read_bytes,
    "the supervisor's memory": lambda: open(f"/proc/{{SUPERVISOR}}/mem", "rb").close(),
    "the supervisor's files": lambda: os.listdir(f"/proc/{{SUPERVISOR}}/root"),
    "signal the supervisor": lambda: os.kill(SUPERVISOR, 0),
    "connect": lambda: socket.create_connection(("127.0.0.1", PORT), timeout=10).close(),
    "datagrams": lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).close(),
    "netlink": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close(),
    "packets": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close(),
    "io_uring": lambda: call(425, 4, ctypes.create_string_buffer(120)),
    "of its own": rename_within,
    "a temporary file": lambda: tempfile.TemporaryFile().close(),
    "a local socket": lambda: socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).close(),
    "a program": lambda: subprocess.run([__import__("sys").executable, "-c", "pass"], check=True),
}}

def tried(attempt):
    try:
        attempt()
    except OSError as error:
        return errno.errorcode[error.errno]
    except subprocess.CalledProcessError:
        return "EACCES"
    return "done"

(JOBS / "came-of-it.json").write_text(json.dumps({{name: tried(attempt) for name, attempt in ATTEMPTS.items()}}))
"""

OWN = {"of its own", "a temporary file", "a local socket", "a program"}
SOCKETS = {"connect", "datagrams", "netlink", "packets"}


@pytest.fixture
def supervise(tmp_path, monkeypatch):
    """Make supervisors of engines that are taken over; they end with the test."""
    if not landlock.abi():
        lacks("this kernel has no Landlock, or does not allow its system calls here")
    monkeypatch.syspath_prepend(str(CHECKOUT))
    for name in ("cache", "state", "jobs", "outside"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("CACHE_DIRECTORY", str(tmp_path / "cache"))
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    monkeypatch.setenv("OCRWATCHD_TEST_ATTACK", str(tmp_path / "jobs" / "attack.py"))
    made = []

    def make(attack="", settings=None, module=INTRUDER):
        (tmp_path / "jobs" / "attack.py").write_text(attack, encoding="utf-8")
        made.append(Supervisor(tmp_path / "jobs", settings, module=module))
        made[-1].host.start()
        return made[-1]

    yield make
    for supervisor in made:
        supervisor.host.stop()
        supervisor.selector.close()


@pytest.fixture
def attacked(supervise, tmp_path):
    """What comes of each attempt of an engine with some settings."""
    (tmp_path / "outside" / "secret.txt").write_text("secret", encoding="utf-8")
    (tmp_path / "jobs" / "leads-out").symlink_to(tmp_path / "outside" / "secret.txt")

    def attack(settings=None):
        with socket.create_server(("127.0.0.1", 0)) as server:
            supervisor = supervise(
                ATTACK.format(
                    outside=str(tmp_path / "outside"),
                    jobs=str(tmp_path / "jobs"),
                    package=str(CHECKOUT / "ocrwatchd"),
                    supervisor=os.getpid(),
                    port=server.getsockname()[1],
                ),
                settings,
            )
            assert supervisor.outcome("fine").ending is Ending.DONE
        assert [path.name for path in (tmp_path / "outside").iterdir()] == ["secret.txt"]
        assert (tmp_path / "outside" / "secret.txt").read_text(encoding="utf-8") == "secret"
        return json.loads((tmp_path / "jobs" / "came-of-it.json").read_text(encoding="utf-8"))

    return attack


def test_a_taken_over_engine_gets_at_its_jobs_and_at_nothing_else(attacked):
    """Files of the same user, the supervisor and networks are out of reach; what its work needs is not."""
    came = attacked()
    if landlock.abi() < SIGNALS_SINCE:
        assert came.pop("signal the supervisor") == "done"
    refused = {"EACCES", "EPERM", "EXDEV"}
    assert {name for name, what in came.items() if what == "done"} == OWN
    assert {name: came[name] for name in SOCKETS} == dict.fromkeys(SOCKETS, "EAFNOSUPPORT")
    assert came["io_uring"] == "ENOSYS"
    assert {what for name, what in came.items() if name not in {*OWN, *SOCKETS, "io_uring"}} <= refused


def test_where_aspose_may_download_only_the_network_is_open(attacked):
    """It may be reached then; files are refused as ever."""
    came = attacked({"ocr": {"engine": "aspose", "allow_downloads": True}})
    assert (came["connect"], came["datagrams"]) == ("done", "done")
    assert {came[name] for name in ("read", "overwrite", "passwords", "plant code")} == {"EACCES"}


def test_a_job_that_needs_more_gets_another_engine(supervise, tmp_path):
    """A file that was replaced since is another one for the kernel: the scan waits for an engine that may read it."""
    model = tmp_path / "fake.gguf"
    model.write_bytes(b"GGUF")
    supervisor = supervise(f"open({str(model)!r}).close()", {"llm": {"model": str(model)}})
    assert supervisor.outcome("fine").ending is Ending.DONE
    first = supervisor.host.pid
    assert supervisor.outcome("fine").ending is Ending.DONE
    assert supervisor.host.pid == first
    model.rename(tmp_path / "old.gguf")
    model.write_bytes(b"GGUF")
    assert supervisor.outcome("fine").ending is Ending.DONE
    assert supervisor.host.pid != first


def test_jobs_on_a_share_that_was_mounted_anew_get_another_engine(supervise, tmp_path):
    """Another folder lies at the old path; no attempt is lost on an engine that may not open it."""
    supervisor = supervise().ready()
    first = supervisor.host.pid
    (tmp_path / "jobs").rename(tmp_path / "before")
    shutil.copytree(tmp_path / "before", tmp_path / "jobs")
    assert supervisor.outcome("fine").ending is Ending.DONE
    assert supervisor.host.pid != first


def test_an_engine_that_is_refused_a_file_is_replaced(supervise):
    """What the host does not notice the engine does: the job comes back, unblamed, and a fresh engine takes it."""
    supervisor = supervise("raise PermissionError(13, 'refused')")
    told = supervisor.outcome("fine")
    assert told.ending is Ending.RETURNED
    supervisor.until(lambda: supervisor.host.status.starts == 2 and supervisor.host.idle)


def test_the_engines_environment_holds_no_secrets(supervise, tmp_path, monkeypatch):
    """Whatever token or password the daemon was given is none of the engine's; other variables are."""
    secrets = {
        "HF_TOKEN": "hf_x",
        "SMTP_PASSWORD": "x",
        "APP_SECRET": "x",
        "OPENAI_API_KEY": "x",
        "BROKER": "redis://:hidden@host/0",
        "https_proxy": "http://me:hidden@proxy:3128",
    }
    for name, value in {**secrets, "OCRWATCHD_TEST_PLAIN": "http://host:80/"}.items():
        monkeypatch.setenv(name, value)
    came = tmp_path / "jobs" / "came-of-it"
    supervise(f"import os; open({str(came)!r}, 'wb').write(open('/proc/self/environ', 'rb').read())").outcome("fine")
    names = {each.partition(b"=")[0].decode() for each in came.read_bytes().split(b"\0")}
    assert names & {*secrets, "OCRWATCHD_TEST_PLAIN"} == {"OCRWATCHD_TEST_PLAIN"}


def test_aspose_reads_under_it(supervise):
    """Its .NET runtime needs no more than what every library gets; evaluation mode, without downloads."""
    settings = {"ocr": {"engine": "aspose", "allow_downloads": False}}
    supervisor = supervise("", settings, module="ocrwatchd.engine.process.main").ready()
    job = supervisor.job("fine")
    job.source.write_bytes((DATA / "phototest.tif").read_bytes())
    supervisor.host.give(job)
    assert supervisor.outcome().ending is Ending.DONE
    assert "lot of 12 point text" in (job.out / "document.txt").read_text(encoding="utf-8")


def test_rapidocr_reads_under_it(supervise, capfd):
    """OpenVINO, where it is installed, and ONNX Runtime need no more than what every library gets."""
    supervisor = supervise("", {"ocr": {"engine": "rapidocr"}}, module="ocrwatchd.engine.process.main").ready()
    job = supervisor.job("fine")
    job.source.write_bytes((DATA / "phototest.tif").read_bytes())
    supervisor.host.give(job)
    assert supervisor.outcome().ending is Ending.DONE
    assert "lot of 12 point text" in (job.out / "document.txt").read_text(encoding="utf-8")
    assert "openvino_unusable" not in capfd.readouterr().err


CALLS = """
import ctypes, errno, mmap, socket, sys
from ocrwatchd.core import seccomp

CODE = bytes.fromhex("53 b867010000 bb02000000 b901000000 31d2 cd80 5b c3")  # socket(AF_INET, SOCK_STREAM, 0)
page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
page.write(CODE)
of_32_bits = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))

def of_x32():
    libc = ctypes.CDLL(None, use_errno=True)
    made = libc.syscall(ctypes.c_long(0x40000000 | 41), socket.AF_INET, socket.SOCK_STREAM, 0)
    return made if made >= 0 else -ctypes.get_errno()

call = {"32 bits": of_32_bits, "x32": of_x32}[sys.argv[1]]
if call() < 0:
    sys.exit(9)
assert seccomp.allow_only_local_sockets()
assert call() == -errno.EPERM
"""
NOT_THERE = {9, -4, -11}


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="only x86-64 has further system calls")
@pytest.mark.parametrize("kind", ["32 bits", "x32"])
def test_calls_of_other_kinds_do_not_pass_the_filter(kind):
    """x86-64 can be asked for a socket in three ways; the two others are refused as a whole."""
    done = subprocess.run([sys.executable, "-c", CALLS, kind], check=False, capture_output=True, text=True)
    if done.returncode in NOT_THERE:
        pytest.skip(f"this kernel has no system calls of {kind}")
    assert done.returncode == 0, done.stderr


FILTER = """
import errno, socket, threading
from ocrwatchd.core import seccomp
assert seccomp.allow_only_local_sockets()
def told(family):
    try:
        socket.socket(family, socket.SOCK_DGRAM).close()
    except OSError as error:
        return errno.errorcode[error.errno]
print(told(socket.AF_UNIX), told(socket.AF_INET), told(socket.AF_INET6))
threading.Thread(target=lambda: print(told(socket.AF_NETLINK))).start()
"""


def test_without_landlock_too_only_local_sockets_are_left():
    """The filter stands alone, in each thread and without root's rights."""
    if not seccomp.is_known():
        lacks("no filter for this machine")
    done = subprocess.run([sys.executable, "-c", FILTER], check=False, capture_output=True, text=True)
    assert done.stdout.split() == ["None", *["EAFNOSUPPORT"] * 3], done.stderr
