"""What every test shares."""

import itertools
import os
import signal
import sys
import threading

import pytest
import structlog
from hypothesis import HealthCheck, settings

from ocrwatchd.core import log


def pytest_addoption(parser):
    """Long proofs run only when they are asked for."""
    parser.addoption("--soak", action="store_true", help="run the long proofs too (an hour or more)")


def pytest_configure():
    """Set what must not depend on where the tests run.

    A configuration that others may change is refused, and some places have a umask that lets them. A script that runs
    the tests beside something else has Ctrl-C ignored in all of them.
    """
    os.umask(0o022)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # How long an example takes on a busy machine tells nothing; a test that hangs has its timeout.
    settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("busy")


def pytest_collection_modifyitems(config, items):
    """Skip the long proofs without --soak."""
    if config.getoption("--soak"):
        return
    for item in items:
        if item.get_closest_marker("soak"):  # a keyword is also any folder above
            item.add_marker(pytest.mark.skip(reason="a long proof: run with --soak"))


@pytest.fixture(scope="session")
def directories(tmp_path_factory):
    """Where all tests have their own directories, numbered; pytest would look through all of them for each new one."""
    base = tmp_path_factory.mktemp("own")
    return (base / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def own_directories(directories, monkeypatch):
    """Keep every test off the user's own configuration, state and cache, and off the hub."""
    own = next(directories)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for name in ("HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name in ("CONFIGURATION", "STATE", "CACHE"):
        (own / name.lower()).mkdir(parents=True)
        monkeypatch.setenv(f"{name}_DIRECTORY", str(own / name.lower()))


@pytest.fixture(autouse=True)
def own_log():
    """Forget where a test has sent the log: its standard error is closed when it is over."""
    hooks = sys.excepthook, threading.excepthook
    yield
    sys.excepthook, threading.excepthook = hooks
    log._hashed = False
    structlog.reset_defaults()
