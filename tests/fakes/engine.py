"""The engine process with an OCR engine that fails on purpose: ``python -m tests.fakes.engine``.

What happens on a page is told by the page's width in pixels (:data:`WIDTH`), so that one TIFF is a whole screenplay.
What happens while loading is told by ``ocr.resources_dir``, and by the model's file name. It ships with the tests and
is real in everything else: process, socket, pipeline, page files.
"""

from __future__ import annotations

import ctypes
import errno
import os
import select
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

from PIL import Image

from ocrwatchd.core.errors import EngineUnavailable, ModelUnavailable, UnreadablePage
from ocrwatchd.core.model import Box, Correction, Edit, Line, PageText
from ocrwatchd.core.reason import Reason
from ocrwatchd.engine.process.main import main
from ocrwatchd.engine.process.resources import Makers
from ocrwatchd.llm.calibration_store import Methods
from ocrwatchd.llm.protocol import Ending, Proposal
from ocrwatchd.ocr.selection import Choice

SCENES = (
    "fine",
    "segfault",
    "abort",
    "kill",
    "exit",
    "hang",
    "raise",
    "unreadable",
    "unavailable",
    "leak",
    "garbage",
    "flood",
    "slow",
    "disk",
    "litter",
    "leave",
    "offspring",
    "pause",
    "starve",
    "glut",
    "rest",
    "steady",
    "blank",
)
WIDTH = {name: 100 + index for index, name in enumerate(SCENES)}
HEIGHT = 40
LEAK_BYTES = 96 << 20
GLUT_BYTES = 3 << 30
"""Where even an endless appetite ends: a test that fails must not take the machine along."""

STEADY_S = 1.0

TEXT = "a line of page {number}\nteh end"

PAUSE_FILE = Path("go-on")
"""In the scratch folder: page "pause" waits for it; ``pid`` files beside it tell of offspring."""

REST_FILE = Path("rest-over")
"""The same for page "rest"."""

_leaked: list[bytearray] = []


def write_scan(path: Path, *scenes: str) -> Path:
    """Write a TIFF with one page a scene."""
    frames = [Image.new("L", (WIDTH[scene], HEIGHT), "white") for scene in scenes]
    frames[0].save(path, format="TIFF", save_all=True, append_images=frames[1:], dpi=(300, 300))
    return path


class FakeEngine:
    """An OcrEngine that does what the page's width says."""

    name = "rapidocr"
    version = "0"

    def recognise(self, page, ocr):
        """Act the page's scene; a page that survives has two lines."""
        scene = SCENES[page.image.width - WIDTH["fine"]] if page.image.width in WIDTH.values() else "fine"
        getattr(self, scene, lambda: None)()
        text = "" if scene == "blank" else TEXT.format(number=page.number)
        first = text.split("\n")[0]
        lines = (Line(first, 0, Box(0, 0, 50, 10), 0.9), Line("teh end", len(first) + 1, Box(0, 12, 50, 22), 0.5))
        return PageText(
            number=page.number,
            text=text,
            width=page.image.width,
            height=page.image.height,
            dpi=page.dpi,
            engine=self.name,
            lines=lines if text else (),
        )

    def free_page(self):
        """Nothing to free."""

    def free_document(self):
        """Nothing to free."""

    def close(self):
        """Nothing to free."""

    def segfault(self):
        """A fault in native code."""
        ctypes.string_at(0)

    def abort(self):
        """As the CLR ends where it finds no OpenSSL."""
        os.abort()

    def kill(self):
        """As the kernel ends a process when memory runs out."""
        os.kill(os.getpid(), signal.SIGKILL)

    def exit(self):
        """End by itself, as a library may."""
        os._exit(7)

    def hang(self):
        """Hold the GIL for ever, as a native call may."""
        ctypes.PyDLL(None).pause()

    def raise_(self):
        """Raise what no one expects."""
        raise RuntimeError("secret words of the document")

    def starve(self):
        """Ask for more memory than there is."""
        raise MemoryError

    def unreadable(self):
        """Refuse the picture."""
        raise UnreadablePage("too blurred; scan it again")

    def unavailable(self):
        """Miss a resource."""
        raise EngineUnavailable("a resource is missing; fetch it")

    def leak(self):
        """Keep memory for ever."""
        _leaked.append(bytearray(os.urandom(1 << 20) * (LEAK_BYTES >> 20)))

    def glut(self):
        """Take more and more memory, without end."""
        held = []
        while len(held) << 23 < GLUT_BYTES:
            held.append(b"x" * (1 << 23))
            time.sleep(0.02)
        time.sleep(600)

    def garbage(self):
        """Say on the socket what no engine says."""
        os.write(_socket(), b'{"type": "ended", "job": 7}\n')
        time.sleep(600)

    def flood(self):
        """Say something on the socket that has no end."""
        threading.Thread(target=_write_for_ever, daemon=True).start()
        time.sleep(600)

    def slow(self):
        """Take a moment."""
        time.sleep(0.3)

    def steady(self):
        """Take as long as any other page of this kind."""
        time.sleep(STEADY_S)

    def pause(self):
        """Take as long as somebody wants."""
        _await(PAUSE_FILE)

    def rest(self):
        """Take as long as somebody wants who means this page."""
        _await(REST_FILE)

    def disk(self):
        """Find the disk full."""
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def leave(self):
        """End as if all were well."""
        os._exit(0)

    def litter(self):
        """Leave a file in the current directory."""
        Path("litter.log").write_text("litter", encoding="ascii")

    def offspring(self):
        """Start another process, then hang."""
        child = subprocess.Popen(["sleep", "600"])
        Path("pid").write_text(str(child.pid), encoding="ascii")
        time.sleep(600)


setattr(FakeEngine, "raise", FakeEngine.raise_)


class FakeCorrector:
    """A corrector that mends "teh", or fails."""

    version = "0"
    decided = Methods("rewrite", "rewrite")

    def __init__(self, path, llm):
        self.name = path.stem

    def methods(self, work):
        """As if it had been calibrated."""
        return self.decided

    def correct(self, page, work, memory, methods):
        """Mend, or raise."""
        text = page.text
        if self.name == "broken":
            raise RuntimeError("secret words of the document")
        at = text.find("teh")
        edit = Edit(at, "teh", "the", Reason.SIMILAR_WORD)
        return Correction(text.replace("teh", "the"), (edit,), (), corrected=True, model=self.name)

    @property
    def model(self):
        """Itself."""
        return self

    def fits(self, prompt, text, most_tokens):
        """Whether it is short."""
        return len(text) < 10_000

    def answer(self, prompt, text, deadline, most_tokens, schema=None):
        """Do what the prompt says, or say what was asked."""
        if prompt == "die":
            os.abort()
        if prompt == "hang":
            ctypes.PyDLL(None).pause()
        if prompt == "fail":
            raise RuntimeError("secret words of the document")
        if prompt == "await":
            _await(PAUSE_FILE)
        said = '["the end", "made up"]' if schema is not None else f"{prompt} {len(text.split())} words"
        return Proposal(said, Ending.FINISHED)

    def close(self):
        """Nothing to free."""


def load(name, ocr, scratch):
    """Load as ``ocr.resources_dir`` says."""
    match ocr.resources_dir:
        case "":
            return FakeEngine()
        case "/unavailable":
            raise EngineUnavailable("no engine here; install one")
        case "/die":
            os.abort()
        case "/hang":
            time.sleep(600)
    mended = Path(ocr.resources_dir, "mended")
    if not mended.exists():
        if mended.parent.name == "dies":
            os.abort()
        raise EngineUnavailable("the model is missing; install it")
    return FakeEngine()


def resolve(llm):
    """Find ``fake.gguf`` and ``broken.gguf``, and no other model."""
    if llm.model.endswith((".gguf",)):
        return Path(llm.model)
    raise ModelUnavailable("no model at hand: set llm.model to the path of a .gguf file")


def clean(page):
    """Leave the page as it is, and say that it was turned and straightened."""
    return SimpleNamespace(page=page, rotation=90, skew=0.5)


def second_reader(ocr):
    """Have none."""
    raise EngineUnavailable("no second reader here; install one")


MAKERS = Makers(
    choose=lambda ocr: Choice("rapidocr"),
    load=load,
    cleaner=lambda threads: SimpleNamespace(clean=clean),
    second_reader=second_reader,
    resolve=resolve,
    corrector=FakeCorrector,
)


def _socket():
    return int(sys.argv[sys.argv.index("--fd") + 1])


def _await(file):
    while not file.exists():
        select.select([], [], [], 0.01)  # with libfaketime every time.sleep fails: EINVAL


def _write_for_ever():
    while True:
        os.write(_socket(), b"x" * 65536)


if __name__ == "__main__":
    main(MAKERS)
