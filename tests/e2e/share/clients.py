"""What scanners and people do with a share, by the real clients; each call says whether it worked."""

import subprocess
from pathlib import Path
from typing import NamedTuple

from tests.e2e.share.premises import PASSWORD
from tests.programs import needs

HOST = "127.0.0.1"


class Said(NamedTuple):
    """A client's last word."""

    worked: bool
    words: str


def said(done: subprocess.CompletedProcess) -> Said:
    """What a finished client says."""
    return Said(done.returncode == 0, done.stdout + done.stderr)


class Samba:
    """smbd and smbclient."""

    kind = "samba"
    inbox = ""
    user = "scanner"

    def __init__(self, machine):
        needs("smbd", "smbclient")
        self._machine = machine

    def passwords(self):
        """Give both accounts theirs."""
        for name in ("scanner", "office"):
            self._machine.must("smbpasswd", "-s", "-a", name, said=f"{PASSWORD}\n{PASSWORD}\n")

    def serving(self):
        """The server with its own configuration."""
        return self._machine.serving(445, "smbd", "--foreground", "--no-process-group")

    def do(self, *commands, user="scanner", share="inbox", password=PASSWORD):
        """Commands of smbclient."""
        who = ("-N",) if user is None else ("-U", f"{user}%{password}")
        return said(self._machine.call("smbclient", f"//{HOST}/{share}", *who, "-c", "; ".join(commands)))

    def put(self, source, name):
        """Upload."""
        return self.do(f'put "{source}" "{name.replace("/", chr(92))}"')

    def rename(self, name, new):
        """Give an upload another name."""
        return self.do(f'rename "{name}" "{new}"')

    def get(self, name, target, *, user="scanner", folder="inbox"):
        """Download."""
        return self.do(f'get "{name}" "{target}"', user=user, share=folder)

    def delete(self, name, *, user="scanner", folder="inbox"):
        """Delete."""
        result = self.do(f'del "{name}"', user=user, share=folder)
        return Said(result.worked and "NT_STATUS" not in result.words, result.words)

    def listing(self, *, user="scanner", folder="inbox"):
        """The names in a folder."""
        return self.do("ls", user=user, share=folder)

    def write(self, source, folder):
        """Upload as the office."""
        return self.do(f'put "{source}" new.png', user="office", share=folder)


class Ftp:
    """vsftpd and lftp, by TLS."""

    kind = "vsftpd"

    def __init__(self, machine):
        needs("vsftpd", "lftp", "openssl")
        self._machine = machine

    def passwords(self):
        """Give both accounts theirs."""
        self._machine.passwords()

    def serving(self):
        """The server with its own configuration."""
        # As systemd would start it: with what was added to its unit.
        unit = Path("/etc/systemd/system/vsftpd.service.d/ocrwatchd.conf")
        added = [line.partition("=")[2] for line in self._machine.must("cat", unit).splitlines() if "=" in line]
        return self._machine.serving(21, "env", *added, "vsftpd", "/etc/vsftpd.conf")

    def do(self, *commands, user="scanner", password=PASSWORD, tls="true"):
        """Commands of lftp."""
        settings = {
            "ftp:ssl-force": tls,
            "ftp:ssl-allow": tls,
            "ftp:ssl-protect-data": "true",
            "ssl:ca-file": "/etc/ssl/private/ocrwatchd-ftp.crt",
            "ssl:check-hostname": "no",
            "net:max-retries": "1",
            "net:reconnect-interval-base": "1",
            "net:timeout": "30",
        }
        lines = [*(f"set {key} {value}" for key, value in settings.items()), "set cmd:fail-exit yes"]
        lines.append(f"open -u {user},'{password}' ftp://{HOST}")
        return said(self._machine.call("lftp", "--norc", "-c", "; ".join([*lines, *commands]), HOME="/nonexistent"))

    def put(self, source, name):
        """Upload."""
        return self.do(f'put "{source}" -o "/inbox/{name}"')

    def rename(self, name, new):
        """Give an upload another name."""
        return self.do(f'mv "/inbox/{name}" "/inbox/{new}"')

    def get(self, name, target, *, user="scanner", folder="inbox"):
        """Download."""
        return self.do(f'get "/{folder}/{name}" -o "{target}"', user=user)

    def delete(self, name, *, user="scanner", folder="inbox"):
        """Delete."""
        return self.do(f'rm "/{folder}/{name}"', user=user)

    def listing(self, *, user="scanner", folder="inbox"):
        """The names in a folder."""
        return self.do(f"cd /{folder}", "ls", user=user)

    def write(self, source, folder):
        """Upload as the office."""
        return self.do(f'put "{source}" -o "/{folder}/new.png"', user="office")


class Sftp:
    """sshd and sftp."""

    kind = "sftp"

    def __init__(self, machine):
        needs("sshd", "sftp")
        self._machine = machine
        self._ask = machine.base / "askpass"
        self._ask.write_text(f"#!/bin/sh\necho '{PASSWORD}'\n")
        self._ask.chmod(0o755)

    def passwords(self):
        """Give both accounts theirs."""
        self._machine.passwords()

    def serving(self):
        """The server with its own configuration."""
        return self._machine.serving(22, "/usr/sbin/sshd", "-D", "-e")

    def ssh(self, program, *arguments, user="scanner", commands=""):
        """Run one of OpenSSH's clients, with the password."""
        options = ("-F", "none", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null")
        options += ("-o", "NumberOfPasswordPrompts=1", "-o", "BatchMode=no", "-o", "LogLevel=ERROR")
        asked = {"SSH_ASKPASS": str(self._ask), "SSH_ASKPASS_REQUIRE": "force"}
        return said(self._machine.call(program, *options, *arguments, said=commands, **asked))

    def do(self, *commands, user="scanner"):
        """Commands of sftp."""
        batch = "".join(f"{command}\n" for command in commands)
        return self.ssh("sftp", "-b", "-", f"{user}@{HOST}", commands=batch)

    def put(self, source, name):
        """Upload."""
        return self.do(f'put "{source}" "/inbox/{name}"')

    def rename(self, name, new):
        """Give an upload another name."""
        return self.do(f'rename "/inbox/{name}" "/inbox/{new}"')

    def get(self, name, target, *, user="scanner", folder="inbox"):
        """Download."""
        return self.do(f'get "/{folder}/{name}" "{target}"', user=user)

    def delete(self, name, *, user="scanner", folder="inbox"):
        """Delete."""
        return self.do(f'rm "/{folder}/{name}"', user=user)

    def listing(self, *, user="scanner", folder="inbox"):
        """The names in a folder."""
        return self.do(f"ls -1 /{folder}", user=user)

    def write(self, source, folder):
        """Upload as the office."""
        return self.do(f'put "{source}" "/{folder}/new.png"', user="office")


CLIENTS = (Samba, Ftp, Sftp)


def local(machine, name, content) -> Path:
    """A file to send, as scanners have it."""
    path = machine.base / name
    path.write_bytes(content)
    path.chmod(0o644)
    return path
