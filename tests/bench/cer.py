"""Character error rates of the real command line on real scans: ``python -m tests.bench.cer [--engine NAME]``.

Each picture goes through ``ocrwatchd process FILE``, uncorrected. Exits with 1 where a rate is above what it must be.
"""

from __future__ import annotations

import argparse
import math
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from ocrwatchd.gate.scoring import error_rate, fold
from tests.bench.copies import faint, skewed, turned
from tests.paths import DATA

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SCANS = {
    "phototest": ("phototest.gold.txt", 0.01),
    "eurotext": ("eurotext.txt", 0.02),
    "8087_054.3B": ("8087_054.3B.txt", 0.15),
}
COPIES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "faint": faint,
    "skewed 3.5°": partial(skewed, degrees=3.5),
    "skewed -7°": partial(skewed, degrees=-7.0),
    "turned 90°": partial(turned, quarter=90),
    "turned 180°": partial(turned, quarter=180),
    "turned 270°": partial(turned, quarter=270),
}
EVALUATION_CHARACTERS = 300
"""What Aspose without a licence gives of a page; of a shorter one it gives EVALUATION_PART."""
EVALUATION_PART = 0.6
ASPOSE_MOST = {"phototest": 0.01, "eurotext": 0.05}
"""What Aspose must reach; 8087 it reads across its columns, which is not judged."""
LEAST_GRANTED = 0.75
"""Of the grant in the truth's characters that counts at the least: Aspose spends some of it on its own notice."""
TIMEOUT_S = 600


@dataclass(frozen=True, slots=True)
class Case:
    """A picture, what it says, and how far its text may be from that."""

    name: str
    picture: Path
    truth: str
    most: float


def main() -> int:
    """Print a line for each picture."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.cer", description=__doc__)
    parser.add_argument("--engine", choices=["rapidocr", "aspose"], default="rapidocr")
    engine = parser.parse_args().engine
    missed = 0
    print(f"{'picture':24}{'CER':>8}{'at most':>9}{'seconds':>9}")  # noqa: T201 a program for people
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = folder / "bench.toml"
        config.write_text(f'[folders]\nroot = "{folder}"\n[ocr]\nengine = "{engine}"\n[llm]\nmodel = "off"\n', "utf-8")
        for case in _cases(folder):
            start = time.monotonic()
            text, complaint = _read(case.picture, config)
            seconds = time.monotonic() - start
            rate = _evaluation_rate(text, case.truth) if engine == "aspose" else error_rate(text, case.truth)
            most = case.most if engine == "rapidocr" else ASPOSE_MOST.get(case.name.split(",")[0])
            passed = not complaint and (most is None or rate <= most)
            missed += not passed
            verdict = f"MISSED {complaint}" if not passed else "not judged" if most is None else "ok"
            limit = "-" if most is None else f"{most:.2f}"
            print(f"{case.name:24}{rate:8.4f}{limit:>9}{seconds:9.1f}  {verdict}", flush=True)  # noqa: T201
    return 1 if missed else 0


def _cases(folder: Path) -> Iterator[Case]:
    for name, (truth, most) in SCANS.items():
        yield Case(name, DATA / f"{name}.tif", (DATA / truth).read_text("utf-8"), most)
    truth, most = SCANS["phototest"]
    with Image.open(DATA / "phototest.tif") as scan:
        clean = scan.convert("L")
    for kind, copy in COPIES.items():
        picture = folder / "copy.png"
        copy(clean).save(picture, dpi=(200, 200))
        yield Case(f"phototest, {kind}", picture, (DATA / truth).read_text("utf-8"), most)


def _read(picture: Path, config: Path) -> tuple[str, str]:
    command = [sys.executable, "-m", "ocrwatchd", "process", str(picture), "--config", str(config)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=TIMEOUT_S, check=False)
    return done.stdout, f"exit {done.returncode}: {done.stderr[-300:]}" if done.returncode else ""


def _evaluation_rate(text: str, truth: str) -> float:
    """The error rate against the beginning of the truth that evaluation mode has granted.

    Aspose counts the characters of its own text and its notice, so where the grant ends in the truth is not known: the
    end that fits best counts, from LEAST_GRANTED of the grant to a tenth beyond it, so that lines left out count as
    errors. The first line says that it is an evaluation, and is not the scan's.
    """
    body = fold("\n".join(line for line in text.splitlines() if "evaluation mode" not in line))
    wanted = fold(truth)
    granted = EVALUATION_CHARACTERS if len(wanted) > EVALUATION_CHARACTERS else math.ceil(EVALUATION_PART * len(wanted))
    ends = range(math.ceil(LEAST_GRANTED * granted), min(len(wanted), granted + granted // 10) + 1)
    return min(error_rate(body, wanted[:end]) for end in ends)


if __name__ == "__main__":
    sys.exit(main())
