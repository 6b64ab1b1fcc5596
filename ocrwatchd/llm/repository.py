"""Which files of a repository make up the model that is meant. Pure: names in, names out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import TypeGuard

from ocrwatchd.core.config.profile import Llm
from ocrwatchd.core.errors import ModelUnavailable

SHARD = re.compile(r"-(\d{5})-of-(\d{5})\.gguf$", re.IGNORECASE)
"""How llama.cpp names the parts of a split model."""

ALIASES = {"int8": "q8_0", "int4": "q4_k_m", "fp16": "f16", "fp32": "f32"}
"""What people call a precision, and the GGUF quantisation that comes nearest; the tutorial says ``int8``."""

_QUANTISATION = re.compile(r"(?:^|[-._/])((?:i?q|tq)\d\w*|mxfp\d\w*|b?f16|fp16|f32|fp32)(?=[-./]|$)", re.IGNORECASE)
_NO_MODEL = re.compile(r"mmproj|imatrix", re.IGNORECASE)
_SHA256 = re.compile(r"[0-9a-f]{64}")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_NAMED_AT_MOST = 12
_FORMATS = {
    ".safetensors": "safetensors",
    ".bin": "PyTorch",
    ".pt": "PyTorch",
    ".pth": "PyTorch",
    ".onnx": "ONNX",
    ".h5": "TensorFlow",
    ".msgpack": "Flax",
}


def is_sha256(said: object) -> TypeGuard[str]:
    """True for a SHA-256 as the hub writes it; nothing else becomes a blob's name."""
    return isinstance(said, str) and _SHA256.fullmatch(said) is not None


def is_commit(said: object) -> TypeGuard[str]:
    """True for a revision as the hub writes it; nothing else becomes a folder's name."""
    return isinstance(said, str) and _COMMIT.fullmatch(said) is not None


def is_plain(name: str) -> bool:
    """True for a file's name that stays in its repository's folder and on a terminal's line."""
    return name.isprintable() and "\\" not in name and not {"", ".", ".."}.intersection(name.split("/"))


def quantisation(named: str) -> str:
    """A precision as GGUF files spell it: ``int8`` is ``q8_0``; upper and lower case are one."""
    return ALIASES.get(named.lower(), named.lower())


def quantisations_of(name: str) -> set[str]:
    """The quantisations that a file's name speaks of, spelled as ``quantisation`` does."""
    bare = SHARD.sub("", name).removesuffix(".gguf").removesuffix(".GGUF")
    return {quantisation(found) for found in _QUANTISATION.findall(bare)}


def models(names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The whole models among a repository's files: the first part's name, and all parts in order.

    A split model of which a part is missing is left out, and so are files that only go with a model.
    """
    given = {name for name in names if name.lower().endswith(".gguf") and not _NO_MODEL.search(name)}
    found: dict[str, tuple[str, ...]] = {}
    for name in sorted(given):
        shard = SHARD.search(name)
        if shard is None:
            found[name] = (name,)
        elif int(shard[1]) == 1:
            stem = name[: shard.start()]
            parts = tuple(f"{stem}-{number:05}-of-{shard[2]}.gguf" for number in range(1, int(shard[2]) + 1))
            if given.issuperset(parts):
                found[name] = parts
    return found


def choose(names: Iterable[str], llm: Llm) -> tuple[str, ...]:
    """The files that the settings mean, the first part first.

    ``hugging_face_file_name`` decides where it is set, else ``hugging_face_quantization``.

    Raises:
        ModelUnavailable: none or several fit, and the message names what there is; or the name is no plain path.
    """
    listed = tuple(names)
    repository = llm.hugging_face_repo_id
    there = models(listed)
    if not there:
        raise ModelUnavailable(f"{repository} holds no GGUF model, only {_held(listed)}; {_REMEDY}")
    if llm.hugging_face_file_name:
        wanted, key = llm.hugging_face_file_name, "hugging_face_file_name"
        fitting = [first for first in there if wanted in {first, PurePosixPath(first).name}]
    else:
        wanted, key = llm.hugging_face_quantization, "hugging_face_quantization"
        fitting = [first for first in there if quantisation(wanted) in quantisations_of(first)]
    if len(fitting) == 1:
        if not is_plain(fitting[0]):
            raise ModelUnavailable(f"{repository} calls its file {fitting[0]!a}, a name that leads elsewhere; {_OTHER}")
        return there[fitting[0]]
    if fitting:
        raise ModelUnavailable(
            f"{repository} has {len(fitting)} models in {wanted} ({_few(fitting)}); set llm.hugging_face_file_name"
        )
    offered = sorted({each for first in there for each in quantisations_of(first)})
    has = _few(offered) if offered and key == "hugging_face_quantization" else _few(list(there))
    meant = "" if wanted.lower() == quantisation(wanted) else f" ({quantisation(wanted)})"
    raise ModelUnavailable(f"{repository} has no {wanted}{meant}; it has {has}; set llm.{key}")


_OTHER = "use another repository"
_REMEDY = 'look for a repository of the same model whose name ends in "-GGUF" and set llm.hugging_face_repo_id to it'


def _held(names: tuple[str, ...]) -> str:
    formats = Counter(_FORMATS.get(PurePosixPath(name).suffix, "") for name in names)
    del formats[""]
    if formats:
        weights = ", ".join(sorted(formats))
        return f"weights for other programs ({weights})"
    return f"other files ({_few(sorted(names))})" if names else "an empty folder"


def _few(names: list[str]) -> str:
    more = ", …" if len(names) > _NAMED_AT_MOST else ""
    return ", ".join(name if name.isprintable() else ascii(name) for name in names[:_NAMED_AT_MOST]) + more
