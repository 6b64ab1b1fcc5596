"""Explain errors of the broker to people, with the remedy."""

from __future__ import annotations

import re
from typing import Final

from ocrwatchd.core.errors import OcrwatchdError
from ocrwatchd.core.i18n import Message, say, verbatim
from ocrwatchd.core.log import printable

MOST_WORDS: Final = 300

SCHEMES: Final = "redis:// and amqp:// speak without TLS, rediss:// and amqps:// with it"

REMEDIES: Final = tuple(
    (re.compile(pattern), remedy)
    for pattern, remedy in (
        ("certificate has expired", "renew the broker's certificate"),
        ("certificate is not yet valid", "set this machine's clock, or the broker's certificate"),
        ("[Mm]ismatch, certificate", "let queue.broker name the host as its certificate does"),
        ("CERTIFICATE_VERIFY_FAILED", "let queue.broker_ca name the certificate of the CA that signed the broker's"),
        ("NO_CERTIFICATE_OR_CRL", "let queue.broker_ca name a file with a certificate in PEM"),
        (
            "ProbableAuthentication|AuthenticationError|Authentication required|Login was refused",
            "mend the user in queue.broker, or the password in queue.broker_password_file",
        ),
        (
            "vhost .* not found|NOT_ALLOWED",
            "end queue.broker with the name of a virtual host that is there and that this user may enter",
        ),
        (
            "NoPermission|ProbableAccessDenied|ACCESS_REFUSED",
            "give that user all rights at the broker: in Redis ~ocrwatchd:* and +@all, in RabbitMQ set_permissions",
        ),
        ("OutOfMemory|maxmemory", "give the broker more memory (maxmemory), or what else lies there another place"),
        ("Blocked", "make room for the broker: its memory or its disk is full"),
        ("ReadOnlyError", "let queue.broker lead to the primary, not to a replica"),
        ("MISCONF|No space left", "make room on the broker's disk"),
        ("BusyLoading", "it is starting: that takes a moment"),
        ("inequivalent arg", "delete that queue at the broker: it was made for something else"),
        (
            "delivery acknowledgement",
            "nothing is to be done: a scan takes longer than consumer_timeout, and is read on",
        ),
        ("DB index", "end queue.broker with the number of a database that is there"),
        ("gaierror|Error -[0-9]+ connecting", "mend the host's name in queue.broker, or its entry in the DNS"),
        ("refused", "start the broker, or mend host and port in queue.broker"),
        ("[Tt]imeout|timed out", f"see to broker and network; where it never answers mend queue.broker: {SCHEMES}"),
        (
            "IncompatibleProtocol|reset by peer|closed by server|WRONG_VERSION|EOF",
            f"if that lasts, mend scheme and port in queue.broker: {SCHEMES}",
        ),
    )
)
"""Patterns of error texts with their remedies; the first match counts."""


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
    remedy = next((remedy for pattern, remedy in REMEDIES if pattern.search(words)), "see its log")
    return say("{fault}; {remedy}", fault=words.rstrip("."), remedy=verbatim(remedy))
