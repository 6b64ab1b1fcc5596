"""Load RapidOCR with the models of its own wheel, without log output and without network."""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from onnxruntime import InferenceSession  # type: ignore[import-untyped]
from rapidocr import RapidOCR

from ocrwatchd.core.errors import EngineUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rapidocr.inference_engine.onnxruntime import OrtInferSession

REMEDY = 'install the packages rapidocr and onnxruntime again, or set ocr.engine = "aspose"'


def load(
    models: Mapping[str, str], threads: int, settings: Mapping[str, object], use: Callable[[RapidOCR], object]
) -> RapidOCR:
    """Load models and run each once, because RapidOCR loads a model only when it runs.

    Args:
        models: file name in the wheel, by the setting that names it; RapidOCR downloads models without a name.
        threads: for the models.
        settings: further settings of RapidOCR.
        use: runs every model once.

    Raises:
        EngineUnavailable: a model is missing or cannot be loaded.
    """
    folder = Path(str(resources.files("rapidocr"))) / "models"
    missing = [name for name in models.values() if not (folder / name).is_file()]
    if missing:
        raise EngineUnavailable(f"RapidOCR's model {missing[0]} is missing from {folder}: {REMEDY}")
    parameters = {
        **{key: str(folder / name) for key, name in models.items()},
        "Global.log_level": "critical",
        # With more threads than processors RapidOCR uses ONNX Runtime's own number.
        "EngineConfig.onnxruntime.intra_op_num_threads": min(threads, os.cpu_count() or 1),
        **settings,
    }
    try:
        engine = RapidOCR(params=parameters)
        use(engine)
        parts: dict[str, Any] = {"Det": engine.text_det, "Cls": engine.text_cls, "Rec": engine.text_rec}
        for key, name in models.items():
            _rest_between_steps(parts[key.partition(".")[0]].session, folder / name)
    except Exception as error:  # whatever the library raises, this engine does not run here
        raise EngineUnavailable(f"RapidOCR cannot be loaded ({type(error).__name__}: {error}): {REMEDY}") from error
    return engine


def _rest_between_steps(loaded: OrtInferSession, model: Path) -> None:
    """Load a model once more, with threads that sleep between two steps; ONNX Runtime lets them spin.

    Spinning threads take processor time from llama.cpp and other programs, and from each other if two share a core: a
    third of a page's processor time. RapidOCR has no setting for this.
    """
    options = loaded.session.get_session_options()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    loaded.session = InferenceSession(str(model), options, providers=loaded.session.get_providers())
