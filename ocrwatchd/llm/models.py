"""Find the model's file without loading it. Light: ``check`` uses this module too."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from ocrwatchd.core.config.profile import Llm
from ocrwatchd.core.errors import ModelUnavailable
from ocrwatchd.llm import cache
from ocrwatchd.llm.repository import SHARD

BUILTIN = Path(__file__).with_name("builtin") / "model.gguf"
"""The model inside the package."""

BUILTIN_NAME = "builtin"
"""Its name for people and in ``llm.model``."""

BUILTIN_LANGUAGES = ("eng",)
"""The languages of its training; texts in other languages stay raw."""

_MAGIC = b"GGUF"
_FETCHED = "llm.hugging_face_repo_id"
_NAMED_AT_MOST = 5


def resolve(llm: Llm) -> Path:
    """Find the configured GGUF file, or the first part of a split model, without a download.

    ``llm.model`` as a path, or as "builtin", comes first, then ``llm.directory_model_path`` (a file, or a folder that
    holds one model), then the Hugging Face cache; "auto" takes the built-in model if none of them has a usable model.

    Raises:
        ModelUnavailable: there is no usable model; the message says what to do.
    """
    if llm.model == "off":
        raise ModelUnavailable('llm.model is "off"')
    if llm.model not in {"auto", BUILTIN_NAME, "huggingface"}:
        return _checked(_absolute(llm.model), "llm.model")
    if llm.model != BUILTIN_NAME and llm.directory_model_path:
        return _checked(_absolute(llm.directory_model_path), "llm.directory_model_path")
    if llm.model != BUILTIN_NAME and not why_builtin(llm):
        return _fetched(llm)
    if not BUILTIN.is_file():
        raise ModelUnavailable(f"{BUILTIN}: the built-in model is missing; install ocrwatchd again")
    return BUILTIN


def why_builtin(llm: Llm) -> str:
    """Say why "auto" takes the built-in model instead of the configured one, and what to do; or ""."""
    if llm.model != "auto" or llm.directory_model_path:
        return ""
    try:
        _fetched(llm)
    except ModelUnavailable as error:
        return str(error)
    return ""


def only_corrects(llm: Llm) -> str:
    """Say why the built-in model does no follow-up tasks, and what to do."""
    remedy = 'for tasks set llm.model to "auto", "huggingface" or the path of a .gguf file'
    return f"the built-in model only corrects; {why_builtin(llm) or remedy}"


def why_raw(llm: Llm, name: str, own: Collection[str], wanted: Collection[str]) -> str:
    """Say why a model leaves texts in unknown languages raw, and what to do; or "".

    Args:
        llm: the settings.
        name: of the model.
        own: the only languages that the model can correct; empty for a model without such a limit.
        wanted: ``ocr.languages``.
    """
    if not own or not {*own}.isdisjoint(wanted):
        return ""
    from ocrwatchd.gate import languages  # loads the names of 8,000 languages, only for this message

    remedy = why_builtin(llm) or 'set llm.model to "auto" or to the path of a .gguf file'
    known, unknown = languages.names(own), languages.names(wanted)
    return f"the model {name} corrects {known} only, and ocr.languages names {unknown}; {remedy}"


def fetchable(llm: Llm) -> bool:
    """Whether the configured model is missing here, and may be downloaded automatically."""
    if llm.model not in {"auto", "huggingface"} or llm.directory_model_path or not llm.allow_auto_download:
        return False
    try:
        return cache.find(llm) is None
    except ModelUnavailable:
        return False


def wanted(llm: Llm) -> str:
    """Name the configured model, for people."""
    return f"{llm.hugging_face_repo_id} ({llm.hugging_face_file_name or llm.hugging_face_quantization})"


def _fetched(llm: Llm) -> Path:
    if found := cache.find(llm):
        return _checked(found, _FETCHED)
    said = [f"{wanted(llm)} is not on this machine"]
    if begun := cache.begun_bytes(llm.hugging_face_repo_id):
        said.append(f"{begun / 1e6:.0f} MB are downloaded so far")
    if failure := cache.last_failure(llm.hugging_face_repo_id):
        said.append(failure)
    if cache.is_offline():
        said.append(
            "HF_HUB_OFFLINE is set: unset HF_HUB_OFFLINE for `ocrwatchd models pull`, or copy the model to this "
            "machine and set llm.directory_model_path"
        )
    elif llm.allow_auto_download:
        said.append(
            "the running daemon or `ocrwatchd models pull` downloads the model; or set llm.model to a .gguf file"
        )
    else:
        said.append("llm.allow_auto_download is false: run `ocrwatchd models pull`, or set llm.directory_model_path")
    raise ModelUnavailable("; ".join(said))


def _absolute(given: str) -> Path:
    return Path(os.path.abspath(Path(given).expanduser()))  # noqa: PTH100 - resolve() would follow links into caches


def _checked(path: Path, key: str) -> Path:
    try:
        file = _only_model_in(path, key) if path.is_dir() else path
        _check_magic(file, key)
        _check_parts(file, key)
    except FileNotFoundError:
        raise ModelUnavailable(f"{path}: no such file; set {key} to the path of a .gguf file") from None
    except PermissionError:
        raise ModelUnavailable(f"{path}: not readable for this user; change its mode or owner, or {key}") from None
    except OSError as error:
        raise ModelUnavailable(f"{path}: cannot be read ({error.strerror}); check {key}") from error
    return file


def _only_model_in(folder: Path, key: str) -> Path:
    found = sorted(file for file in folder.iterdir() if file.suffix == ".gguf" and _begins_model(file))
    if len(found) == 1:
        return found[0]
    if not found:
        raise ModelUnavailable(f"{folder}: no .gguf file in this folder; put one there, or change {key}")
    names = ", ".join(file.name for file in found[:_NAMED_AT_MOST])
    more = ", …" if len(found) > _NAMED_AT_MOST else ""
    raise ModelUnavailable(f"{folder}: holds {len(found)} models ({names}{more}); set {key} to one of them")


def _begins_model(file: Path) -> bool:
    shard = SHARD.search(file.name)
    return shard is None or int(shard[1]) == 1


def _check_magic(file: Path, key: str) -> None:
    # Checked first, because opening a FIFO waits for a writer.
    if file.exists() and not file.is_file():
        raise ModelUnavailable(f"{file}: not a regular file; set {key} to the path of a .gguf file")
    with file.open("rb") as opened:
        if opened.read(len(_MAGIC)) != _MAGIC:
            again = "run `ocrwatchd models pull`" if key == _FETCHED else "download the model again"
            raise ModelUnavailable(f"{file}: not a GGUF file; {again}, or change {key}")


def _check_parts(file: Path, key: str) -> None:
    shard = SHARD.search(file.name)
    if shard is None:
        return
    stem, count = file.name[: shard.start()], int(shard[2])
    if int(shard[1]) != 1:
        raise ModelUnavailable(f"{file}: a later part of a split model; set {key} to {stem}-00001-of-{shard[2]}.gguf")
    names = (f"{stem}-{number:05}-of-{shard[2]}.gguf" for number in range(2, count + 1))
    missing = [name for name in names if not file.with_name(name).is_file()]
    if missing:
        raise ModelUnavailable(f"{file}: {len(missing)} of its {count} parts are missing, first {missing[0]}")
