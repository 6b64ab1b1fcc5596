"""Read the user's scans that have their true texts beside them, as the daemon reads scans."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from ocrwatchd.cli.calibrate.measure import Case
from ocrwatchd.cli.process.reader import copied, reading
from ocrwatchd.core.config.paper import Split
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


def read(folder: Path, config: Config, work: Work, console: Console) -> list[Case]:
    """Read copies of all scans in a folder that have their text, NAME.txt, beside them; skip others with a message.

    Raises:
        ConfigError: the folder does not exist, or holds no such pair.
        EngineUnavailable: no engine can read here.
        FolderUnusable: the folder cannot be read, or there is no room for copies.
        UnreadableScan: no pair can be used.
    """
    found, alone = _pairs(folder)
    if alone:
        console.print(f"ocrwatchd: skipped {alone} of {alone + len(found)} scans without a .txt beside them")
    # The trial corrects the texts later, with one gate after the other.
    raw = work.model_copy(
        update={
            "llm": work.llm.model_copy(update={"model": "off"}),
            "output": Output(formats=("txt",)),
            "tasks": (),
            "split": Split(),
        }
    )
    config = config.model_copy(update={"ocr": raw.ocr, "llm": raw.llm})
    cases: list[Case] = []
    with reading(config, console) as reader:
        for scan, text in found:
            try:
                cases.append(_read(scan, text, raw, reader))
            except UnreadableScan as error:
                console.print(f"ocrwatchd: skipped {printable(f'{scan.name}: {error}')}", markup=False)
    if not cases:
        raise UnreadableScan(f"none of the {len(found)} scans in {folder} can be used; the reasons are above")
    return cases


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
            'its text comes from a program and is not corrected; to recognise its pages set ocr.pdf_text to "ocr"'
        )
    if any(page.evaluation for page in pages):
        raise UnreadableScan(
            'Aspose.OCR in evaluation mode reads only a part; set ocr.license, or ocr.engine to "rapidocr"'
        )
    return Case(scan.name, truth, pages)


def _pairs(folder: Path) -> tuple[list[tuple[Path, Path]], int]:
    """Return scans with their texts, and the number of scans without one."""
    try:
        scans = [path for path in sorted(folder.iterdir()) if input_type_named(path.suffix)]
        found = [(scan, text) for scan in scans if (text := scan.with_suffix(".txt")).is_file()]
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ConfigError(f"{folder}: {error.strerror}; --truth needs a folder with scans and their texts") from None
    except OSError as error:
        raise FolderUnusable(f"{folder} cannot be read: {error.strerror}; correct its owner or mode") from error
    if not found:
        raise ConfigError(
            f"{folder} holds {len(scans)} scans, and none with its text beside it: write the text of NAME.png, "
            "or NAME.pdf and so on, to NAME.txt (UTF-8)"
        )
    return found, len(scans) - len(found)
