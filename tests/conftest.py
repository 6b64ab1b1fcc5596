"""What every test shares."""

import compileall
import gc
import os
import signal
import sys
import threading

import pytest
import structlog

from ocrwatchd.core import log
from tests.paths import CHECKOUT


def pytest_addoption(parser):
    """Long proofs run only when they are asked for."""
    parser.addoption("--soak", action="store_true", help="run the long proofs too (an hour or more)")


def pytest_configure():
    """Set what must not depend on where the tests run.

    A configuration that others may change is refused, and some places have a umask that lets them. A script that runs
    the tests beside something else has Ctrl-C ignored in all of them. Where Python is told to keep no compiled modules,
    hundreds of processes would compile the package.
    """
    os.umask(0o022)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.dont_write_bytecode = False
    for folder in (CHECKOUT / "ocrwatchd", CHECKOUT / "tests" / "fakes"):
        compileall.compile_dir(folder, quiet=2)
    from hypothesis import HealthCheck, settings  # pytest compiles it anew, and now keeps that

    gc.disable()  # until all tests are collected: they all stay
    # How long an example takes on a busy machine tells nothing; a test that hangs has its timeout.
    settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("busy")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Decide what runs side by side with ``-n``."""
    from tests.scheduling import ByFile  # without -n nobody needs xdist

    return ByFile(config, log)


def pytest_collection_finish():
    """Look for garbage from now on, but not among the tests and the modules."""
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(config, items):
    """Skip the long proofs without --soak."""
    if config.getoption("--soak"):
        return
    for item in items:
        if item.get_closest_marker("soak"):  # a keyword is also any folder above
            item.add_marker(pytest.mark.skip(reason="a long proof: run with --soak"))


class OwnDirectories:
    """Directories for one test after the other, made anew once a test has left something in them."""

    def __init__(self, base):
        self._base = base
        self._number = 0
        self._made = {}

    def made(self):
        """The directories by the names of their variables, all of them empty."""
        if not self._made or any(not path.is_dir() or any(path.iterdir()) for path in self._made.values()):
            self._number += 1
            own = self._base / str(self._number)
            self._made = {f"{name}_DIRECTORY": own / name.lower() for name in ("CONFIGURATION", "STATE", "CACHE")}
            for path in self._made.values():
                path.mkdir(parents=True)
        return self._made


@pytest.fixture(scope="session")
def directories(tmp_path_factory):
    """What every test has of its own; most tests use nothing of it."""
    return OwnDirectories(tmp_path_factory.mktemp("own"))


@pytest.fixture(autouse=True)
def own_directories(directories, monkeypatch):
    """Keep every test off the user's own configuration, state and cache, and off the hub."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for name in ("HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, path in directories.made().items():
        monkeypatch.setenv(name, str(path))


@pytest.fixture(autouse=True)
def own_log():
    """Forget where a test has sent the log: its standard error is closed when it is over."""
    hooks = sys.excepthook, threading.excepthook
    yield
    sys.excepthook, threading.excepthook = hooks
    log._hashed = False
    structlog.reset_defaults()
