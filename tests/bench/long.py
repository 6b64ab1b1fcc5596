# ruff: noqa: T201 - it reports to a person
"""How much memory each format takes for a long document: ``python -m tests.bench.long [--pages 300]``.

For each format and kind of scan a process of its own writes a document of ten pages, then one of many, 400 words a
page, A4 at 150 dpi in grey; what its memory has grown by in between is what the length costs.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageDraw

from ocrwatchd.core.model import Edit
from ocrwatchd.core.reason import Reason
from ocrwatchd.formats.output import writer
from tests.fakes.worded import document, worded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ocrwatchd.core.model import FinishedPage

FEW, MANY = 10, 300
SIZE = (1240, 1754)
FORMATS = ("txt", "json", "md", "hocr", "pdf")
SCANS = ("scan.tif", "scan.pdf")
TEXT = "\n".join(" ".join(f"word{row}x{column}" for column in range(10)) for row in range(40))


@cache
def _noise() -> Image.Image:
    return Image.effect_noise(SIZE, 40)


def _picture(number: int) -> Image.Image:
    image = _noise().copy()
    ImageDraw.Draw(image).text((60, 60), f"page {number}", fill=0)
    return image


def make(path: Path, pages: int) -> Path:
    """A scan of so many pages, by its suffix: a TIFF packed by LZW, or a PDF of JPEG pictures."""
    pictures = (_picture(number) for number in range(2, pages + 1))
    settings: dict[str, Any] = {"compression": "tiff_lzw"} if path.suffix == ".tif" else {"quality": 80}
    _picture(1).save(path, save_all=True, append_images=pictures, dpi=(150, 150), **settings)
    return path


def _pages(count: int) -> Iterator[FinishedPage]:
    for number in range(1, count + 1):
        yield worded(TEXT, (Edit(0, "word0x0", "word", Reason.SIMILAR_WORD),), number=number, size=SIZE)


def _write(name: str, scan: Path, pages: int) -> tuple[float, float, int]:
    """Seconds, the process's greatest memory so far in MiB, and bytes written."""
    started = time.monotonic()
    with tempfile.NamedTemporaryFile(dir=scan.parent) as file:
        writer(name).write(document(scan, pages), _pages(pages), file)  # type: ignore[arg-type]
        file.flush()
        size = Path(file.name).stat().st_size
    return time.monotonic() - started, _greatest_mib(), size


def _greatest_mib() -> float:
    """Of this process alone; what ``getrusage`` tells is also of the one that started it."""
    told = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.search(r"VmHWM:\s+(\d+) kB", told)[1]) / 1024  # type: ignore[index]


def measured(name: str, few: Path, many: Path, pages: int) -> dict[str, float]:
    """What a format takes, in a process of its own."""
    arguments = [sys.executable, "-m", "tests.bench.long", "--child", name, str(few), str(many), "--pages", str(pages)]
    run = subprocess.run(arguments, capture_output=True, text=True, check=True)
    told: dict[str, float] = json.loads(run.stdout)
    return told


def measure(folder: Path, pages: int) -> Iterator[dict[str, Any]]:
    """Every format over every kind of scan; those that show no pictures over one."""
    for kind in SCANS:
        scans = [make(folder / f"{count}-{kind}", count) for count in (FEW, pages)]
        for name in FORMATS if kind == SCANS[0] else ("pdf",):
            yield {"format": name, "scan": kind, "pages": pages, **measured(name, scans[0], scans[1], pages)}


def main() -> None:
    """Print a line a format."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pages", type=int, default=MANY)
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        name, few, many = given.child
        _, before, _ = _write(name, Path(few), FEW)
        seconds, after, size = _write(name, Path(many), given.pages)
        print(json.dumps({"seconds": seconds, "few_mib": before, "many_mib": after, "bytes": size}))
        return
    with tempfile.TemporaryDirectory() as folder:
        for row in measure(Path(folder), given.pages):
            print(
                f"{row['format']:5} of {row['scan']}: {row['pages']} pages, {row['bytes'] / 1e6:.1f} MB in "
                f"{row['seconds']:.1f} s; memory at most {row['few_mib']:.0f} MiB for {FEW} pages, "
                f"{row['many_mib']:.0f} MiB for all"
            )


if __name__ == "__main__":
    main()
