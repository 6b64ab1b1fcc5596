"""The verb ``calibrate``."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ocrwatchd import __version__
from ocrwatchd.cli.calibrate import corpus, ground_truth, judgement, presets, printed
from ocrwatchd.cli.calibrate.measure import Trial
from ocrwatchd.cli.calibrate.report import Report, in_json, in_lines
from ocrwatchd.cli.calibrate.residual_errors import remaining
from ocrwatchd.core.config.profile import Work
from ocrwatchd.core.config.schema import Config
from ocrwatchd.core.errors import ConfigError, ModelUnavailable
from ocrwatchd.gate import languages
from ocrwatchd.llm import calibration_store, identity, models

HARM: Final = 1


@dataclass(frozen=True, slots=True)
class Wishes:
    """The verb's arguments; ``truth`` takes the place of ``files``, and the profile "" is the top level."""

    files: tuple[Path, ...] = ()
    truth: Path | None = None
    profile: str = ""
    pages: int = 20
    as_json: bool = False


def calibrate(config: Config, wishes: Wishes) -> int:
    """Measure the configured model, print the figures, and keep the verdict.

    Returns:
        0, or 1 where the model does harm.

    Raises:
        ConfigError: there is no text to measure with, or no such profile.
        EngineUnavailable: no engine can read the scans.
        FolderUnusable: a folder cannot be read, or the verdict cannot be kept.
        ModelUnavailable: there is no model.
        UnreadableScan: a text or all scans cannot be read.
    """
    if wishes.profile and wishes.profile not in config.profiles:
        known = ", ".join(config.profiles) or "none"
        raise ConfigError(f"the configuration has no profile {wishes.profile}; its profiles: {known}")
    work = config.work(wishes.profile)
    if work.llm.model == "off":
        raise ModelUnavailable(
            'llm.model is "off": there is no model to measure; set llm.model to "auto", "builtin" or the path of a '
            ".gguf file"
        )
    path = models.resolve(work.llm)
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    for note in _notes(work, wishes):
        console.print(f"ocrwatchd: {note}", markup=False)
    if wishes.truth:
        cases = ground_truth.read(wishes.truth, config, work, console)
    else:
        sheets = corpus.sheets(wishes.files, work.ocr.languages, wishes.pages)
        # Text of the user's files is not copied to the cache.
        cases = printed.read(sheets, config, work, console, keep=not wishes.files)
    sha256, stamps = _identity(path)  # before the model is loaded: a later change makes another model
    trial = Trial(path, work, presets.beside(work.gate))
    try:
        with _progress(console, len(cases)) as done:
            measured = trial.measure(cases, done)
    finally:
        trial.close()
    found = judgement.verdict(measured)
    best = measured.ways[found.method]
    verdict = calibration_store.Record(
        model=calibration_store.name_of(path),
        sha256=sha256,
        stamps=stamps,
        languages=work.ocr.languages,
        gate=work.gate,
        prompts=calibration_store.prompts_of(work),
        method=found.method,
        uses=found.uses,
        finding=found.finding,
        why=found.why,
        basis=ground_truth.BASIS if wishes.truth else printed.BASIS,
        change=round(best.change, 4),
        seconds_a_page=round(best.seconds_a_page, 3),
        day=time.strftime("%Y-%m-%d"),
        version=__version__,
    )
    report = Report(
        verdict,
        measured,
        judgement.best_gate(measured.gates),
        cases,
        remaining((text, case.truth) for text, case in zip(measured.texts[found.method], cases, strict=True))
        if wishes.truth
        else None,
    )
    if wishes.as_json:
        sys.stdout.write(json.dumps(in_json(report), ensure_ascii=False, indent=1) + "\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in in_lines(report))
    sys.stdout.flush()
    # Kept after the report, so that people see the figures even if the verdict cannot be kept.
    earlier = calibration_store.find(work, path) if found.finding == "unknown" else None
    if earlier and earlier.finding != "unknown":
        said = f"not kept   not enough evidence; an earlier verdict is kept: {earlier.told}"
    else:
        said = f"kept in    {calibration_store.keep(verdict)}"
    if not wishes.as_json:
        sys.stdout.write(f"{said}\n")
    return HARM if found.finding == "harm" else 0


def _notes(work: Work, wishes: Wishes) -> Iterator[str]:
    """Say which models and languages are not measured."""
    if reason := models.why_builtin(work.llm):
        yield f"this run measures the built-in model; calibrate again after a change of the model; {reason}"
    codes = work.ocr.languages
    without = [code for code in codes if code not in corpus.OWN]
    if 0 < len(without) < len(codes) and not (wishes.truth or wishes.files):
        yield (
            f"{languages.names(without)} cannot be measured without text in that language: name files with clean text, "
            "or scans with their texts by --truth"
        )


def _identity(path: Path) -> tuple[str, tuple[tuple[int, int], ...]]:
    """Return the model's SHA-256 and stamps."""
    try:
        stamps = identity.stamps(path)
        return calibration_store.sha256_of(path), stamps
    except OSError as error:
        raise ModelUnavailable(f"{path}: cannot be read ({error.strerror}); correct its owner or mode") from error


@contextlib.contextmanager
def _progress(console: Console, total: int) -> Iterator[Callable[[], None]]:
    columns = (TextColumn("correcting"), BarColumn(), MofNCompleteColumn(), TextColumn("texts"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=total)
        yield lambda: bar.advance(task)
