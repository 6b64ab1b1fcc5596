"""Keep the verdicts on models in the state directory. Light: the supervisor and the engine process read them.

A verdict is valid for a model and the settings of its measurement: languages, gate and prompts. ``find`` does not read
the model: it compares the recorded SHA-256, or the name and the files' sizes and times.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Literal, NamedTuple, TypeAlias, TypeVar

import structlog
from pydantic import BaseModel, ConfigDict, ValidationError

from ocrwatchd.core.config.profile import Gate, Work
from ocrwatchd.core.config.schema import Config, state_directory
from ocrwatchd.core.errors import FolderUnusable, ModelUnavailable
from ocrwatchd.core.fs import files
from ocrwatchd.core.log import printable
from ocrwatchd.llm import identity, models

NAME: Final = "calibration.json"
MOST: Final = 100
"""The latest verdicts are kept, at most this many."""

REMEDY: Final = "run `ocrwatchd calibrate` (for a profile with --profile NAME)"

log = structlog.get_logger()

Said = TypeVar("Said")
Finding: TypeAlias = Literal["gain", "none", "harm", "unknown"]
Method: TypeAlias = Literal["none", "choose", "rewrite", "both"]
"""A model's task for a page: none, choose among candidates of the picture, write, or both."""
Use: TypeAlias = Literal[Method, "text"]
"""A method for pages with a picture; "text": the model writes without a picture."""

_WORDS: Final[dict[Finding, str]] = {
    "gain": "does good",
    "none": "does neither good nor harm",
    "harm": "does harm",
    "unknown": "cannot be judged",
}


class Record(BaseModel):
    """A verdict on a model.

    Args:
        model: its name, for people.
        sha256: of the model's file, or of the SHA-256s of a split model's files.
        stamps: size and time of change of each file.
        languages: ``ocr.languages``.
        gate: the configured gate.
        prompts: a hash of all prompts.
        method: the best method where there is a picture.
        uses: the finding of each use.
        finding: of the best method.
        why: the reason, for people.
        basis: the kind of texts that were measured.
        change: relative change of the character errors with the best method; -0.2 are 20 % fewer.
        seconds_a_page: of correction with the best method.
        day: of the measurement.
        version: of ocrwatchd.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    model: str
    sha256: str
    stamps: tuple[tuple[int, int], ...]
    languages: tuple[str, ...]
    gate: Gate
    prompts: str
    method: Method
    uses: dict[Use, Finding]
    finding: Finding
    why: str
    basis: str
    change: float
    seconds_a_page: float
    day: str
    version: str

    def is_for(self, work: Work) -> bool:
        """Whether the verdict was measured with these settings."""
        mine = (self.languages, self.gate, self.prompts)
        return mine == (work.ocr.languages, work.gate, prompts_of(work))

    def finding_of(self, method: str) -> Finding:
        """The finding of a method as ``llm.method`` names it."""
        return next((found for use, found in self.uses.items() if use == method), self.finding)

    @property
    def told(self) -> str:
        """The verdict in a line."""
        found = f"it {_WORDS[self.finding]}: {self.why}; best method: {self.method}"
        return f"{self.day}, ocrwatchd {self.version}, {self.basis}: {found}"


class Methods(NamedTuple):
    """A model's tasks for a document: for pages with the recogniser's candidates, and for other pages."""

    picture: Method
    text: Method

    @property
    def chooses(self) -> bool:
        """Whether the model chooses among candidates."""
        return self.picture in {"choose", "both"}


class Note(NamedTuple):
    """A message about a model; a serious one says that texts stay raw or are harmed."""

    words: str
    serious: bool


class _File(BaseModel):
    records: tuple[Record, ...] = ()


def kept_in() -> Path:
    """Path of the file."""
    return state_directory() / NAME


def prompts_of(work: Work) -> str:
    """Hash all prompts of these settings."""
    llm = work.llm
    asked = (llm.prompt, llm.prompt_handwritten, llm.prompt_table, work.ocr.mode, work.ocr.layout)
    return hashlib.sha256("\0".join(asked).encode("utf-8", "replace")).hexdigest()


def name_of(path: Path) -> str:
    """Name a model for people."""
    return models.BUILTIN_NAME if path == models.BUILTIN else printable(path.name)


def sha256_of(path: Path) -> str:
    """Read a model's SHA-256; for a split model it is the SHA-256 of its parts' SHA-256s.

    Raises:
        OSError: the model cannot be read.
    """
    return _together([identity.read(part) for part in identity.parts(path)])


def find(work: Work, path: Path) -> Record | None:
    """Find the verdict on a model with these settings, without reading the model."""
    records = [record for record in _read() if record.is_for(work)]
    if not records:
        return None
    with contextlib.suppress(OSError):  # a model that was removed has no verdict
        if sha256 := _together([identity.recorded(part) for part in identity.parts(path)]):
            return next((each for each in records if each.sha256 == sha256), None)
        seen = (name_of(path), identity.stamps(path))
        return next((each for each in records if (each.model, each.stamps) == seen), None)
    return None


def keep(record: Record) -> Path:
    """Write a verdict in place of an earlier one on the same model and settings; return the file's path.

    Raises:
        FolderUnusable: the state directory cannot be written.
    """
    path = kept_in()
    same = (record.sha256, record.languages, record.gate, record.prompts)
    others = [each for each in _read() if (each.sha256, each.languages, each.gate, each.prompts) != same]
    content = _File(records=(record, *others)[:MOST]).model_dump_json(indent=1)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write_new(path, content.encode(), replace=True)
    except OSError as error:
        raise FolderUnusable(
            f"the verdict cannot be kept in {path.parent}: {error.strerror}; correct its owner or mode, or calibrate "
            "as the user that ocrwatchd runs as"
        ) from error
    return path


def best_methods(work: Work, path: Path) -> Methods | None:
    """The verdict's methods; None without a verdict, or if ``llm.method`` is not "auto"."""
    record = find(work, path) if work.llm.method == "auto" else None
    return Methods(record.method, "none" if record.uses.get("text") == "harm" else "rewrite") if record else None


def objection(work: Work, path: Path) -> str:
    """Say why ``llm.require_calibration`` forbids corrections with this model, or ""."""
    if not work.llm.require_calibration:
        return ""
    record = find(work, path)
    if record is None:
        return (
            f"llm.require_calibration is true, and the model {name_of(path)} was never measured with these settings; "
            f"{REMEDY}"
        )
    finding = record.finding_of(work.llm.method)
    if finding == "unknown":
        return (
            f"llm.require_calibration is true, and the model {record.model} cannot be judged ({record.day}: "
            f"{record.why}); {REMEDY}"
        )
    if finding == "harm":
        return (
            f"llm.require_calibration is true, and the model {record.model} does harm here ({record.day}: "
            f"{record.why}); set llm.model to another one, or a more careful [gate], and calibrate again"
        )
    return ""


def tell(config: Config) -> None:
    """Log ``notes``."""
    for note in notes(config):
        (log.warning if note.serious else log.info)("model.calibration", note=note.words)


def notes(config: Config) -> Iterator[Note]:
    """The models that were never calibrated, and those that do harm."""
    for note, whose in by_profile(config, _note):
        yield note._replace(words=note.words + whose)


def by_profile(config: Config, look: Callable[[Work], Said | None]) -> Iterator[tuple[Said, str]]:
    """Look at the settings of each profile; yield equal results once, with the names of their profiles.

    The names are "" if the result is also the top level's.
    """
    said: dict[Said, list[str]] = {}
    for name, work in config.works().items():
        if (found := look(work)) is not None:
            said.setdefault(found, []).append(name)
    for found, names in said.items():
        yield found, "" if "" in names else f" (profiles: {', '.join(names)})"


def _note(work: Work) -> Note | None:
    try:
        path = models.resolve(work.llm)
    except (ModelUnavailable, OSError):  # reported elsewhere
        return None
    record, required = find(work, path), work.llm.require_calibration
    if record is None:
        left = "; until then texts stay raw" if required else ""
        words = f"the model {name_of(path)} was never measured with these settings; {REMEDY}{left}"
        return Note(words, serious=required)
    if record.finding == "harm" or (record.finding == "unknown" and required):
        left = "texts stay raw" if required else 'llm.method = "auto" does not use the model'
        words = f"the model {record.model} {_WORDS[record.finding]}: {record.why} (measured {record.day}); {left}"
        return Note(words, serious=True)
    return None


def _read() -> tuple[Record, ...]:
    try:
        return _File.model_validate_json(kept_in().read_bytes()).records
    except (OSError, ValidationError):
        return ()  # the next calibration replaces the file


def _together(hashes: list[str]) -> str:
    """One hash for all files of a model; "" if a file's hash is unknown."""
    if not all(hashes):
        return ""
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()
