"""A command for ``[notify]`` that mails the event: ``python -m ocrwatchd.monitoring.notify.mail --to me@example.org``.

By a mail program that takes ``sendmail``'s arguments (msmtp, nullmailer, postfix), or by SMTP. The addresses come from
the configuration, the event from standard input; nothing of the event ever stands on a command line.
"""

from __future__ import annotations

import argparse
import getpass
import json
import os
import smtplib
import socket
import ssl
import subprocess
import sys
from collections.abc import Sequence
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

SMTP_SECONDS = 20.0
SUBMISSION_PORT = 587
TLS_PORT = 465
PLAIN_PORT = 25
LONGEST_EVENT_BYTES = 1 << 20

SUBJECTS = {
    "delivered": "delivered: {file}",
    "failed": "could not be read: {file}",
    "unhealthy": "trouble on {host}",
    "recovered": "all is well again on {host}",
}
LABELS = {
    "reason": "Why",
    "file": "File",
    "path": "Lies at",
    "pages": "Pages",
    "unreadable": "Pages that could not be read",
    "seconds": "For so many seconds",
    "time": "When",
    "host": "Machine",
    "root": "Folder",
    "missed": "Events before this one that nobody was told of",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Read an event, and mail it.

    Returns:
        The exit code: 0 once the mail is handed over, else 1, with the reason on standard error.
    """
    parser = _parser()
    args = parser.parse_args(arguments)
    encrypted = args.starttls or args.tls
    if encrypted and not args.smtp:
        parser.error("--starttls and --tls need --smtp: a mail program has its own settings for that")
    if args.user and not (encrypted and args.password_file):
        words = "--user needs --smtp, --password-file, and --starttls or --tls"
        parser.error(f"{words}: a password never travels in the clear")
    try:
        message = compose(_event(), args.sender or _sender(), args.to)
        if args.smtp:
            _by_smtp(message, args)
        else:
            _by_program(message, args.sendmail)
    except (OSError, ValueError, smtplib.SMTPException, subprocess.SubprocessError) as error:
        print(f"not mailed: {error}", file=sys.stderr)  # noqa: T201 - the daemon logs it
        return 1
    return 0


def compose(event: dict[str, Any], sender: str, recipients: list[str]) -> EmailMessage:
    """The mail that tells of an event."""
    facts = {key: _one_line(value) for key, value in event.items()}
    message = EmailMessage()
    message["From"], message["To"] = sender, ", ".join(recipients)
    subject = SUBJECTS.get(event["event"], "{event}").format_map({"file": "a scan", "host": "?"} | facts)
    message["Subject"] = f"ocrwatchd: {subject}"
    message["Date"], message["Message-ID"] = formatdate(localtime=True), make_msgid("ocrwatchd", socket.gethostname())
    message["Auto-Submitted"] = "auto-generated"  # no answering machine shall answer
    lines = [f"{words}: {facts[key]}" for key, words in LABELS.items() if facts.get(key) not in {None, "", "0"}]
    message.set_content("\n".join(lines) + "\n")
    return message


def _event() -> dict[str, Any]:
    try:
        event = json.loads(sys.stdin.buffer.read(LONGEST_EVENT_BYTES))
    except ValueError:
        event = None
    if not isinstance(event, dict) or not isinstance(event.get("event"), str):
        raise ValueError("standard input holds no event; name this as notify.command")  # noqa: TRY004
    return event


def _one_line(value: object) -> str:
    """A fact that fits a header: whatever a file is called, it begins no line of its own."""
    text = str(value).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def _by_program(message: EmailMessage, program: str) -> None:
    command = [program, "-i", "-f", message["From"], "--", *message["To"].split(", ")]
    subprocess.run(command, input=message.as_bytes(), check=True)


def _by_smtp(message: EmailMessage, args: argparse.Namespace) -> None:
    default = SUBMISSION_PORT if args.starttls else TLS_PORT if args.tls else PLAIN_PORT
    host, port = args.smtp.host, args.smtp.port or default
    context = ssl.create_default_context() if args.starttls or args.tls else None
    with (
        smtplib.SMTP_SSL(host, port, timeout=SMTP_SECONDS, context=context)
        if args.tls
        else smtplib.SMTP(host, port, timeout=SMTP_SECONDS)
    ) as server:
        if args.starttls:
            server.starttls(context=context)
        if args.user:
            server.login(args.user, args.password_file.read_text(encoding="utf-8").strip())
        server.send_message(message)


def _sender() -> str:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # an account without a name
        user = f"uid{os.getuid()}"
    return f"{user}@{socket.gethostname()}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ocrwatchd.monitoring.notify.mail", description="Mail an event; for notify.command."
    )
    parser.add_argument("--to", action="append", required=True, type=_address, metavar="ADDRESS", help="more than once")
    parser.add_argument(
        "--from", dest="sender", type=_address, metavar="ADDRESS", help="else this user at this machine"
    )
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--sendmail", default="/usr/sbin/sendmail", metavar="PROGRAM", help="takes sendmail's arguments")
    way.add_argument("--smtp", type=_server, metavar="HOST[:PORT]", help="a mail server, instead of a program")
    secrecy = parser.add_mutually_exclusive_group()
    secrecy.add_argument(
        "--starttls", action="store_true", help="encrypt, and check the server's certificate; port 587 unless given"
    )
    secrecy.add_argument("--tls", action="store_true", help="the same, from the first byte on; port 465 unless given")
    parser.add_argument("--user", help="to log in as; needs --password-file, and --starttls or --tls")
    parser.add_argument("--password-file", type=Path, metavar="FILE", help="its first line is the password")
    return parser


def _address(given: str) -> str:
    """An address, or the name of a user of this machine."""
    if not given or given.startswith("-") or any(char in given for char in ", \t\r\n<>") or not given.isascii():
        raise argparse.ArgumentTypeError(f"{given!r} is no address; write it like me@example.org")
    return given


class Server(NamedTuple):
    """Where mail is taken; port 0 is the usual one."""

    host: str
    port: int


def _server(given: str) -> Server:
    """A host with its port, an address of IPv6 in brackets."""
    remedy = "write it like mail.example.org:587 or [2001:db8::1]:25, with a port from 1 to 65535"
    try:
        parts = urlsplit(f"//{given}")
        server = Server(parts.hostname or "", parts.port or 0)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{given!r} is no mail server; {remedy}") from None
    host = f"[{server.host}]" if ":" in server.host else server.host
    if not server.host or given.lower() != (f"{host}:{server.port}" if server.port else host):
        raise argparse.ArgumentTypeError(f"{given!r} is no mail server; {remedy}")
    return server


if __name__ == "__main__":
    sys.exit(main())
