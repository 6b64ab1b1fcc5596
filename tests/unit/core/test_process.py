"""What of its environment a process gets from us."""

import pytest

from ocrwatchd.core.process import without_secrets

SECRETS = {
    **dict.fromkeys(("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "SMTP_PASSWORD", "PGPASSWORD", "MYSQL_PWD", "token"), "x"),
    **dict.fromkeys(("APP_SECRET", "AWS_SECRET_ACCESS_KEY", "OPENAI_API_KEY", "GOOGLE_APPLICATION_CREDENTIALS"), "x"),
    "BROKER": "amqps://user:word@host/vhost",
    "CACHES": "a,redis://:word@host:6379/0",
}
PLAIN = {
    "PATH": "/bin",
    "PWD": "/",
    "HOME": "/root",
    "CREDENTIALS_DIRECTORY": "/run/credentials/x",
    "TOKENIZERS_PARALLELISM": "false",
    "SSH_ASKPASS": "/bin/ask",
    "MIRROR": "https://host:443/path",
    "no_proxy": "localhost",
}
PROXY = {"https_proxy": "http://user:word@proxy:3128"}


@pytest.mark.parametrize("proxies", [True, False])
def test_secrets_are_left_out(proxies):
    """By their names, and by their values where that is a URL with a password; a proxy's where it is needed."""
    kept = without_secrets(SECRETS | PLAIN | PROXY, proxies=proxies)
    assert kept == PLAIN | (PROXY if proxies else {})
