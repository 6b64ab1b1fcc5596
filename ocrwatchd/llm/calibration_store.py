"""The verdicts on models, kept in the state directory. Light: the supervisor and the engine process read them.

A verdict is on a model with the settings it was measured with: languages, gate and prompts. It is looked up without
reading the model: by the SHA-256 that is recorded for it, else by its name and its files' sizes and times.
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
"""So many verdicts are kept, the latest."""

REMEDY: Final = "`ocrwatchd calibrate` measures that (for a profile with --profile NAME)"

log = structlog.get_logger()

Said = TypeVar("Said")
Finding: TypeAlias = Literal["gain", "none", "harm", "unknown"]
Method: TypeAlias = Literal["none", "choose", "rewrite", "both"]
"""What a model is asked to do with a page: nothing, to choose among what the picture allows, to write, or both."""
Use: TypeAlias = Literal[Method, "text"]
"""A method where there is a picture; "text": the model writes where there is none."""

_WORDS: Final[dict[Finding, str]] = {
    "gain": "does good",
    "none": "does neither good nor harm",
    "harm": "does harm",
    "unknown": "cannot be judged",
}


class Record(BaseModel):
    """A verdict.

    Args:
        model: its name, for people.
        sha256: of the model's file; of a split one, of its files' one after the other.
        stamps: size and time of change of each of its files.
        languages: as ``ocr.languages`` had them.
        gate: as it was set.
        prompts: a hash of all that the model was asked.
        method: what it is best asked to do where there is a picture.
        uses: whether each use of it does good.
        finding: whether the best does good.
        why: in words.
        basis: what it was measured on.
        change: of the character errors with the best method; -0.2 are 20 % fewer.
        seconds_a_page: of correction with it.
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
        """True where it was measured with these settings."""
        mine = (self.languages, self.gate, self.prompts)
        return mine == (work.ocr.languages, work.gate, prompts_of(work))

    def finding_of(self, method: str) -> Finding:
        """What is found of a method, as ``llm.method`` names it."""
        return next((found for use, found in self.uses.items() if use == method), self.finding)

    @property
    def told(self) -> str:
        """All of it in a line."""
        found = f"it {_WORDS[self.finding]}: {self.why}; best method: {self.method}"
        return f"{self.day}, ocrwatchd {self.version}, {self.basis}: {found}"


class Methods(NamedTuple):
    """What a model is asked to do with the pages of a document.

    Args:
        picture: with a page of which it is known what the recogniser saw.
        text: with any other page.
    """

    picture: Method
    text: Method

    @property
    def chooses(self) -> bool:
        """Whether it chooses among what the picture allows."""
        return self.picture in {"choose", "both"}


class Note(NamedTuple):
    """Something to be said of a model.

    Args:
        words: what.
        serious: texts stay raw, or are harmed.
    """

    words: str
    serious: bool


class _File(BaseModel):
    records: tuple[Record, ...] = ()


def kept_in() -> Path:
    """The file with the verdicts."""
    return state_directory() / NAME


def prompts_of(work: Work) -> str:
    """Stand for all that a model is asked with these settings."""
    llm = work.llm
    asked = (llm.prompt, llm.prompt_handwritten, llm.prompt_table, work.ocr.mode, work.ocr.layout)
    return hashlib.sha256("\0".join(asked).encode("utf-8", "replace")).hexdigest()


def name_of(path: Path) -> str:
    """What people call a model."""
    return models.BUILTIN_NAME if path == models.BUILTIN else printable(path.name)


def sha256_of(path: Path) -> str:
    """The SHA-256 of a model; of a split one, of its parts' one after the other. Reads it all.

    Raises:
        OSError: it cannot be read.
    """
    return _together([identity.read(part) for part in identity.parts(path)])


def find(work: Work, path: Path) -> Record | None:
    """The verdict on a model with these settings; None where there is none. Nothing of the model is read."""
    records = [record for record in _read() if record.is_for(work)]
    if not records:
        return None
    with contextlib.suppress(OSError):  # a model that has gone has no verdict
        if sha256 := _together([identity.recorded(part) for part in identity.parts(path)]):
            return next((each for each in records if each.sha256 == sha256), None)
        seen = (name_of(path), identity.stamps(path))
        return next((each for each in records if (each.model, each.stamps) == seen), None)
    return None


def keep(record: Record) -> Path:
    """Write a verdict down, in the place of an earlier one on the same; where it lies.

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
            f"the verdict cannot be kept in {path.parent}: {error.strerror}; mend its owner or mode, or calibrate as "
            "the user that ocrwatchd runs as"
        ) from error
    return path


def best_methods(work: Work, path: Path) -> Methods | None:
    """What the verdict on a model advises to ask it for; None where ``llm.method`` is not "auto", or none is known."""
    record = find(work, path) if work.llm.method == "auto" else None
    return Methods(record.method, "none" if record.uses.get("text") == "harm" else "rewrite") if record else None


def objection(work: Work, path: Path) -> str:
    """Why texts are not corrected with this model, or "": ``llm.require_calibration`` wants a verdict without harm."""
    if not work.llm.require_calibration:
        return ""
    record = find(work, path)
    if record is None:
        return (
            f"llm.require_calibration is true, and whether the model {name_of(path)} does good with these settings was "
            f"never measured; {REMEDY}"
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
    """What is to be said once: which models were never calibrated, and which do harm."""
    for note, whose in by_profile(config, _note):
        yield note._replace(words=note.words + whose)


def by_profile(config: Config, look: Callable[[Work], Said | None]) -> Iterator[tuple[Said, str]]:
    """What is to be said of the settings, the same once; and of which profiles, "" where it is of the top level too."""
    said: dict[Said, list[str]] = {}
    for name, work in config.works().items():
        if (found := look(work)) is not None:
            said.setdefault(found, []).append(name)
    for found, names in said.items():
        yield found, "" if "" in names else f" (profiles: {', '.join(names)})"


def _note(work: Work) -> Note | None:
    try:
        path = models.resolve(work.llm)
    except (ModelUnavailable, OSError):  # that is told elsewhere
        return None
    record, required = find(work, path), work.llm.require_calibration
    if record is None:
        left = ", and until then texts stay raw" if required else ""
        words = f"whether the model {name_of(path)} does good with these settings was never measured; {REMEDY}{left}"
        return Note(words, serious=required)
    if record.finding == "harm" or (record.finding == "unknown" and required):
        left = "texts stay raw" if required else 'with llm.method = "auto" it is not asked'
        words = f"the model {record.model} {_WORDS[record.finding]}: {record.why} (measured {record.day}); {left}"
        return Note(words, serious=True)
    return None


def _read() -> tuple[Record, ...]:
    try:
        return _File.model_validate_json(kept_in().read_bytes()).records
    except (OSError, ValidationError):
        return ()  # as good as none: calibrating again writes it anew


def _together(hashes: list[str]) -> str:
    """One hash for a model: of a single file its own; "" where one is not known."""
    if not all(hashes):
        return ""
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()
