"""The unit files: valid, as closed as can be, and alike where they should be."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from ocrwatchd.setup.service.target import Target
from ocrwatchd.setup.service.unit_files import text
from tests.programs import needs

CANARY = ("ocrwatchd-canary.service", "ocrwatchd-canary.timer")
SYSTEM = ("ocrwatchd.service", "ocrwatchd@.service")
WORKER = "ocrwatchd-worker.service"
USER = ("user/ocrwatchd.service", "user/ocrwatchd@.service")
WORST_EXPOSURE = 1.0
WITH_NETWORK = 2.0
PROGRAM = "/opt/ocrwatchd/bin/ocrwatchd"


@pytest.fixture
def lay(tmp_path):
    """Puts a unit, and drop-ins for it, in a folder, with a program that exists."""

    def laid(source, *drop_ins):
        path = tmp_path / Path(source).name.replace("@.", "@post.")
        path.write_text(text(source).replace(PROGRAM, shutil.which("true")), encoding="utf-8")
        for name in drop_ins:
            folder = tmp_path / f"{path.name}.d"
            folder.mkdir(exist_ok=True)
            (folder / name).write_text(text(name), encoding="utf-8")
        return path

    return laid


def analyze(*arguments, path):
    """Run systemd-analyze so that it finds drop-ins beside the unit."""
    needs("systemd-analyze")
    environment = os.environ | {"SYSTEMD_UNIT_PATH": f"{path.parent}:", "LC_ALL": "C"}
    environment["XDG_RUNTIME_DIR"] = str(path.parent)  # `verify --user` asks for one
    return subprocess.run(
        ["systemd-analyze", *arguments, str(path)], env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("source", CANARY)
def test_the_canarys_units_are_valid_and_as_closed(lay, source):
    """The timer needs its service, and both the daemon's, to be verified with."""
    lay("ocrwatchd.service")
    lay("ocrwatchd-canary.service")
    path = lay(source)
    checked = analyze("verify", path=path)
    assert (checked.returncode, checked.stderr) == (0, "")
    if source.endswith(".service"):
        said = analyze("security", "--offline=true", "--no-pager", path=path).stdout
        assert float(re.search(r"exposure level for \S+: ([0-9.]+)", said)[1]) <= WORST_EXPOSURE


@pytest.mark.parametrize("source", SYSTEM)
@pytest.mark.parametrize(("drop_ins", "worst"), [((), WORST_EXPOSURE), (("network.conf",), WITH_NETWORK)])
def test_the_exposure_stays_low(lay, source, drop_ins, worst):
    """By systemd's own judgement: 1.0 at most, 2.0 where downloads are allowed."""
    path = lay(source, *drop_ins)
    if drop_ins:  # offline, only one file is looked at
        path.write_text(path.read_text(encoding="utf-8") + "\n" + text(drop_ins[0]), encoding="utf-8")
    said = analyze("security", "--offline=true", "--no-pager", path=path).stdout
    assert float(re.search(r"exposure level for \S+: ([0-9.]+)", said)[1]) <= worst


def test_the_workers_exposure_stays_low(lay):
    """It speaks with a broker: no more than where downloads are allowed."""
    said = analyze("security", "--offline=true", "--no-pager", path=lay(WORKER)).stdout
    assert float(re.search(r"exposure level for \S+: ([0-9.]+)", said)[1]) <= WITH_NETWORK


def test_a_worker_is_closed_where_the_daemon_is():
    """What one closes the other closes; only the network, rights and the supervisor's own are not alike."""

    def closed(source):
        lines = text(source).split("\n[Service]\n")[1].split("\n[Install]\n")[0].splitlines()
        return {line for line in lines if line and not line.startswith("#")}

    without = closed("ocrwatchd.service") - closed(WORKER)
    keys = {line.split("=")[0] for line in without}
    assert keys == {
        *("ExecStart", "ExecReload", "ExecStopPost", "ConfigurationDirectory", "ConfigurationDirectoryMode"),
        *("AmbientCapabilities", "CapabilityBoundingSet", "SystemCallFilter"),
        *("PrivateNetwork", "IPAddressDeny", "RestrictAddressFamilies"),
        "RestrictSUIDSGID",  # the worker makes no folder of the share's own: it is the closed one
    }


@pytest.mark.parametrize("source", [*SYSTEM, *USER, WORKER])
def test_systemd_knows_every_line(lay, source):
    """An unknown key or a bad value is said on standard error, with status 0: nothing may be said."""
    if "/bin/kill" in text(source):  # a program that is missing is an error too
        needs("kill")
    drop_ins = () if source in (*USER, WORKER) else ("network.conf", "gpu.conf")
    checked = analyze("verify", *(["--user"] if source in USER else []), path=lay(source, *drop_ins))
    assert (checked.returncode, checked.stderr) == (0, "")


def test_a_mistake_in_a_unit_would_be_found(lay):
    """The test before this one can fail, in the unit and in a drop-in."""
    path = lay("ocrwatchd.service", "gpu.conf")
    drop_in = path.parent / f"{path.name}.d" / "gpu.conf"
    drop_in.write_text("[Service]\nPrivateDeviecs=no\n", encoding="utf-8")
    assert "PrivateDeviecs" in analyze("verify", path=path).stderr


@pytest.mark.parametrize(("plain", "template"), [SYSTEM, USER])
def test_a_template_is_its_plain_unit_with_the_instance_in_it(plain, template):
    """Settings are alike, line for line, but for those that name the instance."""

    def settings(source):
        return [line for line in text(source).splitlines() if line and not line.startswith("#")]

    named = [line for line in settings(template) if "%i" in line]
    alike = [line for line in settings(template) if "%i" not in line]
    assert named
    keys = {line.split("=")[0] for line in named}
    assert alike == [line for line in settings(plain) if line.split("=")[0] not in keys]


@pytest.mark.parametrize("source", ["ocrwatchd.service", WORKER])
def test_what_is_relaxed_stands_together_each_with_its_reason(source):
    """Nothing is switched off, or allowed again, outside of the part that says why, and there not without a comment."""
    closed, _, relaxed = text(source).partition("# Relaxed, each for a reason:\n")
    assert not re.search(r"=(no|all)$|Capabilit.*=.|SystemCallFilter=[^@~]", closed, re.MULTILINE)
    reasons = re.split(r"(?:^#.*\n)+", relaxed.partition("\n\n")[0], flags=re.MULTILINE)
    assert reasons[0] == ""
    assert all(0 < len(settings.splitlines()) <= 2 for settings in reasons[1:])


@pytest.mark.parametrize("source", [*SYSTEM, *USER, WORKER])
def test_an_engine_may_confine_itself(source):
    """By name, for systemd knows no group of these calls before version 253."""
    allowed = " ".join(re.findall(r"^SystemCallFilter=(.*)$", text(source), re.MULTILINE)).split()
    assert {"landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"} <= {*allowed}


def test_the_units_name_the_places_that_install_uses():
    """What stands in a shipped unit is what `service install` takes without another wish."""
    assert f"ReadWritePaths={Target().default_root}\n" in text("ocrwatchd.service")
    assert f"ReadWritePaths={Target(instance='x').default_root}\n".replace("-x", "-%i") in text("ocrwatchd@.service")
    assert f"d {Target().default_root} " in text("ocrwatchd.tmpfiles")
