"""What llama.cpp complains of: kept off stderr, and the last of it told to the person who has to act on it."""

from __future__ import annotations

import collections
import ctypes

import llama_cpp

_LOG_ERROR = 4  # ggml_log_level; llama-cpp-python's own table is off by one

_complaints: collections.deque[str] = collections.deque(maxlen=3)


@llama_cpp.llama_log_callback  # type: ignore[untyped-decorator]
def _listen(level: int, text: bytes, _data: object) -> None:
    if level == _LOG_ERROR:
        _complaints.append(text.decode("utf-8", "replace").strip())


def listen() -> None:
    """Listen from now on; what was said before is forgotten."""
    llama_cpp.llama_log_set(_listen, ctypes.c_void_p(0))
    forget()


def forget() -> None:
    """Forget what was said."""
    _complaints.clear()


def said() -> str:
    """The first complaint in brackets, with a space before it, or ""."""
    return f" ({_complaints[0]})" if _complaints else ""
