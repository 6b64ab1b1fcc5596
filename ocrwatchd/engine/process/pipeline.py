"""From job to finished sets: open, clean, recognise and correct page by page, then write each document of the scan.

Each page is on disk before the next one begins. A fault of one page affects only that page; a fault of the machine is
never blamed on the scan.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import TYPE_CHECKING

import structlog

from ocrwatchd.core.attempt import PartFigures, ScanFigures
from ocrwatchd.core.errors import UnreadableScan
from ocrwatchd.core.faults import Stopping
from ocrwatchd.core.i18n import say
from ocrwatchd.core.model import FinishedPage, Job, Leaf
from ocrwatchd.core.process import give_back_memory
from ocrwatchd.engine.process import scan_file, separators
from ocrwatchd.engine.process.assembly import Part, figures_of, write_sets
from ocrwatchd.engine.process.blank_pages import is_blank_page
from ocrwatchd.engine.process.documents import Documents, Draft, warnings_of_gathering
from ocrwatchd.engine.process.page_steps import PageSteps, Tell
from ocrwatchd.engine.process.page_store import PageStore, fingerprint, legible
from ocrwatchd.engine.process.resume_cache import Left, Stamp, stamp_of
from ocrwatchd.engine.process.sign_of_life import paced
from ocrwatchd.engine.process.tasks.stage import FollowUps, Result, told
from ocrwatchd.engine.process.text_findings import date_for_name, warnings_of_order
from ocrwatchd.formats.input.common import Pages
from ocrwatchd.formats.input.stack import has_backs, leaf_of, open_stack

if TYPE_CHECKING:
    from ocrwatchd.core.config.profile import Work
    from ocrwatchd.core.model import Document
    from ocrwatchd.engine.process.resources import Bench
    from ocrwatchd.engine.protocol import StepName

log = structlog.get_logger()


def work_off(job: Job, bench: Bench, tell: Tell, asked: Callable[[], bool]) -> ScanFigures:
    """Make the finished sets of a job in ``job.out``.

    ``tell`` is called at each step; ``asked`` says whether the job must be returned after the current page.

    Returns:
        Figures of the scan.

    Raises:
        UnreadableScan: the content of the scan is at fault, or ocrwatchd itself has delivered it.
        EngineUnavailable: no engine can run here.
        Stopping: ``asked`` was True.
        OSError: the disk is at fault.
    """
    tell("hash")
    stamp = stamp_of(job.files)
    left = bench.leavings.take(job.id, stamp)
    sha256 = left.sha256 if left else scan_file.sha256_of(job.files, paced(partial(tell, "hash")))
    reading = _Reading(job, stamp, sha256, bench, tell, asked)
    reading.resume(left)
    tell("open")
    try:
        two_passes = job.work.pages.two_passes
        alive = partial(tell, "open")
        with open_stack(job.files, job.work.ocr, strict=not job.by_hand, alive=alive, interleave=two_passes) as (
            pages,
            told_of_end,
        ):
            scan_file.check_origin(job, pages)
            reading.read_all(pages)
            warnings = (*pages.warnings, *told_of_end)
            leaves = tuple(leaf_of(pages, job.files[0], number) for number in range(1, pages.count + 1))
        reading.keep_unreadable()
    except UnreadableScan:
        scan_file.check_disk(job.files, sha256, reading.alive("hash"))
        raise
    finally:
        reading.free()
    drafts = reading.documents.drafts(reading.kept)
    _check_readable(drafts)
    changed = scan_file.warnings_of_change(job.files, stamp, sha256, reading.alive("hash"))
    warnings = (*warnings, *changed, *warnings_of_gathering(job))
    write = partial(tell, "write", pages=reading.documents.seen)
    is_writing, parts = reading.alive("write"), []
    for place in range(1, len(drafts) + 1):
        parts.append(reading.part(place, drafts, leaves, warnings))
        is_writing()
    write()
    documents = write_sets(job, parts, write)
    return replace(figures_of(parts, documents), parts=tuple(map(_part_figures, drafts, parts)))


def _part_figures(draft: Draft, part: Part) -> PartFigures:
    return PartFigures(
        draft.profile, date_for_name(part.pages(), draft.work), draft.tally.pages, draft.tally.unreadable
    )


def _check_readable(drafts: list[Draft]) -> None:
    tallies = [draft.tally for draft in drafts]
    if not tallies:
        raise UnreadableScan(say("the scan holds separator sheets and nothing else; scan the documents with them"))
    if all(tally.unreadable == tally.pages for tally in tallies):
        first = tallies[0].first_error
        one = sum(tally.pages for tally in tallies) == 1
        raise UnreadableScan(first if one else say("no page could be read: {reason}", reason=first))


@dataclass(slots=True)
class _Reading:
    """One attempt at a scan."""

    job: Job
    stamp: Stamp
    sha256: str
    bench: Bench
    tell: Tell
    asked: Callable[[], bool]
    documents: Documents = field(init=False)
    _priority: int = field(init=False)
    """As last told."""
    _separated: PageStore | None = field(init=False)
    """Where pages that are nothing but separators are kept; None where no code separates documents."""
    _steps: list[PageSteps] = field(default_factory=list)
    _unreadable: list[tuple[PageStore, FinishedPage]] = field(default_factory=list)
    """Not kept before it is certain that the scan is at fault, and not the disk."""

    def resume(self, left: Left | None) -> None:
        """Load what the job's settings ask for, and go on where an earlier attempt has stopped."""
        self.documents, self._priority = Documents(self.job), self.job.work.priority
        self._separated = self._separators()
        self._steps_of(self.job.work)
        if left and left.mark == self._mark(left.documents):
            self.documents = left.documents

    def read_all(self, pages: Pages) -> None:
        """Read the pages that are not read yet.

        Raises:
            Stopping: the job was asked back.
        """
        self.documents.has_backs = has_backs(pages, interleaved=self.job.work.pages.two_passes)
        for number in range(self.documents.seen + 1, pages.count + 1):
            self.documents.add(self._page(pages, number))

    def _page(self, pages: Pages, number: int) -> FinishedPage:
        draft, separated = self.documents.current, self._separated
        steps = self._steps_of(draft.work)
        kept = steps.files.load(number) or (separated and separated.load(number))
        if kept:
            return kept
        self._heed()
        self.tell("page", number, pages.count, priority=self._new_priority(draft))
        found = separators.found(pages, number, self.job) if separated else None
        if found and found.only_this and separated:
            finished = separated.save(separators.bare(number, found))
        else:
            finished = steps.finish(pages, number, draft.memory)
            if found:
                finished = replace(finished, aside=found.aside, code=found.code)
            elif self._leaves_out_blank(draft):
                self.tell("page", number, pages.count)  # if the engine dies here, that is not the model's fault
                if is_blank_page(pages, finished.page, steps.read_piece):
                    finished = replace(finished, aside="blank")
            finished = self._keep(steps.files, finished)
        self.tell("page-done", number, pages.count, finished.page.seconds + finished.correction.seconds)
        self._log(finished)
        self.bench.page_finished()
        return finished

    def _leaves_out_blank(self, draft: Draft) -> bool:
        return "blank" in self.job.work.split.on or draft.work.pages.blank != "keep"

    def _new_priority(self, draft: Draft) -> int | None:
        before, self._priority = self._priority, draft.work.priority
        return None if draft.work.priority == before else draft.work.priority

    def _keep(self, files: PageStore, finished: FinishedPage) -> FinishedPage:
        if not finished.page.error:
            return files.save(finished)
        self._unreadable.append((files, finished))
        return legible(finished)

    def keep_unreadable(self) -> None:
        """Keep the pages that could not be read.

        Raises:
            OSError: the disk does not give back the scan as it was, so that they may be readable.
        """
        if self._unreadable:
            scan_file.check_disk(self.job.files, self.sha256, self.alive("hash"))
        for files, finished in self._unreadable:
            files.save(finished)
        self._unreadable.clear()

    def alive(self, step: StepName) -> Callable[[], None]:
        """A sign of life of a long step, which may be called often."""
        return paced(partial(self.tell, step, pages=self.documents.seen))

    def kept(self, number: int) -> FinishedPage:
        """A finished page of the scan.

        Raises:
            OSError: it is missing or cannot be read.
        """
        for steps in self._steps:
            if finished := steps.files.load(number):
                return finished
        raise FileNotFoundError(f"page {number} of {self.documents.seen} is missing in {self.job.pages}")

    def part(self, place: int, drafts: list[Draft], leaves: tuple[Leaf, ...], warnings: tuple[str, ...]) -> Part:
        """One document of the scan, with the results of its follow-up tasks."""
        draft = drafts[place - 1]
        steps = self._steps_of(draft.work)
        document = draft.tally.document(steps.job, self.sha256, steps.versions, (*warnings, *draft.warnings))
        whole = len(drafts) == 1 and draft.numbers == list(range(1, len(leaves) + 1))
        document = replace(
            document,
            part=place,
            parts=len(drafts),
            pages_from=() if whole else tuple(draft.numbers),
            left_out=tuple(draft.left_out),
            leaves=() if whole and not self.job.members else tuple(leaves[number - 1] for number in draft.numbers),
        )
        if len(draft.numbers) > 1:
            wrong = warnings_of_order(draft.pages(self.kept), draft.work)
            document = replace(document, warnings=(*document.warnings, *wrong))
        first = 1 + sum(len(each.work.tasks) for each in drafts[: place - 1])
        results = self._follow_up(steps, draft, document, first)
        return Part(told(document, results), draft.tally, partial(draft.pages, self.kept), results)

    def _follow_up(self, steps: PageSteps, draft: Draft, document: Document, first: int) -> tuple[Result, ...]:
        def begins(number: int) -> None:
            self._heed()
            self.tell("task", number, self.documents.seen)

        @cache
        def text() -> str:
            found = (finished for finished in draft.pages(self.kept) if not finished.page.error)
            return "\n\n".join(finished.correction.text for finished in found)

        model = steps.corrector.model if steps.corrector and steps.work.tasks else None
        mark = f"{steps.files.settings} {document.pages_from}" if document.pages_from else steps.files.settings
        return FollowUps(steps.job, document, model, steps.no_corrector, mark, text, begins, first).results()

    def _heed(self) -> None:
        if self.asked():
            self.keep_unreadable()  # else they would be read again whenever it goes on
            left = Left(self.stamp, self.sha256, self._mark(self.documents), self.documents)
            self.bench.leavings.put(self.job.id, left)
            raise Stopping

    def _steps_of(self, work: Work) -> PageSteps:
        for steps in self._steps:
            if steps.work == work:
                return steps
        self._steps.append(PageSteps.set_up(replace(self.job, work=work), self.sha256, self.bench, self.tell))
        return self._steps[-1]

    def _separators(self) -> PageStore | None:
        if not separators.looks(self.job.work.split):
            return None
        key = self.job.sheets.key.hex() if self.job.sheets else ""
        return PageStore(self.job.pages, fingerprint(self.job.work, self.sha256, "separators", key))

    def _mark(self, documents: Documents) -> str:
        """On what the documents so far depend: their pages, and all the settings that they were begun with."""
        stores = [self._steps[0].files, *(self._steps_of(work).files for work in documents.works)]
        sheets = self.job.sheets
        asked = [self.job.work.model_dump_json(exclude={"priority"})]  # a sheet may have changed that one
        asked += [f"{sheets.key.hex()} {sheets.works}"] if sheets else []
        return hashlib.sha256("\0".join([*(each.settings for each in stores), *asked]).encode()).hexdigest()

    def free(self) -> None:
        """Free what the engines hold of the scan."""
        for steps in self._steps:
            steps.engine.free_document()
        give_back_memory()

    def _log(self, finished: FinishedPage) -> None:
        page, correction = finished.page, finished.correction
        log.info(
            "page.done",
            job=self.job.id,
            file=self.job.relative.name,
            page=page.number,
            recognise_s=round(page.seconds, 2),
            correct_s=round(correction.seconds, 2),
            edits=len(correction.edits),
            refused=len(correction.refused),
            skipped=sum(part.fate == "skipped" for part in correction.parts),
            readable=not page.error,
            **({"aside": finished.aside} if finished.aside else {}),
        )
