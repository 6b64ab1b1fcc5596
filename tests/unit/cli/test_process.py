"""The verb ``process``: what it puts into a folder."""

import os
from pathlib import Path

from ocrwatchd.cli.process import reader
from ocrwatchd.core.config.schema import Config
from ocrwatchd.core.model import Job


def test_results_have_the_configured_mode(tmp_path):
    """``folders.file_mode`` counts for whoever reads by hand, as for the service, and no umask does."""
    job = Job("j", tmp_path / "j", Path("scan.tif"), Config().work())
    job.out.mkdir(parents=True)
    for suffix in (".txt", ".json"):
        (job.out / f"document{suffix}").write_text("text")
    before = os.umask(0o022)
    try:
        reader._keep(job, tmp_path / "results", 0o600)
    finally:
        os.umask(before)
    assert {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "results").iterdir()} == {
        "scan.json": 0o600,
        "scan.txt": 0o600,
    }
