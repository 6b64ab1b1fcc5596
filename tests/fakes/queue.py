"""A dispatcher that does nothing with its jobs."""


class FakeQueue:
    """Keeps each job; a test says how attempts have ended.

    Attributes:
        jobs: all that were submitted.
        ended: outcomes to be told at the next tick.
    """

    def __init__(self, room=9, urgent=None):
        self.jobs = []
        self.ended = []
        self.room = room
        self.urgent = urgent

    def submit(self, job):
        """Keep it."""
        self.jobs.append(job)

    def outcomes(self):
        """What has ended since the last call."""
        ended, self.ended = self.ended, []
        return ended
