"""Watch an inbox for scans; put their corrected text in an outbox."""

__version__ = "0.1.0"
