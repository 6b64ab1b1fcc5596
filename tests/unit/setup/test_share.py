"""What `share` prints, and whom and what it refuses; that it works is shown with the servers themselves."""

import grp
import os
import pwd
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrwatchd.cli.main import main
from ocrwatchd.core.config.profile import Work
from ocrwatchd.core.config.schema import Config, Folders
from ocrwatchd.core.errors import ConfigError, FolderUnusable
from ocrwatchd.setup import share
from ocrwatchd.setup.share import for_fstab, for_shell

HOSTILE = 'it\'s a "root"; touch /tmp/x #1 $(id) `id` %u\\040 -é€'


def user(name, uid=4711, gid=4712, shell="/usr/sbin/nologin", home=share.GATE):
    """A line of passwd."""
    return pwd.struct_passwd((name, "x", uid, gid, "", f"{home}/{name}", shell))


@pytest.fixture
def house(tmp_path, monkeypatch):
    """Make a configuration whose folders are there and belong to a service, on a machine with these users."""

    def make(root="root", users=(), profiles=(), groups=(), **service):
        base = tmp_path / root
        for name in ("inbox", "outbox", "failed"):
            (base / name).mkdir(parents=True)
        os.chown(base / "inbox", service.get("uid", 4711), 4712)
        known = {name: user(name) for name in ("ocrwatchd",)} | {each.pw_name: each for each in users}

        def by_id(uid):
            return next((each for each in known.values() if each.pw_uid == uid), None) or {}[uid]

        monkeypatch.setattr(pwd, "getpwnam", lambda name: known[name])
        monkeypatch.setattr(pwd, "getpwuid", by_id)
        group = grp.struct_group((service.get("group", "ocrwatchd"), "x", 4712, []))
        monkeypatch.setattr(grp, "getgrgid", lambda gid: group)
        monkeypatch.setattr(grp, "getgrall", lambda: [group])
        monkeypatch.setattr(os, "getgrouplist", lambda name, gid: [gid, *groups])
        return Config(folders=Folders(root=str(base)), profiles={name: Work() for name in profiles})

    if os.geteuid() != 0:
        pytest.skip("only root can give folders away")
    return make


@given(st.text(st.characters(exclude_categories=["C", "Z"], include_characters=" "), min_size=1))
def test_any_path_is_read_back_as_it_is(name):
    """The shell and fstab's readers see the path itself, whatever visible characters it holds."""
    path = Path("/srv") / name
    line = f"printf '%s' {for_shell(path)}; printf '\\0%s /gate none bind 0 0' {for_fstab(path)}"
    plain, _, fstab = (
        subprocess.run(["sh", "-c", line], capture_output=True, check=True).stdout.decode().partition("\0")
    )
    assert plain == str(path)
    source, *rest = fstab.split(" ")
    for char in "\\ \t":
        source = source.replace(f"\\{ord(char):03o}", char) if char != "\\" else source.replace("\\134", "\0")
    assert source.replace("\0", "\\") == str(path)
    assert rest == ["/gate", "none", "bind", "0", "0"]


@pytest.mark.parametrize("kind", share.KINDS)
def test_a_shell_takes_what_is_printed(house, kind):
    """With a hostile root and hostile profiles too; and the words of the template are all replaced."""
    printed = share.script(kind, house(HOSTILE, profiles=["a b", "it's", "$(reboot)"]), "canon-2", "desk")
    subprocess.run(["sh", "-n"], input=printed.encode(), check=True)
    assert "@{" not in printed
    assert "canon-2" in printed
    assert """inbox/it'"'"'s'""" in printed


@pytest.mark.parametrize("name", ["new\nline", "tab\tbed", "esc\x1b[2J", "bytes\udcff", "\u202egnp"])
def test_a_path_that_no_configuration_holds_is_refused(house, name):
    """Control characters, marks that turn the writing round, bytes that are no text could write their own lines."""
    with pytest.raises(ConfigError, match="rename that folder"):
        share.script("samba", house(name))


@pytest.mark.parametrize("name", ["", "-x", "a b", "Scanner", "a;id", "ä", "x" * 32, "a\n", "a/b", "$(id)"])
@pytest.mark.parametrize("option", ["scanner", "office"])
def test_odd_accounts_are_refused(house, name, option):
    """A name goes into many configurations: only plain ones are taken."""
    with pytest.raises(ConfigError, match="not a valid name"):
        share.script("sftp", house(), **{option: name})


@pytest.mark.parametrize(
    ("names", "users", "words"),
    [
        (("anna", "office"), [user("anna", 1000, 1000, "/bin/bash")], "can log in"),
        (("anna", "office"), [user("anna", 1000, 1000, "")], "can log in"),
        (("root", "office"), [user("root", 0, 0)], "can log in"),
        (("scanner", "anna"), [user("anna", 1000, 1000, "/bin/bash")], "can log in"),
        (("ocrwatchd", "office"), [], "this user owns the folders"),
        (("scanner", "ocrwatchd"), [], "this user owns the folders"),
        (("both", "both"), [], "name two"),
    ],
)
def test_accounts_that_could_do_more_are_refused(house, names, users, words):
    """Nobody who can log in, not the service itself, and not one account for both."""
    with pytest.raises(ConfigError, match=words):
        share.script("samba", house(users=users), *names)


def test_a_scanner_in_the_services_group_is_refused(house):
    """It could read and delete everything."""
    config = house(users=[user("scanner", 900, 901)], groups=[4712])
    with pytest.raises(ConfigError, match="gpasswd --delete scanner ocrwatchd"):
        share.script("samba", config)


@pytest.mark.parametrize("kind", share.KINDS)
def test_accounts_without_a_login_may_be_there_already(house, kind):
    """As after an earlier run."""
    assert share.script(kind, house(users=[user("scanner", 900, 901, "/bin/false"), user("office", 902, 901)]))


@pytest.mark.parametrize(("name", "uid"), [("www-data", 33), ("nobody", 65534)])
@pytest.mark.parametrize("option", ["scanner", "office"])
def test_another_services_account_is_refused(house, name, uid, option):
    """What runs as it would reach documents; a person's account without a login may be taken."""
    with pytest.raises(ConfigError, match=f"usermod --home {share.GATE}/{name} {name}"):
        share.script("samba", house(users=[user(name, uid, home="/var")]), **{option: name})
    assert share.script(
        "samba", house("other", users=[user("printer", 1000, 1000, home="/home")]), **{option: "printer"}
    )


def test_folders_that_are_root_s_or_nobody_s_are_refused(house):
    """What scanners send is not for root to read, and who has no name cannot be written down."""
    with pytest.raises(FolderUnusable, match="belongs to root"):
        share.script("samba", house(uid=0))
    with pytest.raises(FolderUnusable, match="number 815, has no name"):
        share.script("samba", house("other", uid=815))
    with pytest.raises(FolderUnusable, match="is called domain users"):
        share.script("samba", house("third", group="domain users"))


def test_missing_folders_are_told(tmp_path, capsys):
    """Before the first start there is nothing to share yet."""
    config = tmp_path / "config.toml"
    config.write_text(f'[folders]\nroot = "{tmp_path}/root"\n')
    assert main(["share", "samba", "--config", str(config)]) == 4
    assert "start ocrwatchd once" in capsys.readouterr().err


def test_an_unknown_server_is_told(capsys):
    """With those that there are."""
    with pytest.raises(SystemExit) as caught:
        main(["share", "nfs"])
    assert caught.value.code == 2
    assert "samba" in capsys.readouterr().err


def test_a_second_scanner_has_shares_of_its_own(house):
    """Two roots on one machine do not take each other's scans."""
    printed = share.script("samba", house(), "canon", "desk")
    assert "[canon-inbox]" in printed
    assert "\n[inbox]" not in printed
