"""Explain errors of the broker to people, with the remedy."""

from __future__ import annotations

import re
from typing import Final

from ocrwatchd.core.errors import OcrwatchdError
from ocrwatchd.core.i18n import Message, say
from ocrwatchd.core.log import printable

MOST_WORDS: Final = 300

REMEDIES: Final = tuple(
    (re.compile(pattern), remedy)
    for pattern, remedy in (
        ("certificate has expired", say("renew the broker's certificate")),
        ("certificate is not yet valid", say("set this machine's clock, or renew the broker's certificate")),
        ("[Mm]ismatch, certificate", say("use the host name of the broker's certificate in queue.broker")),
        (
            "CERTIFICATE_VERIFY_FAILED",
            say("name the certificate of the CA that signed the broker's in queue.broker_ca"),
        ),
        ("NO_CERTIFICATE_OR_CRL", say("name a file with a PEM certificate in queue.broker_ca")),
        (
            "ProbableAuthentication|AuthenticationError|Authentication required|Login was refused",
            say("correct the user in queue.broker, or the password in queue.broker_password_file"),
        ),
        (
            "vhost .* not found|NOT_ALLOWED",
            say("name an existing virtual host that this user may use at the end of queue.broker"),
        ),
        (
            "NoPermission|ProbableAccessDenied|ACCESS_REFUSED",
            say(
                "give that user all rights at the broker: in Redis ~ocrwatchd:* and +@all, in RabbitMQ set_permissions"
            ),
        ),
        ("OutOfMemory|maxmemory", say("give the broker more memory (maxmemory), or remove other data from it")),
        ("Blocked", say("make room for the broker: its memory or its disk is full")),
        ("ReadOnlyError", say("name the primary in queue.broker, not a replica")),
        ("MISCONF|No space left", say("make room on the broker's disk")),
        ("BusyLoading", say("wait a moment: the broker is starting")),
        ("inequivalent arg", say("delete that queue at the broker: another program made it")),
        (
            "delivery acknowledgement",
            say("nothing is to be done: a scan takes longer than consumer_timeout, and its reading continues"),
        ),
        ("DB index", say("name an existing database by its number at the end of queue.broker")),
        ("gaierror|Error -[0-9]+ connecting", say("correct the host name in queue.broker, or its entry in the DNS")),
        ("refused", say("start the broker, or correct host and port in queue.broker")),
        (
            "[Tt]imeout|timed out",
            say(
                "check the broker and the network; if it never answers, correct queue.broker: redis:// and "
                "amqp:// are without TLS, rediss:// and amqps:// with TLS"
            ),
        ),
        (
            "IncompatibleProtocol|reset by peer|closed by server|WRONG_VERSION|EOF",
            say(
                "if this lasts, correct scheme and port in queue.broker: redis:// and amqp:// are without "
                "TLS, rediss:// and amqps:// with TLS"
            ),
        ),
    )
)
"""Patterns of error texts with their remedies; the first match counts."""

_UNKNOWN: Final = say("look into the broker's log")


def told(error: Exception) -> Message:
    """An error on one line: its type, the text of the client or broker, and the remedy.

    The text contains no password; control characters are replaced.
    """
    if isinstance(error, OcrwatchdError):
        return error.message
    while len(error.args) == 1 and isinstance(error.args[0], Exception):  # Dramatiq and pika wrap what has happened
        error = error.args[0]
    said = str(error) or "; ".join(map(repr, error.args)) or repr(error)  # pika keeps the causes there
    words = printable(f"{type(error).__name__}: {said}".replace("\n", " ")[:MOST_WORDS])
    remedy = next((remedy for pattern, remedy in REMEDIES if pattern.search(words)), _UNKNOWN)
    return say("{fault}; {remedy}", fault=words.rstrip("."), remedy=remedy)
