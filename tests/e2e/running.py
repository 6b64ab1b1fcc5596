"""A daemon as a process, for tests: started with its own root, watched from outside only."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from tests.lying import lying

READY_SECONDS = 20


def write_config(path, tables):
    """Write tables as TOML; JSON's strings, numbers, booleans and lists are TOML's too."""
    lines = []
    for name, table in tables.items():
        lines += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def await_that(condition, seconds=30.0, what="the condition"):
    """Wait until a condition holds and give back its value."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.02)
    raise AssertionError(f"{what} did not come true within {seconds:g} s")


class Running:
    """One daemon on one root.

    Args:
        base: a folder for everything: root, state, log.
        module: what runs: "ocrwatchd", or "tests.fakes.daemon" for the engine that fails on purpose.
        tables: configuration beside what makes tests quick.
    """

    def __init__(self, base: Path, module: str = "tests.fakes.daemon", **tables):
        self.root = base / "root"
        self.base = base
        self.module = module
        quick = {"settle_seconds": 0.4, "after_close_seconds": 0.2, "incomplete_deadline_s": 2.0, "sweep_seconds": 1.0}
        tables = {"folders": {"root": str(self.root)}, "log": {"format": "json"}} | tables
        # Tests look at all that lies in the outbox; those of the page want it.
        tables["folders"] = {"status_page": False} | tables["folders"]
        tables["llm"] = {"allow_auto_download": False} | tables.get("llm", {})
        tables["arrival"] = quick | tables.get("arrival", {})
        # What fakes read is no text: each engine would load the lists of words for it.
        words = {"words": False} if module == "tests.fakes.daemon" else {}
        tables["correct"] = words | tables.get("correct", {})
        self.config = write_config(base / "config.toml", tables)
        self.log_path = base / "daemon.log"
        self.temporary = base / "temporary"
        self.process = None

    def command(self, *more):
        """The command line."""
        verb = ["run"] if self.module == "ocrwatchd" else []
        return [sys.executable, "-m", self.module, *verb, "--config", str(self.config), *more]

    @property
    def environment(self):
        """With a state directory and a temporary directory of its own."""
        self.temporary.mkdir(exist_ok=True)
        return os.environ | {"STATE_DIRECTORY": str(self.base / "state"), "TMPDIR": str(self.temporary)}

    def start(self):
        """Start, and wait until it says that it is ready."""
        address = self.base / "notify"
        address.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified, self.log_path.open("ab") as log:
            notified.bind(str(address))
            address.chmod(0o666)  # a daemon may run as another user
            notified.settimeout(0.1)
            environment = self.environment | {"NOTIFY_SOCKET": str(address)}
            self.process = subprocess.Popen(
                self.command(),
                env=environment,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # no terminal, as a service has none: SIGHUP is a reload
            )
            deadline = time.monotonic() + READY_SECONDS
            while self.process.poll() is None and time.monotonic() < deadline:
                with contextlib.suppress(TimeoutError):
                    if b"READY=1" in notified.recv(4096):
                        return self
            self.kill()
            raise AssertionError(self.log_path.read_text())

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.kill()
                raise

    def kill(self):
        """End it as a power cut would; its engine dies with it."""
        self.process.kill()
        self.process.wait()

    def once(self, **environment):
        """Work the inbox off; the finished process."""
        return subprocess.run(
            self.command("--once"),
            env=self.environment | environment,
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
        )

    @property
    def ledger(self):
        """The ledger's file, where a daemon has run."""
        (path,) = self.base.glob("state/roots/*/ledger.sqlite3")
        return path

    @property
    def inbox(self):
        """The inbox, made where a daemon has not run yet."""
        (self.root / "inbox").mkdir(parents=True, exist_ok=True)
        return self.root / "inbox"

    def lying(self, folder):
        """Every file under one of the root's folders, relative to it."""
        return lying(self.root / folder)

    def lying_in_jobs(self):
        """Every file of a job in the work folder; its own small files, and the workers' cards, are none."""
        return [path for path in self.lying(".work") if "/" in path and path[0] != "."]

    def events(self, name=None):
        """Logged events, all or those of a name."""
        text = self.log_path.read_text(encoding="utf-8") if self.log_path.exists() else ""
        found = [json.loads(line) for line in text.splitlines() if line.startswith("{") and line.endswith("}")]
        return [event for event in found if name in (None, event["event"])]

    def await_files(self, folder, names, seconds=60.0):
        """Wait until these files, whatever else there is, lie in a folder."""
        await_that(lambda: set(names) <= set(self.lying(folder)), seconds, f"{names} in {folder}/")

    def await_idle(self, seconds=90.0):
        """Wait until inbox and work folder hold no file."""

        def idle():
            return not self.lying("inbox") and not self.lying_in_jobs()

        await_that(idle, seconds, "an empty inbox")

    def ask(self, *arguments):
        """Run a verb of the command line on this daemon's configuration; the finished process."""
        command = [sys.executable, "-m", "ocrwatchd", *arguments, "--config", str(self.config)]
        return subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=110, check=False, cwd=self.base
        )

    def status(self):
        """What `status --json` says."""
        return json.loads(self.ask("status", "--json").stdout)

    @property
    def engine_pid(self):
        """Of the last engine that was started."""
        return self.events("engine.started")[-1]["pid"]
