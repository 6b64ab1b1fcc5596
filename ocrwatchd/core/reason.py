"""Why an edit is let in or refused, and why a part of a page stays as it was read: a code each, and its wording.

Code, receipts and ledgers know the code. People read the wording, in their language by
:meth:`ocrwatchd.core.i18n.language.Language.of`; no code decides on it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from ocrwatchd.core.i18n import NOTHING, Message, say, verbatim


class Reason(StrEnum):
    """A code, as receipts have it, with its wording for people."""

    wording: Message

    def __new__(cls, code: str, wording: Message = NOTHING) -> Self:  # a code alone finds its reason
        """A code with its wording."""
        member = str.__new__(cls, code)
        member._value_, member.wording = code, wording
        return member

    # An edit is let in.
    SIMILAR_WORD = "similar-word", say("similar word")
    SIMILAR_CHARACTER = "similar-character", say("similar character")
    WORDS_RUN_TOGETHER = "words-run-together", say("words run together")
    SPLIT_WORD = "split-word", say("split word")
    STRAY_MARK = "stray-mark", say("stray mark")
    AS_ELSEWHERE = "as-elsewhere", say("the same word was repaired so elsewhere")
    MISREAD_WORD = "misread-word", say("misread word")

    # An edit is refused: it is no repair of the words that stand there.
    TOO_DIFFERENT = "too-different", say("too different")
    TOO_MANY_WORDS = "too-many-words", say("too many words at once")
    INSERTED = "inserted", say("a word put in")
    DROPPED = "dropped", say("something left out")
    OVER_A_BREAK = "over-a-break", say("joined over a break")
    LIKELIER_WORD = "likelier-word", say("another word is likelier")

    # An edit is refused: it is a matter of style, or changes what is never changed.
    SPACING = "spacing", say("spacing only")
    QUOTES_OR_DASHES = "quotes-or-dashes", say("quotes or dashes only")
    MARKS = "marks", say("marks only")
    CAPITALS = "capitals", say("capitals only")
    NEW_CAPITAL = "new-capital", say("a new capital")
    ACCENTS = "accents", say("accents or old letters only")
    OTHER_SPELLING = "other-spelling", say("another spelling")
    OTHER_CHARACTERS = "other-characters", say("another way of writing")
    NEGATION = "negation", say("a negation")
    ADDRESS = "address", say("an e-mail or web address")
    NOT_TEXT = "not-text", say("not text")
    TICK_BOX = "tick-box", say("a tick box")
    NUMBER = "number", say("digits of a number")
    NEW_DIGIT = "new-digit", say("a new digit")
    LONE_DIGIT = "lone-digit", say("a lone digit")
    LETTERS_OF_A_CODE = "letters-of-a-code", say("letters of a code")
    DIGITS_PROTECTED = "digits-protected", say('gate.digits is "protect"')
    ACCOUNT_NUMBER = "account-number", say("an account number")

    # An edit is refused: the word is probably right as it was read.
    CONFIDENT = "confident", say("read with confidence")
    KNOWN_WORD = "known-word", say("a word of the language")
    NO_LIKELIER_WORD = "no-likelier-word", say("no likelier word")
    PRINTED_ELSEWHERE = "printed-elsewhere", say("the page has the word as read elsewhere")
    TOO_LITTLE = "too-little", say("too little speaks for it")
    OTHERWISE_ELSEWHERE = "otherwise-elsewhere", say("the same word was repaired otherwise elsewhere")
    PICTURE = "picture", say("the picture says otherwise")
    PDF_TEXT = "pdf-text", say("the PDF says so itself")

    # All edits of an answer are refused, and the part stays as it was read.
    ANSWER_UNFINISHED = "answer-unfinished", say("the answer did not end")
    ANSWER_EMPTY = "answer-empty", say("the answer is empty")
    ANSWER_REFUSAL = "answer-refusal", say("the answer is a refusal")
    ANSWER_LONG = "answer-long", say("the answer is longer than its text")
    ANSWER_SHORT = "answer-short", say("the answer leaves much of its text out")
    ANSWER_REPEATS = "answer-repeats", say("the answer repeats itself")
    ANSWER_STRANGE = "answer-strange", say("the answer is not this text")

    # A part stays as it was read, without an answer.
    TABLE_OF_NUMBERS = "table-of-numbers", say("a table of numbers: nothing for a language model")
    CLEAN = "clean", say("clean already: every word read with confidence and in the lexicon")
    OUT_OF_TIME = "out-of-time", say("the page's time for correction ran out (llm.page_budget_s)")
    MODEL_UNABLE = "model-unable", say("the model could not answer")


def wording(code: str) -> Message:
    """The wording of a code; a code that only another version knows is its own."""
    try:
        return Reason(code).wording
    except ValueError:
        return verbatim(code)
