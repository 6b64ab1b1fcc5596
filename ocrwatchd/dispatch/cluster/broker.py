"""The broker behind a URL, through Dramatiq: Redis or RabbitMQ, with password and TLS. Imported only with a broker.

Only Dramatiq's brokers are used, not its worker: an engine is started, watched and stopped from the main thread and
takes seconds to load, which a pool of threads that call functions does not support.
"""

from __future__ import annotations

import contextlib
import logging
import os
import ssl
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit, urlunsplit

from ocrwatchd.core.errors import ConfigError
from ocrwatchd.core.fs import permissions
from ocrwatchd.core.i18n import NOTHING, Message
from ocrwatchd.dispatch.cluster.broker_errors import told

MISSING = 'queue.broker is set, but {name} is not installed: install ocrwatchd with its extra "cluster"'

try:
    import dramatiq
    from dramatiq.common import dq_name, xq_name
    from dramatiq.errors import DecodeError as Unreadable
except ImportError as missing:
    raise ConfigError(MISSING.format(name=missing.name)) from missing

if TYPE_CHECKING:
    from dramatiq.broker import Broker, MessageProxy

    from ocrwatchd.core.config.schema import Queue

PATIENCE_S = 5.0
"""How long a call waits for the broker's answer."""

HEARTBEAT_S = 30
"""A silent connection to RabbitMQ is closed after twice this time."""

CREDENTIAL = "broker-password"
"""The name of systemd's credential with the password."""

ACTOR = "order"
"""The actor name of all messages, which Dramatiq requires."""

TRIAL = "ocrwatchd-check"
"""An empty queue for tests of the connection."""

__all__ = ("Unreadable", "connect", "content", "greet", "is_asked", "ping", "place", "publish", "strangers", "told")


def connect(queue: Queue) -> Broker:
    """Make a broker that connects at its first use.

    Raises:
        ConfigError: the URL, the password file or the CA file cannot be used.
    """
    for name in ("pika", "dramatiq"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what is wrong is told once, in our words
    parts = urlsplit(queue.broker)
    try:
        return _redis(queue) if parts.scheme in {"redis", "rediss"} else _rabbitmq(queue)
    except ImportError as missing:
        raise ConfigError(MISSING.format(name=missing.name)) from missing
    except (ValueError, OSError) as error:  # before any connection: a file, or a part of the URL
        raise ConfigError(f"queue.broker cannot be used: {error}; correct it, or the files named beside it") from error


def ping(queue: Queue) -> Message:
    """Test the broker: nothing if it accepts messages, otherwise why not. Waits a few :data:`PATIENCE_S`."""
    broker = connect(queue)
    try:
        _try(broker)
    except Exception as error:  # noqa: BLE001  # the boundary to the clients, which raise what they like
        return told(error)
    finally:
        with contextlib.suppress(Exception):
            broker.close()
    return NOTHING


def greet(broker: Broker) -> None:
    """Make the broker answer."""
    broker.flush(TRIAL)


def _try(broker: Any) -> None:  # noqa: ANN401  # of either kind, with what is its own
    publish(broker, TRIAL, "")
    broker.flush(TRIAL)
    if not is_asked(broker):  # a queue stays there until it is deleted
        for each in (TRIAL, dq_name(TRIAL), xq_name(TRIAL)):
            broker.channel.queue_delete(each)


def is_asked(broker: Broker) -> bool:
    """Whether the broker must be polled for messages; otherwise it pushes them."""
    return type(broker).__name__ == "RedisBroker"


def publish(broker: Broker, queue: str, content: str) -> None:
    """Put a message into a queue, which is made if missing."""
    broker.declare_queue(queue)
    broker.enqueue(dramatiq.Message(queue_name=queue, actor_name=ACTOR, args=(content,), kwargs={}, options={}))


def content(message: MessageProxy) -> str:
    """The content of a message; "" for a message that is not ours."""
    match message.args:  # anybody may have sent it
        case [str(ours)]:
            return ours
    return ""


def strangers() -> contextlib.AbstractContextManager[None]:
    """Ignore the errors of acknowledging a foreign message, which may lack the fields for that."""
    return contextlib.suppress(KeyError, TypeError)


def place(url: str) -> str:
    """The URL of the broker without user and password."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _redis(queue: Queue) -> Broker:
    import redis  # each client takes memory: only the one that is used
    from dramatiq.brokers.redis import RedisBroker
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    options: dict[str, Any] = {"socket_timeout": PATIENCE_S, "socket_connect_timeout": PATIENCE_S}
    # Each fault is seen here: after a restart the broker may have lost its memory.
    options["retry"] = Retry(NoBackoff(), 0)
    if password := _password(queue):
        options["password"] = password
    if urlsplit(queue.broker).scheme == "rediss":
        options["ssl_check_hostname"] = True  # not every version of the client does so by itself
        if queue.broker_ca:
            options["ssl_ca_certs"] = str(_ca(queue))
    client = redis.Redis.from_url(queue.broker, **options)
    return RedisBroker(client=client, middleware=[], namespace="ocrwatchd")  # type: ignore[no-untyped-call]


def _rabbitmq(queue: Queue) -> Broker:
    import pika
    from dramatiq.brokers.rabbitmq import RabbitmqBroker

    parts = urlsplit(queue.broker)
    secure = parts.scheme == "amqps"
    parameters: dict[str, Any] = {
        "host": parts.hostname,
        "port": parts.port or (5671 if secure else 5672),
        "virtual_host": unquote(parts.path[1:]) or "/",
        "credentials": pika.PlainCredentials(
            unquote(parts.username or "guest"), _password(queue) or unquote(parts.password or "guest")
        ),
        "heartbeat": HEARTBEAT_S,
        "socket_timeout": PATIENCE_S,
        "stack_timeout": PATIENCE_S,
        "blocked_connection_timeout": PATIENCE_S,
    }
    if secure:
        context = ssl.create_default_context(cafile=str(_ca(queue)) if queue.broker_ca else None)
        parameters["ssl_options"] = pika.SSLOptions(context, parts.hostname)
    return RabbitmqBroker(parameters=[parameters], middleware=[], confirm_delivery=True)


def _password(queue: Queue) -> str:
    if (path := _password_file(queue)) is None:
        return ""
    try:
        mode = path.stat().st_mode
        doubt = permissions.unsafe_reason(path, "password file")
        if not doubt and stat.S_ISREG(mode) and mode & stat.S_IROTH:
            doubt = f"the password file {path} can be read by everybody; run: chmod o-r '{path}'"
        word = "" if doubt else path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigError(_unusable("queue.broker_password_file", path, error)) from error
    if doubt:
        raise ConfigError(doubt)
    return word


def _password_file(queue: Queue) -> Path | None:
    """The configured file, otherwise systemd's credential, otherwise None: the URL may contain the password."""
    if queue.broker_password_file:
        return Path(queue.broker_password_file).expanduser()
    directory = os.environ.get("CREDENTIALS_DIRECTORY")
    path = Path(directory) / CREDENTIAL if directory else None
    return path if path is not None and path.is_file() else None


def _ca(queue: Queue) -> Path:
    path = Path(queue.broker_ca).expanduser()
    try:
        path.open("rb").close()
    except OSError as error:
        raise ConfigError(_unusable("queue.broker_ca", path, error)) from error
    return path


def _unusable(key: str, path: Path, error: OSError) -> str:
    own = f"readable by the user as whom this runs (uid {os.geteuid()})"
    return f"{key} cannot be used: {path}: {error.strerror}; put the file there, {own}, or correct the key"
