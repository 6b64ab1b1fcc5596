"""From a job to its finished set, in this process, with the fake engine; what is told on the way is kept."""

from pathlib import Path

from ocrwatchd.core.model import Job
from ocrwatchd.engine.process import pipeline
from ocrwatchd.engine.process.resources import Bench
from tests.fakes.engine import MAKERS, write_scan


class Line:
    """Runs jobs and keeps what was told.

    Args:
        folder: the jobs' and the bench's.
    """

    def __init__(self, folder):
        self.folder = folder
        self.steps = []
        self.bench = Bench(MAKERS, folder, lambda: None)

    def claimed(self, work, *scenes, relative="scan.tif"):
        """A claimed scan with one page a scene."""
        job = Job("j", self.folder / "j", Path(relative), work)
        job.source.parent.mkdir(parents=True, exist_ok=True)
        write_scan(job.source, *scenes)
        return job

    def work_off(self, job, asked=lambda: False):
        """Run it."""

        def tell(name, page=0, pages=0, seconds=0.0, priority=None):
            self.steps.append((name, page))

        return pipeline.work_off(job, self.bench, tell, asked)
