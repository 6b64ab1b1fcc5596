"""What lies on this machine, and what may be removed."""

import errno
import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from ocrwatchd.core.config.profile import Llm
from ocrwatchd.core.errors import ModelUnavailable
from ocrwatchd.core.process import memory_bytes
from ocrwatchd.llm import cache, local_models, models

GIB = 1 << 30
COMMIT = "1" * 40
BUILTIN = local_models.Shelved("builtin", models.BUILTIN.stat().st_size, "MIT")


def blob_of(name):
    """What the blob of this model is called."""
    return hashlib.sha256(name.encode()).hexdigest()


def lay(repository, **files):
    """Put files into the cache as the library does."""
    base = cache.folder(repository)
    for name, content in files.items():
        blob = base / "blobs" / blob_of(name)
        place = base / "snapshots" / COMMIT / f"{name}.gguf"
        for path in (blob, place):
            path.parent.mkdir(parents=True, exist_ok=True)
        blob.write_bytes(b"GGUF" + content)
        place.symlink_to(blob)
    return base


def own(repository, *names, licence="mit"):
    """Say that ocrwatchd has fetched these."""
    files = {f"{name}.gguf": blob_of(name) for name in names}
    cache.write_record(repository, cache.Record(licence=licence, files=files))


def fetched():
    """What lies here beside the built-in model."""
    return [shelved for shelved in local_models.on_the_shelf(Llm()) if shelved.name != BUILTIN.name]


def test_each_model_is_listed_with_size_licence_and_owner():
    """And the one that the settings mean is marked."""
    lay("org/one", **{"a-q8_0": bytes(96), "a-q4_0": b""})
    own("org/one", "a-q8_0")
    lay("other", **{"b-q8_0": b""})
    listed = local_models.on_the_shelf(Llm(hugging_face_repo_id="org/one"))
    assert listed == [
        BUILTIN,
        local_models.Shelved("org/one/a-q4_0.gguf", 4),
        local_models.Shelved("org/one/a-q8_0.gguf", 100, "mit", own=True, used=True),
        local_models.Shelved("other/b-q8_0.gguf", 4),
    ]


def test_a_model_put_in_place_by_hand_is_listed_with_its_parts(tmp_path):
    """It is used, and nobody's to remove."""
    parts = [tmp_path / f"m-{number:05}-of-00002.gguf" for number in (1, 2)]
    for part in parts:
        part.write_bytes(b"GGUF")
    listed = local_models.on_the_shelf(Llm(directory_model_path=str(tmp_path)))
    assert listed == [BUILTIN, local_models.Shelved(str(parts[0]), 8, used=True)]


def test_a_half_fetched_model_is_listed_and_removed():
    """With what has come of it."""
    base = cache.folder("org/one")
    (base / "blobs").mkdir(parents=True)
    (base / "blobs" / f"{blob_of('a-q8_0')}.incomplete").write_bytes(bytes(7))
    own("org/one", "a-q8_0")
    half = local_models.Shelved("org/one/a-q8_0.gguf", 7, "mit", own=True, whole=False)
    assert local_models.on_the_shelf(Llm()) == [replace(BUILTIN, used=True), half]
    assert local_models.remove("org/one") == ["org/one/a-q8_0.gguf"]
    assert not base.exists()


@pytest.mark.parametrize("name", ["org/one/a-q8_0.gguf", "a-q8_0.gguf", "org/one"])
def test_only_what_ocrwatchd_has_fetched_is_removed(name):
    """What other programs have put beside it stays."""
    base = lay("org/one", **{"a-q8_0": b"", "b-q8_0": b""})
    own("org/one", "a-q8_0")
    assert local_models.remove(name) == ["org/one/a-q8_0.gguf"]
    assert sorted(path.name for path in base.rglob("*") if path.is_file()) == [
        blob_of("b-q8_0"),
        "b-q8_0.gguf",
        "ocrwatchd.json",
    ]
    with pytest.raises(ModelUnavailable, match="another program has downloaded"):
        local_models.remove("org/one")


def test_the_built_in_model_stays():
    """It is no download."""
    with pytest.raises(ModelUnavailable, match="a part of ocrwatchd and cannot be removed"):
        local_models.remove("builtin")
    assert models.BUILTIN.exists()


def test_a_repository_goes_with_its_last_model():
    """Nothing of it stays behind."""
    base = lay("org/one", **{"a-q8_0": b""})
    own("org/one", "a-q8_0")
    local_models.remove("a-q8_0.gguf")
    assert not base.exists()
    assert fetched() == []


def test_an_unknown_or_ambiguous_name_removes_nothing():
    """It is said instead."""
    for repository in ("org/one", "org/two"):
        lay(repository, **{"a-q8_0": b""})
        own(repository, "a-q8_0")
    with pytest.raises(ModelUnavailable, match="several models are called"):
        local_models.remove("a-q8_0.gguf")
    with pytest.raises(ModelUnavailable, match="there is no model"):
        local_models.remove("../org")
    assert len(fetched()) == 2


@pytest.mark.parametrize(
    ("name", "sha256"),
    [
        ("v-q8_0.gguf", "../../../../victim"),
        ("v-q8_0.gguf", "../../victim"),
        ("../../../victim.gguf", blob_of("v")),
        ("v-q8_0.gguf", blob_of("v").upper()),
        ("v\x1b[2J-q8_0.gguf", blob_of("v")),
    ],
)
def test_a_record_never_leads_out_of_the_cache(name, sha256, tmp_path):
    """What was written there by another hand is passed over: nothing breaks, and nothing else is removed."""
    base = lay("org/one", **{"a-q8_0": b""})
    own("org/one", "a-q8_0")
    victims = [cache.root() / "victim", cache.root().parent.parent / "victim", cache.root() / "victim.gguf"]
    for victim in victims:
        victim.write_bytes(b"GGUF")
    files = {"a-q8_0.gguf": blob_of("a-q8_0"), name: sha256}
    (base / cache.RECORD).write_text(json.dumps({"files": files}), encoding="utf-8")
    assert [shelved.name for shelved in fetched()] == ["org/one/a-q8_0.gguf"]
    assert local_models.remove("org/one") == ["org/one/a-q8_0.gguf"]
    assert all(victim.exists() for victim in victims)


@pytest.mark.parametrize("content", [b"", b"\xff{", b"[]", b'{"files": 7}', b'{"files": {"a.gguf": null}}'])
def test_a_damaged_record_breaks_nothing(content):
    """The model is then nobody's."""
    base = lay("org/one", **{"a-q8_0": b""})
    (base / cache.RECORD).write_bytes(content)
    assert fetched() == [local_models.Shelved("org/one/a-q8_0.gguf", 4)]


@pytest.mark.parametrize("name", ["models--foo--bar--baz", "models--", "models--.x", "models--a b--c"])
def test_folders_of_other_programs_are_passed_over(name):
    """A shared cache holds more than this project's names."""
    lay("org/one", **{"a-q8_0": b""})
    (cache.root() / name / "snapshots" / COMMIT).mkdir(parents=True)
    assert [shelved.name for shelved in fetched()] == ["org/one/a-q8_0.gguf"]


def test_where_there_are_no_links_a_copy_is_put_in_place(tmp_path, monkeypatch):
    """Once: a whole one stays, a damaged one is replaced."""

    def refuse(*_):
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    blob, place = tmp_path / hashlib.sha256(b"GGUF").hexdigest(), tmp_path / "snapshots" / "m.gguf"
    blob.write_bytes(b"GGUF")
    cache.put_in_place(blob, place)
    first = place.stat().st_mtime_ns
    cache.put_in_place(blob, place)
    assert (place.read_bytes(), place.stat().st_mtime_ns) == (b"GGUF", first)
    place.write_bytes(b"rubbish")
    cache.put_in_place(blob, place)
    assert place.read_bytes() == b"GGUF"


def test_a_model_fits_beside_everything_else():
    """Its own size is not all that it takes."""
    assert local_models.fits(2 * GIB, 4 * GIB)
    assert not local_models.fits(4 * GIB, 4 * GIB)
    assert local_models.fit_in_words(4 * GIB, 4 * GIB) == "too large: needs about 5.9 GB of memory, there are 4.3 GB"


def test_the_machines_memory_is_known():
    """Whatever limits it."""
    assert 0 < memory_bytes() < 1 << 50
