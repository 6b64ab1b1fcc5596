"""The places and names of the documents of a scan, as ``output.name`` and separator sheets ask for. Pure functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ocrwatchd.core.model import profile_of
from ocrwatchd.core.name_template import PART_OF_STACK, parse
from ocrwatchd.storage import set_names
from ocrwatchd.storage.records import PlannedSet
from ocrwatchd.storage.set_names import stem_and_suffix

if TYPE_CHECKING:
    from ocrwatchd.core.attempt import PartFigures
    from ocrwatchd.core.model import Job
    from ocrwatchd.storage.delivery_plan import Route


def wanted(
    job: Job,
    place: Path,
    parts: Sequence[PartFigures],
    suffixes: Sequence[tuple[str, ...]],
    next_number: Callable[[], int],
) -> tuple[PlannedSet, ...]:
    """The sets of a scan with the names that they would have if all were free; the names are not chosen yet.

    Args:
        job: the scan.
        place: its path under the inbox, or a simpler one.
        parts: its documents.
        suffixes: of the files of each document.
        next_number: gives the next running number.
    """
    works = job.sheets.works if job.sheets else {}
    # What is joined has the name of a folder, or what its files' names begin with: what follows a dot is no type.
    scan = place.name if job.members else stem_and_suffix(place.name)[0]
    sets = []
    for number, (part, own) in enumerate(zip(parts, suffixes, strict=True), 1):
        # The engine opens hostile files: what it says counts only where the configuration has it.
        profile = profile_of(place) if part.profile is None or part.profile not in works else part.profile
        work = job.work if profile == profile_of(place) else works[profile]
        template = parse(work.output.name)
        stem = template.render(
            scan,
            date=part.date,
            profile=profile,
            counter=next_number() if "counter" in template.fields else 0,
            part=number,
            parts=len(parts),
        )
        sets.append(PlannedSet(_folder(place, profile), stem, "", "", own))
    return _distinct(sets)


def plainer(plan: Route) -> Route:
    """The delivery under names that more disks accept, which are not chosen yet."""
    own, sets = stem_and_suffix(plan.relative.name)[1], []
    for each in plan.sets:
        # With the original's suffix, so that both get one name.
        plain = set_names.plainer(each.folder / f"{each.stem.removesuffix(each.tail)}{own}")
        sets.append(replace(each, folder=plain.parent, stem=f"{stem_and_suffix(plain.name)[0]}{each.tail}"))
    return replace(plan, relative=set_names.plainer(plan.relative), name="", sets=_distinct(sets))


def _distinct(sets: Sequence[PlannedSet]) -> tuple[PlannedSet, ...]:
    """Give sets of one scan that would have the same name their numbers."""
    times = Counter(each.folder / each.stem for each in sets)
    found = []
    for number, each in enumerate(sets, 1):
        tail = f"{PART_OF_STACK}{number}"
        twice = times[each.folder / each.stem] > 1
        found.append(replace(each, stem=f"{each.stem}{tail}", tail=tail) if twice else each)
    return tuple(found)


def _folder(place: Path, profile: str) -> Path:
    """The folder of a set, under the outbox: a part with another profile goes where that profile's scans go."""
    if profile == profile_of(place):
        return place.parent
    return Path(profile, *place.parts[1:-1])
