"""The values that flow down the line: Scan, Job, Page, PageText, Correction, Document.

Frozen and slotted; none of them does any work. Both processes import this module, so it imports neither an engine nor
numpy nor PIL. Boxes are pixels of the page as it was recognised, from the top left; confidences run from 0 to 1;
offsets count Unicode code points into the raw text of the page.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from ocrwatchd.core.i18n import NOTHING, Message, verbatim
from ocrwatchd.core.reason import Reason

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from PIL import Image

    from ocrwatchd.core.config.profile import Work


class Box(NamedTuple):
    """An upright rectangle on a page, pixels from the top left corner."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """From left to right, pixels."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """From top to bottom, pixels."""
        return self.bottom - self.top

    def overlap(self, other: Box) -> tuple[float, float]:
        """Width and height of the part that both boxes cover, pixels; one of them is 0 where they are apart."""
        across = min(self.right, other.right) - max(self.left, other.left)
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(0.0, across), max(0.0, down)


@dataclass(frozen=True, slots=True)
class Scan:
    """A settled file in the inbox that may be claimed.

    Args:
        path: where it lies, absolute.
        relative: the same path under the inbox; its parent folders name the profile and are mirrored in the outbox.
    """

    path: Path
    relative: Path

    @property
    def profile(self) -> str:
        """The first folder under the inbox, or "" for a scan that lies in the inbox itself."""
        return profile_of(self.relative)


BY_HAND = "process"
"""The id of a job that a person has asked for with ``ocrwatchd process``; those of scans from an inbox are dates."""


def profile_of(relative: Path) -> str:
    """Of a scan by its path under the inbox: the first folder, or ""."""
    return relative.parts[0] if len(relative.parts) > 1 else ""


@dataclass(frozen=True, slots=True)
class Sheets:
    """What the codes on separator sheets may ask for.

    Args:
        works: the settings of each profile, by its name.
        key: with which this installation signs its sheets; of others only the place counts.
    """

    works: dict[str, Work]
    key: bytes = field(repr=False)

    @property
    def of_the_document(self) -> Sheets:
        """The same without the settings of the machine."""
        return self.with_works(lambda work: work.of_the_document)

    def with_works(self, change: Callable[[Work], Work]) -> Sheets:
        """The same with changed settings."""
        return Sheets({name: change(work) for name, work in self.works.items()}, self.key)


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed scan, alone in a folder of its own: ``folder/scan/RELATIVE``.

    Args:
        id: plain ASCII, also the name of the folder.
        folder: ``.work/ID``.
        relative: the scan's path under the inbox when it was claimed.
        work: the settings of its profile.
        desk: where one attempt of several has its own ``pages`` and ``out``; without it they lie in ``folder``.
        max_attempts: over how many attempts an engine may die over a page before that is given up; 0: as configured.
        renamed: it is read under its second name, ``folder/scan.plain``.
        lattices: what the recogniser saw of each line is kept beside the finished pages.
        canary: the scan is the known page that ``ocrwatchd canary`` sends: it counts nowhere, and nobody hears of it.
        members: several files that become one document, in the order of their pages: their names in the folder
            ``source``. Empty where the source is one file.
        sheets: what the codes on separator sheets may ask for; None where the scan is not cut at such sheets.
    """

    id: str
    folder: Path
    relative: Path
    work: Work
    desk: Path | None = None
    max_attempts: int = 0
    renamed: bool = False
    lattices: bool = False
    canary: bool = False
    members: tuple[str, ...] = ()
    sheets: Sheets | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """The files of the scan, in the order of their pages."""
        return tuple(self.source / name for name in self.members) or (self.source,)

    @property
    def all_works(self) -> tuple[Work, ...]:
        """The settings that its documents may have: its own, and those that a separator sheet may ask for."""
        return (self.work, *self.sheets.works.values()) if self.sheets else (self.work,)

    @property
    def by_hand(self) -> bool:
        """A person has asked for this very file: it came through no inbox."""
        return self.id == BY_HAND

    @property
    def source(self) -> Path:
        """The scan itself."""
        return self.folder / "scan.plain" if self.renamed else self.folder / "scan" / self.relative

    @property
    def place(self) -> Path:
        """Where the engine writes: finished pages, answers of tasks, the set."""
        return self.desk or self.folder

    @property
    def out(self) -> Path:
        """Where it puts the finished set, named ``document.SUFFIX``."""
        return self.place / "out"

    @property
    def pages(self) -> Path:
        """Where it keeps finished pages."""
        return self.place / "pages"


@dataclass(frozen=True, slots=True)
class Page:
    """One page as a picture, upright as its file says, in memory only while it is recognised.

    Args:
        number: from 1.
        image: mode "L" or "RGB".
        dpi: dots an inch of ``image``, or 0.0 where the file does not say.
        warnings: what the reader should know, in plain words.
        scale: the file's pixels across and down in one of ``image``: more than 1.0 for a page that is read smaller.
    """

    number: int
    image: Image.Image
    dpi: float
    warnings: tuple[str, ...] = ()
    scale: tuple[float, float] = (1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Word:
    """A run of characters without white space, at ``offset`` in the page's raw text."""

    text: str
    offset: int
    box: Box | None = None
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A line as the engine saw it, at ``offset`` in the page's raw text.

    Args:
        source: "pdf" where the PDF itself says it, "form" where a form shows it; "" where it was recognised.
        lattice: what the recogniser saw of the line (:class:`ocrwatchd.core.lattice.Lattice`), where the engine tells
            it; lives in memory only.
    """

    text: str
    offset: int
    box: Box | None = None
    confidence: float | None = None
    words: tuple[Word, ...] = ()
    source: str = ""
    lattice: Any = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class PageText:
    """What an engine read on one page.

    Args:
        number: from 1.
        text: the raw text in reading order: one line a line, a blank line between paragraphs, no newline at the end.
        width: of the recognised picture, pixels; in those of the file where it was read smaller, and so all boxes.
        height: of the recognised picture, likewise.
        dpi: dots an inch, or 0.0 where unknown.
        engine: name of the engine, or "" where no engine read the page.
        lines: with boxes where the engine gives them; every ``lines[i].offset`` points into ``text``.
        rotation: degrees by which the picture was turned clockwise before recognition: 0, 90, 180 or 270.
        skew: degrees by which it was straightened clockwise after that.
        evaluation: the text was cut by an engine without a licence.
        warnings: what the reader should know, in plain words.
        error: why the page could not be read, if so.
        seconds: wall time of opening, cleaning and recognising.
        unseen_text: the PDF has text on this page, and nothing of it is to be seen.
    """

    number: int
    text: str
    width: int
    height: int
    dpi: float
    engine: str = ""
    lines: tuple[Line, ...] = ()
    rotation: int = 0
    skew: float = 0.0
    evaluation: bool = False
    warnings: tuple[str, ...] = ()
    error: Message = NOTHING
    seconds: float = 0.0
    unseen_text: bool = False


class Term(NamedTuple):
    """A quantity, such as "picture" or "words", and its weighted nats: for an edit, or against it if negative."""

    name: str
    nats: float


Source: TypeAlias = Literal["picture", "words", "document", "built-in", "model", ""]
"""Who proposed an edit: the recogniser's own alternatives, a word list, the document, a language model; "": unknown."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One proposed change: ``before`` at ``offset`` of the raw text becomes ``after``; ``why`` it was let in or not."""

    offset: int
    before: str
    after: str
    why: Reason
    source: Source = ""
    terms: tuple[Term, ...] = ()

    @property
    def total(self) -> float:
        """The sum of the terms: log-odds of the edit against the reading, nats."""
        return sum(term.nats for term in self.terms)


@dataclass(frozen=True, slots=True)
class Doubt:
    """A word that may be wrong after correction: its place in the raw text, and the probability that it is wrong."""

    offset: int
    length: int
    wrong: float


Fate: TypeAlias = Literal["decided", "skipped", "raw"]
"""Of a part of a page: the model proposed and the gate decided; the model was not needed; it was of no help."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a page's raw text, ``length`` code points from ``offset``, and what became of it.

    Args:
        why: for "skipped" why no model was needed, for "raw" why it was of no help; None where all went well.
        detail: the same in the model's own words, where it has some.
    """

    offset: int
    length: int
    fate: Fate
    why: Reason | None = None
    detail: str = ""

    @property
    def told(self) -> Message:
        """Why, for people; nothing where all went well."""
        return verbatim(self.detail) if self.detail or not self.why else self.why.wording


@dataclass(frozen=True, slots=True)
class Correction:
    """What became of one page's text.

    Args:
        text: the corrected text; the raw text where nothing was admitted.
        edits: admitted, in order of offset, not overlapping.
        refused: proposed and not admitted, in order of offset.
        corrected: words were judged by their picture, or a model has proposed and the gate has decided, for a part of
            the page at least.
        reason: why the page, or a part of it, stayed raw; nothing where all was corrected.
        model: name of the model, or "".
        seconds: wall time.
        parts: what was put to the model, in order of offset.
        doubts: words that may be wrong still, in order of offset.
    """

    text: str
    edits: tuple[Edit, ...] = ()
    refused: tuple[Edit, ...] = ()
    corrected: bool = False
    reason: Message = NOTHING
    model: str = ""
    seconds: float = 0.0
    parts: tuple[Part, ...] = ()
    doubts: tuple[Doubt, ...] = ()


Aside: TypeAlias = Literal["", "sheet", "barcode", "blank"]
"""Why a page belongs to no document: a separator sheet, somebody else's one (``split.on``), or it is blank."""


@dataclass(frozen=True, slots=True)
class FinishedPage:
    """One page's text, raw and corrected: what is kept of a page once its picture is gone.

    Args:
        aside: why it may be left out of the document; "" for a page with content.
        code: of a separator sheet: what its code says, unchecked.
    """

    page: PageText
    correction: Correction
    aside: Aside = ""
    code: str = ""


class Leaf(NamedTuple):
    """Where a page of a document lies: a file of the scan, and the page's number there, from 1."""

    file: Path
    number: int


class LeftOut(NamedTuple):
    """A page of the scan, by its number from 1 over all files, that belongs to no document, and why."""

    page: int
    why: Aside


@dataclass(frozen=True, slots=True)
class Totals:
    """A document's words and edits, counted.

    Args:
        words: of the raw text.
        edits: admitted, by their reason.
        refused: not admitted, likewise.
        parts: of the pages, by what became of them.
        confidence: the mean over all words whose confidence the engine has told; None where there are none.
        expected_errors: how many words of the delivered text are probably wrong: the sum over all doubts.
    """

    words: int = 0
    edits: dict[Reason, int] = field(default_factory=dict)
    refused: dict[Reason, int] = field(default_factory=dict)
    parts: dict[str, int] = field(default_factory=dict)
    confidence: float | None = None
    expected_errors: float = 0.0


class DoubtfulWord(NamedTuple):
    """A delivered word, its page (from 1), its offset in the raw text, and the probability that it is wrong."""

    page: int
    offset: int
    text: str
    wrong: float


TaskState: TypeAlias = Literal["done", "incomplete", "left-out"]
"""Of a follow-up task: it covers the whole text; it covers some parts of it; there is no result."""


@dataclass(frozen=True, slots=True)
class TaskEnd:
    """What became of a follow-up task.

    Args:
        suffix: what follows NAME of its file.
        state: "left-out" means that there is no file.
        reason: why it is not "done".
        parts: into how many the text was cut.
        answered: to how many of them there is an answer that counts.
        dropped: how many strings did not occur in the text.
        seconds: wall time.
    """

    name: str
    suffix: str
    state: TaskState
    reason: str = ""
    model: str = ""
    parts: int = 0
    answered: int = 0
    dropped: int = 0
    seconds: float = 0.0

    def __str__(self) -> str:
        state = "left out" if self.state == "left-out" else self.state
        return f'the task "{self.name}" is {state}' + (f": {self.reason}" if self.reason else "")


@dataclass(frozen=True, slots=True)
class Document:
    """A scan's figures once every page is finished; the pages themselves are streamed beside it.

    Args:
        source: the scan's file name, undecodable bytes replaced.
        sha256: of the scan's content, hexadecimal.
        scan: the scan itself, for formats that show its pages; hostile, and gone once the set is delivered.
        work: the settings that it was read with.
        unreadable: how many pages could not be read.
        versions: of ocrwatchd, the engine and the model.
        warnings: about the document as a whole.
        seconds: wall time over all attempts' finished pages.
        totals: words and edits.
        formats: of the files in its set, by their names in ``output.formats``.
        tasks: the follow-up tasks, in order.
        files: SHA-256 (hexadecimal) of the files of its set that are written, by what follows NAME, as ".raw.txt".
        asked: the words that a reader should check first, the most doubtful one first.
        part: which document of the scan this is, from 1.
        parts: how many documents the scan holds.
        leaves: where each page lies; empty where they are the pages of ``scan``, one for one.
        pages_from: the numbers of its pages in the scan, from 1 over all files; empty where they are the same.
        left_out: pages of the scan that belong to no document, from this one's beginning to the next one's.
    """

    job: str
    source: str
    sha256: str
    pages: int
    unreadable: int
    corrected: bool
    reason: Message
    evaluation: bool
    versions: dict[str, str]
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0
    totals: Totals = Totals()
    formats: tuple[str, ...] = ("txt", "json")
    tasks: tuple[TaskEnd, ...] = ()
    files: dict[str, str] = field(default_factory=dict)
    asked: tuple[DoubtfulWord, ...] = ()
    part: int = 1
    parts: int = 1
    leaves: tuple[Leaf, ...] = ()
    pages_from: tuple[int, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    scan: Path = field(kw_only=True)
    work: Work = field(kw_only=True)

    def leaf(self, number: int) -> Leaf:
        """Where a page lies, by its number from 1."""
        return self.leaves[number - 1] if self.leaves else Leaf(self.scan, number)

    @property
    def complete(self) -> bool:
        """True where every page could be read."""
        return self.unreadable == 0
