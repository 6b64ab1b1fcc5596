"""Fetching models with the real library from a hub on the loopback, through the command line and the daemon."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from huggingface_hub import scan_cache_dir, try_to_load_from_cache

from ocrwatchd.core.backoff import JITTER
from ocrwatchd.llm.models import BUILTIN
from tests.e2e.running import Running, await_that
from tests.fakes.hub import COMMIT, Hub, Repository, sha256
from tests.gguf_factory import recital
from tests.paths import DATA

pytestmark = pytest.mark.slow

NAME = "org/tiny-GGUF"
PADDING = 24 << 20
"""Makes a tiny model longer than the blocks of 10 MiB that the library downloads in, bytes."""


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A model that llama.cpp loads, and that takes three blocks to fetch."""
    return recital(tmp_path_factory.mktemp("model") / "m.gguf", "zulo xwv").read_bytes() + bytes(PADDING)


@pytest.fixture
def hub(model):
    """A hub with one model, whole and split, and with the tutorial's repository."""
    half = len(model) // 2
    with Hub() as running:
        running.repositories[NAME] = Repository(
            {
                "README.md": b"tiny",
                "tiny-q8_0.gguf": model,
                "tiny-fp16-00001-of-00002.gguf": model[:half],
                "tiny-fp16-00002-of-00002.gguf": model[half:],
            }
        )
        running.repositories["bigscience/bloomz-560m"] = Repository(
            {"model.safetensors": b"x", "pytorch_model.bin": b"y"}
        )
        yield running


@pytest.fixture
def online(hub, monkeypatch, tmp_path):
    """What this process and those that it starts take for the hub."""
    monkeypatch.setenv("HF_ENDPOINT", hub.address)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("HF_HUB_OFFLINE")
    return hub


def ask(*arguments, **environment):
    """Run the verb; the finished process."""
    command = [sys.executable, "-m", "ocrwatchd", "models", *arguments]
    settings = os.environ | environment
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=settings)


def blobs():
    """What lies in the cache of the one repository, by name."""
    folder = Path(os.environ["CACHE_DIRECTORY"], "huggingface", "models--org--tiny-GGUF", "blobs")
    return {path.name: path for path in folder.iterdir()}


def test_a_model_is_fetched_verified_and_found(online, model, tmp_path):
    """It lies as the library lays it out, a second pull fetches nothing, and without a network it is still found."""
    pulled = ask("pull", NAME)
    assert pulled.returncode == 0, pulled.stderr
    place = Path(pulled.stdout.strip())
    assert place.parts[-3:] == ("snapshots", COMMIT, "tiny-q8_0.gguf")
    assert place.read_bytes() == model
    assert list(blobs()) == [sha256(model)]
    root = Path(os.environ["CACHE_DIRECTORY"], "huggingface")
    assert try_to_load_from_cache(NAME, "tiny-q8_0.gguf", root, revision=COMMIT) == str(place)
    assert not scan_cache_dir(root).warnings
    events = [json.loads(line)["event"] for line in pulled.stderr.splitlines()]
    assert (events[0], events[-1]) == ("model.fetching", "model.fetched")
    assert online.downloads() == [""]
    config = tmp_path / "config.toml"
    config.write_text(f'[llm]\nhugging_face_repo_id = "{NAME}"\n', encoding="utf-8")
    assert ask("pull", "--config", str(config)).stdout == pulled.stdout
    assert online.downloads() == [""]
    assert ask("pull", NAME, HF_HUB_OFFLINE="1").stdout == pulled.stdout
    assert ask("pull", NAME, HF_ENDPOINT="http://127.0.0.1:9").stdout == pulled.stdout
    assert ask("path", "--config", str(config)).stdout == pulled.stdout
    listed = ask("list", "--config", str(config)).stdout
    builtin, fetched = map(str.split, listed.splitlines())
    assert (builtin[0], builtin[-2:]) == ("builtin", ["MIT", "fits"])
    assert fetched == [f"{NAME}/tiny-q8_0.gguf", "25.6", "MB", "apache-2.0", "fits,", "used"]
    assert ask("remove", "tiny-q8_0.gguf").stdout == f"removed {NAME}/tiny-q8_0.gguf\n"
    assert not place.exists()
    assert ask("path", "--config", str(config)).stdout == f"{BUILTIN}\n"
    without = ask("list", "--config", str(config)).stdout.splitlines()
    assert without[0].split()[-3:] == ["MIT", "fits,", "used"]
    assert f"{NAME} (int8) is not on this machine" in without[1]


def test_nothing_but_the_model_is_asked_for(online):
    """No telemetry, no other file; the library's own cache of the user is left alone."""
    assert ask("pull", NAME).returncode == 0
    assert {asked.split()[1].split("?")[0] for asked in online.asked} == {
        f"/api/models/{NAME}",
        f"/{NAME}/resolve/{COMMIT}/tiny-q8_0.gguf",
        f"/cdn/{NAME}/tiny-q8_0.gguf",
    }
    assert not Path(os.environ["HOME"], ".cache", "huggingface", "hub").exists()


def test_a_split_model_is_fetched_whole(online, model):
    """Each part is verified; the first one is where it lies."""
    pulled = ask("pull", NAME, "--quantization", "FP16", "--json")
    told = [json.loads(line) for line in pulled.stdout.splitlines()]
    assert told[-1]["path"].endswith("tiny-fp16-00001-of-00002.gguf")
    assert told[-2] == {"done": len(model), "total": len(model)}
    parts = sorted(Path(told[-1]["path"]).parent.iterdir())
    assert b"".join(part.read_bytes() for part in parts) == model


def test_a_connection_that_breaks_is_taken_up_again(online, model):
    """In the same process, at the last block that had come."""
    online.trouble.cut_at = 15 << 20
    pulled = ask("pull", NAME)
    assert pulled.returncode == 0, pulled.stderr
    assert online.downloads() == ["", f"bytes={10 << 20}-"]
    assert Path(pulled.stdout.strip()).read_bytes() == model


def test_a_killed_download_goes_on_in_the_next_process(online, model):
    """What has come is kept and told, and is not fetched twice; only one process fetches at a time."""
    online.trouble.stall_at = 15 << 20
    command = [sys.executable, "-m", "ocrwatchd", "models", "pull", NAME]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as first:
        half = f"{sha256(model)}.incomplete"
        await_that(lambda: online.stalled.is_set() and blobs()[half].stat().st_size == 10 << 20, what="half a model")
        second = ask("pull", NAME)
        assert second.returncode == 3
        assert "another process is downloading this model" in second.stderr
        first.kill()
    assert "half downloaded" in ask("list").stdout
    online.trouble.stall_at = 0
    online.trouble.go_on.set()
    pulled = ask("pull", NAME)
    assert pulled.returncode == 0, pulled.stderr
    assert online.downloads() == ["", f"bytes={10 << 20}-"]
    assert Path(pulled.stdout.strip()).read_bytes() == model
    assert list(blobs()) == [sha256(model)]


def test_a_damaged_file_is_removed_and_told(online):
    """Neither it nor a link to it stays behind."""
    online.trouble.damage = True
    pulled = ask("pull", NAME)
    assert pulled.returncode == 3
    assert "tiny-q8_0.gguf came damaged (its SHA-256 is not the hub's) and was removed" in pulled.stderr
    assert blobs() == {}


@pytest.mark.parametrize(
    "told",
    [
        {"hash": "../../../../victim"},
        {"hash": "AB" * 32},
        {"hash": [1]},
        {"commit": "../../../../victim"},
        {"commit": "main"},
        {"commit": None},
    ],
)
def test_what_the_hub_tells_never_leads_out_of_the_cache(online, told):
    """It is refused in words before anything is downloaded; the other verbs go on working."""
    victim = Path(os.environ["CACHE_DIRECTORY"]) / "victim"
    victim.write_text("mine")
    for name, value in told.items():
        setattr(online.trouble, name, value)
    pulled = ask("pull", NAME)
    assert pulled.returncode == 3, pulled.stderr
    assert "the hub gives no valid checksum for the model" in pulled.stderr
    assert victim.read_text() == "mine"
    assert online.downloads() == []
    assert ask("list").returncode == 0


def test_a_files_name_never_leads_out_of_the_cache(online, model):
    """Neither is it downloaded."""
    online.repositories[NAME].files["../../../victim-q4_k_m.gguf"] = model
    pulled = ask("pull", NAME, "--quantization", "int4")
    assert pulled.returncode == 3
    assert "a name that leads elsewhere" in pulled.stderr
    assert online.downloads() == []


def damage_size(place):
    """Something else has written over the model."""
    place.write_bytes(b"GGUF rubbish!!")


def damage_content(place):
    """A bit has fallen over."""
    with place.open("r+b") as file:
        file.seek(1 << 20)
        file.write(b"\1")


def damage_place(place):
    """The link has given way to another file; the blob is as it was."""
    place.unlink()
    place.write_bytes(b"GGUF rubbish!!")


@pytest.mark.parametrize("damage", [damage_size, damage_content, damage_place])
def test_a_damaged_model_is_mended_by_a_pull(online, model, damage):
    """Only what is damaged is fetched again; without a network it is not called fetched."""
    place = Path(ask("pull", NAME).stdout.strip())
    damage(place)
    if damage is not damage_place:
        offline = ask("pull", NAME, HF_HUB_OFFLINE="1")
        assert (offline.returncode, offline.stdout) == (3, "")
        assert "is damaged" in offline.stderr
    pulled = ask("pull", NAME)
    assert pulled.stdout == f"{place}\n", pulled.stderr
    assert place.read_bytes() == model
    assert len(online.downloads()) == (1 if damage is damage_place else 2)
    assert ask("remove", NAME).returncode == 0


def test_a_download_never_goes_through_a_link(online, model, tmp_path):
    """What it points to stays as it is."""
    victim = tmp_path / "victim"
    victim.write_text("mine")
    base = Path(os.environ["CACHE_DIRECTORY"], "huggingface", "models--org--tiny-GGUF", "blobs")
    base.mkdir(parents=True)
    for target in (victim, tmp_path / "nowhere"):
        link = base / f"{sha256(model)}.incomplete"
        link.symlink_to(target)
        pulled = ask("pull", NAME)
        assert pulled.returncode == 3
        assert "is a link where a download belongs; remove it" in pulled.stderr
        assert ask("list").returncode == 0
        link.unlink()
    assert victim.read_text() == "mine"
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["bigscience/bloomz-560m"], "holds no GGUF model, only weights for other programs (PyTorch, safetensors)"),
        (["org/nowhere"], "the hub has no org/nowhere, or it is private"),
        (["../../etc"], '"../../etc" is no repository'),
        ([NAME, "--quantization", "int4"], f"{NAME} has no int4 (q4_k_m); it has f16, q8_0"),
        ([NAME, "--file", "other.gguf"], f"{NAME} has no other.gguf; it has tiny-fp16-00001-of-00002.gguf"),
    ],
)
def test_what_the_hub_does_not_have_is_told_with_what_to_do(online, arguments, said):
    """Exit code 3, one line, and the reason."""
    pulled = ask("pull", *arguments)
    assert pulled.returncode == 3
    assert said in pulled.stderr
    assert "Traceback" not in pulled.stderr


def test_a_gated_model_wants_a_token_that_goes_to_the_hub_alone(online):
    """With it the model is fetched; without it nothing stays behind."""
    online.repositories[NAME].gated = True
    pulled = ask("pull", NAME)
    assert pulled.returncode == 3
    assert f"{NAME} is gated: accept its terms on its page, then set HF_TOKEN" in pulled.stderr
    assert blobs() == {}
    assert ask("pull", NAME, HF_TOKEN="hf_friend").returncode == 0  # noqa: S106 - of the hub on the loopback
    assert not any("authorised" in asked for asked in online.asked if "/cdn/" in asked)
    assert any("authorised" in asked for asked in online.asked)


def test_a_hub_that_cannot_be_asked_is_told(online):
    """No network, offline by order, a fault of the hub's, a login page in the way, an answer of another kind."""
    assert "the hub cannot be reached" in ask("pull", NAME, HF_ENDPOINT="http://127.0.0.1:9").stderr
    assert "HF_HUB_OFFLINE is set" in ask("pull", NAME, HF_HUB_OFFLINE="1").stderr
    online.trouble.status = 503
    assert "the hub answers 503" in ask("pull", NAME).stderr
    online.trouble.status, online.trouble.nonsense = 0, True
    assert "a login page or a proxy" in ask("pull", NAME).stderr


def test_room_on_the_disk_is_looked_for_first(online):
    """Nothing is asked for that cannot be kept, and the message has both sizes."""
    code = (
        "import shutil, sys\n"
        "from types import SimpleNamespace\n"
        "from ocrwatchd.cli.main import main\n"
        "shutil.disk_usage = lambda path: SimpleNamespace(free=100 << 20)\n"
        f"sys.exit(main(['models', 'pull', '{NAME}']))"
    )
    pulled = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert pulled.returncode == 4
    assert f"25.6 MB are missing of {NAME} and 0.1 GB are free" in pulled.stderr
    assert online.downloads() == []


def test_a_model_too_large_for_the_memory_is_not_fetched_unasked(online):
    """The daemon leaves it alone; who asks for it gets it, with a warning."""
    code = (
        "import sys\n"
        "from ocrwatchd.cli.main import main\n"
        "from ocrwatchd.core import process\n"
        "process.memory_bytes = lambda: 1 << 30\n"
        f"sys.exit(main(['models', 'pull', '{NAME}', *sys.argv[1:]]))"
    )
    runs = [
        subprocess.run([sys.executable, "-c", code, *more], capture_output=True, text=True, timeout=60, check=False)
        for more in (["--if-fits"], [])
    ]
    assert [run.returncode for run in runs] == [3, 0]
    assert "is too large: needs about 1.6 GB of memory, there are 1.1 GB" in runs[0].stderr
    assert "model.too_large" in runs[1].stderr


def test_a_terminal_shows_a_bar(online):
    """With the model's name and how much of it has come."""
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "ocrwatchd", "models", "pull", NAME]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=theirs) as running:
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError):  # the terminal ends with the process
            while data := os.read(ours, 4096):
                shown += data
    os.close(ours)
    assert running.returncode == 0
    assert b"25.6/25.6 MB" in shown
    assert b"{" not in shown


def test_the_users_own_cache_is_honoured(online, tmp_path):
    """Where HF_HOME names one, models go there; what another program has fetched stays that program's."""
    home = {"HF_HOME": str(tmp_path / "hf")}
    assert ask("pull", NAME, **home).stdout.startswith(str(tmp_path / "hf" / "hub"))
    next((tmp_path / "hf").rglob("ocrwatchd.json")).unlink()
    assert ask("pull", NAME, **home).returncode == 0
    refused = ask("remove", NAME, **home)
    assert refused.returncode == 3
    assert "another program has downloaded" in refused.stderr


def daemon_for(tmp_path, choice):
    """A daemon that wants the hub's model."""
    llm = {"model": choice, "hugging_face_repo_id": NAME, "allow_auto_download": True}
    return Running(tmp_path / "daemon", module="ocrwatchd", llm=llm)


def receipt(daemon, name):
    """What was delivered beside a text."""
    return json.loads((daemon.root / "outbox" / f"{name}.json").read_text(encoding="utf-8"))


def test_auto_corrects_at_once_fetches_and_changes_over_between_jobs(online, tmp_path):
    """The line never waits: the built-in model corrects until the other is here, and that one what comes then."""
    online.trouble.stall_at = 15 << 20
    (tmp_path / "daemon").mkdir()
    with daemon_for(tmp_path, "auto") as daemon:
        await_that(online.stalled.is_set, what="half a model")
        shutil.copy(DATA / "phototest.tif", daemon.inbox / "first.tif")
        daemon.await_files("outbox", ["first.json"])
        assert receipt(daemon, "first")["versions"]["model"] == "builtin"
        assert f"fetching {NAME} (int8)" in daemon.status()["engine"]
        online.trouble.go_on.set()
        await_that(lambda: daemon.events("engine.ready")[-1]["model"] == "tiny-q8_0", what="the change")
        shutil.copy(DATA / "phototest.tif", daemon.inbox / "second.tif")
        daemon.await_files("outbox", ["second.json"])
        assert receipt(daemon, "second")["versions"]["model"] == "tiny-q8_0"
        assert daemon.status()["trouble"] == []
    assert [event["reason"] for event in daemon.events("engine.died")] == []


def test_a_configured_model_is_waited_for(online, tmp_path):
    """Scans wait while it is fetched, and are corrected with it; a stop meanwhile leaves no process behind."""
    online.trouble.stall_at = 15 << 20
    (tmp_path / "daemon").mkdir()
    with daemon_for(tmp_path, "huggingface") as daemon:
        await_that(online.stalled.is_set, what="half a model")
        await_that(lambda: daemon.events("engine.ready"), what="an engine that could begin")
        shutil.copy(DATA / "phototest.tif", daemon.inbox / "scan.tif")
        await_that(lambda: daemon.status()["queued"] == 1, what="a scan that waits")
        pid = daemon.events("model.fetching")[0]["pid"]
    assert not Path("/proc", str(pid)).exists()
    assert daemon.lying("outbox") == []
    online.trouble.go_on.set()
    with daemon:
        daemon.await_files("outbox", ["scan.json"])
    assert receipt(daemon, "scan")["versions"]["model"] == "tiny-q8_0"
    assert online.downloads() == ["", f"bytes={10 << 20}-"]


def test_a_configured_model_that_cannot_be_had_is_not_waited_for(online, tmp_path):
    """The text is delivered raw with the reason, and the daemon goes on trying."""
    online.repositories.clear()
    (tmp_path / "daemon").mkdir()
    with daemon_for(tmp_path, "huggingface") as daemon:
        shutil.copy(DATA / "phototest.tif", daemon.inbox / "scan.tif")
        daemon.await_files("outbox", ["scan.json"])
        assert "the hub has no org/tiny-GGUF" in receipt(daemon, "scan")["reason"]
        assert "the hub has no org/tiny-GGUF" in daemon.status()["trouble"][0]
        assert 60 * (1 - JITTER) <= daemon.events("model.not_fetched")[0]["next_try_s"] <= 60
