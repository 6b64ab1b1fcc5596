"""A claimed job whose set is finished."""

from pathlib import Path

from ocrwatchd.core.config.schema import Config
from ocrwatchd.core.model import Job


def finished_job(ledger, folders, relative="scan.png"):
    """A job in the ledger and in its work folder, with a text and a receipt to deliver."""
    job = Job("j", folders.work_path / "j", Path(relative), Config().work())
    job.source.parent.mkdir(parents=True)
    job.source.write_bytes(b"original")
    job.out.mkdir()
    for suffix in (".txt", ".json"):
        (job.out / f"document{suffix}").write_text("text")
    ledger.claimed(job.id, job.relative)
    return job
