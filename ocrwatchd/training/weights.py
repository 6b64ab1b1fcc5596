"""Fit the weights that judge corrections, and write them to ``gate/weights.toml`` with their measured repairs.

- ``python -m ocrwatchd.training.weights text FOLDER``: without a picture. FOLDER holds ``gate-dev.jsonl``.
- ``python -m ocrwatchd.training.weights picture LANGUAGE=FOLDER …``: with one. FOLDER holds scans, each with its true
  text in NAME.txt.
- ``python -m ocrwatchd.training.weights picture --model FILE LANGUAGE=FOLDER …``: where the language model in that GGUF
  file compares what the picture allows.

The repairs are counted on documents that the weights were not fitted on.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ocrwatchd.gate.weights import FILE
from ocrwatchd.training import picture_weights, text_weights

HEAD = """\
# Weights of what is measured of an edit, in nats for each unit: see judge.py and features.py, and quantities.py.
# Written by ocrwatchd.training.weights; "measured": on documents that the weights were not fitted on.
"""


def main() -> int:
    """Read, fit, print and write."""
    parser = argparse.ArgumentParser(prog="python -m ocrwatchd.training.weights", description=__doc__.splitlines()[0])
    judges = parser.add_subparsers(dest="judge", required=True)
    text = judges.add_parser("text", help="without a picture")
    text.add_argument("folder", type=Path, help="folder with gate-dev.jsonl")
    picture = judges.add_parser("picture", help="with a picture")
    picture.add_argument(
        "folder", nargs="+", metavar="LANGUAGE[/N]=FOLDER", help="scans with their true texts; N: take every Nth scan"
    )
    picture.add_argument("--model", type=Path, help="GGUF file of a language model that compares")
    for each in (text, picture):
        each.add_argument("--write", action="store_true", help="write the weights into the package")
    asked = parser.parse_args()
    if asked.judge == "text":
        name, (weights, measured) = "text", text_weights.fitted(asked.folder)
    else:
        name = "context" if asked.model else "picture"
        weights, measured = picture_weights.fitted(list(map(_named, asked.folder)), asked.model)
    sys.stdout.write("".join(f"{each:22}{weight:8.3f}\n" for each, weight in weights.items()))
    sys.stdout.write("".join(f"{line}\n" for line in measured))
    if asked.write:
        write(name, weights, measured)
    return 0


def _named(told: str) -> tuple[str, int, Path]:
    language, _, folder = told.partition("=")
    language, _, every = language.partition("/")
    return language, int(every or 1), Path(folder)


def write(name: str, weights: Mapping[str, float], measured: list[str]) -> None:
    """Replace one judge's weights in the package."""
    told: dict[str, Any] = tomllib.loads(FILE.read_text("utf-8")) if FILE.exists() else {}
    told[name] = {"measured": measured, "weights": weights}
    lines = [HEAD]
    for judge, content in told.items():
        lines += [f"[{judge}]", "measured = [", *(f'  "{line}",' for line in content["measured"]), "]", ""]
        lines += [f"[{judge}.weights]", *(f"{each} = {weight}" for each, weight in content["weights"].items()), ""]
    FILE.write_text("\n".join(lines), "utf-8")


if __name__ == "__main__":
    sys.exit(main())
