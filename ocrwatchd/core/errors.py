"""Errors, and the exit code of the command line for each.

Every message says to its reader what happened and what to do.
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
    """The configuration cannot be used; the message lists every mistake on its own line."""

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
    """A scan cannot be read because of its content; the scan belongs in ``failed/`` with this message."""

    exit_code = 5


class LockedScan(UnreadableScan):
    """The scan is encrypted and cannot be opened; other faults of the scan are not known."""


class UnreadablePage(OcrwatchdError):
    """One page of a scan cannot be read; reading continues with the other pages."""

    exit_code = 5


class DamagedPage(UnreadablePage):
    """The data of a page are damaged or end too early: the same file, copied or scanned again, may be fine."""


class FormatUnusable(OcrwatchdError):
    """A document cannot be written in one format; the set lacks this file, and the receipt holds this message."""

    exit_code = 1
