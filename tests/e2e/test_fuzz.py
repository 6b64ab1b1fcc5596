"""Damaged files of every format through the real daemon with its real engine."""

import collections
import random
import sys

import pytest

from tests import hostile
from tests.e2e.running import Running, await_that

FIRST_SEED = 2026
FEW, MANY = 50, 500


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_every_damaged_file_ends_in_its_place_exactly_once(tmp_path, request, capsys):
    """Whatever their bytes: the supervisor lives, and each file is delivered or set aside with a reason, once."""
    seeds = range(FIRST_SEED, FIRST_SEED + (MANY if request.config.getoption("--soak") else FEW))
    daemon = Running(tmp_path, module="ocrwatchd", llm={"model": "off"}, ocr={"engine": "rapidocr", "threads": 2})
    dropped = {}
    for seed in seeds:
        kind, content = hostile.mutate(random.Random(seed))
        dropped[f"{seed}-{kind}"] = content
    early = sorted(dropped)[::2]  # these are there before the daemon; the others come while it works
    for name in early:
        (daemon.inbox / name).write_bytes(dropped[name])
    with daemon:
        supervisor = daemon.process.pid
        for name in sorted({*dropped} - {*early}):
            (daemon.inbox / name).write_bytes(dropped[name])
        (daemon.inbox / "last.tif").write_bytes(hostile.whole()["phototest.tif"])
        await_that(lambda: not daemon.lying("inbox"), 3000, "an empty inbox")
        daemon.await_idle(3000)
        status = daemon.status()
        assert daemon.process.poll() is None
        assert (status["pid"], status["trouble"]) == (supervisor, [])
    assert daemon.process.returncode == 0
    delivered, failed = daemon.lying("archive"), daemon.lying("failed")
    kept = [name for name in failed if not name.endswith(".reason.txt")]
    assert sorted([*delivered, *kept]) == sorted([*dropped, "last.tif"])
    assert "quick brown" in (daemon.root / "outbox" / "last.txt").read_text()
    sets = {name.rpartition(".")[0] for name in delivered}
    assert set(daemon.lying("outbox")) == {f"{name}{suffix}" for name in sets for suffix in (".txt", ".json")}
    assert set(failed) - set(kept) == {f"{name.rpartition('.')[0]}.reason.txt" for name in kept}
    for folder, names in (("archive", delivered), ("failed", kept)):
        for name in names:
            assert (daemon.root / folder / name).read_bytes() == dropped.get(name, hostile.whole()["phototest.tif"])
    for name in kept:
        note = (daemon.root / "failed" / f"{name.rpartition('.')[0]}.reason.txt").read_text(encoding="utf-8")
        assert len(note.split("Why: ")[1].split("\n")[0]) > 20, note
    deaths = collections.Counter(event["file"] for event in daemon.events("attempt.died"))
    words = f"seeds {seeds}: {len(sets)} delivered, {len(kept)} set aside, engine died over {dict(deaths) or 'none'}"
    with capsys.disabled():
        sys.stdout.write(f"\n{words}\n")
