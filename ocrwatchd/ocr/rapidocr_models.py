"""Load RapidOCR with the models of its own wheel, without log output and without network."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from rapidocr import RapidOCR

from ocrwatchd.core.errors import EngineUnavailable
from ocrwatchd.ocr.inference import Network, OnnxNetwork, Values, fast_network
from ocrwatchd.ocr.line_reader import HEIGHT, LINES, LineReader, is_doubtful

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rapidocr.inference_engine.onnxruntime import OrtInferSession

REMEDY = 'install the packages rapidocr and onnxruntime again, or set ocr.engine = "aspose"'

FAST: dict[str, tuple[int, Callable[[Values], bool]]] = {"Det": (64, lambda _: False), "Rec": (HEIGHT, is_doubtful)}
"""Models that are worth loading on OpenVINO, which takes 0.2 s: each with a height that it takes, pixels, and which of
its results bfloat16 leaves in doubt. The classifier takes 0.02 s a page."""


def load(
    models: Mapping[str, str], threads: int, settings: Mapping[str, object], use: Callable[[RapidOCR], object]
) -> RapidOCR:
    """Load models and run each once, because RapidOCR loads a model only when it runs.

    Args:
        models: file name in the wheel, by the setting that names it; RapidOCR downloads models without a name.
        threads: for the models; not more than there are processors.
        settings: further settings of RapidOCR.
        use: runs every model once.

    Raises:
        EngineUnavailable: a model is missing or cannot be loaded.
    """
    folder = Path(str(resources.files("rapidocr"))) / "models"
    missing = [name for name in models.values() if not (folder / name).is_file()]
    if missing:
        raise EngineUnavailable(f"RapidOCR's model {missing[0]} is missing from {folder}: {REMEDY}")
    threads = min(threads, os.cpu_count() or 1)
    parameters = {
        **{key: str(folder / name) for key, name in models.items()},
        "Global.log_level": "critical",
        "EngineConfig.onnxruntime.intra_op_num_threads": threads,
        **settings,
    }
    try:
        engine: Any = RapidOCR(params=parameters)  # by its own types its parts stay None
        use(engine)
        parts = {"Det": engine.text_det, "Cls": engine.text_cls, "Rec": engine.text_rec}
        for key, name in models.items():
            part = key.partition(".")[0]
            runs = min(LINES, threads) if part == "Rec" else 1
            parts[part].session = _network(part, parts[part].session, folder / name, threads // runs, runs)
            if part == "Det":  # with RapidOCR's float64 the colours of a page take 0.1 s more
                found = engine.text_det
                found.mean, found.std = np.array([found.mean, found.std], np.float32)
            if part == "Rec":
                engine.text_rec = LineReader(engine.text_rec, runs)
    except Exception as error:  # whatever the library raises, this engine does not run here
        raise EngineUnavailable(f"RapidOCR cannot be loaded ({type(error).__name__}: {error}): {REMEDY}") from error
    loaded: RapidOCR = engine
    return loaded


def _network(part: str, loaded: OrtInferSession, model: Path, threads: int, runs: int) -> OnnxNetwork | Network:
    """The model that RapidOCR has loaded, loaded anew in the way that takes the least processor time."""
    plain = OnnxNetwork(model, loaded.session.get_session_options(), threads)
    if part not in FAST:
        return plain
    height, doubtful = FAST[part]
    sample = np.full((height, 5 * 64, 3), 255, dtype=np.uint8)
    cv2.putText(sample, "Sample 1234", (10, height - 16), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (0, 0, 0), 3)
    values = (sample.transpose(2, 0, 1)[np.newaxis] / 127.5 - 1).astype(np.float32)
    return Network(plain, fast_network(model, threads, runs, plain, values), doubtful)
