"""Watch an inbox for scans; put their corrected text in an outbox."""

from importlib.metadata import version

__version__ = version("ocrwatchd")
