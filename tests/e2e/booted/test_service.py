"""ocrwatchd as a service of a real systemd, from one version to the next: real units, real engines, in this order."""

import io
import json
import re

import pytest
from PIL import Image

from tests.e2e.running import await_that
from tests.paths import DATA

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SCAN = DATA / "phototest.tif"
WORDS = "The quick brown dog jumped over"
UNIT = "ocrwatchd.service"
OCRWATCHD = "/opt/ocrwatchd/bin/ocrwatchd"
ROOT = "/srv/ocrwatchd"
QUICK = "[arrival]\nafter_close_seconds = 0.3\nsettle_seconds = 0.5\n"
"""Added to configurations, so that the tests need not wait."""

LONG = 16
"""Pages of a scan that is still in work when something happens to it: about as many seconds."""


TELL = """\
#!/opt/ocrwatchd/bin/python
import errno, getpass, json, os, pathlib, socket, sys

saw = json.load(sys.stdin) | {"user": getpass.getuser(), "elsewhere": []}
for folder in ("/open", "/home"):
    try:
        pathlib.Path(folder, "written").write_text("x")
    except OSError as error:
        saw["elsewhere"].append(errno.errorcode[error.errno])
try:
    socket.create_connection(("127.0.0.1", 9), 5)
except OSError as error:
    saw["network"] = errno.errorcode[error.errno]
aside = pathlib.Path(saw["root"], ".told")
aside.write_text(json.dumps(saw))
aside.rename(aside.with_name("told.json"))
"""
"""A command that tells what it was told, and what it may do."""


class Service:
    """One unit of the machine, and its folders."""

    def __init__(self, machine, unit=UNIT, root=ROOT, configuration="/etc/ocrwatchd/config.toml"):
        self.machine = machine
        self.unit = unit
        self.root = root
        self.configuration = machine.path(configuration)

    def systemctl(self, *arguments, **more):
        """Ask systemctl about the unit."""
        return self.machine.run("systemctl", *arguments, self.unit, **more)

    def property(self, name):
        """One property of the unit."""
        return self.systemctl("show", f"--property={name}", "--value").stdout.strip()

    def journal(self):
        """What it and systemd about it have said."""
        return self.machine.run("journalctl", "--no-pager", "--output=cat", f"--unit={self.unit}").stdout

    def events(self, name):
        """Its own logged events of a name."""
        lines = [line for line in self.journal().splitlines() if line.startswith("{")]
        return [event for event in map(json.loads, lines) if event["event"] == name]

    def drop(self, name, pages=1):
        """Put a scan in the inbox, as a scanner's share does: under another name first."""
        path = self.machine.path(f"{self.root}/inbox/{name}")
        aside = path.with_name(f".{path.name}")
        aside.write_bytes(scan(pages))
        aside.chmod(0o666)
        aside.rename(path)

    def lexists_strict(self, path):
        """Whether something lies in the root."""
        return self.machine.path(f"{self.root}/{path}").exists()

    def await_text(self, name, pages=1):
        """Wait for a scan's receipt; its text."""
        await_that(
            lambda: self.lexists_strict(f"outbox/{name}.json") and self.lexists_strict(f"archive/{name}.tif"),
            100,
            f"{name}.json",
        )
        text = self.machine.path(f"{self.root}/outbox/{name}.txt").read_text(encoding="utf-8")
        assert text.count(WORDS) == pages
        return text

    def await_page(self, name, number):
        """Wait until a page of a scan has been read."""

        def read():
            found = [event for event in self.events("page.done") if event["file"] == name]
            return any(event["page"] >= number for event in found)

        await_that(read, 100, f"page {number} of {name}")

    def stop_between_pages(self, name, pages):
        """Stop it within a scan: it ends by itself, and once it is started again goes on at the next page."""
        self.drop(f"{name}.tif", pages)
        self.await_page(f"{name}.tif", 1)
        self.systemctl("stop")
        assert self.property("Result") == "success"
        assert not self.lexists_strict(f"outbox/{name}.txt")
        self.systemctl("start")
        self.await_text(name, pages)
        read = [event["page"] for event in self.events("page.done") if event["file"] == f"{name}.tif"]
        assert sorted(read) == list(range(1, pages + 1))

    def await_running(self):
        """Wait until it is ready."""
        await_that(lambda: self.property("ActiveState") == "active", 100, "an active service")

    def adjust(self, text):
        """Give it settings of the test's own, in a drop-in as an administrator would; "" takes them away."""
        drop_in = self.machine.path(f"/etc/systemd/system/{self.unit}.d/90-test.conf")
        drop_in.unlink(missing_ok=True)
        if text:
            drop_in.write_text(f"[Service]\n{text}\n", encoding="utf-8")
        self.machine.run("systemctl", "daemon-reload")
        self.systemctl("restart")

    def configure(self, text):
        """Write the configuration: the root, what makes tests quick, and this."""
        folders = f'[folders]\nroot = "{self.root}"\n[llm]\nmodel = "builtin"\n'
        self.configuration.write_text(f"{folders}{QUICK}{text}", encoding="utf-8")


def scan(pages):
    """A TIFF of so many times the same page."""
    out = io.BytesIO()
    with Image.open(SCAN) as page:
        page.save(out, "TIFF", save_all=True, append_images=[page] * (pages - 1), compression="group4")
    return out.getvalue()


@pytest.fixture(scope="module")
def service(machine):
    """The machine's one service."""
    return Service(machine)


def test_upgrade_from_the_previous_version_with_work_in_hand(service, machine, before, wheels):
    """What the old one had claimed, the new one finishes: once, with every page; nothing failed.

    The old one was put in place by hand, as it said; its unit stays until somebody moves it away.
    """
    machine.install(wheels[0])
    for source, target in {
        "ocrwatchd.service": "/etc/systemd/system/ocrwatchd.service",
        "ocrwatchd.sysusers": "/etc/sysusers.d/ocrwatchd.conf",
        "ocrwatchd.tmpfiles": "/etc/tmpfiles.d/ocrwatchd.conf",
    }.items():
        machine.path(target).parent.mkdir(exist_ok=True)
        machine.path(target).write_bytes((before / "systemd" / source).read_bytes())
    machine.run("systemd-sysusers")
    machine.run("systemd-tmpfiles", "--create")
    service.configuration.parent.mkdir()
    service.configure("")
    machine.run("systemctl", "daemon-reload")
    service.systemctl("enable", "--now")
    service.drop("old.tif", LONG)
    service.await_page("old.tif", 2)
    service.systemctl("stop")
    assert service.property("Result") == "success"
    assert not service.lexists_strict("outbox/old.txt")

    machine.install(wheels[1])
    said = machine.run(OCRWATCHD, "service", "install", "--no-start").stdout
    assert said.count("KEEP ") == 3
    assert "/etc/systemd/system/ocrwatchd.service: not ours; move it away" in said
    for name in ("systemd/system/ocrwatchd.service", "sysusers.d/ocrwatchd.conf", "tmpfiles.d/ocrwatchd.conf"):
        machine.path(f"/etc/{name}").unlink()
    assert "KEEP" not in machine.run(OCRWATCHD, "service", "install").stdout
    service.await_text("old", LONG)
    await_that(lambda: service.events("job.delivered"), 60, "the delivery in the journal")
    assert len(service.events("job.delivered")) == 1
    assert list(machine.path(f"{ROOT}/failed").iterdir()) == []


def test_installing_again_changes_nothing(service, machine):
    """Every file is as it is; the service runs, and `show` tells where everything lies."""
    said = machine.run(OCRWATCHD, "service", "install").stdout
    assert "write" not in said
    assert said.count("as it is") >= 5
    shown = machine.run(OCRWATCHD, "service", "show").stdout
    assert "enabled, active (running)" in shown
    assert shown.count("as installed") >= 3
    assert f"root           {ROOT}" in shown


def test_systemd_finds_nothing_to_complain_of(machine):
    """`verify` is silent, and the running service's exposure is 1.0 at most."""
    checked = machine.run("systemd-analyze", "verify", UNIT)
    assert (checked.stdout, checked.stderr) == ("", "")
    exposure = machine.run("systemd-analyze", "security", "--no-pager", UNIT).stdout
    assert float(re.search(r"exposure level for \S+: ([0-9.]+)", exposure)[1]) <= 1.0


def test_anybody_may_ask_how_it_is_and_check_knows_the_unit(service, machine):
    """A user without a configuration may not enter the root, and hears of the service; `check` tells its exposure."""
    asked = machine.run("runuser", "-u", "nobody", "--", OCRWATCHD, "status")
    assert asked.stdout.startswith("running (process ")
    assert service.root in asked.stdout
    environment = ["STATE_DIRECTORY=/var/lib/ocrwatchd", "CONFIGURATION_DIRECTORY=/etc/ocrwatchd"]
    checked = machine.run(OCRWATCHD, "check", check=False, environment=environment).stdout
    (line,) = [line for line in checked.splitlines() if line.split()[1:2] == [UNIT]]
    assert re.search(r"^ok .* enabled, active \(running\), exposure 0\.\d \(", line), checked
    assert re.search(r"^ok +may drop scans +the user ocrwatchd", checked, re.MULTILINE), checked


def test_a_scan_becomes_text_and_the_journal_tells_of_it(service):
    """By either engine, within the sandbox; not a word of the document is in the journal."""
    service.configure('[profiles.bought]\nocr = { engine = "aspose" }\n')
    service.systemctl("restart")
    service.drop("letter.tif")
    inbox = service.machine.path(f"{ROOT}/inbox/bought")
    inbox.mkdir(exist_ok=True)
    inbox.chmod(0o2777)
    service.drop("bought/by-aspose.tif")
    service.await_text("letter")
    await_that(lambda: service.lexists_strict("outbox/bought/by-aspose.json"), 100, "Aspose's receipt")
    receipt = json.loads(service.machine.path(f"{ROOT}/outbox/bought/by-aspose.json").read_text(encoding="utf-8"))
    assert receipt["evaluation"]
    names = {"letter", "by-aspose"}
    await_that(lambda: names <= {event["name"] for event in service.events("job.delivered")}, 60, "both in the journal")
    assert "quick brown" not in service.journal()
    assert not service.events("engine.not_confined")


def test_documents_cannot_leave_the_machine(service, machine):
    """The supervisor and the engine see no network but a loopback of their own, unless they were given one."""

    def interfaces():
        pid = service.property("MainPID")
        lines = machine.run("cat", f"/proc/{pid}/net/dev").stdout.splitlines()[2:]
        return {line.split(":")[0].strip() for line in lines}

    assert interfaces() == {"lo"}
    outside = {line.split(":")[0].strip() for line in machine.run("cat", "/proc/net/dev").stdout.splitlines()[2:]}
    machine.run(OCRWATCHD, "service", "install", "--network")
    assert interfaces() == outside
    machine.run(OCRWATCHD, "service", "install")
    assert interfaces() == outside
    machine.run(OCRWATCHD, "service", "install", "--no-network")
    assert interfaces() == {"lo"}


def test_a_command_is_told_of_events_within_the_sandbox(service, machine):
    """It may write in the root, and nowhere else; it has no network, so nobody outside hears anything by it."""
    machine.run("install", "--directory", "--mode=0777", "/open")
    tell = machine.path("/usr/local/bin/tell")
    tell.write_text(TELL, encoding="utf-8")
    tell.chmod(0o755)
    told = machine.path(f"{ROOT}/told.json")
    service.configure('[notify]\ncommand = ["/usr/local/bin/tell"]\nevents = ["failed"]\n')
    service.systemctl("reload")
    machine.path(f"{ROOT}/inbox/broken.png").write_bytes(b"no picture")
    await_that(told.exists, 100, "an event")
    saw = json.loads(told.read_text(encoding="utf-8"))
    assert (saw["event"], saw["file"]) == ("failed", "broken.png")
    assert saw["network"] in {"EAFNOSUPPORT", "EPERM"}
    assert saw["elsewhere"] == ["EROFS", "EACCES"]
    assert saw["user"] == service.property("User")
    for path in (told, machine.path(f"{ROOT}/failed/broken.png"), machine.path(f"{ROOT}/failed/broken.reason.txt")):
        path.unlink()
    service.configure("")
    service.systemctl("reload")


def test_a_gpu_is_allowed_where_there_may_be_none(service, machine):
    """The service starts, though this small Debian has not all the groups of GPUs."""
    machine.run(OCRWATCHD, "service", "install", "--gpu")
    assert service.property("PrivateDevices") == "no"
    assert "char-nvidia" in service.property("DeviceAllow")
    assert "video" in service.property("SupplementaryGroups").split()
    machine.run(OCRWATCHD, "service", "install", "--no-gpu")
    assert service.property("PrivateDevices") == "yes"


def test_the_engine_goes_first_where_memory_runs_out(service, machine):
    """Its oom_score_adj is the higher one, and systemd lets the service live on."""
    supervisor = service.property("MainPID")
    engine = service.events("engine.started")[-1]["pid"]

    def score(pid):
        return int(machine.run("cat", f"/proc/{pid}/oom_score_adj").stdout)

    await_that(lambda: score(engine) > score(supervisor), 60, "an engine that goes first")
    machine.run("kill", "-KILL", str(engine))
    await_that(lambda: service.events("engine.started")[-1]["pid"] != engine, 60, "another engine")
    assert service.property("MainPID") == supervisor


def test_a_reload_takes_a_good_configuration_and_refuses_a_bad_one(service, machine):
    """The same process serves on; a mistake is told to whoever reloads, in the journal, and by systemctl status."""
    pid = service.property("MainPID")
    service.configure('[output]\nformats = ["txt", "json", "raw"]\n')
    service.systemctl("reload")
    service.drop("reloaded.tif")
    service.await_text("reloaded")
    assert service.lexists_strict("outbox/reloaded.raw.txt")
    service.configure('[output]\nformats = ["doc"]\n')
    refused = service.systemctl("reload", check=False)
    assert refused.returncode != 0
    assert "output.formats" in service.journal()
    machine.run("kill", "-HUP", pid)
    await_that(lambda: "is refused" in service.property("StatusText"), 60, "the refusal in the status")
    service.drop("still.tif")
    service.await_text("still")
    assert service.lexists_strict("outbox/still.raw.txt")
    assert service.property("MainPID") == pid
    service.configure("")
    service.systemctl("reload")
    await_that(lambda: "is refused" not in service.property("StatusText"), 60, "the end of the refusal")


def test_the_licence_is_a_credential(service, machine):
    """A file in /etc/credstore reaches the service and nobody else; a false one is refused by Aspose."""
    store = machine.path("/etc/credstore")
    store.mkdir(mode=0o700, exist_ok=True)
    (store / "aspose-license").write_text("<License>not one</License>", encoding="ascii")
    service.systemctl("restart")
    await_that(lambda: "licence" in service.property("StatusText").lower(), 100, "a word on the licence")
    machine.run("runuser", "-u", "ocrwatchd", "--", "test", "-r", f"/run/credentials/{UNIT}/aspose-license")
    denied = machine.run(
        "runuser", "-u", "nobody", "--", "test", "-r", f"/run/credentials/{UNIT}/aspose-license", check=False
    )
    assert denied.returncode == 1
    (store / "aspose-license").unlink()
    service.systemctl("restart")
    service.drop("unlicensed.tif")
    service.await_text("unlicensed")


def test_the_canarys_unit_finds_the_service_alive(service, machine):
    """Within its own sandbox; and it fails while the service is stopped."""
    canary = ("systemctl", "start", "ocrwatchd-canary.service")
    machine.run(*canary)
    service.systemctl("stop")
    assert machine.run(*canary, check=False).returncode != 0
    service.systemctl("start")


def test_a_supervisor_that_hangs_is_restarted(service):
    """The heartbeat is missed: systemd ends it and starts another, which does what was waiting."""
    service.adjust("WatchdogSec=4\nRestartSec=100ms")
    pid = service.property("MainPID")
    service.machine.run("kill", "-STOP", pid)
    service.drop("waiting.tif")
    service.await_text("waiting")
    assert service.property("MainPID") != pid
    assert "Watchdog timeout" in service.journal()


def test_after_a_crash_the_page_says_that_nothing_runs(service, machine):
    """The unit has status.html written in the service's own sandbox; the next start takes it back."""
    page = machine.path(f"{ROOT}/outbox/status.html")
    service.adjust("Restart=no")
    service.await_running()
    await_that(lambda: ">Running<" in page.read_text(encoding="utf-8"), 60, "a page that says so")
    service.machine.run("kill", "-KILL", service.property("MainPID"))
    await_that(lambda: "It ended unexpectedly." in page.read_text(encoding="utf-8"), 60, "the page after the crash")
    service.adjust("")
    await_that(lambda: ">Running<" in page.read_text(encoding="utf-8"), 60, "the page after the start")


def test_a_crash_loop_ends_when_its_cause_does(service):
    """However often it dies, systemd does not give up; and it does not mistake a mistake for a crash."""
    service.adjust("RestartSec=100ms")
    for crash in range(1, 8):
        service.await_running()
        service.machine.run("kill", "-KILL", service.property("MainPID"))
        await_that(lambda crash=crash: int(service.property("NRestarts")) >= crash, 60, f"restart {crash}")
    service.drop("survivor.tif")
    service.await_text("survivor")
    service.configure("[nonsense]\n")
    failed = service.systemctl("restart", check=False)
    assert failed.returncode != 0
    assert service.property("ExecMainStatus") == "2"
    assert service.property("ActiveState") == "failed"
    service.configure("")
    service.adjust("")


def test_a_stop_completes_the_page_in_work(service):
    """It ends by itself, long before systemd would kill it; the next start goes on at the next page."""
    service.stop_between_pages("stopped", LONG)
    assert {event["attempt"] for event in service.events("attempt.started") if event["file"] == "stopped.tif"} == {1, 2}


def test_a_stop_has_the_time_that_the_configuration_grants(service, machine):
    """Also where the unit was written for an earlier one: systemd waits, and kills nobody."""
    service.configure("[job]\nstop_seconds = 6\n")
    service.adjust("TimeoutStopSec=1")
    service.drop("patient.tif", LONG // 2)
    service.await_page("patient.tif", 1)
    machine.run("kill", "-STOP", str(service.events("engine.started")[-1]["pid"]))
    service.systemctl("stop")
    assert service.property("Result") == "success"
    service.configure("")
    service.adjust("")
    service.await_text("patient", LONG // 2)


def test_a_reboot_with_work_in_hand(service, machine):
    """The machine goes down in the midst of a scan; the service comes up with it and finishes."""
    service.drop("rebooted.tif", LONG)
    service.await_page("rebooted.tif", 1)
    machine.power_off()
    assert not service.lexists_strict("outbox/rebooted.txt")
    machine.boot()
    service.await_text("rebooted", LONG)
    assert list(machine.path(f"{ROOT}/failed").iterdir()) == []


def test_several_instances(machine):
    """Each has its configuration and root, with a name that needs quoting and an outbox elsewhere."""
    root = "/srv/a b%c"
    install = (OCRWATCHD, "service", "install", "--instance", "post", "--root", root)
    machine.path(root).mkdir()
    refused = machine.run(*install, check=False)
    assert refused.returncode == 1
    assert f"chown ocrwatchd:ocrwatchd '{root}'" in refused.stderr
    assert machine.run("systemctl", "is-enabled", "ocrwatchd@post", check=False).stdout != "enabled\n"
    machine.run("chown", "ocrwatchd:ocrwatchd", root)
    machine.run(*install)
    post = Service(machine, "ocrwatchd@post.service", root, "/etc/ocrwatchd/post/config.toml")
    with post.configuration.open("a", encoding="utf-8") as out:
        out.write(QUICK)
    post.systemctl("reload")
    post.drop("mine.tif")
    post.await_text("mine")
    checked = machine.run("systemd-analyze", "verify", post.unit)
    assert checked.stderr == ""
    assert "ocrwatchd@post.service" in machine.run(OCRWATCHD, "service", "show").stdout
    said = machine.run(OCRWATCHD, "service", "uninstall", "--instance", "post").stdout
    assert f"{root}/ (documents)" in said
    assert post.lexists_strict("outbox/mine.txt")
    assert not machine.path("/etc/systemd/system/ocrwatchd@.service").exists()
    assert machine.path("/etc/sysusers.d/ocrwatchd.conf").exists()


def test_a_folder_on_another_disk_is_part_of_the_unit(service, machine):
    """An outbox elsewhere is made, may be written, and is waited for at boot."""
    text = service.configuration.read_text(encoding="utf-8")
    elsewhere = text.replace("[folders]\n", '[folders]\noutbox = "/data/texts"\n')
    service.configuration.write_text(elsewhere, encoding="utf-8")
    machine.run(OCRWATCHD, "service", "install")
    service.drop("abroad.tif")
    await_that(lambda: machine.path("/data/texts/abroad.json").exists(), 100, "abroad.json")
    assert {ROOT, "/data/texts"} <= set(service.property("RequiresMountsFor").split())
    service.configuration.write_text(text, encoding="utf-8")
    machine.run(OCRWATCHD, "service", "install")


def test_a_users_own_service(machine):
    """Anybody can have one, without root's rights, in their own folders."""
    machine.run("useradd", "--create-home", "clerk")
    machine.run("loginctl", "enable-linger", "clerk")
    uid = machine.run("id", "-u", "clerk").stdout.strip()
    manager = f"/run/user/{uid}/systemd/private"
    await_that(lambda: machine.run("test", "-S", manager, check=False).returncode == 0, 60, "a manager for clerk")
    environment = ("HOME=/home/clerk",)  # as after su: systemd is found all the same
    refused = machine.run(
        "runuser", "-u", "clerk", "--", OCRWATCHD, "service", "install", check=False, environment=environment
    )
    assert refused.returncode == 2
    assert "only root" in refused.stderr
    mine = ("runuser", "-u", "clerk", "--", OCRWATCHD, "service")
    said = machine.run(*mine, "install", "--user", environment=environment).stdout
    assert "/home/clerk/Documents/ocrwatchd/inbox" in said
    clerks = Service(machine, root="/home/clerk/Documents/ocrwatchd")
    clerks.drop("own.tif")
    clerks.await_text("own")
    assert "active (running)" in machine.run(*mine, "show", "--user", environment=environment).stdout
    machine.run(*mine, "uninstall", "--user", environment=environment)
    assert not machine.path("/home/clerk/.config/systemd/user/ocrwatchd.service").exists()
    assert clerks.lexists_strict("outbox/own.txt")


def test_uninstalling_removes_what_was_installed_and_no_document(service, machine):
    """Units, account file and drop-ins go; documents, configuration and ledger stay."""

    def documents():
        return sorted(path for folder in ("outbox", "archive") for path in machine.path(f"{ROOT}/{folder}").rglob("*"))

    kept = documents()
    assert kept
    said = machine.run(OCRWATCHD, "service", "uninstall", "--dry-run").stdout
    assert "this was a dry run" in said
    assert service.property("ActiveState") == "active"
    machine.run(OCRWATCHD, "service", "uninstall")
    assert documents() == kept
    assert service.configuration.exists()
    assert list(machine.path("/var/lib/ocrwatchd/roots").glob("*/ledger.sqlite3"))
    left = machine.run("sh", "-c", "find /etc/systemd /etc/sysusers.d /etc/tmpfiles.d -name 'ocrwatchd*'").stdout
    assert left == ""
    assert service.property("LoadState") == "not-found"
    assert machine.run(OCRWATCHD, "service", "show", check=False).returncode == 1
