"""`ocrwatchd service`: what it would do, what it does to a folder that stands for a machine, what it refuses."""

import os
import sys
from pathlib import Path

import pytest

from ocrwatchd.cli.main import main
from ocrwatchd.core.config.schema import Folders
from ocrwatchd.core.errors import ConfigError, FolderUnusable
from ocrwatchd.setup.service import actions, command, machine_config, paths, plan
from ocrwatchd.setup.service.actions import ActFailed, Place, Remove, Run
from ocrwatchd.setup.service.managed_files import Standing, signed, standing
from ocrwatchd.setup.service.paths import quoted, refuse_closed, refuse_hidden, writable
from ocrwatchd.setup.service.plan import Wishes
from ocrwatchd.setup.service.target import Target
from ocrwatchd.setup.service.unit_files import canary, text

PROGRAM = Path("/opt/ocrwatchd/bin/ocrwatchd")


@pytest.fixture
def user(tmp_path, monkeypatch):
    """A user's service in a home of its own, where no manager runs."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "none"))
    monkeypatch.setattr(machine_config, "program", lambda target: PROGRAM)
    return Target(user=True)


@pytest.fixture
def system(tmp_path, monkeypatch):
    """The system's service in a folder that stands for the machine; programs are only noted."""
    monkeypatch.setattr(machine_config, "program", lambda target: PROGRAM)
    return Target(base=tmp_path)


def wishes(**more):
    """Nothing special."""
    return Wishes(root=None, allow={}, start=False) if not more else Wishes(**({"root": None, "allow": {}} | more))


def carry_out(planned):
    """Do what writes and removes files; no program is run."""
    for act in planned:
        if not isinstance(act, Run):
            act.do()


def lying(folder):
    """The files below a folder."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def words(planned):
    """What the acts say of themselves."""
    return "\n".join(act.words() for act in planned)


def test_an_installation_puts_its_files_in_place_and_removes_them_again(system, tmp_path):
    """Repeated it changes nothing; afterwards only the configuration is left."""
    carry_out(plan.installation(system, wishes()))
    assert lying(tmp_path) == [
        "etc/ocrwatchd/config.toml",
        "etc/systemd/system/ocrwatchd-canary.service",
        "etc/systemd/system/ocrwatchd-canary.timer",
        "etc/systemd/system/ocrwatchd.service",
        "etc/systemd/system/ocrwatchd.service.d/10-here.conf",
        "etc/sysusers.d/ocrwatchd.conf",
        "etc/tmpfiles.d/ocrwatchd.conf",
    ]
    assert "write" not in words(plan.installation(system, wishes()))
    carry_out(plan.removal(system))
    assert lying(tmp_path) == ["etc/ocrwatchd/config.toml"]
    assert not system.drop_ins.exists()


@pytest.mark.parametrize(
    ("settings", "mode", "told"),
    [
        ("", ":2770", ":ocrwatchd :ocrwatchd"),
        ('group = "office"\nfolder_mode = 0o750\n', ":0750", ":ocrwatchd :office"),
    ],
)
def test_the_folders_that_are_made_are_those_of_the_configuration(system, settings, mode, told):
    """Whom ``folders.group`` lets at the documents must get through the root too, and at what lies elsewhere."""
    system.configuration.parent.mkdir(parents=True)
    configured = f'[folders]\nroot = "/srv/docs"\noutbox = "/data/out put"\n{settings}'
    system.configuration.write_text(configured, encoding="utf-8")
    made = next(
        act.text
        for act in plan.installation(system, wishes())
        if act.path == system.base / "etc/tmpfiles.d/ocrwatchd.conf"
    )
    lines = [line for line in made.splitlines() if line.startswith("d ")]
    assert sorted(lines) == [f'd "/data/out put" {mode} {told}', f"d /srv/docs :0750 {told}"]


def test_the_canary_has_the_program_the_configuration_and_the_inbox_of_its_service(tmp_path):
    """An instance has units of its own name; a user's service has none."""
    service, timer = canary(Target(base=tmp_path), PROGRAM, Path("/srv/ocrwatchd/inbox"))
    assert (service.text, timer.text) == (text("ocrwatchd-canary.service"), text("ocrwatchd-canary.timer"))
    target = Target(base=tmp_path, instance="post")
    service, timer = canary(target, Path("/usr/local/bin/ocrwatchd"), Path("/srv/the post/in"))
    assert service.path == tmp_path / "etc/systemd/system/ocrwatchd-post-canary.service"
    assert (
        "ExecStart=/usr/local/bin/ocrwatchd canary --timeout 600 --config /etc/ocrwatchd/post/config.toml\n"
        in service.text
    )
    assert 'ReadWritePaths="-/srv/the post/in"\n' in service.text
    for unit in (service, timer):
        assert "After=ocrwatchd@post.service\n" in unit.text
    assert "PartOf=ocrwatchd@post.service\n" in timer.text
    assert "enable --now ocrwatchd-post-canary.timer" in timer.text
    assert canary(Target(user=True), PROGRAM, Path("/x")) == []


def test_saying_what_would_be_done_does_nothing(user, tmp_path, capsys):
    """With --dry-run every file that would be written is named, generated ones with their content."""
    assert command.install(user, wishes(), dry_run=True) == 0
    said = capsys.readouterr().out
    assert f"write     {user.units}/ocrwatchd.service" in said
    assert f"| ExecStart={PROGRAM} run --config {user.configuration}\n" in said
    assert '| root = "' in said
    assert lying(tmp_path) == []
    command.uninstall(user, dry_run=True)
    assert "nothing was done" in capsys.readouterr().out


def test_the_drop_in_follows_the_configuration(system):
    """Program, folders, how long a stop may take, and the group of the files."""
    system.configuration.parent.mkdir(parents=True)
    system.configuration.write_text(
        '[folders]\nroot = "/srv/a b%c"\noutbox = "/data/out"\ngroup = "office"\n[job]\nstop_seconds = 90\n',
        encoding="utf-8",
    )
    (drop_in,) = (
        act.text
        for act in plan.installation(system, wishes())
        if isinstance(act, Place) and act.path.name == machine_config.FILE
    )
    assert drop_in.splitlines() == [
        "[Unit]",
        "RequiresMountsFor=/data/out",
        'RequiresMountsFor="/srv/a b%%c"',
        "",
        "[Service]",
        "ExecStart=",
        f"ExecStart={PROGRAM} run --config /etc/ocrwatchd/config.toml",
        "ExecReload=",
        f"ExecReload={PROGRAM} run --config /etc/ocrwatchd/config.toml --dry-run",
        "ExecReload=/bin/kill -HUP $MAINPID",
        "ExecStopPost=",
        f"ExecStopPost=-{PROGRAM} status --page",
        "TimeoutStopSec=100",
        "ReadWritePaths=",
        "ReadWritePaths=/data/out",
        'ReadWritePaths="/srv/a b%%c"',
        "SupplementaryGroups=office",
    ]


def test_what_is_allowed_stays_allowed_until_it_is_taken_back(system):
    """--network once holds for later installations; --no-network ends it."""
    network = system.drop_ins / "20-network.conf"
    carry_out(plan.installation(system, wishes(allow={"network": True, "gpu": None})))
    carry_out(plan.installation(system, wishes()))
    assert network.exists()
    assert "allow_auto_download" not in system.configuration.read_text(encoding="utf-8")
    carry_out(plan.installation(system, wishes(allow={"network": False, "gpu": True})))
    assert not network.exists()
    assert (system.drop_ins / "20-gpu.conf").exists()


def test_without_a_network_a_first_configuration_looks_for_nothing_there(system):
    """Else the daemon would complain for ever of what it cannot fetch."""
    carry_out(plan.installation(system, wishes()))
    assert "allow_auto_download = false" in system.configuration.read_text(encoding="utf-8")


def test_shared_files_stay_until_the_last_instance_goes(system, tmp_path):
    """The template and the account are everybody's."""
    first, second = Target(base=tmp_path, instance="a"), Target(base=tmp_path, instance="b")
    for target in (first, second, system):
        carry_out(plan.installation(target, wishes()))
    assert plan.installed(first) == ["ocrwatchd.service", "ocrwatchd@a.service", "ocrwatchd@b.service"]
    carry_out(plan.removal(first))
    assert second.drop_ins.exists()
    assert (first.units / "ocrwatchd@.service").exists()
    carry_out(plan.removal(second))
    assert not (first.units / "ocrwatchd@.service").exists()
    assert (tmp_path / "etc/sysusers.d/ocrwatchd.conf").exists()
    carry_out(plan.removal(system))
    assert [name for name in lying(tmp_path) if "config.toml" not in name] == []


def test_what_somebody_has_changed_is_neither_replaced_nor_removed(tmp_path):
    """Nor what is not ours; both are said."""
    path = tmp_path / "unit"
    place, remove = Place(path, "new\n"), Remove(path)
    for lies, how, left in (
        (signed("old\n"), Standing.OURS, signed("new\n")),
        (signed("old\n") + "mine\n", Standing.CHANGED, signed("old\n") + "mine\n"),
        ("theirs\n", Standing.FOREIGN, "theirs\n"),
    ):
        path.write_text(lies, encoding="utf-8")
        assert standing(path, "new\n") is how
        assert ("KEEP" in place.words()) == (left == lies)
        assert ("KEEP" in remove.words()) == (left == lies)
        place.do()
        assert path.read_text(encoding="utf-8") == left
        path.write_text(lies, encoding="utf-8")
        remove.do()
        assert path.exists() == (left == lies)


def test_a_link_is_not_ours(tmp_path):
    """A unit that is masked by a link to /dev/null stays so."""
    (tmp_path / "unit").symlink_to(os.devnull)
    assert standing(tmp_path / "unit", "text") is Standing.FOREIGN


def test_a_root_other_than_the_configurations_is_refused(system):
    """The configuration is the administrator's; nobody moves documents by accident."""
    system.configuration.parent.mkdir(parents=True)
    system.configuration.write_text('[folders]\nroot = "/srv/docs"\n', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"change folders\.root there"):
        plan.installation(system, wishes(root=Path("/srv/other")))
    plan.installation(system, wishes(root=Path("/srv/docs")))
    system.configuration.write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match="names no root"):
        plan.installation(system, wishes())


@pytest.mark.parametrize("root", ["/home/me/scans", "/root/scans"])
def test_what_the_sandbox_hides_is_refused(system, root):
    """With what to do: the service would start and find nothing."""
    with pytest.raises(ConfigError, match="ProtectHome"):
        plan.installation(system, wishes(root=Path(root)))
    with pytest.raises(ConfigError, match="or take --user"):
        refuse_hidden([Path("/home/me/.venv/bin/ocrwatchd")], "the program", "move it, or take --user")


@pytest.mark.parametrize("folders", ['root = "/"', 'root = "/srv/docs"\ninbox = "/in"'])
def test_the_whole_machine_is_no_root(system, folders):
    """Nor may the inbox lie right below /, for .work lies beside it: all would be writable."""
    system.configuration.parent.mkdir(parents=True)
    system.configuration.write_text(f"[folders]\n{folders}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="write in / itself"):
        plan.installation(system, wishes())


@pytest.mark.parametrize("root", ["/etc", "/etc/systemd", "/var/lib", "/opt", "/usr"])
def test_a_root_that_holds_what_the_service_runs_by_is_refused(system, root):
    """Whoever took over the service could write its unit, its configuration, its program or its ledger."""
    with pytest.raises(ConfigError, match="choose folders below"):
        plan.installation(system, wishes(root=Path(root)))


@pytest.mark.parametrize("root", ["/tmp/scans", "/var/tmp/scans", "/dev/shm/scans"])  # noqa: S108 - refused
def test_what_the_sandbox_replaces_is_refused(system, root):
    """The service has a /tmp and a /dev of its own."""
    with pytest.raises(ConfigError, match="hidden from system services"):
        plan.installation(system, wishes(root=Path(root)))


def test_a_link_to_what_the_sandbox_hides_is_refused(tmp_path, monkeypatch):
    """It is the folder itself that counts; a link that leads round leads nowhere."""
    monkeypatch.setattr(paths, "HIDDEN", {Path("/home"): "ProtectHome"})
    (tmp_path / "round").symlink_to(tmp_path / "round")
    refuse_hidden([tmp_path / "round"], "the folder", "choose another")
    (tmp_path / "link").symlink_to("/home")
    with pytest.raises(ConfigError, match="/home/me"):
        refuse_hidden([tmp_path / "link" / "me"], "the folder", "choose another")


def test_a_root_may_be_named_in_several_ways(system):
    """It is the same one the second time; an empty name, as of a variable that is not set, is none."""
    carry_out(plan.installation(system, wishes(root=Path("/srv/a/../docs"))))
    plan.installation(system, wishes(root=Path("/srv/a/../docs")))
    plan.installation(system, wishes(root=Path("/srv/docs/")))


@pytest.mark.parametrize("more", [["install", "--dry-run", "--root", ""], ["uninstall", "--instance", ""]])
def test_an_empty_name_is_refused(more, capsys, monkeypatch):
    """As of a variable that is not set: it must not become the present folder, nor the service that has no name."""
    monkeypatch.setattr(machine_config, "program", lambda target: PROGRAM)
    monkeypatch.setattr(plan, "removal", lambda target: [])
    with pytest.raises(SystemExit) as ended:
        main(["service", *more])
    assert ended.value.code == 2
    assert "is empty" in capsys.readouterr().err


def test_a_configuration_that_is_a_link_to_nothing_stays(system, tmp_path):
    """What it leads to may lie on a disk that is not there yet."""
    system.configuration.parent.mkdir(parents=True)
    system.configuration.symlink_to(tmp_path / "disk" / "config.toml")
    with pytest.raises(ConfigError, match="no such file"):
        plan.installation(system, wishes())


def test_a_group_that_does_not_exist_is_told_at_once(system, monkeypatch):
    """Else the unit fails to start with a number; a name with a blank is one name in the unit."""
    system.configuration.parent.mkdir(parents=True)
    system.configuration.write_text('[folders]\nroot = "/srv/docs"\ngroup = "no such group"\n', encoding="utf-8")
    config, _ = machine_config.configuration(system, None)
    assert 'SupplementaryGroups="no such group"\n' in machine_config.drop_in(config, system, PROGRAM)
    monkeypatch.setattr(Target, "configuration", system.configuration)
    with pytest.raises(FolderUnusable, match="groupadd"):
        machine_config.configuration(Target(), None)


def test_a_group_that_this_machine_lacks_is_left_out_of_a_drop_in(monkeypatch):
    """A small Debian has no group for GPUs, and systemd starts nothing in a group that does not exist."""
    monkeypatch.setattr(machine_config.grp, "getgrall", list)
    assert "SupplementaryGroups" not in machine_config.with_groups(text("gpu.conf"))
    monkeypatch.undo()
    assert machine_config.with_groups("[Service]\nSupplementaryGroups=root no-such\nA=b\n") == (
        "[Service]\nSupplementaryGroups=root\nA=b\n"
    )


def test_what_is_not_ours_is_not_stopped_either(system, monkeypatch):
    """A unit that somebody else has put there runs on; one that was installed and changed since is stopped."""
    monkeypatch.setattr(Target, "manager_runs", True)
    system.units.mkdir(parents=True)
    for name in ("ocrwatchd.service", "ocrwatchd-canary.timer"):
        (system.units / name).write_text("theirs\n", encoding="utf-8")
    assert "disable" not in words(plan.removal(system))
    (system.units / "ocrwatchd.service").write_text(signed("ours\n") + "changed\n", encoding="utf-8")
    assert words(plan.removal(system)).count("disable --now ocrwatchd.service") == 1


def test_nothing_is_left_enabled_where_systemd_does_not_run(system, monkeypatch):
    """As in an image that is being made: the link from the target goes with the unit."""
    monkeypatch.setattr(Target, "manager_runs", False)
    carry_out(plan.installation(system, wishes()))
    assert f"--root={system.base} disable ocrwatchd.service" in words(plan.removal(system))


def test_the_model_is_fetched_before_the_start_and_by_the_services_own_user(system):
    """Into the cache that the service has."""
    acting = [act for act in plan.installation(system, wishes(pull=True)) if isinstance(act, Run)]
    pull, enable = acting[-2:]
    assert pull.command[1:3] == ["models", "pull"]
    assert (pull.account, pull.environment) == ("ocrwatchd", {"CACHE_DIRECTORY": str(system.cache)})
    assert enable.command[-2:] == ["enable", "ocrwatchd.service"]


def test_a_program_behind_a_closed_folder_is_refused(tmp_path):
    """The service's user could not enter it."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(ConfigError, match="is closed; move it"):
        refuse_closed([closed / "bin" / "ocrwatchd"], "the program", "move it")


def test_a_folder_that_no_unit_file_can_hold_is_refused(system):
    """A line break would become another line of the unit."""
    with pytest.raises(ConfigError, match="a unit file cannot hold"):
        plan.installation(system, wishes(root=Path("/srv/a\nExecStart=x")))


def test_paths_are_quoted_as_unit_files_want_them():
    """Spaces, quotes, backslashes and specifiers."""
    assert [quoted(path) for path in ("/a", "/a b", "/100%", '/"', "/'", "/\\n")] == [
        "/a", '"/a b"', '"/100%%"', '"/\\""', '"/\'"', '"/\\\\n"',
    ]  # fmt: skip


def test_one_writable_path_is_enough_where_everything_lies_in_the_root():
    """Between two of them a rename would be a copy."""
    assert writable(Folders(root="/r")) == [Path("/r")]
    assert writable(Folders(root="/r", outbox="/o", archive="/o2/a")) == [Path("/o"), Path("/o2/a"), Path("/r")]
    assert writable(Folders(root="/r", inbox="/in/box")) == [Path("/in"), Path("/r")]


def test_a_program_that_fails_is_told_with_its_own_words():
    """And with what to look at."""
    failing = Run([sys.executable, "-c", "import sys; sys.exit('no such unit')"], failed="see: the journal")
    with pytest.raises(ActFailed, match="no such unit; see: the journal"):
        failing.do()
    with pytest.raises(ActFailed, match="is not installed"):
        Run(["/nowhere/systemctl"]).do()


def test_what_is_written_can_be_read_by_the_service_whatever_the_umask(tmp_path):
    """An administrator's umask of 077 must not hide the configuration from the service."""
    before = os.umask(0o077)
    try:
        command._carry_out([actions.Configure(tmp_path / "a/b/config.toml", "x")], dry_run=False)
    finally:
        os.umask(before)
    assert (tmp_path / "a/b/config.toml").stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o755


def test_show_tells_what_is_there(user, capsys):
    """Before and after."""
    assert command.show(user) == command.NOT_INSTALLED
    assert "not installed" in capsys.readouterr().out
    carry_out(plan.installation(user, wishes()))
    assert command.show(user) == 0
    said = capsys.readouterr().out
    assert f"configuration  {user.configuration}" in said
    assert "ocrwatchd.service: as installed" in said


def test_a_users_service_is_not_shut_off(user):
    """What cannot be forbidden there is not asked for either."""
    with pytest.raises(ConfigError, match="leave --network and --gpu out"):
        plan.installation(user, wishes(allow={"network": False, "gpu": None}))


@pytest.mark.parametrize("name", ["Post", "a/b", "-x", "a b", "x" * 40, "ä"])
def test_a_name_that_cannot_be_an_instances_is_refused(name, capsys):
    """With the letters that can."""
    assert main(["service", "show", f"--instance={name}"]) == 2
    assert "lower-case letters" in capsys.readouterr().err


def test_only_root_installs_for_the_system(monkeypatch, capsys):
    """Whoever is not root hears so before anything is done."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert main(["service", "install"]) == 2
    assert "use sudo, or --user for your own" in capsys.readouterr().err
