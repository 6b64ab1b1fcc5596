"""Which pages of a scan make up which document: it is cut at sheets, codes and blank pages, or after so many pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ocrwatchd.core.model import FinishedPage, Job, LeftOut
from ocrwatchd.core.sheet_code import SheetSettings, decode
from ocrwatchd.engine.process.assembly import Tally
from ocrwatchd.gate.consistency import Memory, lesson

if TYPE_CHECKING:
    from ocrwatchd.core.config.profile import Work

BOTH_SIDES = 2
"""Pages of a sheet of paper that is scanned on both sides: the even ones are backs."""


LONE_SCAN = (
    "only one of the two scans of this stack has come: the pages are as they were scanned, fronts or backs alone; scan "
    "both passes again, one after the other"
)

GATHERED_OTHERWISE = (
    "the files were put together by settings of [pages] that have changed since: check the order of the pages, or scan "
    "again"
)

FOREIGN_SHEET = (
    "the first page has a code of a separator sheet that this installation has not signed: the scan is cut here, and "
    "the page is kept; print the sheet again with `ocrwatchd sheet`"
)


UNKNOWN_PROFILE = (
    "the separator sheet names the profile {profile!r}, which the configuration no longer has: the settings of the "
    "scan's own folder were taken; print the sheet again"
)


@dataclass(slots=True)
class Draft:
    """A document while the pages of its scan are read.

    Args:
        work: the settings that its pages are read with.
        profile: of its separator sheet; None where it has the scan's own.
        numbers: of its pages in the scan, from 1.
        left_out: pages of the scan from here to the next document that belong to none.
        tally: of its pages, whose numbers run from 1.
        memory: what its pages teach the judge.
        warnings: what the reader should know.
        scanned: how many pages of the scan are its own, with the blank ones that are left out: "pages:N" counts these.
    """

    work: Work
    profile: str | None = None
    numbers: list[int] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    memory: Memory = field(default_factory=Memory)
    warnings: tuple[str, ...] = ()
    scanned: int = 0

    def add(self, finished: FinishedPage) -> None:
        """Add the next page."""
        # As kept, and page by page: an earlier attempt's pages teach what they would have taught in this one.
        self.memory.remember(lesson(finished.page.text, finished.correction))
        self.memory.read(finished.page)
        self.numbers.append(finished.page.number)
        self.tally.add(renumbered(finished, len(self.numbers)))

    def pages(self, load: Callable[[int], FinishedPage]) -> Iterator[FinishedPage]:
        """Its pages with numbers from 1, one in memory at a time; ``load`` gives one by its number in the scan."""
        for place, number in enumerate(self.numbers, 1):
            yield renumbered(load(number), place)


class Documents:
    """The documents of one scan, from its pages in order; ``seen`` of them have been added."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._drafts = [Draft(job.work)]
        self.seen = 0
        self.has_backs = True
        """Even pages are backs, which is not so where fronts and backs were scanned apart and are not in order."""

    @property
    def current(self) -> Draft:
        """The document that the next page belongs to if it has content."""
        return self._drafts[-1]

    @property
    def works(self) -> list[Work]:
        """The settings of each document so far."""
        return [draft.work for draft in self._drafts]

    def add(self, finished: FinishedPage) -> None:
        """Add the next page of the scan; one that is left out may begin another document."""
        self.seen += 1
        match finished.aside:
            case "sheet":
                self._add_sheet(finished)
            case "barcode":
                self._begin()
                self._leave_out(finished)
            case "blank" if "blank" in self._job.work.split.on and not self._is_back(finished):
                self._begin()
                self._leave_out(finished)
            case "blank" if self.current.work.pages.blank == "all" or self._is_back(finished):
                self._leave_out(finished)
                self._count()
            case _:
                self._add_page(finished)

    def _add_sheet(self, finished: FinishedPage) -> None:
        sheets = self._job.sheets
        sheet = decode(finished.code, sheets.key) if sheets else None
        if sheet and sheet.signed:
            self._begin(sheet.settings)
            self._leave_out(finished)
            return
        # Anybody may print such a code on a page: it cuts, and what is on the page is kept.
        self._begin()
        self.current.warnings += (FOREIGN_SHEET,)
        self._add_page(finished)

    def _add_page(self, finished: FinishedPage) -> None:
        self.current.add(finished)
        self._count()

    def _count(self) -> None:
        self.current.scanned += 1
        if self.current.scanned == self._job.work.split.every:
            self._begin()

    def _leave_out(self, finished: FinishedPage) -> None:
        self.current.left_out.append(LeftOut(finished.page.number, finished.aside))

    def drafts(self, load: Callable[[int], FinishedPage]) -> list[Draft]:
        """The documents, once all pages are added; ``load`` gives a page by its number in the scan.

        Where all pages but separators are blank, these are the document; none where there are separators only.
        """
        found: list[Draft] = []
        dropped: list[LeftOut] = []
        for draft in self._drafts:
            if draft.numbers:
                draft.left_out[:0], dropped = dropped, []
                found.append(draft)
            elif found:
                found[-1].left_out += draft.left_out
            else:
                dropped += draft.left_out
        if found:
            return found
        blank = [each.page for each in dropped if each.why == "blank"]
        draft = replace(self._drafts[0], left_out=[each for each in dropped if each.why != "blank"])
        for number in blank:
            draft.add(load(number))
        return [draft] if blank else []

    def _begin(self, settings: SheetSettings | None = None) -> None:
        """Begin another document: with the settings of a sheet, or with the present ones."""
        before = self.current
        draft = Draft(before.work, before.profile) if settings is None else self._asked(settings)
        if before.numbers:
            self._drafts.append(draft)
        else:  # sheets upon sheets, such as the two sides of one: the last one counts
            draft.left_out = before.left_out
            self._drafts[-1] = draft

    def _asked(self, settings: SheetSettings) -> Draft:
        """A document with the settings of a sheet; where the scan is cut, and how it was scanned, stays the scan's."""
        works = self._job.sheets.works if self._job.sheets else {}
        scan = self._job.work
        draft = Draft(scan)
        if settings.profile in works and settings.profile:
            draft = Draft(works[settings.profile], settings.profile)
        elif settings.profile:
            draft.warnings = (UNKNOWN_PROFILE.format(profile=settings.profile),)
        paper: dict[str, object] = {"duplex": scan.pages.duplex}
        if settings.duplex and draft.work.pages.blank == "keep":
            paper["blank"] = "backs"
        # The pages are kept under these settings, and must not count any longer where the scan's own have changed.
        changes: dict[str, object] = {"split": scan.split, "pages": draft.work.pages.model_copy(update=paper)}
        if settings.languages:
            changes["ocr"] = draft.work.ocr.model_copy(update={"languages": settings.languages})
        if settings.priority is not None:
            changes["priority"] = settings.priority
        draft.work = draft.work.model_copy(update=changes)
        return draft

    def _is_back(self, finished: FinishedPage) -> bool:
        """Whether a blank page is the back of a sheet of paper whose blank backs are left out."""
        return self.has_backs and self.current.work.pages.blank == "backs" and finished.page.number % BOTH_SIDES == 0


def warnings_of_gathering(job: Job) -> Iterator[str]:
    """What the reader should know of the files that were put together, or that came alone."""
    if job.work.pages.two_passes and not job.members and not job.by_hand:
        yield LONE_SCAN
    if job.members and not job.work.pages.gathers:
        yield GATHERED_OTHERWISE


def renumbered(finished: FinishedPage, number: int) -> FinishedPage:
    """The page with its number in its document."""
    if finished.page.number == number:
        return finished
    page = replace(finished.page, number=number)
    if page.error:
        text = unreadable_text(number)
        page, correction = replace(page, text=text), replace(finished.correction, text=text)
        return replace(finished, page=page, correction=correction)
    return replace(finished, page=page)


def unreadable_text(number: int) -> str:
    """What stands for a page that could not be read."""
    return f"[page {number} could not be read]"
