"""What can go wrong, and the exit code that the command line gives it.

Every message is written for the person who has to act on it: what happened, and what to do.
"""

from __future__ import annotations

from ocrwatchd.core.i18n import Message, verbatim


class OcrwatchdError(Exception):
    """Base of every error that ocrwatchd raises on purpose; its argument is a message, or a text in English."""

    exit_code = 1

    @property
    def message(self) -> Message:
        """What people are told."""
        return verbatim(self.args[0] if self.args else "")


class ConfigError(OcrwatchdError):
    """The configuration cannot be used; the message lists every mistake in it, one a line."""

    exit_code = 2


class EngineUnavailable(OcrwatchdError):
    """An OCR engine or its licence cannot be used on this machine; the message holds the remedy."""

    exit_code = 3


class ModelUnavailable(OcrwatchdError):
    """No language model can be loaded; texts stay raw with this message as the reason."""

    exit_code = 3


class FolderUnusable(OcrwatchdError):
    """A folder is missing, not writable, full, or served by another ocrwatchd."""

    exit_code = 4


class UnreadableScan(OcrwatchdError):
    """A scan's own content keeps it from being read; it belongs in ``failed/`` with this message."""

    exit_code = 5


class LockedScan(UnreadableScan):
    """A password, or nothing at all, opens the scan: whatever else is wrong with it is not known."""


class UnreadablePage(OcrwatchdError):
    """One page of a scan cannot be read; the other pages go on."""

    exit_code = 5


class DamagedPage(UnreadablePage):
    """The data of a page are damaged or end too early: the same file, copied or scanned again, may be fine."""


class FormatUnusable(OcrwatchdError):
    """A document cannot be written in one format; the set goes without it, and its receipt holds this message."""

    exit_code = 1
