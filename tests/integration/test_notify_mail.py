"""The ready command that mails events, with a mail program and with a real SMTP server."""

import email
import email.policy
import json
import os
import socket
import ssl
import subprocess
import sys

import pytest
from aiosmtpd.controller import Controller

from ocrwatchd.monitoring.notify import mail as command

EVENT = {"event": "failed", "host": "scanbox", "file": "in/a.pdf", "reason": "the upload broke off", "missed": 0}


class Sink:
    """Takes what is mailed."""

    def __init__(self):
        self.mails = []

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802 - the library's name
        """Keep a mail."""
        self.mails.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return "250 kept"


@pytest.fixture
def sink():
    """An SMTP server on a free port, and its address."""
    handler = Sink()
    with socket.create_server(("127.0.0.1", 0)) as free:  # the library cannot choose one itself
        port = free.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    handler.address = f"127.0.0.1:{port}"
    yield handler
    controller.stop()


@pytest.fixture
def program(tmp_path):
    """A mail program that keeps its arguments and its input."""
    path = tmp_path / "sendmail"
    path.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$@\" > '{tmp_path}/arguments'\ncat > '{tmp_path}/mail'\n")
    path.chmod(0o755)
    return path


def mail(event, *arguments, environment=None):
    """Run the command as the daemon does."""
    given = event if isinstance(event, bytes) else json.dumps(event).encode()
    run = [sys.executable, "-m", "ocrwatchd.monitoring.notify.mail", *arguments]
    more = os.environ | (environment or {})
    return subprocess.run(run, input=given, capture_output=True, timeout=60, check=False, env=more)


def read(content):
    """A mail's headers and text."""
    return email.message_from_bytes(content, policy=email.policy.default)


def test_failure_is_mailed_by_smtp(sink):
    """A real server gets it: envelope, headers and the reason in plain words."""
    run = mail(EVENT, "--smtp", sink.address, "--to", "me@example.org", "--to", "you@example.org", "--from", "o@scan")
    assert (run.returncode, run.stderr) == (0, b"")
    ((sender, recipients, content),) = sink.mails
    assert (sender, recipients) == ("o@scan", ["me@example.org", "you@example.org"])
    message = read(content)
    assert message["Subject"] == "ocrwatchd: could not be read: in/a.pdf"
    assert message["Auto-Submitted"] == "auto-generated"
    assert "Why: the upload broke off" in message.get_content()


def test_failure_is_mailed_by_a_program(program, tmp_path):
    """With the arguments that every sendmail takes; the recipients stand after the end of the options."""
    run = mail(EVENT, "--sendmail", str(program), "--to", "me@example.org", "--from", "o@scan")
    assert (run.returncode, run.stderr) == (0, b"")
    assert (tmp_path / "arguments").read_text().split() == ["-i", "-f", "o@scan", "--", "me@example.org"]
    assert read((tmp_path / "mail").read_bytes())["To"] == "me@example.org"


def test_hostile_name_adds_no_header_and_no_recipient(program, tmp_path):
    """A file whose name holds a header of its own is told in one line."""
    name = os.fsdecode(b"x\r\nBcc: evil@example.org\r\n\r\nhello \xff.pdf")
    run = mail(EVENT | {"file": name}, "--sendmail", str(program), "--to", "me@example.org")
    assert run.returncode == 0
    message = read((tmp_path / "mail").read_bytes())
    assert message["Bcc"] is None
    assert "evil@example.org" not in (tmp_path / "arguments").read_text()
    assert message["Subject"].endswith("hello \N{REPLACEMENT CHARACTER}.pdf")


@pytest.mark.parametrize("event", ["unhealthy", "recovered", "delivered", "something-new"])
def test_every_event_has_a_subject(program, tmp_path, event):
    """Those of a later version too."""
    assert mail(EVENT | {"event": event}, "--sendmail", str(program), "--to", "me").returncode == 0
    assert read((tmp_path / "mail").read_bytes())["Subject"].startswith("ocrwatchd: ")


@pytest.mark.parametrize(
    ("event", "arguments", "words"),
    [
        (EVENT, ("--sendmail", "/nowhere/sendmail"), b"No such file or directory: '/nowhere/sendmail'"),
        (EVENT, ("--sendmail", "/bin/false"), b"non-zero exit status 1"),
        (EVENT, ("--smtp", "127.0.0.1:1"), b"Connection refused"),
        (b"", (), b"standard input holds no event"),
        (b"[1]", (), b"standard input holds no event"),
    ],
)
def test_what_cannot_be_mailed_fails_with_the_reason(event, arguments, words):
    """So that the daemon tries again, and its log says why."""
    run = mail(event, "--to", "me@example.org", *arguments)
    assert run.returncode == 1
    assert words in run.stderr


@pytest.mark.parametrize(
    "arguments",
    [("--to", "a b"), ("--to=-x",), ("--to", "me", "--user", "me"), ("--to", "me", "--smtp", "h", "--user", "me"), ()],
)
def test_wrong_arguments_are_refused(arguments):
    """An address that is an option, a password that would travel in the clear, nobody to mail to."""
    assert mail(EVENT, *arguments).returncode == 2


@pytest.mark.parametrize(
    "given", ["h:x", "h:0", "h:65536", "h:-1", "h:", "::1", "[::1", ":25", "", "a@h:25", "h/x", "h?"]
)
def test_what_is_no_server_is_refused_with_an_example(given, capsys):
    """A bad port or an address without brackets is told in words of ours."""
    with pytest.raises(SystemExit) as ended:
        command.main(["--to", "me", f"--smtp={given}"])
    assert ended.value.code == 2
    assert "is no mail server; write it like mail.example.org:587" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "server"),
    [("Mail.example.org", ("mail.example.org", 0)), ("[::1]:25", ("::1", 25)), ("h:465", ("h", 465))],
)
def test_servers_are_understood(given, server):
    """With and without a port; an address of IPv6 in brackets."""
    assert command._server(given) == server


def test_encryption_without_a_server_is_refused(capsys):
    """It would have been left out without a word; nor can there be both kinds."""
    for arguments in (["--starttls"], ["--tls"], ["--smtp=h", "--tls", "--starttls"]):
        with pytest.raises(SystemExit):
            command.main(["--to", "me", *arguments])
        assert "--starttls" in capsys.readouterr().err


def test_tls_from_the_first_byte_checks_the_certificate(tmp_path):
    """A server on port 465 gets the mail once its certificate is trusted, and not before."""
    made = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1"
    subprocess.run([*made.split(), "-keyout", "key", "-out", "cert"], cwd=tmp_path, check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "cert", tmp_path / "key")
    handler = Sink()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=port, ssl_context=context)
    controller.start()
    try:
        arguments = ("--to", "me@example.org", "--smtp", f"127.0.0.1:{port}", "--tls")
        doubted = mail(EVENT, *arguments)
        run = mail(EVENT, *arguments, environment={"SSL_CERT_FILE": str(tmp_path / "cert")})
    finally:
        controller.stop()
    assert doubted.returncode == 1
    assert b"CERTIFICATE_VERIFY_FAILED" in doubted.stderr
    assert (run.returncode, run.stderr) == (0, b"")
    assert len(handler.mails) == 1
