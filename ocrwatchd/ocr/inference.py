"""Run a network: on OpenVINO, which is faster, or on ONNX Runtime where OpenVINO is missing or fails."""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING, Any, Protocol

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
APART = 0.02
"""Most that results may differ from ONNX Runtime's on average, of 1."""

log = structlog.get_logger()


class Network(Protocol):
    """A loaded network with one input and one output."""

    def __call__(self, values: Values, /) -> Values:
        """Run it once.

        Args:
            values: pictures, (number, 3, height, width).

        Returns:
            What the network makes of them; it may change with the next run.
        """

    def free(self) -> None:
        """Give back the memory that the next run would use again."""


class OnnxNetwork:
    """A network on ONNX Runtime.

    Args:
        model: the file.
        options: with the number of threads. They sleep between two steps; ONNX Runtime lets them spin. Spinning threads
            take processor time from llama.cpp and other programs, and from each other if two share a core: a third of
            a page's processor time.
    """

    def __init__(self, model: Path, options: SessionOptions) -> None:
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self.session = InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        self._name = self.session.get_inputs()[0].name

    def __call__(self, values: Values, /) -> Values:
        """Run it once: see :class:`Network`."""
        found: Values = self.session.run(None, {self._name: values})[0]
        return found

    def free(self) -> None:
        """Do nothing: ONNX Runtime without its arena keeps none."""


class OpenVinoNetwork:
    """A network on OpenVINO.

    Args:
        core: OpenVINO's, from :func:`core`.
        model: the file.
        threads: how many.
        precision: "f32" or "bf16".

    Raises:
        Exception: OpenVINO's own errors, which have no common base.
    """

    def __init__(self, core: Any, model: Path, threads: int, precision: str) -> None:  # noqa: ANN401 - without types
        settings = {
            "INFERENCE_NUM_THREADS": threads,
            "INFERENCE_PRECISION_HINT": precision,
            "NUM_STREAMS": 1,
            "ENABLE_CPU_PINNING": False,  # other programs run beside it
            "CPU_RUNTIME_CACHE_CAPACITY": CACHED_SHAPES,
        }
        self._compiled = core.compile_model(core.read_model(model), "CPU", settings)
        self._request = self._compiled.create_infer_request()

    def __call__(self, values: Values, /) -> Values:
        """Run it once: see :class:`Network`."""
        self._request.infer([values], share_inputs=True)
        found: Values = self._request.get_output_tensor().data
        return found

    def free(self) -> None:
        """Give back what the largest picture needed: half a gigabyte for finding the lines of a page."""
        self._compiled.release_memory()


class Exact:
    """A network with bfloat16, whose results are calculated again with 32 bits where they are in doubt.

    Args:
        fast: the network with bfloat16.
        slow: the same network with 32 bits.
        doubtful: whether the small errors of bfloat16 may have changed what a result says.
    """

    def __init__(self, fast: Network, slow: Network, doubtful: Callable[[Values], bool]) -> None:
        self._fast = fast
        self._slow = slow
        self._doubtful = doubtful

    def __call__(self, values: Values, /) -> Values:
        """Run it once, or twice: see :class:`Network`."""
        found = self._fast(values)
        return self._slow(values) if self._doubtful(found) else found

    def free(self) -> None:
        """Give back the memory that the next run would use again."""
        self._fast.free()
        self._slow.free()


class Reliable:
    """A network that is replaced for good when it fails; the run that failed is done again.

    Args:
        fast: is used as long as it works.
        plain: loads the other one.
    """

    def __init__(self, fast: Network, plain: Callable[[], Network]) -> None:
        self.network = fast
        self._plain: Callable[[], Network] | None = plain

    def __call__(self, values: Values, /) -> Values:
        """Run it once: see :class:`Network`."""
        try:
            return self.network(values)
        except MemoryError:
            raise
        except Exception as error:  # OpenVINO's errors have no common base
            if self._plain is None:
                raise
            log.warning("ocr.openvino_failed", error=type(error).__name__)
            self.network, self._plain = self._plain(), None
            return self.network(values)

    def free(self) -> None:
        """Give back the memory that the next run would use again."""
        self.network.free()


def network(
    model: Path,
    threads: int,
    known: tuple[Values, Values],
    plain: Callable[[], Network],
    doubtful: Callable[[Values], bool] | None,
) -> Network:
    """Load a network on OpenVINO if that works here and gives the results that are known.

    Args:
        model: the file.
        threads: how many.
        known: an input, and what ONNX Runtime makes of it.
        plain: loads the network on ONNX Runtime.
        doubtful: which results to calculate with 32 bits where the processor has bfloat16; None: none.
    """
    found = core()
    if found is None:
        return plain()
    try:
        precision = precision_of(found)
        fast: Network = OpenVinoNetwork(found, model, threads, precision)
        if doubtful is not None and precision != "f32":
            fast = Exact(fast, OpenVinoNetwork(found, model, threads, "f32"), doubtful)
        apart = float(np.abs(fast(known[0]) - known[1]).mean() / np.abs(known[1]).mean())
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - OpenVINO's errors have no common base
        log.warning("ocr.openvino_unusable", model=model.name, error=type(error).__name__)
        return plain()
    if not apart <= APART:  # not a number, too
        log.warning("ocr.openvino_unusable", model=model.name, apart=apart)
        return plain()
    return Reliable(fast, plain)


@functools.cache
def core() -> Any | None:  # noqa: ANN401 - it comes without types
    """OpenVINO, or None where it is not installed or does not start; that is logged once."""
    # Nothing about a document may leave the machine: importing OpenVINO's converter sends a report to its maker.
    for name in ("openvino_telemetry", "openvino.tools.ovc"):
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # None: the import fails, as it may
    try:
        import openvino

        found = openvino.Core()
        found.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    except MemoryError:
        raise
    except ModuleNotFoundError:
        log.info("ocr.openvino_missing")  # on processors without a wheel
        return None
    except Exception as error:  # noqa: BLE001 - whatever it raises, it does not run here
        log.warning("ocr.openvino_unusable", error=type(error).__name__)
        return None
    return found


def used() -> str:
    """What runs the networks here, and how exactly: "openvino bf16", "openvino f32" or "onnxruntime f32"."""
    found = core()
    return "onnxruntime f32" if found is None else f"openvino {precision_of(found)}"


def precision_of(core: Any) -> str:  # noqa: ANN401 - it comes without types
    """Bfloat16 ("bf16") on processors that calculate with it, else "f32"."""
    return "bf16" if "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES") else "f32"
