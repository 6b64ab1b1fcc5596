"""`ocrwatchd service install --worker`: what it puts in place beside or without a supervisor, and what it refuses."""

import os
import pwd
from pathlib import Path
from types import SimpleNamespace

import pytest

from ocrwatchd.core.config.schema import Folders
from ocrwatchd.core.errors import ConfigError, FolderUnusable
from ocrwatchd.setup.check import service_account
from ocrwatchd.setup.service import command, machine_config, plan, worker_share
from ocrwatchd.setup.service.actions import Place, Run
from ocrwatchd.setup.service.managed_files import signed
from ocrwatchd.setup.service.plan import Wishes
from ocrwatchd.setup.service.target import Target
from ocrwatchd.setup.service.unit_files import files, text
from tests.unit.setup.test_service import PROGRAM, carry_out, lying, words

WISHES = Wishes(root=None, allow={})


@pytest.fixture
def worker(tmp_path, monkeypatch):
    """A worker in a folder that stands for the machine; programs are only noted."""
    monkeypatch.setattr(machine_config, "program", lambda target: PROGRAM)
    return Target(base=tmp_path, worker=True)


@pytest.fixture
def mounted(tmp_path, monkeypatch):
    """A share of somebody's whose number is none of this machine's; what this machine knows of accounts can be set."""
    root = tmp_path / "share"
    root.mkdir()
    as_it_is = Path.stat
    owner = SimpleNamespace(st_uid=64123, st_gid=64124, st_mode=0o42770)
    monkeypatch.setattr(Path, "stat", lambda path, **more: owner if path == root else as_it_is(path, **more))
    monkeypatch.setattr(worker_share, "has_account", lambda: False)
    return Folders(root=str(root)), owner


def given(target, broker='broker = "redis://broker.example.org"'):
    """A configuration that somebody has written."""
    target.configuration.parent.mkdir(parents=True, exist_ok=True)
    target.configuration.write_text(f'[folders]\nroot = "/srv/docs"\n[queue]\n{broker}\n', encoding="utf-8")


def test_a_worker_is_put_in_place_and_removed_again(worker, tmp_path):
    """With no folder of its own, for its root is a share, and no canary; repeated it changes nothing."""
    carry_out(plan.installation(worker, WISHES))
    assert lying(tmp_path) == [
        "etc/ocrwatchd/worker.toml",
        "etc/systemd/system/ocrwatchd-worker.service",
        "etc/systemd/system/ocrwatchd-worker.service.d/10-here.conf",
        "etc/sysusers.d/ocrwatchd.conf",
    ]
    assert "write" not in words(plan.installation(worker, WISHES))
    carry_out(plan.removal(worker))
    assert lying(tmp_path) == ["etc/ocrwatchd/worker.toml"]


def test_a_worker_beside_a_supervisor_shares_the_user_and_nothing_else(worker, tmp_path):
    """Whichever goes first leaves the other one whole."""
    supervisor = Target(base=tmp_path)
    carry_out(plan.installation(supervisor, WISHES))
    before = lying(tmp_path)
    carry_out(plan.installation(worker, WISHES))
    assert plan.installed(worker) == ["ocrwatchd-worker.service", "ocrwatchd.service"]
    carry_out(plan.removal(worker))
    assert lying(tmp_path) == sorted([*before, "etc/ocrwatchd/worker.toml"])
    carry_out(plan.installation(worker, WISHES))
    carry_out(plan.removal(supervisor))
    assert (tmp_path / "etc/sysusers.d/ocrwatchd.conf").exists()
    assert plan.installed(worker) == ["ocrwatchd-worker.service"]


def test_an_instance_of_that_name_keeps_its_canary(worker, tmp_path):
    """Its files begin as a worker's would."""
    carry_out(plan.installation(Target(base=tmp_path, instance="worker"), WISHES))
    carry_out(plan.installation(worker, WISHES))
    carry_out(plan.removal(worker))
    assert (tmp_path / "etc/systemd/system/ocrwatchd-worker-canary.timer").exists()


def test_a_worker_is_started_when_it_has_a_broker(worker, capsys):
    """Before that it would end with a mistake in its configuration; it is said what to do."""
    assert "enable" not in words(plan.installation(worker, WISHES))
    carry_out(plan.installation(worker, WISHES))
    assert 'broker = ""' in worker.configuration.read_text(encoding="utf-8")
    given(worker)
    assert f"--root={worker.base} enable ocrwatchd-worker.service" in words(plan.installation(worker, WISHES))
    command.install(worker, WISHES, dry_run=True)
    given(worker, broker="")
    assert "enable" not in words(plan.installation(worker, WISHES))
    assert "nothing was done" in capsys.readouterr().out


def test_the_last_line_tells_what_comes_next(worker, monkeypatch, capsys):
    """The broker's name first, then that it works, and who sees it."""
    monkeypatch.setattr(plan, "installation", lambda *_: [])
    for broker, told in (("", "not started; name the broker in"), ('broker = "redis://b"', "reads the scans of")):
        given(worker, broker)
        assert command.install(worker, WISHES, dry_run=False) == 0
        assert told in capsys.readouterr().out


def test_the_drop_in_lets_a_worker_write_where_jobs_lie_and_nowhere_else(worker):
    """The supervisor delivers; there is nothing to reload, and no mount without which systemd would give up."""
    worker.configuration.parent.mkdir(parents=True)
    worker.configuration.write_text(
        '[folders]\nroot = "/srv/docs"\ninbox = "/mnt/in/box"\noutbox = "/out"\ngroup = "office"\n', encoding="utf-8"
    )
    (drop_in,) = (
        act.text
        for act in plan.installation(worker, WISHES)
        if isinstance(act, Place) and act.path.name == machine_config.FILE
    )
    assert drop_in.splitlines() == [
        "[Service]",
        "ExecStart=",
        f"ExecStart={PROGRAM} worker --config /etc/ocrwatchd/worker.toml",
        "TimeoutStopSec=40",
        "ReadWritePaths=",
        "ReadWritePaths=/mnt/in",
        "SupplementaryGroups=office",
    ]


def test_a_gpu_is_allowed_to_a_worker_and_a_network_not_asked_for(worker):
    """It has one, for the broker; its first configuration is not that of a service without one."""
    carry_out(plan.installation(worker, Wishes(root=None, allow={"gpu": True, "network": None})))
    assert (worker.drop_ins / "20-gpu.conf").exists()
    assert "allow_auto_download" not in worker.configuration.read_text(encoding="utf-8")
    with pytest.raises(ConfigError, match="leave --network out"):
        plan.installation(worker, Wishes(root=None, allow={"network": False}))


@pytest.mark.parametrize("more", [{"user": True}, {"instance": "a"}])
def test_a_worker_is_the_systems_and_the_only_one(more):
    """It has one name for its files."""
    with pytest.raises(ConfigError, match="leave --user and --instance out"):
        Target(worker=True, **more)


def test_the_user_gets_the_numbers_to_whom_the_share_belongs(mounted, tmp_path):
    """Its group's too, by which it reads scans that others have sent; not where that group has a name of its own."""
    folders, _owner = mounted
    shipped = text("ocrwatchd.sysusers")
    path = tmp_path / "ocrwatchd.conf"
    made = worker_share.account(shipped, path, Target(worker=True), folders)
    assert made == shipped.replace(" - ", " 64123 ") + "g ocrwatchd 64124\n"
    office = Folders(root=folders.root, group="office")
    assert worker_share.account(shipped, path, Target(worker=True), office) == shipped.replace(" - ", " 64123 ")
    assert worker_share.account(shipped, path, Target(), folders) == shipped


def test_a_user_who_is_there_keeps_the_numbers(mounted, tmp_path, monkeypatch):
    """And the file stays as it was, a supervisor's or a worker's."""
    folders, _owner = mounted
    shipped = text("ocrwatchd.sysusers")
    path = tmp_path / "ocrwatchd.conf"
    made = worker_share.account(shipped, path, Target(worker=True), folders)
    monkeypatch.setattr(worker_share, "has_account", lambda: True)
    assert worker_share.account(shipped, path, Target(worker=True), folders) == shipped
    path.write_text(signed(made), encoding="utf-8")
    assert worker_share.account(shipped, path, Target(worker=True), folders) == made


def test_a_root_that_is_not_mounted_is_told_before_anything_is_done(mounted, tmp_path):
    """An empty mount point is root's; what a share does not tell is nobody's."""
    folders, owner = mounted
    worker_share.refuse_without(folders)
    with pytest.raises(FolderUnusable, match="is missing: mount the share"):
        worker_share.refuse_without(Folders(root=str(tmp_path / "none")))
    for number in (0, worker_share.NOBODY):
        owner.st_uid = number
        with pytest.raises(FolderUnusable, match="mount the share"):
            worker_share.refuse_without(folders)


def test_a_user_with_other_numbers_is_told_which_they_must_be(mounted, monkeypatch):
    """Where they were taken, systemd-sysusers gives others without a word."""
    folders, _owner = mounted
    me = pwd.getpwuid(os.geteuid())
    monkeypatch.setattr(pwd, "getpwnam", lambda _: me)
    trial = worker_share.trial(folders)
    assert isinstance(trial, Run)
    assert trial.command[-2:] == ["-G", folders.root]
    assert "uid 64123 and gid 64124" in trial.failed
    assert "-G" not in worker_share.trial(Folders(root=folders.root, group="office")).command


def test_root_is_told_how_to_ask_as_a_worker(tmp_path, monkeypatch):
    """As of every service's configuration."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    source = Path("/etc/ocrwatchd/worker.toml")
    installed = Target(worker=True).drop_ins / machine_config.FILE
    as_it_is = Path.is_file
    monkeypatch.setattr(Path, "is_file", lambda path: path == installed or as_it_is(path))
    assert service_account.asked_as_service(source, "check").endswith(f"check --config {source}")


def test_the_unit_names_the_places_that_install_uses(worker):
    """What stands in the shipped unit is what is taken without another wish."""
    (unit,) = (file.text for file in files(worker, Folders()) if file.path.name == worker.unit_file)
    assert f"ReadWritePaths={worker.default_root}\n" in unit
    assert f"worker --config /{worker.configuration.relative_to(worker.base)}\n" in unit
