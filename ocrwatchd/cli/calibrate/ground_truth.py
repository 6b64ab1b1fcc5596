"""The user's own scans with their true texts beside them, read by the engine as the daemon would."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from ocrwatchd.cli.calibrate.measure import Case
from ocrwatchd.cli.process.reader import copied, reading
from ocrwatchd.core.config.profile import Output, Work
from ocrwatchd.core.config.schema import Config
from ocrwatchd.core.errors import ConfigError, FolderUnusable, UnreadableScan
from ocrwatchd.core.file_types import input_type_named
from ocrwatchd.core.log import printable
from ocrwatchd.correct.document import text_of
from ocrwatchd.engine.process.page_store import PageStore
from ocrwatchd.formats.input.common import OWN_TEXT

if TYPE_CHECKING:
    from rich.console import Console

    from ocrwatchd.cli.process.reader import Reader

BASIS: Final = "own scans"


class Read(NamedTuple):
    """What was read.

    Args:
        cases: the documents.
    """

    cases: list[Case]

    @property
    def seconds_a_page(self) -> float:
        """Of recognition."""
        pages = [page for case in self.cases for page in case.pages]
        return sum(page.seconds for page in pages) / max(1, len(pages))


def read(folder: Path, config: Config, work: Work, console: Console) -> Read:
    """Read every scan in a folder that has its text, NAME.txt, beside it; what cannot be used is told and left out.

    Args:
        folder: what lies in it is copied, never touched.
        config: the settings.
        work: those of the profile.
        console: hears what is left out.

    Raises:
        ConfigError: the folder is none, or holds no such pair.
        EngineUnavailable: no engine can read here.
        FolderUnusable: the folder cannot be read, or there is no room for copies.
        UnreadableScan: no pair can be used.
    """
    found, alone = _pairs(folder)
    if alone:
        console.print(f"ocrwatchd: left out for want of a .txt beside it: {alone} of {alone + len(found)} scans")
    # The texts are corrected here afterwards, with one gate after the other.
    raw = work.model_copy(
        update={
            "llm": work.llm.model_copy(update={"model": "off"}),
            "output": Output(formats=("txt",)),
            "tasks": (),
        }
    )
    config = config.model_copy(update={"ocr": raw.ocr, "llm": raw.llm})
    cases: list[Case] = []
    with reading(config, console) as reader:
        for scan, text in found:
            try:
                case = _read(scan, text, raw, reader)
            except UnreadableScan as error:
                console.print(f"ocrwatchd: left out {printable(f'{scan.name}: {error}')}", markup=False)
                continue
            cases.append(case)
    if not cases:
        raise UnreadableScan(f"none of the {len(found)} scans in {folder} could be used; the reasons stand above")
    return Read(cases)


def _read(scan: Path, text: Path, work: Work, reader: Reader) -> Case:
    truth = text_of(text).removeprefix("\ufeff")
    if not truth.strip():
        raise UnreadableScan(f"{text.name} holds no text")
    with copied(scan, work, lattices=True) as job:
        if missing := reader.read(job):
            raise UnreadableScan(missing)
        pages = tuple(each.page for each in PageStore.left_in(job.folder / "pages"))
    if any(page.engine == OWN_TEXT for page in pages):
        raise UnreadableScan(
            'a program has written its text, in which nothing is corrected; set ocr.pdf_text to "ocr" to have it read'
        )
    if any(page.evaluation for page in pages):
        raise UnreadableScan(
            'Aspose.OCR in evaluation mode reads only a part of it; set ocr.license, or ocr.engine to "rapidocr"'
        )
    return Case(scan.name, truth, pages)


def _pairs(folder: Path) -> tuple[list[tuple[Path, Path]], int]:
    """Scans and their texts, and how many scans have none."""
    try:
        scans = [path for path in sorted(folder.iterdir()) if input_type_named(path.suffix)]
        found = [(scan, text) for scan in scans if (text := scan.with_suffix(".txt")).is_file()]
    except FileNotFoundError:
        raise ConfigError(f"{folder}: no such folder; --truth wants one with scans and their texts") from None
    except NotADirectoryError:
        raise ConfigError(f"{folder}: not a folder; --truth wants one with scans and their texts") from None
    except OSError as error:
        raise FolderUnusable(f"{folder} cannot be read: {error.strerror}; mend its owner or mode") from error
    if not found:
        raise ConfigError(
            f"{folder} holds {len(scans)} scans, and none with its text beside it: put what stands in NAME.png, "
            "or NAME.pdf and so on, into NAME.txt (UTF-8)"
        )
    return found, len(scans) - len(found)
