"""The built-in model behind the ``Model`` protocol: it has seen no prompts, and is asked as ``format`` says.

The scan's text becomes tokens by ``Vocabulary.encode`` alone, which knows no control tokens, so that ``<|fix|>``
printed on a page stays ink.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import llama_cpp

from ocrwatchd.core.config.profile import Llm
from ocrwatchd.core.errors import ModelUnavailable
from ocrwatchd.core.lexicon import lexicon
from ocrwatchd.llm.builtin.acceptance import WordTrust
from ocrwatchd.llm.builtin.format import Repair, Trust, propose, repaired
from ocrwatchd.llm.builtin.suggestions import guesser
from ocrwatchd.llm.builtin.vocabulary import BYTES, CONTROL, FIRST_PIECE, Vocabulary
from ocrwatchd.llm.context import Context
from ocrwatchd.llm.models import BUILTIN_LANGUAGES, BUILTIN_NAME, only_corrects
from ocrwatchd.llm.native import BATCH_TOKENS, Native, NativeFailure
from ocrwatchd.llm.prefix_tree import MOST_SPELLINGS, Tree
from ocrwatchd.llm.protocol import Ending, Proposal

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

CONTEXT_TOKENS = 1024
"""The longest stream; ``format`` makes them shorter as a rule, whatever ``llm.context_size`` says."""

THREADS = 1
"""Unless ``llm.threads`` says more. Its passes are so short that several threads mostly wait for each other: on two
cores that others use too, two took 23 s of processor time where one took 0.4 s."""


class TimeIsUp(Exception):
    """The deadline passed between two forward passes."""


class NativeReader:
    """The ``spelling.Reader`` of a loaded model.

    Its methods raise ``TimeIsUp`` after the deadline, before they read, and ``NativeFailure`` where llama.cpp fails or
    the stream has grown too long.
    """

    def __init__(self, native: Native, clock: Callable[[], float]) -> None:
        self._native = native
        self._clock = clock
        self._length = 0
        self.deadline = math.inf

    def read(self, tokens: Sequence[int], places: Sequence[int]) -> npt.NDArray[np.float32]:
        self._allow(len(tokens))
        logits = self._native.logits(tokens, self._length, places)
        self._length += len(tokens)
        return logits

    def weigh(self, tree: Tree, length: int) -> npt.NDArray[np.float32]:
        self._allow(len(tree.tokens))
        sequences = [[1 + leaf for leaf in leaves] for leaves in tree.leaves]
        places = [length + depth for depth in tree.depths]
        return self._native.branches(tree.tokens, places, sequences, length)

    def _allow(self, count: int) -> None:
        if self._clock() >= self.deadline:
            raise TimeIsUp
        if count > BATCH_TOKENS or self._length + count > self._native.context:
            raise NativeFailure(f"too much to repair for the model's context of {self._native.context} tokens")

    def forget(self, length: int) -> None:
        if length == 0:
            self._native.forget_all()
        elif length < self._length:
            self._native.forget(length)
        self._length = min(length, self._length)


class BuiltinModel:
    """The model inside the package, or another one of its kind.

    Args:
        path: of the model's file.
        llm: threads, where they are set. Its context is its own, and it is too small to gain anything from a GPU.
        clock: seconds that never run backwards; deadlines are read on it.

    Raises:
        ModelUnavailable: the model cannot be loaded here, or is none of this kind.
    """

    name = BUILTIN_NAME
    version = str(llama_cpp.__version__)
    languages: tuple[str, ...] = BUILTIN_LANGUAGES
    compares = False

    def __init__(self, path: Path, llm: Llm | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        llm = self._llm = llm or Llm()
        own = {"context_size": CONTEXT_TOKENS, "gpu_layers": 0, "threads": llm.threads or THREADS}
        self._native = Native(path, llm.model_copy(update=own), sequences=1 + MOST_SPELLINGS)
        spellings = [self._native.spelling(token) for token in range(self._native.vocabulary)]
        if tuple(spellings[BYTES:FIRST_PIECE]) != CONTROL:
            self.close()
            raise ModelUnavailable(f"{path}: no model of the built-in one's kind; set llm.model to its path instead")
        self._reader = NativeReader(self._native, clock)
        self._vocabulary = Vocabulary.of_tokens(spellings)
        self.trust = WordTrust(lexicon(BUILTIN_LANGUAGES).knows, self._vocabulary.pieces)

    def propose(self, prompt: str, text: str, deadline: float, context: Context | None = None) -> Proposal:  # noqa: ARG002 - this model uses neither prompt nor context
        try:
            return Proposal(repaired(text, self.repairs(text, deadline=deadline)), Ending.FINISHED)
        except TimeIsUp:
            return Proposal("", Ending.TIME)
        except NativeFailure as failure:
            return Proposal("", Ending.UNABLE, reason=str(failure))

    def fits(self, prompt: str, text: str, most_tokens: int) -> bool:  # noqa: ARG002 - ``answer`` refuses at any length
        return True

    def answer(self, *_: object, **__: object) -> Proposal:
        """Refuse: the model was trained on misread words and their repairs only."""
        return Proposal("", Ending.UNABLE, reason=only_corrects(self._llm))

    def compare(self, *_: object, **__: object) -> str:
        return ""

    def repairs(self, text: str, trust: Trust | None = None, deadline: float = math.inf) -> list[Repair]:
        """Ask about every word of a text, and return the repairs in order.

        Without ``trust`` the dictionary decides which repairs are taken.

        Raises:
            TimeIsUp: the deadline passed.
            NativeFailure: a forward pass failed; the model can read the next text.
        """
        self._reader.deadline = deadline
        return propose(text, self._reader, self._vocabulary, trust or self.trust.within(text), guesser())

    def close(self) -> None:
        self._native.close()
