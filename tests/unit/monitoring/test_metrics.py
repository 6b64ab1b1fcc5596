"""Workers in the metrics' file."""

from prometheus_client.parser import text_string_to_metric_families

from ocrwatchd.core.attempt import EngineStatus, Worker
from ocrwatchd.core.config.schema import Config, Folders, Metrics
from ocrwatchd.monitoring.counters import Figures
from ocrwatchd.monitoring.metrics import Metrics as Written
from ocrwatchd.monitoring.snapshot import Snapshot
from ocrwatchd.storage.ledger import Ledger

CREW = (Worker("north", "working", "a.pdf", 3, 9, 40, 1.5), Worker("south", "ready", "", 0, 0, 2, 2.5))


def written(tmp_path, *workers):
    """What the file holds, by name and labels."""
    config = Config(folders=Folders(root=str(tmp_path)), metrics=Metrics(file=str(tmp_path / "m.prom")))
    with Ledger(tmp_path / "ledger.sqlite3") as ledger:
        Written(config, Figures(), ledger).show(Snapshot("running", EngineStatus("working"), 0, 0, workers=workers))
    families = text_string_to_metric_families((tmp_path / "m.prom").read_text(encoding="utf-8"))
    samples = [sample for family in families for sample in family.samples]
    return {(each.name, *each.labels.values()): each.value for each in samples if "worker" in each.name}


def test_each_worker_has_its_own_figures(tmp_path):
    """And it is told how many there are; scans' names are in none of it."""
    assert written(tmp_path, *CREW) == {
        ("ocrwatchd_workers", "reading"): 1,
        ("ocrwatchd_workers", "nothing"): 1,
        ("ocrwatchd_worker_pages_total", "north"): 40,
        ("ocrwatchd_worker_pages_total", "south"): 2,
        ("ocrwatchd_worker_page_seconds", "north"): 1.5,
        ("ocrwatchd_worker_page_seconds", "south"): 2.5,
    }
    assert "a.pdf" not in (tmp_path / "m.prom").read_text(encoding="utf-8")


def test_one_machine_has_no_workers(tmp_path):
    """Nothing is told of what is not there."""
    assert written(tmp_path) == {}
