"""Run a network: with bfloat16 on OpenVINO where the processor has it, and with 32 bits on ONNX Runtime."""

from __future__ import annotations

import functools
import sys
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import structlog
from numpy.typing import NDArray
from onnxruntime import InferenceSession  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from onnxruntime import SessionOptions

Values = NDArray[np.float32]

CACHED_SHAPES = 64
"""Prepared steps that OpenVINO keeps for inputs of the same shape; its own 5,000 grow with each new size of page."""
LARGE = 1_000_000
"""Values of an input, a page's and not a line's, whose memory is given back at once: up to half a gigabyte."""
APART = 0.02
"""Most that results may differ from ONNX Runtime's on average, of 1."""

log = structlog.get_logger()


class OnnxNetwork:
    """A network on ONNX Runtime, with 32 bits.

    Args:
        model: the file.
        options: they are changed.
        threads: for one run. They sleep between two steps; ONNX Runtime lets them spin. Spinning threads take processor
            time from llama.cpp and other programs, and from each other if two share a core: a third of a page's
            processor time.
    """

    def __init__(self, model: Path, options: SessionOptions, threads: int) -> None:
        options.intra_op_num_threads = threads
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self.session = InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        self._name = self.session.get_inputs()[0].name

    def __call__(self, values: Values, /) -> Values:
        """Run it once.

        Args:
            values: pictures, (number, 3, height, width).
        """
        found: Values = self.session.run(None, {self._name: values})[0]
        return found


class OpenVinoNetwork:
    """A network on OpenVINO, with bfloat16.

    Args:
        core: OpenVINO's, from :func:`core`.
        model: the file.
        threads: for one run.
        runs: how many may run at the same time.

    Raises:
        Exception: OpenVINO's own errors, which have no common base.
    """

    def __init__(self, core: Any, model: Path, threads: int, runs: int) -> None:  # noqa: ANN401 - without types
        settings = {
            "INFERENCE_NUM_THREADS": threads * runs,
            "INFERENCE_PRECISION_HINT": "bf16",
            "NUM_STREAMS": runs,
            "ENABLE_CPU_PINNING": False,  # other programs run beside it
            "CPU_RUNTIME_CACHE_CAPACITY": CACHED_SHAPES,
        }
        self._compiled = core.compile_model(core.read_model(model), "CPU", settings)
        self._own = threading.local()

    def __call__(self, values: Values, /) -> Values:
        """Run it once: see :class:`OnnxNetwork`. The result may change with this thread's next run."""
        if not hasattr(self._own, "request"):
            self._own.request = self._compiled.create_infer_request()
        self._own.request.infer([values], share_inputs=True)
        found: Values = self._own.request.get_output_tensor().data
        if values.size < LARGE:
            return found
        found = found.copy()
        self._compiled.release_memory()
        return found


class Network:
    """A network that runs with bfloat16, and with 32 bits where that fails or leaves its result in doubt.

    Args:
        plain: with 32 bits.
        fast: with bfloat16; None: it does not run here. After a failure it is not used again.
        doubtful: whether the small errors of bfloat16 may have changed what a result says.
    """

    def __init__(self, plain: OnnxNetwork, fast: OpenVinoNetwork | None, doubtful: Callable[[Values], bool]) -> None:
        self.plain = plain
        self.fast = fast
        self._doubtful = doubtful

    def __call__(self, values: Values, /) -> Values:
        """Run it: see :class:`OnnxNetwork`. The result may change with this thread's next run."""
        if (fast := self.fast) is not None:
            try:
                found = fast(values)
            except MemoryError:
                raise
            except Exception as error:  # noqa: BLE001 - OpenVINO's errors have no common base
                if self.fast is not None:  # another thread may have told it
                    log.warning("ocr.openvino_failed", error=type(error).__name__)
                self.fast = None
            else:
                if not self._doubtful(found):
                    return found
        return self.plain(values)


def fast_network(model: Path, threads: int, runs: int, plain: OnnxNetwork, sample: Values) -> OpenVinoNetwork | None:
    """Load a network on OpenVINO if that works here and gives the results that ONNX Runtime gives.

    Args:
        model: the file.
        threads: for one run.
        runs: how many may run at the same time.
        plain: the same network.
        sample: an input to compare the two.

    Returns:
        None where it does not, which is logged.
    """
    found = core()
    if found is None:
        return None
    try:
        fast, right = OpenVinoNetwork(found, model, threads, runs), plain(sample)
        apart = float(np.abs(fast(sample) - right).mean() / np.abs(right).mean())
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - OpenVINO's errors have no common base
        log.warning("ocr.openvino_unusable", model=model.name, error=type(error).__name__)
        return None
    if not apart <= APART:  # not a number, too
        log.warning("ocr.openvino_unusable", model=model.name, apart=apart)
        return None
    return fast


@functools.cache
def core() -> Any | None:  # noqa: ANN401 - it comes without types
    """OpenVINO, or None where it is not installed or the processor lacks bfloat16; that is logged once.

    With 32 bits it finds lines in 0.6 of ONNX Runtime's time, reads them in the same, and needs a third more memory.
    """
    # Nothing about a document may leave the machine: importing OpenVINO's converter sends a report to its maker.
    for name in ("openvino_telemetry", "openvino.tools.ovc"):
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # None: the import fails, as it may
    try:
        import openvino

        found = openvino.Core()
        usable = "BF16" in found.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it raises, it does not run here
        if isinstance(error, ModuleNotFoundError) and error.name == "openvino":
            log.info("ocr.openvino_missing")  # on processors without a wheel
        else:
            log.warning("ocr.openvino_unusable", error=type(error).__name__)
        return None
    if not usable:
        log.info("ocr.openvino_unused", lacks="bfloat16")
        return None
    return found
