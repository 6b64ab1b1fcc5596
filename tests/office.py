"""A supervisor's queue over workers that are played by hand: a fake clock, a real folder, no broker."""

from pathlib import Path

from ocrwatchd.core.config.profile import Work
from ocrwatchd.core.config.schema import Queue
from ocrwatchd.core.i18n import verbatim
from ocrwatchd.core.model import Job
from ocrwatchd.dispatch.cluster import attempts, capabilities, registry
from ocrwatchd.dispatch.cluster.dispatcher import ClusterQueue
from ocrwatchd.dispatch.cluster.messages import Card, Order, Report, Token
from ocrwatchd.dispatch.cluster.scan_schedule import LOOK_S
from ocrwatchd.dispatch.protocol import Hooks

LEASE_S = 60.0
TOKEN = Token(root="0123456789abcdef", version="1")
ANY = capabilities.queue_name(TOKEN.root, ())


def messages(fields):
    """The fields of a report or a card, its texts as messages."""
    texts = {"reason", "state", "trouble"}
    return {name: verbatim(value) if name in texts else value for name, value in fields.items()}


ASPOSE = capabilities.queue_name(TOKEN.root, ("aspose",))


class Line:
    """Both lines to a broker that loses nothing."""

    def __init__(self):
        self.trouble = ""
        self.reconnected = 0
        self.lying = {}
        self.sent = []
        self.nudges = []

    def send(self, to, content):
        """Keep it."""
        self.sent.append(content)
        self.lying.setdefault(to, []).append(Order.model_validate_json(content))

    def empty(self, to):
        """Forget what lies there."""
        self.lying.pop(to, None)

    def receive(self):
        """The last nudge."""
        return self.nudges.pop() if self.nudges else None

    def start(self):
        """Nothing starts."""

    hang_up = close = start


class Hand:
    """A worker, played by hand."""

    def __init__(self, office, name, *offers):
        self.office = office
        self.name = name
        self.offers = offers
        self.beats = 0
        self.order = None
        self.beat()

    def beat(self, **more):
        """Show a sign of life."""
        self.beats += 1
        held = {"job": self.order.job, "attempt": self.order.attempt} if self.order else {}
        card = Card(name=self.name, version="1", beat=self.beats, offers=self.offers, **held, **messages(more))
        registry.show(card, self.office.folder)

    def take(self, queue=ANY):
        """Begin the next attempt that lies in a queue; None where it is to be dropped."""
        self.order = self.office.line.lying[queue].pop(0)
        job = attempts.begin(self.order, self.office.folder, self.name, Work())
        if job is None:
            self.order = None
        self.beat()
        self.job = job
        return job

    def finish(self, text="read"):
        """Write a set, and say so."""
        self.job.out.mkdir()
        (self.job.out / "document.json").write_text(text, encoding="ascii")
        self.end("done", figures={"pages": 1})

    def end(self, ending, **more):
        """Say how the attempt has ended."""
        attempts.end(self.job.desk, Report(worker=self.name, ending=ending, **messages(more)))
        self.order = None
        self.beat()


class Office:
    """A supervisor's queue, its folder and its clock."""

    def __init__(self, folder: Path, size=64, **more):
        self.folder = folder
        self.now = 1000.0
        self.line = Line()
        self.token = TOKEN
        self.started = []
        self.size = size
        self.more = more
        self.reopen()

    def reopen(self):
        """Start the supervisor anew: it knows nothing but what the folder says."""
        self.line.lying.clear()
        settings = Queue(size=self.size, lease_seconds=LEASE_S)
        rooms = self.token, self.folder, (self.line, self.line)
        self.queue = ClusterQueue(settings, *rooms, Hooks(starting=self.start, **self.more), clock=lambda: self.now)

    def start(self, job):
        """What the ledger does."""
        self.started.append(job.id)
        return self.started.count(job.id)

    def job(self, number=1, *, work=None, **settings):
        """A job that was claimed."""
        name = f"20260101-000000-{number:06}-abcdef"
        folder = self.folder / name
        (folder / "scan").mkdir(parents=True, exist_ok=True)
        (folder / "scan" / "a.tif").write_bytes(b"scan")
        return Job(name, folder, Path("a.tif"), work or Work(**settings))

    def add(self, job):
        """Submit a job, and let it be published."""
        self.queue.submit(job)
        self.turn(0)
        return job

    def turn(self, seconds=LOOK_S):
        """Let time go by, look by look."""
        end = self.now + seconds
        while True:
            self.now = min(self.now + LOOK_S, end)
            self.queue.tick(self.now)
            if self.now >= end:
                return [(each.job.id, each.ending) for each in self.queue.outcomes()]

    def alive(self, *hands, seconds=LEASE_S / 2, times=4):
        """Let time go by in which these workers show signs of life."""
        found = []
        for _ in range(times):
            for hand in hands:
                hand.beat()
            found += self.turn(seconds)
        return found

    @property
    def lying(self):
        """The orders that nobody has taken, by job's number and attempt."""
        return [(int(order.job[16:22]), order.attempt) for orders in self.line.lying.values() for order in orders]
